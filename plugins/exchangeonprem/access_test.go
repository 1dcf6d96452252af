package exchangeonprem_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
)

// M2: the versions that are supported work alike, and say what they are; an older one is
// told apart.
func TestServerVersions(t *testing.T) {
	for server, product := range map[string]string{
		"2013": "Exchange Server 2013 (15.0.1497)", "2016": "Exchange Server 2016 (15.1.2507)",
		"2019": "Exchange Server 2019 (15.2.1544)", "SE": "Exchange Server Subscription Edition (15.2.2562)",
	} {
		t.Run(server, func(t *testing.T) {
			t.Parallel() // most of it waits
			s := newSim(t, simtest.Config{Options: exchangesim.Options{EWSServer: server}})
			m := s.mailbox(t, "Europe/London")
			account := s.open(t, nil)
			steps, checks := verify(t, account, m)
			for i, c := range checks {
				if c.Outcome == sdk.Failed || c.Step == "api" && !strings.Contains(c.Observed, product) {
					t.Errorf("%s: %+v", steps[i], c)
				}
			}
			if results := writeAll(t, account, m, course("1")); results[0].Err != nil {
				t.Errorf("%v", results[0].Err)
			}
		})
	}
	s := newSim(t, simtest.Config{Options: exchangesim.Options{EWSServer: "2010"}})
	steps, checks := verify(t, s.open(t, nil), s.mailbox(t, "Europe/London"))
	if steps[5] != "api: failed" || !strings.Contains(checks[5].Observed, "Exchange Server 2010") {
		t.Errorf("%v, %+v", steps, checks[5])
	}
}

// G3: a server that grants an account three requests at a time is asked for no more,
// after a while, and no mailbox fails.
func TestFewConnections(t *testing.T) {
	busy := 0
	var mu sync.Mutex
	s := newSim(t, simtest.Config{Options: exchangesim.Options{
		EWSConcurrency: 3, Latency: 2 * time.Millisecond,
		Observe: func(x exchangesim.Exchange) {
			mu.Lock()
			defer mu.Unlock()
			if strings.Contains(string(x.ResponseBody), "ErrorExceededConnectionCount") {
				busy++
			}
		},
	}})
	var boxes []sdk.Mailbox
	for range 60 {
		boxes = append(boxes, s.mailbox(t, "Europe/London"))
	}
	account := s.open(t, nil)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			answers, err := readAll(t, account, windowsOf(boxes[10*i:10*i+10])...)
			if err != nil {
				t.Error(err)
			}
			for address, a := range answers {
				if a.complete == nil {
					t.Errorf("%s: %+v", address, a.err)
				}
			}
		})
	}
	wg.Wait()
	if busy > 12 {
		t.Errorf("the server complained %d times", busy)
	}
}

// G3: an account that is over its budget of server time waits as long as the server says,
// all of it, and everything is read in the end.
func TestBackOff(t *testing.T) {
	var mu sync.Mutex
	busy, all := 0, 0
	s := newSim(t, simtest.Config{Options: exchangesim.Options{
		EWSThrottling: exchangesim.Throttling{
			// Ten requests at once, then fifteen a second.
			Cost: time.Second, Burst: 4 * time.Second, Cutoff: 6 * time.Second, Recharge: 15 * time.Hour,
		},
		Observe: func(x exchangesim.Exchange) {
			mu.Lock()
			defer mu.Unlock()
			all++
			if strings.Contains(string(x.ResponseBody), "BackOffMilliseconds") {
				busy++
			}
		},
	}})
	var boxes []sdk.Mailbox
	for range 25 {
		boxes = append(boxes, s.mailbox(t, "Europe/London"))
	}
	start := time.Now()
	answers, err := readAll(t, s.open(t, nil), windowsOf(boxes)...)
	if err != nil {
		t.Fatal(err)
	}
	for address, a := range answers {
		if a.complete == nil {
			t.Errorf("%s: %+v", address, a.err)
		}
	}
	// A machine that is slower than the budget is not refused.
	slow := time.Since(start).Seconds()*15 > float64(all-10)
	if busy == 0 && !slow || busy > all/3 {
		t.Errorf("%d of %d requests were refused; want some, and few", busy, all)
	}
}

