package faults

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Mode is the way in which a request fails.
type Mode string

// The modes of a [Rule].
const (
	// Refuse answers Status, Code and RetryAfter instead of doing anything.
	Refuse Mode = "status"
	// Lost does everything and then closes the connection without an answer.
	Lost Mode = "lost"
	// Hang does nothing and never answers, until the client gives up.
	Hang Mode = "hang"
	// Cut does everything and closes the connection in the middle of the answer.
	Cut Mode = "cut"
	// Partial does everything and answers half of the body as if it were the whole.
	Partial Mode = "partial"
	// HTML does nothing and answers an HTML page with Status (200 if none), as
	// proxies and sign-in pages do.
	HTML Mode = "html"
	// Slow waits for Delay and then answers as usual.
	Slow Mode = "slow"
)

// BreaksConnection reports whether the answer does not arrive whole.
func (m Mode) BreaksConnection() bool {
	return m == Lost || m == Hang || m == Cut || m == Partial
}

// Rule says which operations fail, and how.
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
	// Rate is the share of the matching operations that are hit, 0 for all.
	Rate float64 `json:"rate,omitempty"`
	// Status, Code and RetryAfter are the answer of Refuse; Code is the protocol's
	// error code, RetryAfter the header's text.
	Status     int    `json:"status,omitempty"`
	Code       string `json:"code,omitempty"`
	RetryAfter string `json:"retry_after,omitempty"`
	// DelayMS is how long Slow waits, in milliseconds.
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
	modes := []Mode{Refuse, Lost, Hang, Cut, Partial, HTML, Slow}
	switch {
	case !slices.Contains(modes, r.Mode):
		return fmt.Errorf("mode %q: want one of %v", r.Mode, modes)
	case r.Mode == Refuse && (r.Status < 200 || r.Status > 599):
		return fmt.Errorf("status %d: want an HTTP status for mode %q", r.Status, r.Mode)
	case r.Status != 0 && r.Mode != Refuse && r.Mode != HTML:
		return fmt.Errorf("mode %q has no status", r.Mode)
	case (r.Code != "" || r.RetryAfter != "") && r.Mode != Refuse:
		return fmt.Errorf("mode %q has neither code nor retry_after", r.Mode)
	case r.Mode == Slow && r.DelayMS <= 0, r.Mode != Slow && r.DelayMS != 0:
		return fmt.Errorf("mode %q with delay_ms %d: a delay belongs to mode %q", r.Mode, r.DelayMS, Slow)
	case r.Skip < 0 || r.Times < 0 || r.Rate < 0 || r.Rate > 1:
		return fmt.Errorf("skip and times must not be negative, rate must be from 0 to 1")
	}
	return nil
}

// Count is how often an operation was asked for on a mailbox.
type Count struct {
	Protocol string `json:"protocol"`
	Kind     string `json:"kind"`
	// Mailbox is the address in lower case, empty where a request names none or several.
	Mailbox string `json:"mailbox,omitempty"`
	// Requests are HTTP requests, Batched items inside a $batch.
	Requests int `json:"requests"`
	Batched  int `json:"batched,omitempty"`
}

// Operation is what a client asks for.
type Operation struct {
	Protocol, Kind, Mailbox string
	// Batched: it is an item of a $batch.
	Batched bool
}

// Set holds the rules and the counts. The zero Set is not usable, see [New].
type Set struct {
	mu     sync.Mutex
	rules  []*Rule
	nextID int
	counts map[Operation]int
	random *rand.Rand
}

// New returns a set without rules; seed decides what a rule's Rate hits.
func New(seed uint64) *Set {
	return &Set{counts: map[Operation]int{}, random: rand.New(rand.NewPCG(seed, seed))}
}

// Add adds a rule and returns it with its id.
func (s *Set) Add(r Rule) (Rule, error) {
	if err := r.check(); err != nil {
		return Rule{}, fmt.Errorf("add a fault: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextID++
	r.ID, r.Hits = s.nextID, 0
	s.rules = append(s.rules, &r)
	return r, nil
}

// Remove removes a rule and reports whether there was one.
func (s *Set) Remove(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.rules)
	s.rules = slices.DeleteFunc(s.rules, func(r *Rule) bool { return r.ID == id })
	return len(s.rules) < before
}

// Rules lists the rules.
func (s *Set) Rules() []Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	rules := make([]Rule, 0, len(s.rules))
	for _, r := range s.rules {
		rules = append(rules, *r)
	}
	return rules
}

// Clear removes all rules.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

// Take counts an operation and returns the first rule that hits it, or nil. An
// operation on several mailboxes names them in also and is counted without one; a
// rule for any of them hits it.
func (s *Set) Take(op Operation, also ...string) *Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[op]++
	for _, r := range s.rules {
		if r.matches(op, also) && s.hits(r) {
			hit := *r
			return &hit
		}
	}
	return nil
}

func (r *Rule) matches(op Operation, also []string) bool {
	same := func(want, got string) bool { return want == "" || strings.EqualFold(want, got) }
	mailbox := same(r.Mailbox, op.Mailbox) ||
		slices.ContainsFunc(also, func(m string) bool { return same(r.Mailbox, m) })
	return mailbox && same(r.Protocol, op.Protocol) && same(r.Kind, op.Kind)
}

// hits decides whether a matching rule applies this time.
func (s *Set) hits(r *Rule) bool {
	switch {
	case r.Skip > 0:
		r.Skip--
		return false
	case r.Times > 0 && r.Hits >= r.Times:
		return false
	case r.Rate > 0 && s.random.Float64() >= r.Rate:
		return false
	}
	r.Hits++
	return true
}

// Counts lists what was asked for, by protocol, kind and mailbox.
func (s *Set) Counts() []Count {
	s.mu.Lock()
	defer s.mu.Unlock()
	merged := map[Operation]Count{}
	for op, n := range s.counts {
		batched := op.Batched
		op.Batched = false
		c := merged[op]
		c.Protocol, c.Kind, c.Mailbox = op.Protocol, op.Kind, op.Mailbox
		if batched {
			c.Batched += n
		} else {
			c.Requests += n
		}
		merged[op] = c
	}
	var counts []Count
	for _, c := range merged {
		counts = append(counts, c)
	}
	slices.SortFunc(counts, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Mailbox, b.Mailbox))
	})
	return counts
}

// ClearCounts starts counting anew.
func (s *Set) ClearCounts() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts = map[Operation]int{}
}
