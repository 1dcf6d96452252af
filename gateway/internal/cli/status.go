package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

func (c *cli) status() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show, per account and trainer, whether the calendar is in sync, since when not, and what to do",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return c.runStatus() },
	}
}

// statusJSON is the form that status --json prints.
type statusJSON struct {
	// Serving is null when no gateway serve runs.
	Serving  *app.Serving        `json:"serving" jsonschema:"nullable"`
	LastRun  *runJSON            `json:"last_run" jsonschema:"nullable"`
	Accounts []accountJSON       `json:"accounts"`
	Trainers []trainerStatusJSON `json:"trainers"`
	// Webhooks are those of the configuration.
	Webhooks []webhookJSON `json:"webhooks,omitempty"`
}

type trainerStatusJSON struct {
	Trainer string     `json:"trainer"`
	Service string     `json:"service"`
	Health  app.Health `json:"health"`
	// Proven is when the calendar was last proven in sync; null for never.
	Proven *time.Time `json:"proven" jsonschema:"nullable"`
	Pushed int        `json:"pushed"`
	Pulled int        `json:"pulled"`
	// Held counts those of Pulled whose removal waits for approval.
	Held    int          `json:"held"`
	Failing *failingJSON `json:"failing,omitempty"`
	Paused  *pauseJSON   `json:"paused,omitempty"`
	// Conflicts are courses that overlap something else of the trainer's.
	Conflicts []conflictJSON `json:"conflicts"`
	// Left counts items of the gateway's in calendars that the trainer no longer has.
	Left int `json:"left"`
	// Availability is whether the trainer's time is known, and what it is now.
	Availability availabilityJSON `json:"availability"`
	// Owed are items that could not be written and are tried again later.
	Owed []owedItemJSON `json:"owed"`
}

func (c *cli) runStatus() (err error) {
	a, err := c.open()
	if err != nil {
		return err
	}
	defer done(a, &err)
	trainers, err := a.Status(c.Drain)
	if err != nil {
		return err
	}
	runs, err := a.Runs(c.Drain, 1)
	if err != nil {
		return err
	}
	accounts, err := a.Accounts(c.Drain)
	if err != nil {
		return err
	}
	hooks, err := a.Webhooks(c.Drain)
	if err != nil {
		return err
	}
	labels, err := a.CourseLabels(c.Drain)
	if err != nil {
		return err
	}
	n := namesOf(a.Config(), labels)
	serving := a.Serving(c.Drain)
	if c.json {
		out := statusOf(serving, runs, accounts, trainers, n)
		out.Webhooks = webhooksOf(hooks)
		return c.printJSON(out)
	}
	s := statusPage{out: &writer{out: c.Stdout}, now: time.Now(), names: n, known: accounts}
	s.serving(a, serving)
	s.lastRun(runs)
	s.accounts(a, trainers)
	s.webhooks(hooks)
	return s.out.err
}

func statusOf(serving *app.Serving, runs []store.Run, accounts []app.AccountStatus, trainers []app.TrainerStatus, n names) statusJSON {
	out := statusJSON{Serving: serving, Accounts: accountsOf(accounts), Trainers: []trainerStatusJSON{}}
	if len(runs) > 0 {
		last := runOf(runs[0], names{})
		last.Trainers, last.Events = nil, nil
		out.LastRun = &last
	}
	for _, t := range trainers {
		row := trainerStatusJSON{
			Trainer: t.Trainer.String(), Service: t.Service, Health: t.Health,
			Pushed: t.Pushed, Pulled: t.Pulled, Held: t.Held, Failing: failingOf(t.Failing),
			Availability: availabilityOf(t.Availability), Owed: owedOf(t.Owed),
			Paused: pauseOf(t.Paused), Conflicts: conflictsOf(t.Trainer, t.Conflicts, n), Left: len(t.Left),
		}
		if !t.Proven.IsZero() {
			proven := t.Proven.UTC()
			row.Proven = &proven
		}
		out.Trainers = append(out.Trainers, row)
	}
	return out
}

// statusPage writes one screen.
type statusPage struct {
	out   *writer
	now   time.Time
	told  said
	names names
	// known are the accounts, failing those trainers that are told of as failing.
	known   []app.AccountStatus
	failing map[string]bool
	// interval is the running serve's; zero when nothing runs by itself.
	interval app.Interval
}

