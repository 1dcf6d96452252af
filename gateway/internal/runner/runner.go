package runner

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/telemetry"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// Accounts supplies opened master accounts; pluginhost is the real one.
type Accounts interface {
	// Account returns the account named "provider/service", starting or restarting
	// its plugin where needed.
	Account(ctx context.Context, name string) (Account, error)
}

// Account is an opened master account.
type Account struct {
	sdk.Account
	// Identity says which calendars the account reaches: it changes with the server
	// or the tenant, and not with a rotated secret.
	Identity string
}

// Memory is what the runner needs of the store.
type Memory interface {
	store.Platform
	store.Trainers
	store.History
	AccountTroubles(ctx context.Context) (map[string]store.Failing, error)
	SetAccountTrouble(ctx context.Context, account string, f *store.Failing) error
}

// Runner runs jobs. Its fields are set once, before the first run.
type Runner struct {
	Memory       Memory
	Accounts     Accounts
	Installation string
	// Past and Future are how far the window reaches from now.
	Past, Future time.Duration
	// Guard limits inferred removals; nil for no limit.
	Guard *reconcile.Guard
	Now   func() time.Time
	// NewID makes a random id: of a run, or of an item's generation.
	NewID func() string
	// RunID is the id of the one run that the runner makes, where it was given out before;
	// empty for a new one.
	RunID  string
	Tracer trace.Tracer
	// Metrics and Log may be nil.
	Metrics *telemetry.Metrics
	Log     hclog.Logger
	// FlushPlugins, when set, has the plugins send what they hold of a run's trace.
	FlushPlugins func(context.Context) error
	// Progress, when set, hears of each trainer's outcome as it is known.
	Progress func(store.RunTrainer)
	// Done, when set, hears of each trainer of whom no more is written in this run; of
	// those it does not hear of, that is so at the run's end. Again is when a server that
	// asked to wait wants to be asked again; zero where none did.
	Done func(id platform.TrainerID, again time.Time)
}

// Job is what one run works on.
type Job struct {
	// Cause is what started it: "sync", "interval".
	Cause string
	// Traceparents are the trace contexts of the requests and notifications that asked for
	// it; the run's span links to them (run-3).
	Traceparents []string
	Kind         Kind
	// Former says what [Adopt] looks for.
	Former reconcile.Former
	// Shown limits [Resync], [ResyncInPlace] and [Adopt] to what an operator agreed to;
	// nil for no limit.
	Shown   Shown
	Batches []Batch
	// Impatient: items that failed and back off are tried now, as for a run by hand.
	Impatient bool
	// Paused are trainers that the run leaves alone.
	Paused []Paused
}

// Paused is a trainer that a pause keeps a run from.
type Paused struct {
	Trainer platform.TrainerID
	Pause   store.Pause
}

// Batch is up to [sdk.MaxMailboxes] trainers of one account.
type Batch struct {
	// Account is "provider/service".
	Account string
	Targets []Target
}

// Target is one trainer to synchronise.
type Target struct {
	ID      platform.TrainerID
	Mailbox sdk.Mailbox
	// Zone is the zone named by Mailbox.TimeZone.
	Zone       *time.Location
	Push, Pull bool
	Detail     sdk.Detail
	ShowAs     []calendar.ShowAs
	// Render is what the configuration says about appointments.
	Render platform.RenderOptions
	// Split: each session of a course is an appointment of its own (push-2).
	Split bool
	// Limits are the provider's own; nil for the runner's.
	Limits *Limits
	// Pilot: what would be done is reported, and nothing is done (pilot-1).
	Pilot bool
	// Stopped says what becomes of what was written in a direction that is off (map-2).
	Stopped reconcile.Stopped
}

// Limits are how far calendars are read, and how much may vanish from them at once.
type Limits struct {
	Past, Future time.Duration
	Guard        *reconcile.Guard
}

