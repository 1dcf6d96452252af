package exchangeonline

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// needed names the permission exactly as the administration pages call it.
const needed = "grant the application permission Calendars.ReadWrite with admin consent, or assign the " +
	"RBAC for Applications role \"Application Calendars.ReadWrite\" with a scope that holds this mailbox " +
	"(a new assignment can take two hours to work)"

// odataError is the body of a refused Graph request. Its message is not kept: it
// may quote addresses and text.
type odataError struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		// ExistingID comes with ErrorDuplicateTransactionId.
		ExistingID string `json:"@event.existingEventId"`
	} `json:"error"`
}

// refusedWith is what a refused request says: the status and Graph's own code.
type refusedWith struct {
	status int
	// code is Graph's code in lower case, empty when the body was not Graph's.
	code string
	// shown is the code as sent, if it is fit for an operator's eyes.
	shown string
	// existingID is the event that a transactionId was used for before.
	existingID string
	// odataDisabled: an access policy for programs keeps Graph out.
	odataDisabled bool
}

// readRefusal reads the body of a refused request; other content than Graph's is
// what proxies and gateways in between answer.
func readRefusal(status int, body []byte) refusedWith {
	r := refusedWith{status: status}
	var e odataError
	if json.Unmarshal(body, &e) != nil {
		return r
	}
	r.shown = safeCode(e.Error.Code)
	r.code = strings.ToLower(r.shown)
	r.existingID = e.Error.ExistingID
	// The one thing a message is read for, and only to choose the advice.
	r.odataDisabled = strings.Contains(e.Error.Message, "OData is disabled")
	return r
}

// is reports whether the refusal has one of the codes, in lower case.
func (r refusedWith) is(codes ...string) bool {
	for _, c := range codes {
		if r.code == c {
			return true
		}
	}
	return false
}

func (r refusedWith) detail() string {
	if r.shown == "" {
		return statusDetail(r.status)
	}
	return r.shown
}

// err is the refusal in the contract's terms. Graph's codes go first, because one
// status stands for many things; an unknown code is judged by its status.
func (r refusedWith) err() *sdk.Error {
	if known, ok := byCode[r.code]; ok && r.status >= 400 {
		return known.code.New("%s", known.message).WithAdvice("%s", known.advice).WithDetail(r.detail())
	}
	e := r.byStatus()
	return e.WithDetail(r.detail())
}

// byCode explains the codes whose status alone would mislead.
var byCode = map[string]hint{
	"erroritemnotfound":         {sdk.CodeItemNotFound, "the item is gone", ""},
	"errorinvalididmalformed":   {sdk.CodeItemNotFound, "the item's id is not of this mailbox", ""},
	"errorinvalidmailboxitemid": {sdk.CodeItemNotFound, "the item's id is not of this mailbox", ""},
	"request_resourcenotfound":  {sdk.CodeMailboxNotFound, "no such mailbox", "check the trainer's email address"},
	"errorinvaliduser":          {sdk.CodeMailboxNotFound, "no such mailbox", "check the trainer's email address"},
	"errornonexistentmailbox":   {sdk.CodeMailboxNotFound, "no such mailbox", "check the trainer's email address"},
	"mailboxnotenabledforrestapi": {
		sdk.CodeMailboxUnavailable, "the mailbox is inactive, without a licence, or hosted on-premises",
		"give the user an Exchange Online licence if there is none; " + onPremises,
	},
	"resourcenotfound": {
		sdk.CodeMailboxUnavailable, "the mailbox could not be found behind the address",
		"wait a quarter of an hour for a new mailbox; else check the user's Exchange Online licence; " + onPremises,
	},
	"errorquotaexceeded":                {sdk.CodeMailboxUnavailable, "the mailbox is full", "let the trainer free space, or raise the quota"},
	"errormailboxmoveinprogress":        {sdk.CodeUnavailable, "the mailbox is being moved", "wait for the move; " + onPremises},
	"errormailboxstoreunavailable":      {sdk.CodeUnavailable, "the mailbox's store is unavailable for now", ""},
	"errorinternalservertransienterror": {sdk.CodeUnavailable, "the server is failing for now", ""},
	"errorserverbusy":                   {sdk.CodeThrottled, "the server asks to wait", ""},
	"applicationthrottled":              {sdk.CodeThrottled, "the mailbox has too many requests at once", ""},
	"errorirresolvableconflict":         {sdk.CodeConflict, "the item changed meanwhile", ""},
	"errorduplicatetransactionid":       {sdk.CodeConflict, "an earlier attempt wrote other content", ""},
	"authorization_requestdenied":       {sdk.CodeAccessDenied, "the application may not do this", needed},
}