func (s *statusPage) serving(a *app.App, serving *app.Serving) {
	if serving == nil {
		s.out.printf("gateway serve is not running: nothing happens by itself\n")
		return
	}
	engine := "engine off"
	if serving.Engine {
		engine = "engine on, every " + serving.Interval.String()
		s.interval = serving.Interval
	}
	s.out.printf("gateway serve %s is running, process %d, since %s, %s\n", serving.Version, serving.PID, moment(serving.Since), engine)
	if a.Outdated(*serving) {
		s.out.printf("it runs with another configuration than the files hold now: gateway reload has it read them\n")
	}
}

func (s *statusPage) lastRun(runs []store.Run) {
	if len(runs) == 0 {
		s.out.printf("no runs yet\n")
		return
	}
	r := runs[0]
	s.out.printf("last run %s by %s %s, %s ago, %s\n", r.ID, r.Cause, stateWords[r.State], ago(s.now.Sub(r.Started)),
		plural(app.Totals(r).Writes(), "write"))
}

// accounts writes the trainers under their accounts, in the configuration's order.
func (s *statusPage) accounts(a *app.App, trainers []app.TrainerStatus) {
	s.told, s.failing = said{}, map[string]bool{}
	for _, t := range trainers {
		s.failing[t.Trainer.String()] = t.Failing != nil
	}
	for _, p := range a.Config().Providers {
		for _, account := range p.Accounts {
			s.group(account.Name()+" ("+account.MasterAccount+")"+engineWord(a.Config(), p), account.Name(), trainers)
		}
		s.group(p.Name+", without a calendar service", p.Name+"/", trainers)
	}
}

// engineWord marks a provider that is switched off while others are on (eng-1).
func engineWord(c *config.Config, p config.Provider) string {
	if c.Sync.Engine && !p.Engine {
		return ", engine off"
	}
	return ""
}

func (s *statusPage) group(title, account string, trainers []app.TrainerStatus) {
	var members []app.TrainerStatus
	for _, t := range trainers {
		if t.Trainer.Provider+"/"+t.Service == account {
			members = append(members, t)
		}
	}
	if len(members) == 0 {
		return
	}
	s.out.printf("\n%s\n", title)
	for _, a := range s.known {
		if a.Name == account {
			s.account(a)
		}
	}
	table := tabwriter.NewWriter(s.out.out, 0, 0, 2, ' ', 0)
	for _, t := range members {
		fmt.Fprintf(table, "  %s\t%s\t%s\t%d pushed, %d pulled\n", t.Trainer.Label, healthWords[t.Health], s.proven(t), t.Pushed, t.Pulled)
	}
	if err := table.Flush(); err != nil && s.out.err == nil {
		s.out.err = err
	}
	for _, t := range members {
		if t.Held > 0 {
			s.out.printf("  %s: %s: gateway approve %s shows them and lets them go\n", t.Trainer.Label, heldWords(t.Held), t.Trainer)
		}
		if t.Health == app.Failing {
			byHand := t.Failing.Code == string(sdk.CodeCredentials)
			s.out.printf("  %s, for %s, %s, %s\n", t.Trainer.Label, ago(s.now.Sub(t.Failing.Since)), tries(t.Failing.Attempts), s.nextTry(t.Failing, byHand))
			if len(t.Owed) == 0 {
				s.told.failing(s.out, "    ", account, t.Trainer.Label, t.Failing)
			}
			s.owed(t, s.names)
		}
		s.trainer(t)
		s.availability(t)
	}
}

func tries(n int) string {
	if n == 1 {
		return "1 try"
	}
	return fmt.Sprintf("%d tries", n)
}

func (s *statusPage) proven(t app.TrainerStatus) string {
	if t.Proven.IsZero() {
		return "never proven"
	}
	return "proven " + ago(s.now.Sub(t.Proven)) + " ago"
}

var healthWords = map[app.Health]string{
	app.InSync: "in sync", app.Stale: "STALE", app.Failing: "FAILING", app.Held: "HELD", app.Unknown: "unknown", app.Off: "off",
	app.Paused: "PAUSED", app.Pilot: "pilot, nothing is written",
}
