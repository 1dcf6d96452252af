package exchangeonline_test

import (
	"context"
	"errors"
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
