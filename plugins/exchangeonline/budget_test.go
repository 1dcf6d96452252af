package exchangeonline

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// Whatever parts there are, each is in one batch, no batch is too large, and none works on
// a mailbox by more parts at once than set (G2).
func TestSpread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, maxPerMailbox).Draw(t, "limit")
		chains := rapid.Bool().Draw(t, "chains")
		parts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) *part {
			return &part{mailbox: fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "mailbox"))}
		}), 0, 100).Draw(t, "parts")
		seen := map[*part]bool{}
		for _, c := range spread(parts, limit, chains) {
			if len(c.parts) == 0 || len(c.parts) > maxParts || c.chain && !chains {
				t.Fatalf("a batch of %d, chain %v", len(c.parts), c.chain)
			}
			count := map[string]int{}
			for _, p := range c.parts {
				if seen[p] {
					t.Fatal("a part is in two batches")
				}
				seen[p] = true
				if count[p.mailbox]++; !c.chain && count[p.mailbox] > limit {
					t.Fatalf("%d parts of one mailbox at once, limit %d", count[p.mailbox], limit)
				}
			}
		}
		if len(seen) != len(parts) {
			t.Fatalf("%d of %d parts are sent", len(seen), len(parts))
		}
	})
}

// readAll reads mailboxes that have a place to continue from, and answers each one's error;
// a mailbox without an error was read to its end.
func readAll(t *testing.T, a *account, mailboxes ...string) map[string]*sdk.Error {
	t.Helper()
	var reqs []sdk.ReadRequest
	for _, m := range mailboxes {
		req := readRequest(m)
		req.Cursor = newCursor(req, "/users/"+m+"/calendarView/delta?$deltatoken=d0").bytes()
		reqs = append(reqs, req)
	}
	ended := map[string]*sdk.Error{}
	err := a.Read(context.Background(), reqs, syncEmit(func(p sdk.ReadPage) {
		if p.Err != nil && (p.Complete != nil || len(p.Changes) > 0) {
			t.Errorf("%s is unknown, and yet reported as %+v", p.Mailbox, p)
		}
		if p.Err != nil || p.Complete != nil {
			ended[p.Mailbox] = p.Err
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	if len(ended) != len(mailboxes) {
		t.Fatalf("%d of %d mailboxes ended", len(ended), len(mailboxes))
	}
	return ended
}

// A mailbox that is throttled for longer than a call waits is unknown, and never free:
// an error that says when to come back, no Complete, and nothing more is sent to it
// meanwhile; the others are read (C4, trap 31, 32). Retry-After in all its forms.
func TestThrottledIsUnknown(t *testing.T) {
	date := func(in time.Duration) string { return time.Now().Add(in).UTC().Format(http.TimeFormat) }
	for name, test := range map[string]struct {
		header func() string
		want   time.Duration // at most, and at least a second less
	}{
		"seconds":     {func() string { return "120" }, 120 * time.Second},
		"a fraction":  {func() string { return "62.128" }, 62128 * time.Millisecond},
		"a date":      {func() string { return date(5 * time.Minute) }, 5 * time.Minute},
		"a century":   {func() string { return "3155760000" }, time.Hour},
		"overflowing": {func() string { return "1e300" }, time.Hour},
		"a far date":  {func() string { return date(1000 * time.Hour) }, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				f := newFake(t, func(c call) reply {
					if c.path != "/users/"+ana+"/calendarView/delta" {
						return ok(lastPage("d1", row("S")))
					}
					asked++
					return reply{status: 429, header: map[string]string{"Retry-After": test.header()}, body: refuse(0, "ApplicationThrottled").body}
				})
				a := f.account()
				for range 3 {
					ended := readAll(t, a, ana, ben)
					if ended[ben] != nil {
						t.Errorf("the other mailbox: %v", ended[ben])
					}
					e := ended[ana]
					if e == nil || e.Code != sdk.CodeThrottled || e.RetryAfter > test.want || e.RetryAfter < test.want-time.Second {
						t.Errorf("the throttled one: %v, to come back after %v; want %v", e, e.RetryAfter, test.want)
					}
				}
				if asked != 1 {
					t.Errorf("asked %d times before it is time, want once", asked)
				}
				time.Sleep(test.want)
				readAll(t, a, ana, ben)
				if asked != 2 {
					t.Errorf("asked %d times in all, want again when it is time", asked)
				}
			})
		})
	}
}

// What makes no sense as a wait is none: the request is repeated by our own measure.
func TestThrottledWithoutSense(t *testing.T) {
	for _, header := range []string{"", "soon", "-5", "NaN", "0"} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			f := newFake(t, func(call) reply {
				if asked++; asked == 1 {
					return reply{status: 429, header: map[string]string{"Retry-After": header}, body: refuse(0, "ApplicationThrottled").body}
				}
				return ok(lastPage("d1"))
			})
			if ended := readAll(t, f.account(), ana); ended[ana] != nil || asked != 2 {
				t.Errorf("Retry-After %q: %v after %d requests, want it read at the second", header, ended[ana], asked)
			}
		})
	}
}

