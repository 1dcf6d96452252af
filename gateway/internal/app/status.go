package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
	"github.com/trainercal/trainercal/gateway/internal/telemetry"
)

// Health says how a trainer's calendar stands.
type Health string

// The healths of a trainer. Unknown is never shown as good.
const (
	InSync  Health = "in_sync"
	Stale   Health = "stale"   // in sync once, not proven for several intervals
	Failing Health = "failing" // the last run did not get through
	Unknown Health = "unknown" // never proven
	Held    Health = "held"    // in sync but for removals that wait for approval
	Off     Health = "off"     // calendar off, or direction none
	Paused  Health = "paused"  // an operator stopped it
	Pilot   Health = "pilot"   // read and planned, and nothing is written
)

// staleAfter is how many intervals may pass without proof.
const staleAfter = 3

// TrainerStatus is what is known of one trainer.
type TrainerStatus struct {
	Trainer platform.TrainerID
	Service string
	Health  Health
	// Proven is when the calendar was last proven in sync; zero for never.
	Proven  time.Time
	Failing *store.Failing
	// Pushed and Pulled count our items in the calendar, and the trainer's own that
	// block time on the platform.
	Pushed, Pulled int
	// Held counts those of Pulled whose removal waits for approval.
	Held int
	// Availability is whether the trainer's time is known, and what it is now.
	Availability Availability
	// Owed is what could not be brought into the calendar and is tried again later.
	Owed []store.Owed
	// Paused says who is left alone, and why.
	Paused *store.Pause
	// Conflicts are courses that overlap something else of the trainer's (conflict-1).
	Conflicts []store.Conflict
	// Left are items in calendars that the trainer no longer has (map-5).
	Left []store.Leftover
}

// Status returns every trainer of the configuration.
func (a *App) Status(ctx context.Context) ([]TrainerStatus, error) {
	state, err := a.read(ctx)
	if err != nil {
		return nil, err
	}
	pauses, err := state.Pauses(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what is paused: %w", err)
	}
	var out []TrainerStatus
	for _, p := range a.Config().Providers {
		courses, err := state.Courses(ctx, p.Name)
		if err != nil {
			return nil, fmt.Errorf("read the courses of %s: %w", p.Name, err)
		}
		for _, t := range p.Trainers {
			memory, err := state.Trainer(ctx, t.ID)
			if err != nil {
				return nil, fmt.Errorf("read what is known of %s: %w", t.ID, err)
			}
			status := a.statusOf(t, memory, pauseOf(pauses, t))
			known, err := a.knownTime(ctx, state, p, t, memory, courses)
			if err != nil {
				return nil, err
			}
			status.Availability = a.availabilityOf(known)
			out = append(out, status)
		}
	}
	return out, nil
}

func (a *App) statusOf(t config.Trainer, m store.Trainer, paused *store.Pause) TrainerStatus {
	s := TrainerStatus{
		Trainer: t.ID, Service: t.Service, Proven: m.Proven, Failing: m.Failing, Pulled: len(m.Mirrors),
		Health: a.health(t, m), Paused: paused, Left: m.Left, Owed: m.Owed,
	}
	if t.Active() {
		s.Conflicts = m.Conflicts
	}
	if paused != nil && t.Active() {
		s.Health = Paused
	}
	s.Held = len(heldOf(m))
	for _, l := range m.Links {
		if l.State == reconcile.LinkWritten {
			s.Pushed++
		}
	}
	return s
}

func (a *App) health(t config.Trainer, m store.Trainer) Health {
	return a.healthOf(t, store.Standing{Failing: m.Failing != nil, Proven: m.Proven, Held: len(heldOf(m))})
}

func (a *App) healthOf(t config.Trainer, s store.Standing) Health {
	switch {
	case !t.Active():
		return Off
	case s.Failing:
		return Failing
	case a.pilot(t):
		return Pilot
	case s.Proven.IsZero():
		return Unknown
	case a.stale(t, s):
		return Stale
	case s.Held > 0:
		return Held
	}
	return InSync
}

// Runs returns the newest runs first.
func (a *App) Runs(ctx context.Context, limit int) ([]store.Run, error) {
	state, err := a.read(ctx)
	if err != nil {
		return nil, err
	}
	runs, err := state.Runs(ctx, limit)
	for i := range runs {
		a.tellInterrupted(&runs[i])
	}
	return runs, err
}

// tellInterrupted corrects a run whose process was killed: it is not running any more,
// also before the next owner of the state notes that.
func (a *App) tellInterrupted(run *store.Run) {
	if run.State != store.RunRunning {
		return
	}
	if owned, err := sqlite.Owned(a.Config().State.Path); err == nil && !owned {
		run.State, run.Message = store.RunAborted, "the gateway's process ended before the run did"
	}
}

// noRuns is store.ErrNotFound where there is no run at all.
type noRuns struct{}

func (noRuns) Error() string        { return "there is no run yet: gateway sync makes one" }
func (noRuns) Is(target error) bool { return target == store.ErrNotFound }

// Run returns one run whole; "last" names the newest.
func (a *App) Run(ctx context.Context, id string) (store.Run, error) {
	state, err := a.read(ctx)
	if err != nil {
		return store.Run{}, err
	}
	if id == "last" {
		runs, err := state.Runs(ctx, 1)
		if err != nil {
			return store.Run{}, err
		}
		if len(runs) == 0 {
			return store.Run{}, noRuns{}
		}
		id = runs[0].ID
	}
	run, err := state.Run(ctx, id)
	a.tellInterrupted(&run)
	if errors.Is(err, store.ErrNotFound) {
		return run, fmt.Errorf("no run %s; gateway runs lists them: %w", id, err)
	}
	return run, err
}

// Trace returns the spans of a run.
func (a *App) Trace(ctx context.Context, run store.Run) ([]telemetry.Span, error) {
	history, err := telemetry.OpenHistoryReadOnly(a.paths.history)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			err = telemetry.ErrNoTrace
		}
		return nil, noTrace(run, err)
	}
	defer history.Close() //nolint:errcheck // only read from
	spans, err := history.Trace(ctx, run.TraceID)
	return spans, noTrace(run, err)
}

func noTrace(run store.Run, err error) error {
	if errors.Is(err, telemetry.ErrNoTrace) {
		return fmt.Errorf("the trace of run %s is not in the history: traces are kept as long as telemetry { keep_runs } says: %w", run.ID, err)
	}
	return err
}

// CourseLabels returns the labels of courses by "provider/course/id", the id as it is
// in the keys of appointments, for showing what a key means.
func (a *App) CourseLabels(ctx context.Context) (map[string]string, error) {
	state, err := a.read(ctx)
	if err != nil {
		return nil, err
	}
	return a.courseLabels(ctx, state)
}

func (a *App) courseLabels(ctx context.Context, state store.Store) (map[string]string, error) {
	labels := map[string]string{}
	for _, p := range a.Config().Providers {
		courses, err := state.Courses(ctx, p.Name)
		if err != nil {
			return nil, fmt.Errorf("read the courses of %s: %w", p.Name, err)
		}
		for _, c := range courses {
			key := platform.CourseKey(platform.TrainerID{Provider: p.Name}, c.ID)
			labels[strings.Replace(key, "//", "/", 1)] = c.Label()
			for _, session := range c.Sessions {
				key := platform.SessionKey(platform.TrainerID{Provider: p.Name}, c.ID, session.ID)
				labels[strings.Replace(key, "//", "/", 1)] = c.Label()
			}
		}
	}
	return labels, nil
}