// G7: a server that never answers ends with the caller's patience.
func TestServerHangs(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	s.fault(t, exchangesim.Fault{Mode: exchangesim.FaultHang, Kind: "SyncFolderItems"})
	s.fault(t, exchangesim.Fault{Mode: exchangesim.FaultHang, Kind: "FindItem"})
	s.fault(t, exchangesim.Fault{Mode: exchangesim.FaultHang, Kind: "GetFolder"})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := s.open(t, nil).Read(ctx, windowsOf([]sdk.Mailbox{m}), func(e sdk.ReadPage) error {
		if e.Complete != nil {
			t.Errorf("read without an answer: %+v", e)
		}
		return nil
	})
	if !errors.Is(err, sdk.ErrUnavailable) {
		t.Errorf("%v; want ErrUnavailable", err)
	}
}

// A mailbox's own account needs neither role nor rights, and one without mailbox is none
// worse (I4).
func TestAccountsOfEveryKind(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	s.World().SetAccount(world.Account{User: m.Address, Password: "pw"})
	steps, _ := verify(t, s.open(t, map[string]any{"username": m.Address, "password": "pw"}), m)
	if steps[len(steps)-1] != "write: passed" {
		t.Errorf("%v", steps)
	}
}

// I4, auth-4: when the right on one mailbox is taken away, that trainer alone fails, with
// the reason and what to do; nothing is reported as gone, and the others are read.
func TestRightTakenAway(t *testing.T) {
	s := newSim(t, simtest.Config{})
	kept, lost := s.mailbox(t, "Europe/London"), s.mailbox(t, "Europe/London")
	for _, m := range []sdk.Mailbox{kept, lost} {
		add(t, s.box(t, m), m, hour("Dentist", at(3, 12, 9)))
	}
	account := s.open(t, nil)
	cursors := map[string][]byte{kept.Address: read(t, account, kept, nil).complete.Cursor, lost.Address: read(t, account, lost, nil).complete.Cursor}
	s.World().SetAccount(world.Account{
		User: s.Options().EWSUser, Password: s.Options().EWSPassword, Default: world.Access{Full: true},
		Mailboxes: map[string]world.Access{lost.Address: {}},
	})
	add(t, s.box(t, kept), kept, hour("Osteopath", at(3, 13, 9)))
	answers, err := readAll(t, account, readRequest(kept, cursors[kept.Address]), readRequest(lost, cursors[lost.Address]))
	if err != nil {
		t.Fatal(err)
	}
	if a := answers[kept.Address]; a.complete == nil || len(a.items) == 0 {
		t.Errorf("the other trainer: %+v", a.err)
	}
	a := answers[lost.Address]
	if a.err == nil || !errors.Is(a.err, sdk.ErrAccessDenied) || a.err.Advice == "" || a.complete != nil || len(a.items) > 0 {
		t.Errorf("%+v, %d items; want ErrAccessDenied with advice and nothing else", a.err, len(a.items))
	}
}

// G6: a connection that the server closes under a read costs one repetition and nothing
// else; under a write it leaves a doubt, and nothing is sent twice.
func TestConnectionClosed(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	add(t, s.box(t, m), m, hour("Dentist", at(3, 12, 9)))
	account := s.open(t, nil)
	for _, kind := range []string{"SyncFolderItems", "FindItem", "GetFolder"} {
		s.fault(t, exchangesim.Fault{Kind: kind, Mode: exchangesim.FaultLost, Times: 1})
	}
	if a := read(t, account, m, nil); len(a.items) != 1 {
		t.Errorf("%d items, want 1", len(a.items))
	}
	s.fault(t, exchangesim.Fault{Kind: "CreateItem", Mode: exchangesim.FaultLost, Times: 1})
	results := writeAll(t, account, m, course("1"))
	if len(results) != 1 || !errors.Is(results[0].Err, sdk.ErrOutcomeUnknown) {
		t.Fatalf("%+v; want ErrOutcomeUnknown", results)
	}
	again := course("1")
	again.MaybeDone = true
	if results := writeAll(t, account, m, again); results[0].Err != nil {
		t.Errorf("%v", results[0].Err)
	}
	if items := s.box(t, m).Items(world.Calendar); len(items) != 2 {
		t.Errorf("%d items, want the trainer's and the course", len(items))
	}
}
