package exchangeonprem_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
)

// verify returns the outcome of each step, as "step: outcome", and the checks.
func verify(t testing.TB, account sdk.Account, mailboxes ...sdk.Mailbox) (steps []string, checks []sdk.Check) {
	t.Helper()
	var mu sync.Mutex
	err := account.Verify(t.Context(), mailboxes, func(c sdk.Check) error {
		mu.Lock()
		defer mu.Unlock()
		steps, checks = append(steps, c.Step+": "+string(c.Outcome)), append(checks, c)
		if c.Outcome == sdk.Failed && (c.Observed == "" || c.Advice == "") {
			t.Errorf("a failure without a word on it: %+v", c)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return steps, checks
}

var accountPasses = []string{"settings: passed", "resolve: passed", "tls: skipped", "schemes: passed", "credentials: passed", "api: passed"}

// refused are the steps of a mailbox that cannot be reached: those that were not made
// say so.
var refused = []string{"mailbox: failed", "read: skipped", "private: skipped", "write: skipped"}

// auth-3: a good account and mailbox pass every step, and nothing is left behind, not
// even what an interrupted check left earlier.
func TestVerify(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	left := appointment(t, m, hour("Calendar gateway check", at(3, 12, 9)))
	left.Properties = map[world.Property]string{markerProperty: "verify"}
	if _, err := s.box(t, m).Create(left, world.SendNone); err != nil {
		t.Fatal(err)
	}
	own := add(t, s.box(t, m), m, hour("Dentist", at(3, 12, 9)))
	steps, _ := verify(t, s.open(t, nil), m)
	want := append(append([]string{}, accountPasses...), "mailbox: passed", "read: passed", "private: passed", "write: passed")
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if items := s.box(t, m).Items(world.Calendar); len(items) != 1 || items[0].Item != own {
		t.Errorf("left behind: %+v", items)
	}
	if deleted := s.box(t, m).Items(world.DeletedItems); len(deleted) != 0 {
		t.Errorf("left in the deleted items: %+v", deleted)
	}
}

// What each kind of trouble with a mailbox looks like; the account and other
// mailboxes are not touched by it (auth-4).
func TestVerifyMailboxes(t *testing.T) {
	config := simtest.Config{}
	for name, c := range map[string]struct {
		access world.Access
		state  world.State
		want   []string
	}{
		"a delegate who sees private items": {access: world.Access{Delegate: true, ViewPrivate: true}, want: []string{"mailbox: passed", "read: passed", "private: passed", "write: passed"}},
		"a delegate who does not":           {access: world.Access{Delegate: true}, want: []string{"mailbox: passed", "read: passed", "private: failed", "write: passed"}},
		"nobody":                            {access: world.Access{}, want: refused},
		"a disabled mailbox":                {access: world.Access{Full: true}, state: world.Disabled, want: refused},
		"a mailbox that moves":              {access: world.Access{Full: true}, state: world.Moving, want: refused},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, config)
			m := s.mailbox(t, "Europe/London")
			s.box(t, m).SetState(c.state)
			s.World().SetAccount(world.Account{User: "clerk", Password: "pw", Default: c.access})
			steps, _ := verify(t, s.open(t, map[string]any{"username": "clerk", "password": "pw"}), m)
			if diff := cmp.Diff(append(append([]string{}, accountPasses...), c.want...), steps); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if items := s.box(t, m).Items(world.Calendar); len(items) != 0 {
				t.Errorf("left behind: %+v", items)
			}
		})
	}
}

// auth-3: with impersonation, the one right that is needed is the role; an account
// without it is told how to get it.
func TestVerifyImpersonation(t *testing.T) {
	config := simtest.Config{}
	for name, c := range map[string]struct {
		access world.Access
		want   []string
	}{
		"with the role":             {world.Access{Impersonate: true}, []string{"mailbox: passed", "read: passed", "private: passed", "write: passed"}},
		"full access and no role":   {world.Access{Full: true}, refused},
		"neither access nor a role": {world.Access{}, refused},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, config)
			m := s.mailbox(t, "Europe/London")
			s.World().SetAccount(world.Account{User: "clerk", Password: "pw", Default: c.access})
			account := s.open(t, map[string]any{"username": "clerk", "password": "pw", "access": "impersonation"})
			steps, checks := verify(t, account, m)
			if diff := cmp.Diff(append(append([]string{}, accountPasses...), c.want...), steps); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			for _, c := range checks {
				if c.Outcome == sdk.Failed && !strings.Contains(c.Advice, "ApplicationImpersonation") {
					t.Errorf("%+v", c)
				}
			}
			if items := s.box(t, m).Items(world.Calendar); len(items) != 0 {
				t.Errorf("left behind: %+v", items)
			}
		})
	}
}

