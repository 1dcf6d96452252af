package exchangeonline_test

import (
	"strings"
	"testing"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
)

// TestProbeOutside holds that verify tells whether the application reaches more than the
// trainers, over both APIs, and how to limit it (auth-6).
func TestProbeOutside(t *testing.T) {
	for api, role := range map[string]string{"graph": "Application Calendars.ReadWrite", "ews": "Application EWS.AccessAsApp"} {
		t.Run(api, func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			trainer, director := s.mailbox(t, "Europe/London"), s.mailbox(t, "Europe/London")
			with := func(outside string) sdk.Account {
				return s.openWith(t, s.overEWS(map[string]any{"api": api, "probe_outside": outside}))
			}
			a := with(director.Address)
			if c := step(t, a, "scope", trainer); c.Outcome != sdk.Warned || !strings.Contains(c.Advice, role) ||
				!strings.Contains(c.Advice, "New-ManagementRoleAssignment -App "+s.Options().ClientID) || !strings.Contains(c.Advice, "Test-ServicePrincipalAuthorization") {
				t.Errorf("an application without limits: %+v, want a warning with the commands", c)
			}
			s.World().LimitApplication(trainer.Address)
			if c := step(t, a, "scope", trainer); c.Outcome != sdk.Passed {
				t.Errorf("a limited application: %+v, want it passed", c)
			}
			if c := step(t, with(trainer.Address), "scope", trainer); c.Outcome != sdk.Warned || !strings.Contains(c.Observed, "trainer") {
				t.Errorf("a trainer's mailbox: %+v, want a warning", c)
			}
			if c := step(t, with("nobody@northwind.example"), "scope", trainer); c.Outcome != sdk.Warned || !strings.Contains(c.Observed, "nothing is known") {
				t.Errorf("a mailbox that does not exist: %+v, want a warning", c)
			}
			if c := step(t, with(""), "scope", trainer); c.Step != "" {
				t.Errorf("without probe_outside: %+v, want no such step", c)
			}
			// An application that reaches too much still serves its trainers.
			if errs, call := readErrors(t, a, trainer); call != nil || errs[trainer.Address] != nil {
				t.Errorf("the trainer's read: %v, %v", call, errs)
			}
			if items := s.box(t, director).Items(world.Calendar); len(items) != 0 {
				t.Errorf("the probe left %d items behind", len(items))
			}
		})
	}
}
