package riverjobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// How the queue is worked off. What finds out that a worker died must be slower than the
// longest work.
const (
	rescueAfter = store.JobTimeout + 30*time.Second
	// fetchCooldown bounds how often the queue is looked at, and fetchPoll how long a lost
	// notice of a new batch is not seen.
	fetchCooldown = 5 * time.Millisecond
	fetchPoll     = time.Second
	// keepFinished is how long finished batches are kept: what came of them is in the
	// history of runs.
	keepFinished = 5 * time.Minute
	// maxAttempts is for workers that died: a batch that fails is no use to try again, as
	// its trainers are due still.
	maxAttempts = 5
)

// args are a batch as it is stored. A batch has a name of its own, so that it is queued
// once however often that is tried.
type args struct {
	ID       string               `json:"id"       river:"unique"`
	Account  string               `json:"account"`
	Trainers []platform.TrainerID `json:"trainers"`
	Interval bool                 `json:"interval"`
}

// Kind is the job's name in the database.
func (args) Kind() string { return "sync_batch" }

// InsertOpts are the options of every batch.
func (args) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: maxAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

// Queue is a queue for the transactions of one driver.
type Queue[TTx any] struct {
	client *river.Client[TTx]
}

// New makes a queue. It works off nothing before it is started.
func New[TTx any](driver riverdriver.Driver[TTx], o store.JobOptions) (*Queue[TTx], error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{do: o.Do})
	client, err := river.NewClient(driver, &river.Config{
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: o.Workers}}, Workers: workers,
		JobTimeout: store.JobTimeout, RescueStuckJobsAfter: rescueAfter,
		FetchCooldown: fetchCooldown, FetchPollInterval: fetchPoll,
		CompletedJobRetentionPeriod: keepFinished, CancelledJobRetentionPeriod: keepFinished, DiscardedJobRetentionPeriod: keepFinished,
		Logger: slog.New(logHandler{log: o.Log}),
	})
	if err != nil {
		return nil, fmt.Errorf("make the queue: %w", err)
	}
	return &Queue[TTx]{client: client}, nil
}

// Start lets workers take up batches.
func (q *Queue[TTx]) Start(ctx context.Context) error {
	if err := q.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start the workers: %w", err)
	}
	return nil
}

// Insert puts batches into the queue in a transaction.
func (q *Queue[TTx]) Insert(ctx context.Context, tx TTx, batches []store.Work) error {
	params := make([]river.InsertManyParams, len(batches))
	for i, b := range batches {
		params[i] = river.InsertManyParams{Args: args(b)}
	}
	if _, err := q.client.InsertManyTx(ctx, tx, params); err != nil {
		return fmt.Errorf("queue %d batches: %w", len(batches), err)
	}
	return nil
}

// Stop lets no worker begin and waits for those at work. When ctx ends, theirs do.
func (q *Queue[TTx]) Stop(ctx context.Context) error {
	if err := q.client.Stop(ctx); err == nil {
		return nil
	}
	if err := q.client.StopAndCancel(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("stop the workers: %w", err)
	}
	<-q.client.Stopped()
	return nil
}

// Migrate brings River's own tables to a version, in a transaction.
func Migrate[TTx any](ctx context.Context, driver riverdriver.Driver[TTx], tx TTx, version int) error {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("migrate the queue's tables: %w", err)
	}
	//lint:ignore SA1019 one transaction for all is possible: no step up to the version needs another one committed before it
	_, err = migrator.MigrateTx(ctx, tx, rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{TargetVersion: version})
	if err != nil {
		return fmt.Errorf("migrate the queue's tables to version %d: %w", version, err)
	}
	return nil
}

// worker works on batches.
type worker struct {
	river.WorkerDefaults[args]
	do func(context.Context, store.Work) error
}

// Work works on one batch. What comes of its trainers is recorded elsewhere, and whatever
// was not done is due still: an error is no reason to queue the batch again.
func (w *worker) Work(ctx context.Context, job *river.Job[args]) error {
	if err := w.do(ctx, store.Work(job.Args)); err != nil {
		return river.JobCancel(err)
	}
	return nil
}

// NextRetry is when a batch is given to another worker whose own died: at once.
func (w *worker) NextRetry(*river.Job[args]) time.Time { return time.Now() }

var _ river.Worker[args] = (*worker)(nil)
