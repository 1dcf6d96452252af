package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

// accountJSON is an account in the form that status --json prints.
type accountJSON struct {
	Account string `json:"account"`
	// Failing says what keeps the whole account from working; ByHand that it is not tried
	// again by itself.
	Failing *failingJSON `json:"failing,omitempty"`
	ByHand  bool         `json:"by_hand,omitempty"`
	Paused  *pauseJSON   `json:"paused,omitempty"`
	// Verified is when it was last verified; null for never.
	Verified *time.Time `json:"verified" jsonschema:"nullable"`
	// CredentialsExpire is when the credentials end, as far as the last verification tells.
	CredentialsExpire *time.Time      `json:"credentials_expire,omitempty"`
	Checks            []checkStepJSON `json:"checks"`
	Mappings          []mappingJSON   `json:"mappings"`
}

// mappingJSON is the last verification of one trainer's mailbox.
type mappingJSON struct {
	Trainer  string          `json:"trainer"`
	Verified time.Time       `json:"verified"`
	Checks   []checkStepJSON `json:"checks"`
}

type checkStepJSON struct {
	Step     string      `json:"step"`
	Outcome  sdk.Outcome `json:"outcome"`
	Observed string      `json:"observed"`
	Advice   string      `json:"advice,omitempty"`
}

func checksOf(checks []sdk.Check) []checkStepJSON {
	out := []checkStepJSON{}
	for _, c := range checks {
		out = append(out, checkStepJSON{c.Step, c.Outcome, c.Observed, c.Advice})
	}
	return out
}

func accountsOf(accounts []app.AccountStatus) []accountJSON {
	out := []accountJSON{}
	for _, a := range accounts {
		shape := accountJSON{
			Account: a.Name, Failing: failingOf(a.Failing), ByHand: a.ByHand, Paused: pauseOf(a.Paused),
			Checks: checksOf(a.Checks), Mappings: []mappingJSON{},
			CredentialsExpire: instant(a.Expires()),
		}
		if verified := a.Verified.UTC(); !a.Verified.IsZero() {
			shape.Verified = &verified
		}
		for _, v := range a.Mappings {
			shape.Mappings = append(shape.Mappings, mappingJSON{scopeName(store.Pause{Provider: providerOf(a.Name), Label: v.Label}), v.At.UTC(), checksOf(v.Checks)})
		}
		out = append(out, shape)
	}
	return out
}

// account writes what is known of an account as a whole: why it does not work, and how
// its last verification went.
func (s *statusPage) account(a app.AccountStatus) {
	if a.Paused != nil {
		s.out.printf("  PAUSED %s\n", pausedWords(*a.Paused))
	}
	if f := a.Failing; f != nil {
		s.out.printf("  the account, for %s, %s, %s\n", ago(s.now.Sub(f.Since)), tries(f.Attempts), s.nextTry(f, a.ByHand))
		s.told.failing(s.out, "    ", a.Name, "", f)
	}
	s.verified(a)
}

// nextTry says when something is tried again.
func (s *statusPage) nextTry(f *store.Failing, byHand bool) string {
	switch {
	case byHand:
		return "not tried again by itself"
	case f.Next.After(s.now):
		return "next in " + ago(f.Next.Sub(s.now))
	case s.interval > 0:
		return "next within " + s.interval.String()
	}
	return "next with gateway sync"
}

// verified tells of the last verification: of what failed in full, unless it is told as
// failing already.
func (s *statusPage) verified(a app.AccountStatus) {
	if a.Verified.IsZero() {
		return
	}
	bad := 0
	for _, v := range a.Mappings {
		if failedSteps(v.Checks) != nil {
			bad++
		}
	}
	failed := failedSteps(a.Checks)
	text := "ok"
	if len(failed) > 0 {
		text = "FAILED"
	}
	s.out.printf("  verified %s ago: account %s", ago(s.now.Sub(a.Verified)), text)
	if len(a.Mappings) > 0 {
		s.out.printf(", %d of %s failed", bad, mailboxCount(len(a.Mappings)))
	}
	if ends := a.Expires(); !ends.IsZero() {
		s.out.printf(", its credentials end on %s", ends.UTC().Format(time.DateOnly))
	}
	s.out.printf("\n")
	if a.Failing == nil {
		s.failedSteps("", failed)
	}
	for _, v := range a.Mappings {
		if !s.failing[providerOf(a.Name)+"/"+v.Label] {
			s.failedSteps(v.Label+": ", failedSteps(v.Checks))
		}
	}
}

func failedSteps(checks []sdk.Check) []sdk.Check {
	var failed []sdk.Check
	for _, c := range checks {
		if c.Outcome == sdk.Failed {
			failed = append(failed, c)
		}
	}
	return failed
}

func (s *statusPage) failedSteps(who string, checks []sdk.Check) {
	for _, c := range checks {
		s.out.printf("    %s%s: %s\n", who, c.Step, c.Observed)
		if c.Advice != "" {
			s.out.printf("      what to do: %s\n", c.Advice)
		}
	}
}

// providerOf is the provider in "provider/service".
func providerOf(account string) string {
	provider, _, _ := strings.Cut(account, "/")
	return provider
}

// trainer writes what is to be known of one trainer beyond the row in the table.
func (s *statusPage) trainer(t app.TrainerStatus) {
	if t.Paused != nil && t.Paused.Label != "" {
		s.out.printf("  %s is paused %s\n", t.Trainer.Label, pausedWords(*t.Paused))
	}
	for i, c := range t.Conflicts {
		if i == conflictsShown {
			s.out.printf("  %s: and %d more conflicts; gateway status --json has all\n", t.Trainer.Label, len(t.Conflicts)-i)
			break
		}
		s.out.printf("  %s: conflict: %s\n", t.Trainer.Label, conflictWords(t.Trainer, c, s.names))
	}
	s.left(t)
}

func mailboxCount(n int) string {
	if n == 1 {
		return "1 mailbox"
	}
	return fmt.Sprintf("%d mailboxes", n)
}

// conflictsShown is how many conflicts of a trainer are listed.
const conflictsShown = 3

// left counts what is still in calendars that the trainer no longer has.
func (s *statusPage) left(t app.TrainerStatus) {
	byPlace := map[string]int{}
	for _, l := range t.Left {
		byPlace[fmt.Sprintf("%s %s", l.Place.Account, l.Place.Mailbox.Address)]++
	}
	var places []string
	for place := range byPlace {
		places = append(places, place)
	}
	slices.Sort(places)
	for _, place := range places {
		s.out.printf("  %s: %s still in the former calendar %s: removed by a run once both calendars can be reached\n",
			t.Trainer.Label, plural(byPlace[place], "appointment"), place)
	}
}
