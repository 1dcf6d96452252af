package sdktest

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/schema"
)

var accountCases = []testCase{
	{"describe is stable", nil, describeIsStable},
	{"open refuses bad settings", nil, openRefuses},
	{"verify passes and leaves nothing", []Feature{Verify}, verifyLeavesNothing},
	{"verify names an unknown mailbox", []Feature{Verify}, verifyNamesUnknown},
}

func describeIsStable(t testing.TB, w *world) {
	first, second := w.Backend.Describe(), w.Backend.Describe()
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("Describe answers differently the second time:\n%s", diff)
	}
	if first.Service == "" || first.Version == "" || first.Summary == "" || strings.Contains(first.Summary, "\n") {
		t.Errorf("Describe: want a service, a version and a summary of one line, got %q, %q, %q", first.Service, first.Version, first.Summary)
	}
	if err := first.Settings.Check(); err != nil {
		t.Errorf("Describe: %v", err)
	}
	for _, a := range first.Settings.Attributes {
		if a.Help == "" {
			t.Errorf("Describe: setting %s has no help", a.Name)
		}
	}
}

func openRefuses(t testing.TB, w *world) {
	for _, r := range w.Refused {
		account, err := w.Backend.Open(t.Context(), r.Account)
		var refused *sdk.SettingsError
		if !errors.As(err, &refused) {
			t.Errorf("%s: Open answered %v, want a SettingsError", r.Name, err)
			if err == nil {
				_ = account.Close()
			}
			continue
		}
		named := slices.ContainsFunc(refused.Diagnostics, func(d schema.Diagnostic) bool {
			return d.Severity == schema.Error && d.Summary != "" && slices.Equal(d.Path, r.Path)
		})
		if !named {
			t.Errorf("%s: no error names the path %q in %+v", r.Name, r.Path, refused.Diagnostics)
		}
	}
}

// checks runs Verify.
func (w *world) checks(t testing.TB, m sdk.Mailbox) []sdk.Check {
	t.Helper()
	var mu sync.Mutex
	var all []sdk.Check
	err := w.account.Verify(t.Context(), []sdk.Mailbox{m}, func(c sdk.Check) error {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, c)
		return nil
	})
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	return all
}

// auth-3: verify goes step by step and leaves nothing behind.
func verifyLeavesNothing(t testing.TB, w *world) {
	m := w.mailbox(t)
	checks := w.checks(t, m)
	mailboxChecked := false
	for _, c := range checks {
		mailboxChecked = mailboxChecked || c.Mailbox == m.Address
		if c.Outcome == sdk.Failed {
			t.Errorf("step %s failed: %s", c.Step, c.Observed)
		}
		if c.Step == "" || c.Observed == "" {
			t.Errorf("a check without a step or an observation: %+v", c)
		}
	}
	if !mailboxChecked {
		t.Error("no check of the mailbox")
	}
	if s, _ := w.full(t, readRequest(m)); len(s) > 0 {
		t.Errorf("verify left %d items behind", len(s))
	}
	w.nobodyMailed(t)
}

func verifyNamesUnknown(t testing.TB, w *world) {
	failed := slices.ContainsFunc(w.checks(t, w.Unknown), func(c sdk.Check) bool {
		return c.Mailbox == w.Unknown.Address && c.Outcome == sdk.Failed && c.Advice != ""
	})
	if !failed {
		t.Error("no check of the unknown mailbox failed with advice")
	}
}

// nobodyMailed asserts push-11 where the subject can tell.
func (w *world) nobodyMailed(t testing.TB) {
	t.Helper()
	if w.Outbox == nil {
		return
	}
	for _, mail := range w.Outbox(t) {
		t.Errorf("mailed: %s", mail)
	}
}
