package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// drainPatience is how long a serve that was asked to stop lets a run go on before it
// aborts it. An aborted run stores what it did.
const drainPatience = time.Minute

// Serve owns the state, runs the engine on its interval where it is switched on, and
// does the work of other commands, until drain is closed: then no run begins, the one
// under way ends, and Serve returns. When ctx ends, that run is aborted. Ready is
// called when commands can be handed over.
func (a *App) Serve(ctx context.Context, drain <-chan struct{}, ready func(Serving)) error {
	state, err := a.own(ctx)
	if err != nil {
		if errors.Is(err, store.ErrLocked) {
			return fmt.Errorf("%w: is gateway serve running already?", err)
		}
		return err
	}
	if err := a.checkState(ctx); err != nil {
		return err
	}
	metrics, err := a.serveMetrics(ctx)
	if err != nil {
		return err
	}
	defer metrics()
	ctx, abort := context.WithCancel(ctx)
	defer abort()
	since := a.opts.Now()
	serving := func() Serving { return a.servingNow(since) }
	c, err := listenControl(a.paths, a.opts.Log, func(_ context.Context, req request, send func(reply)) reply {
		return a.answer(ctx, serving(), req, send)
	})
	if err != nil {
		return err
	}
	// Before requests come: what they write is in the way of what the queue reads first.
	engine, err := a.startEngine(ctx, state)
	if err != nil {
		return errors.Join(fmt.Errorf("start the engine: %w", err), c.listener.Close())
	}
	stopAPI, err := a.serveAPI(ctx, state, drain)
	if err != nil {
		return errors.Join(err, engine.stop(ctx), c.listener.Close())
	}
	ready(serving())
	return a.untilDrained(ctx, abort, drain, c, engine, stopAPI)
}

// untilDrained runs the engine and the control socket, and stops them in order: no run
// begins any more, those under way end, requests under way end, and then everything else.
func (a *App) untilDrained(ctx context.Context, abort func(), drain <-chan struct{}, c *control, e *engine, stopAPI func()) error {
	var group errgroup.Group
	group.Go(func() error { return c.serve(ctx) })
	working, stop := context.WithCancel(ctx)
	worked := make(chan struct{})
	group.Go(func() error {
		defer close(worked)
		return e.run(ctx, working)
	})
	group.Go(func() error {
		a.verifyEach(working)
		return nil
	})
	group.Go(func() error {
		a.tellWebhooks(working)
		return nil
	})
	group.Go(func() error {
		a.watchStale(working)
		return nil
	})
	group.Go(func() error {
		a.watch(working, a.Poke)
		return nil
	})
	select {
	case <-drain:
	case <-ctx.Done():
	}
	a.opts.Log.Info("stopping: no run begins any more, the one under way ends")
	stop()
	closed := c.listener.Close()
	timer := time.AfterFunc(drainPatience, func() {
		a.opts.Log.Warn("the run took too long to end and is aborted")
		abort()
	})
	defer timer.Stop()
	<-worked // meanwhile the API answers still, and /readyz that it will not for long
	stopAPI()
	return errors.Join(group.Wait(), closed)
}

// servingNow says what the serve is that began at a time.
func (a *App) servingNow(since time.Time) Serving {
	a.mu.Lock()
	defer a.mu.Unlock()
	cfg := a.Config()
	return Serving{
		Version: a.opts.Version, PID: os.Getpid(), Since: since, Config: cfg.Digest, Configured: a.configured,
		Engine: startsRuns(cfg), Interval: Interval(cfg.Sync.Interval), LogLevel: a.opts.Log.GetLevel().String(),
		Certificate: a.certificateNow(),
	}
}

// startsRuns reports whether the engine is on for somebody (eng-1).
func startsRuns(cfg *config.Config) bool {
	return cfg.Sync.Engine && slices.ContainsFunc(cfg.Providers, func(p config.Provider) bool {
		return p.Engine && (p.RemoveOnStop || slices.ContainsFunc(p.Trainers, config.Trainer.Active))
	})
}

// answer does what another command asks for.
func (a *App) answer(ctx context.Context, serving Serving, req request, send func(reply)) reply {
	if req.Version != a.opts.Version {
		return reply{Error: fmt.Sprintf("the running gateway serve is version %s and this command is %s: restart serve", a.opts.Version, req.Version)}
	}
	switch req.Operation {
	case opPing:
		return reply{Pong: &serving}
	case opSync:
		return a.answerSync(ctx, req, send)
	case opImport:
		return a.answerImport(ctx, req)
	case opApprove:
		return a.answerApprove(ctx, req, send)
	case opWork:
		return a.answerWork(ctx, req, send)
	case opPause:
		return a.answerPause(ctx, req, send)
	case opRetry:
		return a.answerRetry(ctx, req, send)
	case opForget:
		return a.answerForget(ctx, req, send)
	case opVerified:
		return a.answerVerified(ctx, serving, req)
	case opReload:
		return a.answerReload(ctx, serving)
	case opLogLevel:
		return a.answerLogLevel(req)
	}
	return reply{Error: fmt.Sprintf("the running gateway serve does not know how to %s", req.Operation)}
}

func (a *App) answerSync(ctx context.Context, req request, send func(reply)) reply {
	state, err := a.own(ctx)
	if err != nil {
		return reply{Error: err.Error()}
	}
	trainers, err := a.pick(ctx, state, req.Filter)
	if err != nil {
		return reply{Error: otherConfiguration(err)}
	}
	send(reply{Event: "accepted"})
	run, err := a.run(ctx, CauseSync, trainers, Watcher{Trainer: func(t store.RunTrainer) { send(reply{Trainer: &t}) }})
	if err != nil && run.ID == "" {
		return reply{Error: err.Error()}
	}
	return reply{Run: &run}
}

func (a *App) answerImport(ctx context.Context, req request) reply {
	if req.Import == nil {
		return reply{Error: "the request to import holds nothing to import"}
	}
	result, err := a.store(ctx, *req.Import)
	if err != nil {
		return reply{Error: err.Error()}
	}
	return reply{Imported: &result}
}

func (a *App) answerApprove(ctx context.Context, req request, send func(reply)) reply {
	if req.Approved == nil {
		return reply{Error: "the request to approve names nothing to approve"}
	}
	send(reply{Event: "accepted"})
	run, err := a.approve(ctx, *req.Approved)
	if err != nil {
		return reply{Error: err.Error()}
	}
	return reply{Run: &run}
}

// Serving returns the running serve, nil when there is none.
func (a *App) Serving(ctx context.Context) *Serving {
	last, err := ask(ctx, a.paths, request{Version: a.opts.Version, Operation: opPing}, func(reply) {})
	if err != nil {
		return nil
	}
	return last.Pong
}

// Outdated reports whether the serve runs with another configuration than this one.
func (a *App) Outdated(s Serving) bool { return s.Config != a.Config().Digest }
