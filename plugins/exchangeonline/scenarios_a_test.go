package exchangeonline_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/sdk"
)

// Whatever goes wrong with a read, the mailbox gets an error and nothing else, and the
// other one its items (A1, A2, A3, A6).
func TestA1A2A3A6FailedReadsReportNothing(t *testing.T) {
	faults := map[string]exchangesim.Fault{
		"throttled for long":  {Kind: "Delta", Mode: exchangesim.FaultStatus, Status: 429, RetryAfter: "120"},
		"forbidden":           {Kind: "Delta", Mode: exchangesim.FaultStatus, Status: 403},
		"second page refused": {Kind: "Delta", Mode: exchangesim.FaultStatus, Status: 403, Skip: 1},
		"second page is HTML": {Kind: "Delta", Mode: exchangesim.FaultHTML, Skip: 1},
		"second page is half": {Kind: "Delta", Mode: exchangesim.FaultPartial, Skip: 1},
		"mailbox moved":       {Kind: "Delta", Mode: exchangesim.FaultStatus, Status: 404, Code: "MailboxNotEnabledForRESTAPI"},
		"server error":        {Kind: "Delta", Mode: exchangesim.FaultStatus, Status: 500, Skip: 1},
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			bad, good := s.mailbox(t, "Europe/London"), s.mailbox(t, "Europe/London")
			for _, m := range []sdk.Mailbox{bad, good} {
				add(t, s.box(t, m), m, entry("Dentist", hours(15, 9, 10)))
			}
			f.Mailbox = bad.Address
			fault(t, s, f)
			pages := read(t, s.open(t), wanted(bad, nil), wanted(good, nil))
			if p := pages[bad.Address]; p.Err == nil || p.Complete != nil || len(p.Changes) != 0 {
				t.Errorf("the bad one = %+v, want an error alone", p)
			}
			if diff := cmp.Diff([]string{"Dentist 03-15T09:00"}, starts(pages[good.Address])); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Refused tokens concern the account: said once, and nothing of any mailbox (A1).
func TestA1RevokedTokens(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	a := s.open(t)
	readOne(t, a, m, nil)
	if _, err := s.AddFault(exchangesim.Fault{Protocol: "graph", Kind: "Delta", Mode: exchangesim.FaultStatus, Status: 401}); err != nil {
		t.Fatal(err)
	}
	err := a.Read(t.Context(), []sdk.ReadRequest{wanted(m, nil)}, func(p sdk.ReadPage) error {
		t.Errorf("emitted %+v", p)
		return nil
	})
	if !errors.Is(err, sdk.ErrCredentials) {
		t.Errorf("err = %v, want the credentials", err)
	}
}

// Transient trouble is sat out within the call (G1, A7).
func TestA7G1TransientTrouble(t *testing.T) {
	for name, f := range map[string]exchangesim.Fault{
		"throttled":        {Kind: "Delta", Mode: exchangesim.FaultStatus, Status: 429, RetryAfter: "0.1", Times: 2},
		"unavailable":      {Kind: "Delta", Mode: exchangesim.FaultStatus, Status: 503, RetryAfter: "0.1", Times: 1},
		"answer lost":      {Kind: "Delta", Mode: exchangesim.FaultLost, Times: 1},
		"answer cut off":   {Kind: "Delta", Mode: exchangesim.FaultCut, Skip: 1, Times: 1},
		"in hydration too": {Kind: "GetEvent", Mode: exchangesim.FaultStatus, Status: 429, RetryAfter: "0.1", Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			m := s.mailbox(t, "Europe/London")
			add(t, s.box(t, m), m, entry("Dentist", hours(15, 9, 10)))
			fault(t, s, f)
			if diff := cmp.Diff([]string{"Dentist 03-15T09:00"}, starts(readOne(t, s.open(t), m, nil))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A page that a proxy answers for a part of a batch is no success, whatever its status:
// what was to be deleted is still to be deleted (A3).
func TestA3PageInsteadOfADeletion(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	a := s.open(t)
	made := write(t, a, m, course(1))["course-1"]
	fault(t, s, exchangesim.Fault{Kind: "DeleteEvent", Mode: exchangesim.FaultHTML})
	gone := sdk.Operation{ID: "gone", Kind: sdk.Delete, ItemID: made.ItemID}
	if err := write(t, a, m, gone)["gone"].Err; !errors.Is(err, sdk.ErrOutcomeUnknown) {
		t.Errorf("err = %v, want an unknown outcome", err)
	}
	s.ClearFaults()
	if err := write(t, a, m, gone)["gone"].Err; err != nil || len(marked(s.box(t, m))) != 0 {
		t.Errorf("repeated: %v, %d items left", err, len(marked(s.box(t, m))))
	}
}