// limits are those that hold for the trainer.
func (r *Runner) limits(t Target) Limits {
	if t.Limits != nil {
		return *t.Limits
	}
	return Limits{Past: r.Past, Future: r.Future, Guard: r.Guard}
}

// batchesAtOnce is how many accounts a run works on at the same time.
const batchesAtOnce = 4

func (r *Runner) runID() string {
	if r.RunID != "" {
		return r.RunID
	}
	return r.NewID()
}

// Run does the job and returns its record, which is stored too. The error is set
// only when the run could not be recorded or was cancelled; what failed for
// trainers is in the record.
func (r *Runner) Run(ctx context.Context, job Job) (store.Run, error) {
	run := store.Run{ID: r.runID(), Cause: job.Cause, Started: r.Now(), State: store.RunRunning}
	ctx, span := r.begin(ctx, &run, linksTo(job.Traceparents))
	defer span.End()
	if err := r.Memory.BeginRun(ctx, run); err != nil {
		return run, fmt.Errorf("record the start of run %s: %w", run.ID, err)
	}
	record := &record{run: run, progress: r.Progress, now: r.Now, span: span}
	for _, t := range job.Paused {
		record.add(store.RunTrainer{Trainer: t.Trainer, State: store.RunPaused, Paused: &t.Pause, Skipped: map[reconcile.Reason]int{}}, true)
	}
	r.runBatches(ctx, job, record)
	r.clearLeft(ctx, record)
	r.flush(ctx, span, record)
	run = record.finish(ctx, r.Now())
	r.end(ctx, span, run)
	// The run is recorded even when it was cancelled.
	if err := r.Memory.FinishRun(context.WithoutCancel(ctx), run); err != nil {
		return run, fmt.Errorf("record the end of run %s: %w", run.ID, err)
	}
	return run, ctx.Err()
}

func (r *Runner) runBatches(ctx context.Context, job Job, record *record) {
	var group errgroup.Group
	group.SetLimit(batchesAtOnce)
	for _, b := range job.Batches {
		group.Go(func() error {
			r.newPass(job, b, record, nil).run(ctx)
			return nil
		})
	}
	_ = group.Wait() // batches record their failures and return none
}

// TrainerPlan is what a run would do for one trainer.
type TrainerPlan struct {
	Trainer platform.TrainerID
	Plan    reconcile.Plan
	// Err says why there is no plan.
	Err *sdk.Error
	// Known is the last complete read that is remembered.
	Known store.Reading
	// Paused says why nothing was planned.
	Paused *store.Pause
	// Moved is the calendar that the trainer had before; nil when it is the same.
	Moved *store.Place
	// Left are items in former calendars that a run would remove.
	Left []LeftPlan
	// Conflicts are as they would be after the run.
	Conflicts []store.Conflict
	// Memory, Wanted and Read are what the plan was made of; for [Look] only.
	Memory store.Trainer
	Wanted []reconcile.Wanted
	Read   reconcile.Read
}

// Plan reads what a run would read and returns what it would do; nothing is
// written, neither to calendars nor to the store.
func (r *Runner) Plan(ctx context.Context, job Job) ([]TrainerPlan, error) {
	ctx, span := r.Tracer.Start(ctx, telemetry.SpanPlan, trace.WithNewRoot())
	defer span.End()
	var (
		mu    sync.Mutex
		plans []TrainerPlan
	)
	keep := func(p TrainerPlan) {
		mu.Lock()
		defer mu.Unlock()
		plans = append(plans, p)
	}
	record := &record{now: r.Now}
	var group errgroup.Group
	group.SetLimit(batchesAtOnce)
	for _, b := range job.Batches {
		group.Go(func() error {
			r.newPass(job, b, record, keep).run(ctx)
			return nil
		})
	}
	_ = group.Wait() // batches report their failures through keep
	r.reach(ctx, plans)
	for _, t := range job.Paused {
		plans = append(plans, TrainerPlan{Trainer: t.Trainer, Paused: &t.Pause})
	}
	return plans, ctx.Err()
}
