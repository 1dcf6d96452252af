package exchangeonline

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// policyHeader says why Exchange Online refuses EWS with 403 ("How to control access to
// EWS in Exchange").
const policyHeader = "X-EWS-Policy-Reason"

// blockedMailboxes is how many mailboxes must be refused in a row until it is taken for
// the whole tenant's: the server does not say which.
const blockedMailboxes = 3

// blockedDetail marks the refusals of EWS as such.
const blockedDetail = "HTTP 403"

// servedMemory is how long a mailbox that was served tells that the tenant is: a refusal
// within it is the mailbox's own.
const servedMemory = time.Hour

// policy explains refusals of EWS as such, and finds out whose they are: a mailbox's stop
// that mailbox, the tenant's stop the account (auth-4).
type policy struct {
	clientID string
	now      func() time.Time

	mu sync.Mutex
	// row are the mailboxes refused since the last one that was served, or the last read
	// began; servedAt is when one was served.
	row      map[string]bool
	servedAt time.Time
	// refused are those that were refused when they were last asked.
	refused map[string]bool
}

func newPolicy(clientID string, now func() time.Time) *policy {
	return &policy{clientID: clientID, now: now, row: map[string]bool{}, refused: map[string]bool{}}
}

// forbidden explains a 403 to a request for the mailbox.
func (p *policy) forbidden(mailbox string, h http.Header) *sdk.Error {
	why := p.explain(h.Get(policyHeader))
	p.mu.Lock()
	defer p.mu.Unlock()
	key := strings.ToLower(mailbox)
	p.row[key], p.refused[key] = true, true
	code := sdk.CodeMailboxUnavailable
	if len(p.row) >= blockedMailboxes && p.now().Sub(p.servedAt) >= servedMemory {
		code = sdk.CodeAccountBlocked
	}
	return code.New("%s", why.message).WithAdvice("%s", why.advice).WithDetail(blockedDetail)
}

// served notes that a mailbox was not refused.
func (p *policy) served(mailbox string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.row)
	p.servedAt = p.now()
	delete(p.refused, strings.ToLower(mailbox))
}

// suspects divides a call's mailboxes into those refused before and the others, which go
// first: a few that are refused in front of them would pass for the whole tenant. Each call
// judges anew, so that it comes to know some more of those if it is wrong.
func (p *policy) suspects(reqs []sdk.ReadRequest) (others, refused []sdk.ReadRequest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.row)
	for _, req := range reqs {
		if p.refused[strings.ToLower(req.Mailbox.Address)] {
			refused = append(refused, req)
		} else {
			others = append(others, req)
		}
	}
	return others, refused
}

// Where an administrator looks, and what is done about it; commands of Exchange Online
// PowerShell.
const (
	showSwitches = "run Get-OrganizationConfig | fl EwsEnabled,EwsApplicationAccessPolicy,EwsAllowList,EwsBlockList and Get-CASMailbox MAILBOX | fl EwsEnabled,EwsApplicationAccessPolicy"
	showApps     = "run Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | fl EwsAllowedAppIDs"
)

// explain reads the header's value.
func (p *policy) explain(reason string) struct{ message, advice string } {
	switch reason = strings.ToLower(reason); {
	case strings.Contains(reason, "disabled"):
		return struct{ message, advice string }{
			"Exchange Web Services is switched off for the mailbox or the whole tenant",
			showSwitches + ": EwsEnabled must be true in the first, and not false in the second. Switch it on with " +
				"Set-OrganizationConfig -EwsEnabled $true -EwsAllowedAppIDs \"" + p.clientID + "\" (with the ids that are to stay; it takes up to 24 hours), or " + moveToGraph,
		}
	case strings.Contains(reason, "blocked"):
		return struct{ message, advice string }{
			"a policy blocks Exchange Web Services for this application, for the mailbox or the whole tenant",
			showApps + ": it must list " + p.clientID + ", add it with Set-OrganizationConfig -EwsAllowedAppIDs. Then " + showSwitches +
				": an allow list must hold, and a block list must not match, the user agent " + userAgent + ". Or " + moveToGraph,
		}
	}
	return struct{ message, advice string }{
		"Exchange Online refuses Exchange Web Services to the mailbox",
		"check that the user's licence includes Exchange Web Services (F1 and F3 do not since March 2026), then " + showSwitches + "; or " + moveToGraph,
	}
}
