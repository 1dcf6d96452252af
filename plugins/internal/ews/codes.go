package ews

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// Response codes that callers decide by; see [HasCode].
const (
	CodeNoError           = "NoError"
	CodeItemNotFound      = "ErrorItemNotFound"
	CodeInvalidSyncState  = "ErrorInvalidSyncStateData"
	CodeSyncFolderGone    = "ErrorSyncFolderNotFound"
	CodeBatchStopped      = "ErrorBatchProcessingStopped"
	CodeViewRangeTooBig   = "ErrorCalendarViewRangeTooBig"
	CodeServerBusy        = "ErrorServerBusy"
	codeInternalServer    = "ErrorInternalServerError"
	backOffValue          = "BackOffMilliseconds"
	innerCodeValue        = "InnerErrorResponseCode"
	responseClassSuccess  = "Success"
	maxBelievedBackOff    = time.Hour
	unknownResponseAdvice = "look the code up in the documentation of Exchange Web Services"
)

// HasCode reports whether err is an answer of the server with that response code.
func HasCode(err error, code string) bool {
	var e *sdk.Error
	return errors.As(err, &e) && e.Detail == code
}

// meaning is what a response code means to the gateway and to an operator.
type meaning struct {
	code            sdk.Code
	message, advice string
}

const (
	retryMessage  = "the server cannot do it just now"
	rightsAdvice  = "give the master account full access to the mailbox (Add-MailboxPermission -AccessRights FullAccess), or editor rights on its calendar with private items visible"
	roleAdvice    = "give the master account the role ApplicationImpersonation for the mailbox (New-ManagementRoleAssignment -Role ApplicationImpersonation -User ACCOUNT -CustomRecipientWriteScope SCOPE), check that the scope holds the mailbox, and that the trainer's email is its primary address; or set access = \"full\""
	versionAdvice = "check that the server is Exchange 2013 SP1 or newer, and that the mailbox lives on it"
	ourBugAdvice  = "this is a defect of the plugin; report it with the code"
)

// meanings explains the response codes a calendar client meets ("ResponseCode" in
// the EWS reference).
var meanings = map[string]meaning{
	"ErrorExceededConnectionCount": {
		sdk.CodeThrottled, "the account has too many connections open",
		"raise EwsMaxConcurrency in the account's throttling policy if this goes on",
	},
	"ErrorExceededFindCountLimit": {
		sdk.CodeThrottled, "the account searches too much at a time",
		"raise EwsFindCountLimit in the account's throttling policy if this goes on",
	},
	CodeServerBusy: {sdk.CodeThrottled, "the server asks to wait", ""},

	CodeItemNotFound:          {sdk.CodeItemNotFound, "the item is gone", ""},
	"ErrorInvalidIdMalformed": {sdk.CodeItemNotFound, "the item's id is not one of this server", ""},
	"ErrorInvalidId":          {sdk.CodeItemNotFound, "the item's id is not one of this server", ""},
	"ErrorCalendarOccurrenceIsDeletedFromRecurrence":     {sdk.CodeItemNotFound, "the occurrence was deleted", ""},
	"ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange": {sdk.CodeItemNotFound, "the series has no such occurrence", ""},

	"ErrorIrresolvableConflict":                {sdk.CodeConflict, "the item changed meanwhile", ""},
	"ErrorStaleObject":                         {sdk.CodeConflict, "the item changed meanwhile", ""},
	"ErrorInvalidChangeKey":                    {sdk.CodeConflict, "the item's version is not one of this server", ""},
	"ErrorChangeKeyRequiredForWriteOperations": {sdk.CodeConflict, "the server wants the item's version", ""},

	"ErrorAccessDenied":               {sdk.CodeAccessDenied, "the master account may not do this in the mailbox", rightsAdvice},
	"ErrorCreateItemAccessDenied":     {sdk.CodeAccessDenied, "the master account may not create items in the calendar", rightsAdvice},
	"ErrorFolderNotFound":             {sdk.CodeAccessDenied, "the calendar does not exist or is not visible to the master account", rightsAdvice},
	"ErrorNonExistentMailbox":         {sdk.CodeMailboxNotFound, "no mailbox has this address", "check the trainer's email"},
	"ErrorAccountDisabled":            {sdk.CodeMailboxUnavailable, "the mailbox's user account is disabled", "enable the user in Active Directory, or turn the trainer's calendar off"},
	"ErrorQuotaExceeded":              {sdk.CodeMailboxUnavailable, "the mailbox is full", "let the trainer delete something, or raise the quota"},
	"ErrorMailboxConfiguration":       {sdk.CodeMailboxUnavailable, "the mailbox is not set up properly", "check it with Get-Mailbox on the server"},
	"ErrorMailboxMoveInProgress":      {sdk.CodeUnavailable, "the mailbox is being moved", "wait for the move; if it moves to Exchange Online, change the trainer's service"},
	"ErrorMissingEmailAddress":        {sdk.CodeMailboxUnavailable, "the address has no mailbox on this server", "check the trainer's email; a mailbox in Exchange Online needs service = \"exchange-online\""},
	"ErrorImpersonateUserDenied":      {sdk.CodeAccessDenied, "the master account may not act for the mailbox", roleAdvice},
	"ErrorImpersonationDenied":        {sdk.CodeAccessDenied, "the master account may not act for the mailbox", roleAdvice},
	"ErrorImpersonationFailed":        {sdk.CodeAccessDenied, "the master account could not act for the mailbox", roleAdvice},
	"ErrorWrongServerVersionDelegate": {sdk.CodeMailboxUnavailable, "the mailbox lives on a server of another version", versionAdvice},
	"ErrorProxyRequestNotAllowed":     {sdk.CodeMailboxUnavailable, "the mailbox lives on a server that this one does not pass requests to", "set url to the server the mailbox lives on"},

	"ErrorPasswordExpired":                       {sdk.CodeCredentials, "the master account's password has expired", "set a new password and put it into password"},
	"ErrorPasswordChangeRequired":                {sdk.CodeCredentials, "the master account must change its password", "set a new password and put it into password"},
	"ErrorInvalidServerVersion":                  {sdk.CodeMethodNotOffered, "the server is too old", versionAdvice},
	"ErrorIncorrectSchemaVersion":                {sdk.CodeMethodNotOffered, "the server is too old", versionAdvice},
	"ErrorInvalidSchemaVersionForMailboxVersion": {sdk.CodeMailboxUnavailable, "the mailbox lives on a server that is too old", versionAdvice},

	"ErrorTimeZone": {sdk.CodeInvalidItem, "the server does not know the time zone", "check the course's or the trainer's timezone"},
	"ErrorCalendarEndDateIsEarlierThanStartDate":  {sdk.CodeInvalidItem, "the appointment ends before it starts", "check the times on the platform"},
	"ErrorCalendarDurationIsTooLong":              {sdk.CodeInvalidItem, "the appointment is longer than five years", "check the times on the platform"},
	"ErrorOccurrenceCrossingBoundary":             {sdk.CodeInvalidItem, "an occurrence cannot pass its neighbour", ""},
	CodeViewRangeTooBig:                           {sdk.CodeInvalidRequest, "the window is longer than the server allows", "make the window shorter than two years"},
	"ErrorCalendarFolderIsInvalidForCalendarView": {sdk.CodeMailboxUnavailable, "the folder is not a calendar", ""},
	CodeBatchStopped:                              {sdk.CodeUnavailable, "the server stopped before it came to this item", ""},
}

