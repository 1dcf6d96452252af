package exchangeonprem_test

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// The sizes of a fleet: what an operator may have, and what every change is tested with.
const (
	largeFleet, largeItems = 10_000, 10
	smallFleet, smallItems = 300, 3
	// touchedShare is which mailbox of how many somebody changes something in.
	touchedShare = 20
	// manyCreates are creates in one mailbox.
	manyCreates = 120
)

// floors are the fewest requests that EWS allows, by way of access: for a mailbox in
// which nothing changed, and for one that was touched, of which one item's text is
// wanted. With full access a request names up to 255 mailboxes, or 50 items of any.
var floors = map[string]struct{ quiet, touched float64 }{
	"full":          {1.0 / 255, 1.0/255 + 1 + 1.0/50},
	"impersonation": {1, 3},
}

// goals are what the plugin promises, by way of access.
var goals = map[string]struct{ quiet, touched float64 }{
	"full": {0.02, 3}, "impersonation": {1, 3},
}

// exchangePolicy is the throttling policy of a server as it comes, with requests that
// take it 20 ms.
var exchangePolicy = exchangesim.Throttling{
	Cost: 20 * time.Millisecond, Burst: 300 * time.Second, Recharge: 900 * time.Second, Cutoff: 3000 * time.Second,
}

// fleet is many mailboxes of one account.
type fleet struct {
	*clockedSim
	access  string
	account sdk.Account
	reqs    []sdk.ReadRequest
	cursors map[string][]byte
	// refused counts the answers that asked to wait.
	refused *atomic.Int64
}

// newFleet starts mailboxes with items each, read once, on a server whose folders were
// proven to tell of changes.
func newFleet(t testing.TB, access string, mailboxes, items int) *fleet {
	t.Helper()
	f := &fleet{access: access, cursors: map[string][]byte{}, refused: new(atomic.Int64)}
	f.clockedSim = newClockedSim(t, simtest.Config{AllowInvalid: true, Options: exchangesim.Options{
		EWSThrottling: exchangePolicy,
		Observe: func(x exchangesim.Exchange) {
			if bytes.Contains(x.ResponseBody, []byte("ErrorServerBusy")) || bytes.Contains(x.ResponseBody, []byte("ErrorExceeded")) || x.Status == 503 {
				f.refused.Add(1)
			}
		},
	}})
	if err := exchangesim.Seed(f.World(), mailboxes, items, 1); err != nil {
		t.Fatal(err)
	}
	f.account = f.open(t, map[string]any{"access": access})
	for _, box := range f.World().Mailboxes() {
		f.reqs = append(f.reqs, sdk.ReadRequest{
			Mailbox: sdk.Mailbox{Address: box.Address(), TimeZone: "UTC"}, Detail: sdk.DetailFull, Scope: sdk.ScopeAll,
			Window: calendar.Window{Start: at(2, 22, 0), End: at(2, 22, 0).AddDate(1, 0, 0)},
		})
	}
	f.ticking(func() { verified(t, f.account, f.reqs[0].Mailbox) })
	f.pass(15 * time.Minute)
	f.read(t)
	f.pass(15 * time.Minute)
	f.ClearCounts()
	f.refused.Store(0)
	return f
}

