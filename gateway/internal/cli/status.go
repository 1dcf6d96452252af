package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

func (c *cli) status() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Tell in one screen whether all is well, and what needs you",
		Long: "The first line says whether all is well, or how many things need you; what they are, since when and\n" +
			"what to do follows. It needs no running serve, and changes nothing.\n\n" +
			"Exit codes: 0 when all is well, 2 when something needs you, 1 when it cannot be told.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return c.runStatus(all) },
	}
	cmd.Flags().BoolVar(&all, "all", false, "list every trainer, however many there are")
	return cmd
}

// statusJSON is the form that status --json prints.
type statusJSON struct {
	// Well: nothing needs an operator; Needs are what does, the gravest first.
	Well  bool       `json:"well"`
	Needs []needJSON `json:"needs"`
	// Serving is null when no gateway serve runs; Outdated: its configuration is not the
	// one of the files.
	Serving  *app.Serving        `json:"serving" jsonschema:"nullable"`
	Outdated bool                `json:"outdated"`
	LastRun  *runJSON            `json:"last_run" jsonschema:"nullable"`
	Queue    queueJSON           `json:"queue"`
	Accounts []accountJSON       `json:"accounts"`
	Trainers []trainerStatusJSON `json:"trainers"`
	// Webhooks are those of the configuration.
	Webhooks []webhookJSON `json:"webhooks,omitempty"`
	// Feed is the newest position of the feed.
	Feed int64 `json:"feed"`
	// Disk is that of the state; null where the system does not tell.
	Disk *diskJSON `json:"disk" jsonschema:"nullable"`
	// Certificate is that of the API; null without TLS.
	Certificate *app.Certificate `json:"certificate" jsonschema:"nullable"`
	Upkeep      upkeepJSON       `json:"upkeep"`
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
	// Watch says whether the calendar is watched; absent where it is not to be.
	Watch *watchJSON `json:"watch,omitempty"`
}

func (c *cli) runStatus(all bool) (err error) {
	a, err := c.open()
	if err != nil {
		return err
	}
	defer done(a, &err)
	o, err := a.Overview(c.Drain)
	if err != nil {
		return err
	}
	trainers, err := a.Status(c.Drain)
	if err != nil {
		return err
	}
	runs, err := a.Runs(c.Drain, 1)
	if err != nil {
		return err
	}
	labels, err := a.CourseLabels(c.Drain)
	if err != nil {
		return err
	}
	n, needs := namesOf(a.Config(), labels), o.Needs()
	if len(needs) > 0 {
		c.code = exitNeeds
	}
	if c.json {
		return c.printJSON(statusOf(o, needs, runs, trainers, n))
	}
	s := statusPage{out: &writer{out: c.Stdout}, now: o.Now, names: n, known: o.Accounts, mappings: o.Mappings, all: all}
	s.verdict(needs)
	s.serving(o.Serving)
	s.lastRun(runs)
	s.state(o)
	s.accounts(a, trainers)
	s.webhooks(o.Webhooks)
	return s.out.err
}

func statusOf(o app.Overview, needs []app.Need, runs []store.Run, trainers []app.TrainerStatus, n names) statusJSON {
	out := statusJSON{
		Well: len(needs) == 0, Needs: needsOf(needs), Serving: o.Serving, Outdated: o.Outdated,
		Queue: queueJSON{o.Queue.Waiting, instant(o.Queue.Since)}, Accounts: accountsOf(o.Accounts), Trainers: []trainerStatusJSON{},
		Webhooks: webhooksOf(o.Webhooks), Feed: o.Feed, Disk: diskOf(o.Disk), Certificate: o.Certificate, Upkeep: upkeepJSON{instant(o.Upkeep.Checked), o.Upkeep.Backup},
	}
	if len(runs) > 0 {
		last := runOf(runs[0], names{})
		last.Trainers, last.Events = nil, nil
		out.LastRun = &last
	}
	watches := map[platform.TrainerID]*app.Watch{}
	for _, m := range o.Mappings {
		watches[m.Trainer] = m.Watch
	}
	for _, t := range trainers {
		row := trainerStatusJSON{
			Trainer: t.Trainer.String(), Service: t.Service, Health: t.Health,
			Pushed: t.Pushed, Pulled: t.Pulled, Held: t.Held, Failing: failingOf(t.Failing),
			Availability: availabilityOf(t.Availability), Owed: owedOf(t.Owed),
			Paused: pauseOf(t.Paused), Conflicts: conflictsOf(t.Trainer, t.Conflicts, n), Left: len(t.Left),
			Watch: watchOf(watches[t.Trainer]),
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
	// known are the accounts, failing those trainers that are told of as failing, and
	// mappings the active ones.
	known    []app.AccountStatus
	failing  map[string]bool
	mappings []app.Mapping
	// all trainers are listed, however many there are.
	all bool
	// interval is the running serve's; zero when nothing runs by itself.
	interval app.Interval
}

func (s *statusPage) serving(serving *app.Serving) {
	if serving == nil {
		s.out.printf("gateway serve is not running: nothing happens by itself\n")
		return
	}
	engine := "engine off"
	if serving.Engine {
		engine = "engine on, every " + serving.Interval.String()
		s.interval = serving.Interval
	}
	s.out.printf("gateway serve %s is running, process %d, since %s, %s, log level %s\n",
		serving.Version, serving.PID, moment(serving.Since), engine, serving.LogLevel)
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
	s.watched(account)
	members = s.worthListing(members)
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