// transient are the codes that a later attempt may not meet.
var transient = []string{
	"ErrorInternalServerTransientError", "ErrorMailboxFailover", "ErrorMailboxStoreUnavailable", "ErrorADUnavailable",
	"ErrorADOperation", "ErrorConnectionFailed", "ErrorTimeoutExpired", "ErrorTooManyObjectsOpened",
	"ErrorInsufficientResources", "ErrorNoRespondingCASInDestinationSite", codeInternalServer,
	CodeInvalidSyncState, CodeSyncFolderGone,
}

// defects are the codes that only a malformed request of ours can bring.
var defects = []string{
	"ErrorSchemaValidation", "ErrorInvalidRequest", "ErrorInvalidPropertySet", "ErrorInvalidPropertyRequest",
	"ErrorIncorrectUpdatePropertyCount", "ErrorInvalidExtendedProperty", "ErrorValueOutOfRange",
	"ErrorRestrictionTooLong", "ErrorSendMeetingInvitationsRequired",
	"ErrorSendMeetingInvitationsOrCancellationsRequired", "ErrorSendMeetingCancellationsRequired",
	"ErrorMoreThanOneAccessModeSpecified", "ErrorInvalidExchangeImpersonationHeaderData",
}

// lookup finds a code's meaning. A code that is not known counts as a refusal that a
// later attempt may not meet.
func lookup(code string) meaning {
	m, known := meanings[code]
	switch {
	case known:
		return m
	case slices.Contains(transient, code):
		return meaning{sdk.CodeUnavailable, retryMessage, ""}
	case slices.Contains(defects, code):
		return meaning{sdk.CodeInvalidItem, "the server refuses the request", ourBugAdvice}
	}
	return meaning{sdk.CodeUnavailable, "the server refuses", unknownResponseAdvice}
}

// explain turns a response code, with the values that came with it, into an error.
func explain(code string, values []xvalue) *sdk.Error {
	code = safeCode(code)
	if inner := safeCode(valueOf(values, innerCodeValue)); code == codeInternalServer && inner == CodeServerBusy {
		code = inner
	}
	m := lookup(code)
	err := m.code.New("%s", m.message).WithDetail(code)
	if m.advice != "" {
		err = err.WithAdvice("%s", m.advice)
	}
	return err.WithRetryAfter(backOff(values))
}

// backOff is how long the server asks to wait.
func backOff(values []xvalue) time.Duration {
	ms, err := strconv.ParseInt(strings.TrimSpace(valueOf(values, backOffValue)), 10, 64)
	if err != nil || ms <= 0 {
		return 0
	}
	if ms > maxBelievedBackOff.Milliseconds() {
		return maxBelievedBackOff
	}
	return time.Duration(ms) * time.Millisecond
}

func valueOf(values []xvalue, name string) string {
	for _, v := range values {
		if v.Name == name {
			return v.Text
		}
	}
	return ""
}

var codeForm = regexp.MustCompile(`^[A-Za-z0-9]{1,80}$`)

// safeCode keeps a server's code only if it is one: it is printed, and must not
// carry text.
func safeCode(code string) string {
	if code = strings.TrimSpace(code); codeForm.MatchString(code) {
		return code
	}
	return "unreadable code"
}

// err is the message's failure, nil for success. A warning that stops a batch is a
// failure of the items it stopped.
func (s Status) err() *sdk.Error {
	code := strings.TrimSpace(s.Code)
	if s.Class == responseClassSuccess && (code == CodeNoError || code == "") {
		return nil
	}
	if code == CodeNoError || code == "" {
		return sdk.CodeBadAnswer.New("the server answered neither success nor an error")
	}
	return explain(code, s.Values)
}

// err is the fault as an error: the code in its detail, else the one after the
// colon of faultcode.
func (f fault) err() *sdk.Error {
	code := strings.TrimSpace(f.Detail.ResponseCode)
	if code == "" {
		_, code, _ = strings.Cut(f.Code, ":")
	}
	return explain(code, f.Detail.Values)
}
