package exchangeonline_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// fleet is many mailboxes of one account.
type fleet struct {
	*sim
	account sdk.Account
	reqs    []sdk.ReadRequest
	// pushed counts what was pushed, so that no two courses are the same.
	pushed int
}

// The sizes of a fleet: what an operator may have, and what every change is tested with.
const (
	largeFleet, largeItems = 10_000, 50
	smallFleet, smallItems = 200, 3
)

// newFleet starts mailboxes with items each.
func newFleet(t testing.TB, mailboxes, items int, opts exchangesim.Options) *fleet {
	t.Helper()
	s := &sim{}
	var err error
	if s.Server, err = exchangesim.Start(opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := exchangesim.Seed(s.World(), mailboxes, items, 1); err != nil {
		t.Fatal(err)
	}
	f := &fleet{sim: s, account: s.openWith(t, map[string]any{"concurrency": 8})}
	now := time.Now().UTC().Truncate(24 * time.Hour)
	for _, box := range s.World().Mailboxes() {
		f.reqs = append(f.reqs, sdk.ReadRequest{
			Mailbox: sdk.Mailbox{Address: box.Address(), TimeZone: "UTC"}, Detail: sdk.DetailFull, Scope: sdk.ScopeAll,
			Window: calendar.Window{Start: now.AddDate(0, 0, -7), End: now.AddDate(0, 0, 365)},
		})
	}
	return f
}

// read reads every mailbox, as many in a call as one may name, and keeps the cursors.
// It answers how many changes there were.
func (f *fleet) read(t testing.TB) (changes int) {
	t.Helper()
	for start := 0; start < len(f.reqs); start += sdk.MaxMailboxes {
		changes += f.readSome(t, f.reqs[start:min(start+sdk.MaxMailboxes, len(f.reqs))])
	}
	return changes
}

func (f *fleet) readSome(t testing.TB, reqs []sdk.ReadRequest) (changes int) {
	t.Helper()
	var mu sync.Mutex
	cursors := map[string][]byte{}
	err := f.account.Read(t.Context(), reqs, func(p sdk.ReadPage) error {
		if p.Err != nil {
			return fmt.Errorf("%s: %w", p.Mailbox, p.Err)
		}
		mu.Lock()
		defer mu.Unlock()
		changes += len(p.Changes)
		if p.Complete != nil {
			cursors[p.Mailbox] = p.Complete.Cursor
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range reqs {
		reqs[i].Cursor = cursors[reqs[i].Mailbox.Address]
	}
	return changes
}

// push writes one course into every mailbox.
func (f *fleet) push(t testing.TB) {
	t.Helper()
	for start := 0; start < len(f.reqs); start += sdk.MaxMailboxes {
		var writes []sdk.WriteRequest
		for _, req := range f.reqs[start:min(start+sdk.MaxMailboxes, len(f.reqs))] {
			f.pushed++
			writes = append(writes, sdk.WriteRequest{Mailbox: req.Mailbox, Operations: []sdk.Operation{course(f.pushed)}})
		}
		err := f.account.Write(t.Context(), writes, func(r sdk.WriteResult) error {
			if r.Err != nil {
				return fmt.Errorf("%s: %w", r.Mailbox, r.Err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// cost is what something cost: HTTP requests, and sub-requests inside and outside of
// batches.
type cost struct{ http, sub int }

// costs tells what was asked for since ClearCounts.
func (f *fleet) costs() (c cost) {
	for _, n := range f.Counts() {
		c.http += n.Requests
		if n.Kind != "Batch" && n.Protocol == "graph" {
			c.sub += n.Requests + n.Batched
		}
	}
	return c
}

// floorHTTP is the fewest requests for one sub-request a mailbox: a batch takes 20.
func (f *fleet) floorHTTP() int { return (len(f.reqs) + 19) / 20 }

// within fails the test for costs that are more than a twentieth above the floor.
func (f *fleet) within(t testing.TB, what string, rounds int, c cost) {
	t.Helper()
	limit := cost{http: 21 * rounds * f.floorHTTP() / 20, sub: 21 * rounds * len(f.reqs) / 20}
	if c.http > limit.http || c.sub > limit.sub {
		t.Errorf("%s of %d mailboxes took %d HTTP requests and %d sub-requests, want at most %d and %d",
			what, len(f.reqs), c.http/rounds, c.sub/rounds, limit.http/rounds, limit.sub/rounds)
	}
	if address, n := f.Peak(); n > mailboxSlots {
		t.Errorf("%d operations were in flight on %s at once, want at most %d", n, address, mailboxSlots)
	}
}

// report shows costs with the floor beside each.
func (f *fleet) report(b *testing.B, rounds int, c cost) {
	b.ReportMetric(float64(c.http)/float64(rounds), "http")
	b.ReportMetric(float64(f.floorHTTP()), "floor-http")
	b.ReportMetric(float64(c.sub)/float64(rounds*len(f.reqs)), "sub-requests/mailbox")
	b.ReportMetric(1, "floor-sub-requests/mailbox")
	_, peak := f.Peak()
	b.ReportMetric(float64(peak), "in-flight/mailbox")
}

// What a quiet cycle and a push cost stays within a twentieth of the floor, one
// sub-request a mailbox and 20 of them in a request (P8). The benchmarks hold the same
// for as many mailboxes as an operator may have.
func TestFleetCosts(t *testing.T) {
	f := newFleet(t, smallFleet, smallItems, exchangesim.Options{})
	f.read(t)
	f.ClearCounts()
	f.ResetPeak()
	if changes := f.read(t); changes != 0 {
		t.Errorf("%d changes where nothing changed", changes)
	}
	f.within(t, "a quiet cycle", 1, f.costs())
	f.ClearCounts()
	f.push(t)
	f.within(t, "a push", 1, f.costs())
	for _, box := range f.World().Mailboxes() {
		if n := len(marked(box)); n != 1 {
			t.Errorf("%s has %d items of ours, want 1", box.Address(), n)
		}
	}
}

// BenchmarkQuietCycle reads mailboxes in which nothing changed.
func BenchmarkQuietCycle(b *testing.B) {
	f := newFleet(b, largeFleet, largeItems, exchangesim.Options{})
	f.read(b)
	f.ClearCounts()
	f.ResetPeak()
	for b.Loop() {
		f.read(b)
	}
	f.within(b, "a quiet cycle", b.N, f.costs())
	f.report(b, b.N, f.costs())
}

// BenchmarkPush writes one new course into every mailbox.
func BenchmarkPush(b *testing.B) {
	f := newFleet(b, largeFleet, largeItems, exchangesim.Options{})
	f.push(b) // signs in
	f.ClearCounts()
	f.ResetPeak()
	for b.Loop() {
		f.push(b)
	}
	f.within(b, "a push", b.N, f.costs())
	f.report(b, b.N, f.costs())
}
