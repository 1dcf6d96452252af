package cli

import (
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/sdk"
)

func (c *cli) verify() *cobra.Command {
	var filter app.Filter
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check accounts and mailboxes step by step, and say what to do about what fails",
		Long: "Checks each account and the mailbox of each active mapping: settings, name resolution, TLS,\n" +
			"credentials, mailbox, reading, private items, writing. It leaves nothing behind in calendars and\n" +
			"uses the configuration as it is in the files now; gateway status shows its log. Credentials that\n" +
			"runs no longer try since they were refused are tried again.\n\nExit code 1 when any step failed.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return c.runVerify(filter) },
	}
	filterFlags(cmd, &filter)
	return cmd
}

// checkJSON is one step in the form that verify --json prints.
type checkJSON struct {
	Account  string      `json:"account"`
	Trainer  string      `json:"trainer,omitempty"`
	Step     string      `json:"step"`
	Outcome  sdk.Outcome `json:"outcome"`
	Observed string      `json:"observed"`
	Advice   string      `json:"advice,omitempty"`
}

func (c *cli) runVerify(filter app.Filter) (err error) {
	a, err := c.open()
	if err != nil {
		return err
	}
	defer done(a, &err)
	log := &verifyLog{out: &writer{out: c.Stdout}, quiet: c.json}
	if err := a.Verify(c.Drain, filter, log.add); err != nil {
		return err
	}
	if app.AnyFailed(log.checks) {
		c.code = exitError
	}
	if c.json {
		return c.printJSON(log.json())
	}
	log.summary()
	return log.out.err
}

// verifyLog prints an account's own steps as they come, and then its trainers, each
// with all of its steps: mailboxes are checked several at a time.
type verifyLog struct {
	out    *writer
	quiet  bool
	checks []app.Check
	// account is that of the last heading.
	account string
	// trainers are the steps that wait for their account's end.
	trainers map[string][]app.Check
}

var outcomeMarks = map[sdk.Outcome]string{
	sdk.Passed: "ok     ", sdk.Warned: "WARNING", sdk.Failed: "FAILED ", sdk.Skipped: "skipped",
}

func (l *verifyLog) add(c app.Check) {
	l.checks = append(l.checks, c)
	if l.quiet {
		return
	}
	if c.Account != l.account {
		l.flush()
		l.account = c.Account
		l.out.printf("%s\n", c.Account)
	}
	if c.Trainer == "" {
		l.step("  ", c)
		return
	}
	if l.trainers == nil {
		l.trainers = map[string][]app.Check{}
	}
	l.trainers[c.Trainer] = append(l.trainers[c.Trainer], c)
}

// flush prints the trainers that wait.
func (l *verifyLog) flush() {
	for _, trainer := range slices.Sorted(maps.Keys(l.trainers)) {
		l.out.printf("  %s %s\n", trainer, l.trainers[trainer][0].Mailbox)
		for _, c := range l.trainers[trainer] {
			l.step("    ", c)
		}
	}
	l.trainers = nil
}

func (l *verifyLog) step(indent string, c app.Check) {
	l.out.printf("%s%s %-11s %s\n", indent, outcomeMarks[c.Outcome], c.Step, c.Observed)
	if c.Advice != "" {
		l.out.printf("%s        what to do: %s\n", indent, c.Advice)
	}
}

func (l *verifyLog) summary() {
	l.flush()
	count := map[sdk.Outcome]int{}
	for _, c := range l.checks {
		count[c.Outcome]++
	}
	l.out.printf("\n%s: %d ok, %d warnings, %d failed, %d skipped\n", plural(len(l.checks), "step"),
		count[sdk.Passed], count[sdk.Warned], count[sdk.Failed], count[sdk.Skipped])
}

func (l *verifyLog) json() []checkJSON {
	out := make([]checkJSON, len(l.checks))
	for i, c := range l.checks {
		out[i] = checkJSON{c.Account, c.Trainer, c.Step, c.Outcome, c.Observed, c.Advice}
	}
	return out
}
