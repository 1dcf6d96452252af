package exchangeonline_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
)

// The mailbox's state decides what an operator is told (I5, I7).
func TestI5I7MailboxStates(t *testing.T) {
	for state, want := range map[world.State]sdk.Code{
		world.NoPermission: sdk.CodeAccessDenied,
		world.Disabled:     sdk.CodeMailboxUnavailable,
		world.Moved:        sdk.CodeMailboxUnavailable,
		world.Moving:       sdk.CodeUnavailable,
	} {
		t.Run(string(state), func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			m := s.mailbox(t, "Europe/London")
			s.box(t, m).SetState(state)
			p := read(t, s.open(t), wanted(m, nil))[m.Address]
			if p.Err == nil || p.Err.Code != want || (want != sdk.CodeUnavailable && p.Err.Advice == "") {
				t.Errorf("err = %+v, want %s with advice", p.Err, want)
			}
		})
	}
}

// A secret that has expired stops the account, which is said once and with what to do,
// and no mailbox is told to be failing; a new secret is all it takes (I1). That it will
// expire is told before, see TestExpiryMetric.
func TestI1ExpiredSecret(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	first, second := s.mailbox(t, "Europe/London"), s.mailbox(t, "Europe/London")
	s.ExpireSecret(true)
	err := s.open(t).Read(t.Context(), []sdk.ReadRequest{wanted(first, nil), wanted(second, nil)}, func(p sdk.ReadPage) error {
		t.Errorf("emitted %+v", p)
		return nil
	})
	var refused *sdk.Error
	if !errors.As(err, &refused) || refused.Code != sdk.CodeCredentials || !strings.HasPrefix(refused.Detail, "AADSTS7000222") || refused.Advice == "" {
		t.Errorf("err = %+v, want the expired secret with an advice", err)
	}
	if n := count(s, "Token").Requests; n != 1 {
		t.Errorf("the secret was tried %d times, want once", n)
	}
	s.ExpireSecret(false)
	readOne(t, s.open(t), first, nil)
}

// An application that reaches a mailbox which is no trainer's is warned of by verify,
// with how to limit it; limited, it is not (I6).
func TestI6ReachesOthers(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	trainer, director := s.mailbox(t, "Europe/London"), s.mailbox(t, "Europe/London")
	a := s.openWith(t, map[string]any{"probe_outside": director.Address})
	if c := step(t, a, "scope", trainer); c.Outcome != sdk.Warned || c.Advice == "" {
		t.Errorf("without limits: %+v, want a warning with advice", c)
	}
	s.World().LimitApplication(trainer.Address)
	if c := step(t, a, "scope", trainer); c.Outcome != sdk.Passed {
		t.Errorf("limited: %+v, want it passed", c)
	}
}

// A token that is refused once is no loss of authorisation: the call goes on with
// another (I3).
func TestI3TransientRefusal(t *testing.T) {
	for name, f := range map[string]exchangesim.Fault{
		"refused":    {Kind: "Delta", Mode: exchangesim.FaultStatus, Status: 401, Times: 1},
		"challenged": {Kind: "Delta", Mode: exchangesim.FaultClaims, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			m := s.mailbox(t, "Europe/London")
			a := s.open(t)
			cursor := readOne(t, a, m, nil).Complete.Cursor
			fault(t, s, f)
			readOne(t, a, m, nil)
			s.RevokeTokens()
			readOne(t, a, m, cursor)
			s.ChallengeTokens()
			readOne(t, a, m, cursor)
		})
	}
}

// The sign-in service's own trouble is not the credentials' (I3).
func TestI3BusySignIn(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	f := exchangesim.Fault{Protocol: "login", Mode: exchangesim.FaultStatus, Status: 400, Code: "temporarily_unavailable"}
	if _, err := s.AddFault(f); err != nil {
		t.Fatal(err)
	}
	err := s.open(t).Read(t.Context(), []sdk.ReadRequest{wanted(m, nil)}, func(sdk.ReadPage) error { return nil })
	if !errors.Is(err, sdk.ErrUnavailable) {
		t.Errorf("err = %v, want unavailable for now", err)
	}
}

// A permission that one mailbox loses is that mailbox's trouble, with the advice how to
// give it back; the others go on (I4).
func TestI4PermissionOfOneMailbox(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	good, bad := s.mailbox(t, "Europe/London"), s.mailbox(t, "Europe/London")
	a := s.open(t)
	first := read(t, a, wanted(good, nil), wanted(bad, nil))
	s.World().LimitApplication(good.Address)
	pages := read(t, a, wanted(good, first[good.Address].Complete.Cursor), wanted(bad, first[bad.Address].Complete.Cursor))
	if pages[good.Address].Err != nil {
		t.Errorf("the other mailbox: %v", pages[good.Address].Err)
	}
	err := pages[bad.Address].Err
	if !errors.Is(err, sdk.ErrAccessDenied) || err.Detail != "ErrorAccessDenied" || !strings.Contains(err.Advice, "Calendars.ReadWrite") {
		t.Errorf("err = %+v, want access denied with the permission's name", err)
	}
	s.World().LimitApplication()
	if p := read(t, a, wanted(bad, first[bad.Address].Complete.Cursor))[bad.Address]; p.Err != nil || p.Complete.Full {
		t.Errorf("given back: %v, want to go on where it was", p.Err)
	}
}

// What a mailbox that is not there is called depends on why (I7).
func TestI7DistinctStates(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	a := s.open(t)
	seen := map[string]string{}
	for name, state := range map[string]world.State{"denied": world.NoPermission, "no licence": world.Disabled, "moving": world.Moving} {
		m := s.mailbox(t, "Europe/London")
		s.box(t, m).SetState(state)
		seen[name] = string(read(t, a, wanted(m, nil))[m.Address].Err.Code)
	}
	full := s.mailbox(t, "Europe/London")
	s.box(t, full).SetMaxItems(1)
	add(t, s.box(t, full), full, entry("Dentist", hours(15, 9, 10)))
	seen["full"] = write(t, a, full, course(1))["course-1"].Err.Detail
	deleted := s.mailbox(t, "Europe/London")
	s.World().RemoveMailbox(deleted.Address)
	seen["deleted"] = string(read(t, a, wanted(deleted, nil))[deleted.Address].Err.Code)
	want := map[string]string{
		"denied": "access_denied", "no licence": "mailbox_unavailable", "moving": "unavailable",
		"full": "ErrorQuotaExceeded", "deleted": "mailbox_not_found",
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}
