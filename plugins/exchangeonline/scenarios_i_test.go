package exchangeonline_test

import (
	"testing"

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
