package exchangeonline_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
)

// 60 appointments of one trainer and 60 mailboxes read at once keep below the server's
// limit of four in flight for a mailbox: nothing is throttled (G2, P8).
func TestG2NeverThrottled(t *testing.T) {
	throttled := make(chan string, 1000)
	s := newSim(t, exchangesim.Options{Latency: 2 * time.Millisecond, Observe: func(x exchangesim.Exchange) {
		if x.Status == 429 || strings.Contains(string(x.ResponseBody), "MailboxConcurrency") {
			throttled <- x.URL
		}
	}})
	a := s.open(t)
	m := s.mailbox(t, "Europe/London")
	var ops []sdk.Operation
	for n := range 60 {
		ops = append(ops, course(n))
	}
	for id, r := range write(t, a, m, ops...) {
		if r.Err != nil {
			t.Errorf("%s: %v", id, r.Err)
		}
	}
	if n := count(s, "Batch").Requests; n != 3 {
		t.Errorf("%d batches for 60 creates, want 3", n)
	}
	if n := len(s.box(t, m).Items(world.Calendar)); n != 60 {
		t.Errorf("%d items, want 60", n)
	}
	reqs := []sdk.ReadRequest{wanted(m, nil)}
	for range 60 {
		reqs = append(reqs, wanted(s.mailbox(t, "Europe/London"), nil))
	}
	for address, p := range read(t, a, reqs...) {
		if p.Err != nil {
			t.Errorf("%s: %v", address, p.Err)
		}
	}
	if len(throttled) != 0 {
		t.Errorf("%d answers were throttled, the first: %s", len(throttled), <-throttled)
	}
}

// Costs: one token, one request for 20 unchanged mailboxes, one sub-request for each
// changed event (E, goals 1, 4 and 7).
func TestCosts(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	a := s.open(t)
	var reqs []sdk.ReadRequest
	for range 40 {
		reqs = append(reqs, wanted(s.mailbox(t, "Europe/London"), nil))
	}
	for i, req := range reqs {
		reqs[i].Cursor = read(t, a, req)[req.Mailbox.Address].Complete.Cursor
	}
	tokens := count(s, "Token").Requests
	s.ClearCounts()
	read(t, a, reqs...)
	if got, want := count(s, "Batch").Requests, 2; got != want {
		t.Errorf("%d batches for 40 unchanged mailboxes, want %d", got, want)
	}
	if got := count(s, "Delta"); got.Batched != 40 || got.Requests != 0 {
		t.Errorf("deltas = %+v, want 40 in batches", got)
	}
	if got := count(s, "GetEvent"); got.Batched+got.Requests != 0 || tokens != 1 {
		t.Errorf("%d events fetched, %d tokens, want none and one", got.Batched+got.Requests, tokens)
	}
	s.ClearCounts()
	write(t, a, reqs[0].Mailbox, course(1), course(2), course(3))
	if got := count(s, "CreateEvent").Batched; got != 3 || count(s, "Batch").Requests != 1 {
		t.Errorf("%d creates in %d batches, want 3 in one", got, count(s, "Batch").Requests)
	}
}

// A call whose caller gives up ends soon, with an error and no answer (G7).
func TestG7CallerGivesUp(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	fault(t, s, exchangesim.Fault{Kind: "Delta", Mode: exchangesim.FaultHang})
	a := s.open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := a.Read(ctx, []sdk.ReadRequest{wanted(m, nil)}, func(p sdk.ReadPage) error {
		t.Errorf("emitted %+v", p)
		return nil
	})
	if err == nil || !errors.Is(err, sdk.ErrUnavailable) {
		t.Errorf("err = %v, want an end without answer", err)
	}
}

// Retry-After is obeyed in all its forms, and an absurd one ends the mailbox's part of
// the call: it is not asked again, and the error says when (G1).
func TestG1RetryAfter(t *testing.T) {
	for name, after := range map[string]string{
		"a fraction": "0.05", "a date that has passed": "Wed, 21 Oct 2015 07:28:00 GMT", "no time": "soon", "missing": "", "negative": "-3",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			m := s.mailbox(t, "Europe/London")
			fault(t, s, exchangesim.Fault{Kind: "Delta", Mode: exchangesim.FaultStatus, Status: 429, RetryAfter: after, Times: 1})
			readOne(t, s.open(t), m, nil)
		})
	}
	for _, after := range []string{"86400", "1e300", time.Now().AddDate(5, 0, 0).UTC().Format(http.TimeFormat)} {
		t.Run("absurd: "+after, func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			m, other := s.mailbox(t, "Europe/London"), s.mailbox(t, "Europe/London")
			fault(t, s, exchangesim.Fault{Kind: "Delta", Mailbox: m.Address, Mode: exchangesim.FaultStatus, Status: 429, RetryAfter: after})
			a := s.open(t)
			for range 2 {
				pages := read(t, a, wanted(m, nil), wanted(other, nil))
				err := pages[m.Address].Err
				if !errors.Is(err, sdk.ErrThrottled) || err.RetryAfter <= 0 || err.RetryAfter > time.Hour {
					t.Errorf("err = %v after %v, want throttled for an hour at most", err, err.RetryAfter)
				}
				if pages[other.Address].Err != nil {
					t.Errorf("another mailbox: %v", pages[other.Address].Err)
				}
			}
			if n := asked(s, "Delta", m.Address); n != 1 {
				t.Errorf("the mailbox was asked %d times, want once", n)
			}
		})
	}
}

// asked is how often something was asked for of a mailbox.
func asked(s *sim, kind, mailbox string) (n int) {
	for _, c := range s.Counts() {
		if c.Kind == kind && c.Mailbox == mailbox {
			n += c.Requests + c.Batched
		}
	}
	return n
}

// Of a batch that succeeded in part, the rest alone is repeated (G5).
func TestG5PartOfABatch(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	a := s.open(t)
	var reqs []sdk.WriteRequest
	for n := range 20 {
		reqs = append(reqs, sdk.WriteRequest{Mailbox: s.mailbox(t, "Europe/London"), Operations: []sdk.Operation{course(n)}})
	}
	for _, i := range []int{3, 11} {
		fault(t, s, exchangesim.Fault{
			Kind: "CreateEvent", Mailbox: reqs[i].Mailbox.Address, Mode: exchangesim.FaultStatus, Status: 503, RetryAfter: "0.01", Times: 1,
		})
	}
	err := a.Write(t.Context(), reqs, func(r sdk.WriteResult) error {
		if r.Err != nil {
			return r.Err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := count(s, "CreateEvent").Batched; got != 22 {
		t.Errorf("%d creates for 20 of which two were put off, want 22", got)
	}
	for _, req := range reqs {
		if n := len(marked(s.box(t, req.Mailbox))); n != 1 {
			t.Errorf("%s has %d items, want one", req.Mailbox.Address, n)
		}
	}
}