func (r refusedWith) byStatus() *sdk.Error {
	switch s := r.status; {
	case s < 300:
		return sdk.CodeBadAnswer.New("the server answered something that is not Microsoft Graph's protocol").
			WithAdvice("check graph_url and the proxy")
	case s < 400:
		return sdk.CodeBadAnswer.New("the server sends elsewhere instead of answering").
			WithAdvice("check graph_url and the proxy")
	case s == http.StatusUnauthorized:
		return sdk.CodeCredentials.New("Microsoft Graph refuses the access token").
			WithAdvice("check tenant_id and cloud, and the sign-in logs of the enterprise application")
	case s == http.StatusForbidden:
		return r.forbidden()
	case s == http.StatusConflict, s == http.StatusPreconditionFailed:
		return sdk.CodeConflict.New("the item changed meanwhile")
	case s == http.StatusTooManyRequests:
		return sdk.CodeThrottled.New("the server asks to wait")
	case s == http.StatusNotFound, s == http.StatusMethodNotAllowed:
		return sdk.CodeBadAnswer.New("the server does not know the request").WithAdvice("check graph_url")
	case s == http.StatusFailedDependency:
		return sdk.CodeUnavailable.New("the request was not carried out because another one failed")
	case s >= 500:
		return sdk.CodeUnavailable.New("the server is failing for now")
	}
	return sdk.CodeInvalidItem.New("the server refuses the request")
}

func (r refusedWith) forbidden() *sdk.Error {
	e := sdk.CodeAccessDenied.New("no permission on the mailbox")
	if r.odataDisabled {
		return e.WithAdvice("allow the user agent %s in the organisation's EwsApplicationAccessPolicy; it covers Microsoft Graph too", userAgent)
	}
	return e.WithAdvice("%s", needed)
}

// unreachable turns a request without a usable answer into the contract's error.
func unreachable(err error) *sdk.Error {
	var sent *transport.Error
	if !errors.As(err, &sent) {
		return sdk.CodeInternal.Wrap(err, "the request failed")
	}
	switch sent.Kind {
	case transport.Resolve:
		return sdk.CodeUnavailable.Wrap(err, "%s", sent.Error()).WithAdvice("check the address, and the gateway's name resolution")
	case transport.Connect:
		return sdk.CodeUnavailable.Wrap(err, "%s", sent.Error()).WithAdvice("check the address, the firewall and the proxy")
	case transport.TLS:
		return sdk.CodeUnavailable.Wrap(err, "%s", sent.Error()).
			WithAdvice("install the certificate authority of the proxy that inspects TLS, or let the gateway past it")
	case transport.TooLarge:
		return sdk.CodeBadAnswer.Wrap(err, "%s", sent.Error())
	case transport.Invalid:
		return sdk.CodeInternal.Wrap(err, "%s", sent.Error())
	}
	return sdk.CodeUnavailable.Wrap(err, "%s", sent.Error()).
		WithAdvice("check the connection to the server if it happens again")
}

// stopsAccount reports whether an error of one mailbox's request is one of the
// account, which every other mailbox would meet too.
func stopsAccount(e *sdk.Error) bool {
	var sent *transport.Error
	cancelled := errors.As(e, &sent) && sent.Kind == transport.Cancelled
	return cancelled || errors.Is(e, errNoToken) || contract.StopsAccount(e)
}

// mailboxBatch is how calls that work on one mailbox at a time do so.
var mailboxBatch = contract.Batch{AtOnce: mailboxesAtOnce, Stops: stopsAccount}

// mailboxesAtOnce is how many mailboxes of a call are worked on at a time.
const mailboxesAtOnce = 6

func badAnswer(format string, args ...any) *sdk.Error {
	return sdk.CodeBadAnswer.New("the server's answer could not be used: "+format, args...)
}

func statusDetail(status int) string { return fmt.Sprintf("HTTP %d", status) }

// safeCode lets a server's code through to operators if it looks like one: codes
// come from outside, and what reaches logs must not carry text.
func safeCode(code string) string {
	if code == "" || len(code) > 80 {
		return ""
	}
	for _, r := range code {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)) {
			return ""
		}
	}
	return code
}