// An impersonated request acts for one mailbox: mailboxes worked on side by side get
// their own items, and each request is led to its mailbox's server.
func TestImpersonatedMailboxes(t *testing.T) {
	s := newSim(t, simtest.Config{})
	account := s.open(t, map[string]any{"access": "impersonation"})
	var boxes []sdk.Mailbox
	var reqs []sdk.WriteRequest
	for _, id := range []string{"1", "2", "3", "4", "5", "6"} {
		m := s.mailbox(t, "Europe/London")
		boxes = append(boxes, m)
		reqs = append(reqs, sdk.WriteRequest{Mailbox: m, Operations: []sdk.Operation{course(id)}})
	}
	err := account.Write(t.Context(), reqs, func(r sdk.WriteResult) error {
		if r.Err != nil {
			t.Errorf("%s: %v", r.Mailbox, r.Err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range boxes {
		items := s.box(t, m).Items(world.Calendar)
		if want := reqs[i].Operations[0].Appointment.Subject; len(items) != 1 || items[0].Subject != want {
			t.Errorf("%s: %d items; want %q alone", m.Address, len(items), want)
		}
	}
}

// A test item whose answer was lost is removed all the same.
func TestVerifyCleansUp(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	s.fault(t, exchangesim.Fault{Kind: "CreateItem", Mode: exchangesim.FaultLost})
	steps, _ := verify(t, s.open(t, nil), m)
	if last := steps[len(steps)-1]; last != "write: failed" {
		t.Errorf("%v", steps)
	}
	if items := s.box(t, m).Items(world.Calendar); len(items) != 0 {
		t.Errorf("left behind: %+v", items)
	}
}

// auth-4: wrong credentials are said once; mailboxes are skipped, and the account is
// not tried again for each of them.
func TestVerifyWrongPassword(t *testing.T) {
	s := newSim(t, simtest.Config{})
	steps, checks := verify(t, s.open(t, map[string]any{"password": "wrong-password"}), s.mailbox(t, "Europe/London"), s.mailbox(t, "Europe/London"))
	want := []string{"settings: passed", "resolve: passed", "tls: skipped", "schemes: passed", "credentials: failed", "api: skipped", "mailbox: skipped", "mailbox: skipped"}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, c := range checks {
		if strings.Contains(c.Observed+c.Advice, "wrong-password") {
			t.Errorf("the password is shown: %+v", c)
		}
	}
}

// auth-7: a server without Basic says what it offers.
func TestVerifyMethodNotOffered(t *testing.T) {
	s := newSim(t, simtest.Config{Options: exchangesim.Options{EWSSchemes: []string{"Negotiate", "NTLM"}}})
	steps, checks := verify(t, s.open(t, nil), s.mailbox(t, "Europe/London"))
	if diff := cmp.Diff([]string{"settings: passed", "resolve: passed", "tls: skipped", "schemes: failed", "credentials: skipped", "api: skipped", "mailbox: skipped"}, steps); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if failed := checks[3]; !strings.Contains(failed.Observed, "Negotiate, NTLM") || !strings.Contains(failed.Advice, "auth") {
		t.Errorf("%+v", failed)
	}
}

// M5: a server's certificate is trusted through ca_file, and never without.
func TestVerifyTLS(t *testing.T) {
	s := newSim(t, simtest.Config{Options: exchangesim.Options{TLS: true}})
	m := s.mailbox(t, "Europe/London")
	steps, checks := verify(t, s.open(t, nil), m)
	if diff := cmp.Diff([]string{"settings: passed", "resolve: passed", "tls: failed", "schemes: skipped", "credentials: skipped", "api: skipped", "mailbox: skipped"}, steps); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !strings.Contains(checks[2].Advice, "ca_file") {
		t.Errorf("%+v", checks[2])
	}
	steps, _ = verify(t, s.open(t, map[string]any{"ca_file": s.CAFile()}), m)
	if steps[2] != "tls: passed" || steps[len(steps)-1] != "write: passed" {
		t.Errorf("%v", steps)
	}
}