// read reads every mailbox, as many in a call as one may name, and keeps the cursors. It
// answers in how many something changed.
func (f *fleet) read(t testing.TB) (touched int) {
	t.Helper()
	var mu sync.Mutex
	for start := 0; start < len(f.reqs); start += sdk.MaxMailboxes {
		reqs := f.reqs[start:min(start+sdk.MaxMailboxes, len(f.reqs))]
		for i := range reqs {
			reqs[i].Cursor = f.cursors[reqs[i].Mailbox.Address]
		}
		err := f.account.Read(t.Context(), reqs, func(p sdk.ReadPage) error {
			mu.Lock()
			defer mu.Unlock()
			if p.Err != nil {
				return fmt.Errorf("%s: %w", p.Mailbox, p.Err)
			}
			if p.Complete != nil {
				f.cursors[p.Mailbox] = p.Complete.Cursor
				if p.Complete.Full {
					touched++
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return touched
}

// touch changes an item in every twentieth mailbox, and returns what to fetch of them.
func (f *fleet) touch(t testing.TB, round int) (gets []sdk.GetRequest) {
	t.Helper()
	for i := 0; i < len(f.reqs); i += touchedShare {
		m := f.reqs[i].Mailbox
		box := f.box(t, m)
		add(t, box, m, hour(fmt.Sprint("Lunch ", round), at(3, 13, 12)))
		gets = append(gets, sdk.GetRequest{Mailbox: m, Detail: sdk.DetailFull})
	}
	return gets
}

// fetch reads, and fetches one item of each touched mailbox. It answers how many were.
func (f *fleet) fetch(t testing.TB, gets []sdk.GetRequest) int {
	t.Helper()
	wanted := map[string]*sdk.GetRequest{}
	for i := range gets {
		wanted[gets[i].Mailbox.Address] = &gets[i]
	}
	var mu sync.Mutex
	touched := 0
	for start := 0; start < len(f.reqs); start += sdk.MaxMailboxes {
		reqs := f.reqs[start:min(start+sdk.MaxMailboxes, len(f.reqs))]
		for i := range reqs {
			reqs[i].Cursor = f.cursors[reqs[i].Mailbox.Address]
		}
		var batch []sdk.GetRequest
		err := f.account.Read(t.Context(), reqs, func(p sdk.ReadPage) error {
			mu.Lock()
			defer mu.Unlock()
			get := wanted[p.Mailbox]
			for _, c := range p.Changes {
				if get != nil && len(get.IDs) == 0 && c.Upsert.Incomplete {
					get.IDs = append(get.IDs, c.Upsert.ID)
					batch = append(batch, *get)
				}
			}
			if p.Complete != nil {
				f.cursors[p.Mailbox] = p.Complete.Cursor
				if p.Complete.Full {
					touched++
				}
			}
			return nil
		})
		if err == nil {
			err = f.account.Get(t.Context(), batch, func(p sdk.GetPage) error {
				if p.Err != nil {
					return p.Err
				}
				return nil
			})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return touched
}

// total is how many requests there were since ClearCounts.
func (f *fleet) total() (n int) {
	for _, count := range f.requests() {
		n += count
	}
	return n
}

// within fails the test for more requests than the goal, and shows the figure with the
// floor beside it.
func (f *fleet) within(t testing.TB, what string, got, goal, floor float64) {
	t.Helper()
	if got > goal {
		t.Errorf("%s, %s access: %.4f requests a mailbox, want at most %.4f", what, f.access, got, goal)
	}
	if b, bench := t.(*testing.B); bench {
		b.ReportMetric(got, "requests/mailbox")
		b.ReportMetric(floor, "floor/mailbox")
	}
}

// unrefused fails the test if the server asked to wait more than once in a thousand
// requests.
func (f *fleet) unrefused(t testing.TB) {
	t.Helper()
	share := float64(f.refused.Load()) / float64(max(f.total(), 1))
	if share >= 0.001 {
		t.Errorf("%d of %d answers asked to wait", f.refused.Load(), f.total())
	}
	if b, bench := t.(*testing.B); bench {
		b.ReportMetric(100*share, "%refused")
	}
}

func (f *fleet) quiet(t testing.TB, rounds int) {
	t.Helper()
	f.within(t, "a quiet cycle", float64(f.total())/float64(rounds*len(f.reqs)), goals[f.access].quiet, floors[f.access].quiet)
	f.unrefused(t)
}

// touchedCost is what the touched mailboxes cost: their part of the look at all of them,
// and everything else.
func (f *fleet) touchedCost(t testing.TB, rounds, touched int) {
	t.Helper()
	looks, rest := 0, 0
	for kind, n := range f.requests() {
		if kind == "GetFolder" || kind == "SyncFolderItems" {
			looks += n
		} else {
			rest += n
		}
	}
	cost := float64(looks)/float64(rounds*len(f.reqs)) + float64(rest)/float64(touched)
	f.within(t, "a touched mailbox", cost, goals[f.access].touched, floors[f.access].touched)
	f.unrefused(t)
}

// creates writes many courses into one mailbox.
func (f *fleet) creates(t testing.TB, round int) {
	t.Helper()
	req := sdk.WriteRequest{Mailbox: f.reqs[round%len(f.reqs)].Mailbox}
	for i := range manyCreates {
		req.Operations = append(req.Operations, course(fmt.Sprint(round, "-", i)))
	}
	for key, res := range writeMany(t, f.account, []sdk.WriteRequest{req}) {
		if res.Err != nil {
			t.Fatalf("%s: %v", key, res.Err)
		}
	}
}

// What cycles and writes cost is within what is promised (P8). The benchmarks hold the
// same for as many mailboxes as an operator may have.
func TestFleetCosts(t *testing.T) {
	for access := range goals {
		f := newFleet(t, access, smallFleet, smallItems)
		if touched := f.read(t); touched != 0 {
			t.Errorf("%s: %d mailboxes changed where nothing did", access, touched)
		}
		f.quiet(t, 1)
		gets := f.touch(t, 1)
		f.pass(15 * time.Minute)
		f.ClearCounts()
		if touched := f.fetch(t, gets); touched != len(gets) {
			t.Errorf("%s: %d mailboxes changed, want %d", access, touched, len(gets))
		}
		f.touchedCost(t, 1, len(gets))
		f.ClearCounts()
		f.creates(t, 1)
		if n, want := f.total(), (manyCreates+49)/50; n != want {
			t.Errorf("%s: %d creates took %d requests, want %d", access, manyCreates, n, want)
		}
		if n := len(f.box(t, f.reqs[1].Mailbox).Items(world.Calendar)); n != manyCreates+smallItems {
			t.Errorf("%s: %d items, want %d", access, n, manyCreates+smallItems)
		}
	}
}

// BenchmarkQuietCycle reads mailboxes in which nothing changed.
func BenchmarkQuietCycle(b *testing.B) {
	for _, access := range []string{"full", "impersonation"} {
		b.Run(access, func(b *testing.B) {
			f := newFleet(b, access, largeFleet, largeItems)
			for b.Loop() {
				f.read(b)
				f.pass(15 * time.Minute)
			}
			f.quiet(b, b.N)
		})
	}
}

// BenchmarkTouchedMailboxes reads mailboxes of which every twentieth was touched, and
// fetches an item of each of those.
func BenchmarkTouchedMailboxes(b *testing.B) {
	for _, access := range []string{"full", "impersonation"} {
		b.Run(access, func(b *testing.B) {
			f := newFleet(b, access, largeFleet, largeItems)
			touched, round := 0, 0
			for b.Loop() {
				round++
				gets := f.touch(b, round)
				f.pass(15 * time.Minute)
				touched += f.fetch(b, gets)
			}
			f.touchedCost(b, b.N, touched)
		})
	}
}

// BenchmarkCreates writes many courses into one mailbox at a time.
func BenchmarkCreates(b *testing.B) {
	f := newFleet(b, "full", smallFleet, smallItems)
	round := 0
	for b.Loop() {
		f.creates(b, round)
		f.pass(time.Minute)
		round++
	}
	got, floor := float64(f.total())/float64(b.N), float64((manyCreates+49)/50)
	if got > floor {
		b.Errorf("%d creates took %.2f requests, want %.0f", manyCreates, got, floor)
	}
	b.ReportMetric(got, fmt.Sprintf("requests/%d-creates", manyCreates))
	b.ReportMetric(floor, "floor")
	f.unrefused(b)
}
