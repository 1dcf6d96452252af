package faults

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Mode is the way in which a request fails.
type Mode string

// The modes of a [Rule]. Those after Slow are Graph's own: they leave other protocols
// alone, and the last five change pages of events and nothing else.
const (
	// Refuse answers Status, Code and RetryAfter instead of doing anything.
	Refuse Mode = "status"
	// Lost does everything and then closes the connection without an answer.
	Lost Mode = "lost"
	// Hang does nothing and never answers: until the client gives up, or the connection
	// is closed after the rule's delay.
	Hang Mode = "hang"
	// Cut does everything and closes the connection in the middle of the answer.
	Cut Mode = "cut"
	// Partial does everything and answers half of the body as if it were the whole.
	Partial Mode = "partial"
	// HTML does nothing and answers an HTML page with Status (200 if none), as
	// proxies and sign-in pages do.
	HTML Mode = "html"
	// Slow waits for the rule's delay and then answers as usual.
	Slow Mode = "slow"
	// Claims refuses the access token with a claims challenge: tokens are good again
	// when their request passed the claims on.
	Claims Mode = "claims"
	// Foreign does everything and answers links that lead to another host.
	Foreign Mode = "foreign_link"
	// Circle answers a link to the page itself, for ever.
	Circle Mode = "circle"
	// Repeat answers every row of the page twice.
	Repeat Mode = "repeat"
	// Shuffle answers the rows in reverse: exceptions before their masters.
	Shuffle Mode = "shuffle"
	// Orphans leaves out the masters of the page's series.
	Orphans Mode = "orphans"
)

// modes are all of them; those from graphModes on are Graph's own.
var modes = []Mode{Refuse, Lost, Hang, Cut, Partial, HTML, Slow, Claims, Foreign, Circle, Repeat, Shuffle, Orphans}

const graphModes = 7

// BreaksConnection reports whether the answer does not arrive whole.
func (m Mode) BreaksConnection() bool {
	return m == Lost || m == Hang || m == Cut || m == Partial
}

// Rule says which operations fail, and how. Rules are tried in the order in which they
// were added, and the first that hits is the only one that an operation meets, so that
// rules with Skip and Times make a script: each begins where those before it end.
type Rule struct {
	// ID names the rule; the set gives it.
	ID int `json:"id"`
	// Protocol is "graph", "ews" or "login"; Kind an operation, for example
	// "CreateEvent" or "FindItem"; Mailbox an address. Empty ones match everything;
	// letter case is ignored.
	Protocol string `json:"protocol,omitempty"`
	Kind     string `json:"kind,omitempty"`
	Mailbox  string `json:"mailbox,omitempty"`
	Mode     Mode   `json:"mode"`
	// Skip lets that many matching operations pass first; then Times operations are
	// hit, or all if it is 0.
	Skip  int `json:"skip,omitempty"`
	Times int `json:"times,omitempty"`
	// Rate is the share of the matching operations that are hit, 0 for all. Which ones
	// depends on the set's seed and on how many of their kind the mailbox met before,
	// and not on what runs at the same time.
	Rate float64 `json:"rate,omitempty"`
	// Status, Code and RetryAfter are the answer of Refuse; Code is the protocol's
	// error code, RetryAfter the header's text.
	Status     int    `json:"status,omitempty"`
	Code       string `json:"code,omitempty"`
	RetryAfter string `json:"retry_after,omitempty"`
	// DelayMS is how long Slow waits, and Hang keeps the connection, in milliseconds.
	DelayMS int `json:"delay_ms,omitempty"`
	// Hits counts the operations hit so far.
	Hits int `json:"hits"`
}

// BackOffMS is RetryAfter in milliseconds, as EWS says it; 0 if it is no number of seconds.
func (r Rule) BackOffMS() int {
	seconds, err := strconv.ParseFloat(r.RetryAfter, 64)
	if err != nil {
		return 0
	}
	return int(1000 * seconds)
}

// check refuses rules that mean nothing.
func (r Rule) check() error {
	at := slices.Index(modes, r.Mode)
	delayed := r.Mode == Slow || r.Mode == Hang
	switch {
	case at < 0:
		return fmt.Errorf("mode %q: want one of %v", r.Mode, modes)
	case at >= graphModes && !strings.EqualFold(r.Protocol, "graph"):
		return fmt.Errorf("mode %q belongs to protocol \"graph\"", r.Mode)
	case r.Mode == Refuse && (r.Status < 200 || r.Status > 599):
		return fmt.Errorf("status %d: want an HTTP status for mode %q", r.Status, r.Mode)
	case r.Status != 0 && r.Mode != Refuse && r.Mode != HTML:
		return fmt.Errorf("mode %q has no status", r.Mode)
	case (r.Code != "" || r.RetryAfter != "") && r.Mode != Refuse:
		return fmt.Errorf("mode %q has neither code nor retry_after", r.Mode)
	case r.Mode == Slow && r.DelayMS <= 0, !delayed && r.DelayMS != 0, r.DelayMS < 0:
		return fmt.Errorf("mode %q with delay_ms %d: a delay belongs to mode %q or %q", r.Mode, r.DelayMS, Slow, Hang)
	case r.Skip < 0 || r.Times < 0 || r.Rate < 0 || r.Rate > 1:
		return fmt.Errorf("skip and times must not be negative, rate must be from 0 to 1")
	}
	return nil
}

// matches reports whether the rule is about an operation, which may name further
// mailboxes. A challenge is an answer to a request, never to an item of a $batch.
func (r *Rule) matches(op Operation, also []string) bool {
	same := func(want, got string) bool { return want == "" || strings.EqualFold(want, got) }
	mailbox := same(r.Mailbox, op.Mailbox) ||
		slices.ContainsFunc(also, func(m string) bool { return same(r.Mailbox, m) })
	return mailbox && same(r.Protocol, op.Protocol) && same(r.Kind, op.Kind) && !(op.Batched && r.Mode == Claims)
}
