package exchangeonprem_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
)

// writeMany carries out the operations of several mailboxes in one call, and returns the
// results by "mailbox operation".
func writeMany(t testing.TB, account sdk.Account, reqs []sdk.WriteRequest) map[string]sdk.WriteResult {
	t.Helper()
	results := map[string]sdk.WriteResult{}
	var mu sync.Mutex
	err := account.Write(t.Context(), reqs, func(r sdk.WriteResult) error {
		mu.Lock()
		defer mu.Unlock()
		key := r.Mailbox + " " + r.Operation
		if _, twice := results[key]; twice {
			t.Errorf("%s was answered twice", key)
		}
		results[key] = r
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// Creates cost a request for each 50 of a mailbox; updates and deletes, with full access,
// one for each 50 of all mailboxes together (G5, K1).
func TestWritesTravelInBatches(t *testing.T) {
	for access, want := range map[string]map[string]int{
		"full": {"CreateItem": 3*2 + 1, "UpdateItem": 4, "DeleteItem": 4}, "impersonation": {"CreateItem": 3*2 + 1, "UpdateItem": 7, "DeleteItem": 7},
	} {
		s := newSim(t, simtest.Config{})
		account := s.open(t, map[string]any{"access": access})
		var reqs []sdk.WriteRequest
		for i, n := range []int{51, 60, 51, 1} {
			req := sdk.WriteRequest{Mailbox: s.mailbox(t, "Europe/London")}
			for j := range n {
				req.Operations = append(req.Operations, course(fmt.Sprint(i, "-", j)))
			}
			reqs = append(reqs, req)
		}
		s.ClearCounts()
		for _, kind := range []sdk.OperationKind{sdk.Create, sdk.Update, sdk.Delete} {
			for key, res := range writeMany(t, account, reqs) {
				if res.Err != nil {
					t.Fatalf("%s %s: %v", kind, key, res.Err)
				}
				take(reqs, key, res)
			}
		}
		if diff := cmp.Diff(want, s.requests()); diff != "" {
			t.Errorf("%s: requests (-want +got):\n%s", access, diff)
		}
		for _, req := range reqs {
			if items := s.box(t, req.Mailbox).Items(world.Calendar); len(items) != 0 {
				t.Errorf("%s: %d items left", req.Mailbox.Address, len(items))
			}
		}
	}
}

// take makes the next operation on an item of an answered one: after a create an update,
// after an update a deletion.
func take(reqs []sdk.WriteRequest, key string, res sdk.WriteResult) {
	for _, req := range reqs {
		for i := range req.Operations {
			op := &req.Operations[i]
			if req.Mailbox.Address+" "+op.ID != key {
				continue
			}
			switch base := op.Appointment; op.Kind {
			case sdk.Create:
				op.Kind, op.ItemID, op.Version, op.Base = sdk.Update, res.ItemID, res.Version, &base
				op.Appointment.Subject = "Training: moved"
			case sdk.Update:
				op.Kind = sdk.Delete
			}
		}
	}
}

// A6, auth-4: what one mailbox refuses stops only its own operations, though they travel
// together and the server stops at it; what the server did not come to is sent again
// (ErrorBatchProcessingStopped).
func TestOneMailboxStopsTheBatch(t *testing.T) {
	for _, kind := range []sdk.OperationKind{sdk.Update, sdk.Delete} {
		s := newSim(t, simtest.Config{})
		account := s.open(t, nil)
		var reqs []sdk.WriteRequest
		for i := range 4 {
			req := sdk.WriteRequest{Mailbox: s.mailbox(t, "Europe/London")}
			for j := range 3 {
				op := course(fmt.Sprint(i, "-", j))
				made := write(t, account, req.Mailbox, op)[op.ID]
				op.Kind, op.ItemID, op.Version = kind, made.ItemID, made.Version
				op.Appointment.Subject = "Training: moved"
				req.Operations = append(req.Operations, op)
			}
			reqs = append(reqs, req)
		}
		bad := reqs[1].Mailbox
		s.box(t, bad).SetState(world.Disabled)
		s.ClearCounts()
		for key, res := range writeMany(t, account, reqs) {
			switch {
			case res.Mailbox != bad.Address && res.Err != nil, res.Mailbox == bad.Address && res.Err == nil:
				t.Errorf("%s %s: %v", kind, key, res.Err)
			case res.Err != nil && !errors.Is(res.Err, sdk.ErrMailboxUnavailable):
				t.Errorf("%s %s: %v, want ErrMailboxUnavailable", kind, key, res.Err)
			}
		}
		if n := s.requests()[map[sdk.OperationKind]string{sdk.Update: "UpdateItem", sdk.Delete: "DeleteItem"}[kind]]; n > 4 {
			t.Errorf("%s: %d requests, want the batch, the others' rest, and one for each left of the bad mailbox", kind, n)
		}
	}
}

// B7, M4: an item whose version moved on though its content did not, as when a reminder
// was put off, is brought up to date all the same, after one more look.
func TestVersionAloneChanged(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	account := s.open(t, nil)
	op := course("1")
	made := write(t, account, m, op)["1"]
	change(t, s.box(t, m), s.onlyItem(t, m), func(a *world.Appointment) { a.Reminder.MinutesBefore = 5 })
	base := op.Appointment
	op.Kind, op.ItemID, op.Version, op.Base = sdk.Update, made.ItemID, made.Version, &base
	op.Appointment.Subject = "Training: moved"
	s.ClearCounts()
	if res := write(t, account, m, op)["1"]; res.Err != nil || res.Version == made.Version {
		t.Errorf("%+v", res)
	}
	if got := s.box(t, m).Items(world.Calendar)[0].Subject; got != "Training: moved" {
		t.Errorf("the subject is %q", got)
	}
	if diff := cmp.Diff(map[string]int{"UpdateItem": 2, "GetItem": 1, "GetFolder": 1}, s.requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// A batch that the server refuses as a whole for what may be one mailbox's doing is sent
// again by mailbox, so that it fails nobody else.
func TestBatchRefusedAsAWhole(t *testing.T) {
	s := newSim(t, simtest.Config{})
	account := s.open(t, nil)
	var reqs []sdk.WriteRequest
	for i := range 3 {
		req := sdk.WriteRequest{Mailbox: s.mailbox(t, "Europe/London")}
		op := course(fmt.Sprint(i))
		made := write(t, account, req.Mailbox, op)[op.ID]
		op.Kind, op.ItemID = sdk.Delete, made.ItemID
		req.Operations = []sdk.Operation{op}
		reqs = append(reqs, req)
	}
	bad := reqs[2].Mailbox.Address
	s.fault(t, exchangesim.Fault{Kind: "DeleteItem", Mailbox: bad, Mode: exchangesim.FaultStatus, Status: 500, Code: "ErrorProxyRequestNotAllowed"})
	for key, res := range writeMany(t, account, reqs) {
		if (res.Mailbox == bad) != (res.Err != nil) {
			t.Errorf("%s: %v", key, res.Err)
		}
	}
}

// With full access, items of many mailboxes are fetched together, 50 at a time; a mailbox
// that cannot be seen fails alone.
func TestItemsOfManyMailboxes(t *testing.T) {
	for access, want := range map[string]int{"full": 2, "impersonation": 30} {
		s := newSim(t, simtest.Config{})
		account := s.open(t, map[string]any{"access": access})
		var reqs []sdk.GetRequest
		for _, m := range s.mailboxes(t, 30) {
			add(t, s.box(t, m), m, hour("Lunch", at(3, 13, 12)))
			req := sdk.GetRequest{Mailbox: m, Detail: sdk.DetailFull}
			for id := range read(t, account, m, nil).items {
				req.IDs = append(req.IDs, id, id)
			}
			reqs = append(reqs, req)
		}
		fetch := func() (items map[string]int, failed map[string]*sdk.Error) {
			var mu sync.Mutex
			items, failed = map[string]int{}, map[string]*sdk.Error{}
			s.ClearCounts()
			err := account.Get(t.Context(), reqs, func(p sdk.GetPage) error {
				mu.Lock()
				defer mu.Unlock()
				items[p.Mailbox] += len(p.Items)
				if p.Err != nil {
					failed[p.Mailbox] = p.Err
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return items, failed
		}
		if _, failed := fetch(); s.requests()["GetItem"] != want || len(failed) != 0 {
			t.Errorf("%s: %v, %v failed; want %d requests", access, s.requests(), failed, want)
		}
		bad := reqs[3].Mailbox.Address
		s.box(t, reqs[3].Mailbox).SetState(world.Disabled)
		items, failed := fetch()
		for _, req := range reqs {
			m := req.Mailbox.Address
			if m == bad != (failed[m] != nil) || m != bad && items[m] != 2 {
				t.Errorf("%s: %s: %d items, %v", access, m, items[m], failed[m])
			}
		}
	}
}