// A batch that is refused as a whole stops all that goes to the server until it is time:
// the limit is the application's.
func TestThrottledAsAWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := &wholeBatches{refuse: true}
		f := newFake(t, func(call) reply { return ok(lastPage("d1")) })
		base.next = f
		b := backend{base: base, now: time.Now, shared: newShared()}
		a := f.accountOf(b, nil)
		var boxes []string
		for i := range 200 {
			boxes = append(boxes, fmt.Sprintf("t%d@northwind.example", i))
		}
		for mailbox, e := range readAll(t, a, boxes...) {
			if e == nil || e.Code != sdk.CodeThrottled || e.RetryAfter <= 0 {
				t.Fatalf("%s: %v, want it throttled", mailbox, e)
			}
		}
		if base.batches > batchesAtOnce {
			t.Errorf("%d batches were sent to a server that asks to be left alone, want %d at most", base.batches, batchesAtOnce)
		}
		base.refuse = false
		time.Sleep(2 * time.Minute)
		for mailbox, e := range readAll(t, a, boxes...) {
			if e != nil {
				t.Fatalf("%s: %v when it is time", mailbox, e)
			}
		}
	})
}

// wholeBatches refuses batches as a whole while it is told to.
type wholeBatches struct {
	next   http.RoundTripper
	refuse bool

	mu      sync.Mutex
	batches int
}

func (w *wholeBatches) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != "/v1.0/$batch" || !w.refuse {
		return w.next.RoundTrip(r)
	}
	w.mu.Lock()
	w.batches++
	w.mu.Unlock()
	return respond(r, reply{status: 429, header: map[string]string{"Retry-After": "120"}, body: refuse(0, "TooManyRequests").body}), nil
}

// slowly answers after a second.
type slowly struct{ next http.RoundTripper }

func (s slowly) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(time.Second)
	return s.next.RoundTrip(r)
}

// An account with thousands of mailboxes does not keep another tenant's waiting: both draw
// on one budget, in turns.
func TestAccountsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, func(call) reply { return ok(lastPage("d1")) })
		b := backend{base: slowly{f}, now: time.Now, shared: newShared()}
		b.shared.pool = transport.NewPool(2)
		large, small := f.accountOf(b, map[string]any{"concurrency": 64}), f.accountOf(b, map[string]any{"tenant_id": "lakeside.example"})
		start := time.Now()
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { readAll(t, large, ana, ben) })
		}
		time.Sleep(3500 * time.Millisecond)
		began := time.Now()
		all.Go(func() {
			readAll(t, small, ana)
			if took := time.Since(began); took > 4*time.Second {
				t.Errorf("the small account waited %v", took)
			}
		})
		all.Wait()
		if took := time.Since(start); took < 25*time.Second {
			t.Errorf("50 requests of a second, two at a time, took %v: the budget is not one for both", took)
		}
	})
}
