package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/telemetry"
)

// Forgotten is what forgetting a trainer erased.
type Forgotten struct {
	store.Forgotten
	Trainer platform.TrainerID
	// Spans counts those of the traces that were the trainer's.
	Spans int
	// Courses are those, by id, that name the trainer still: they are the platform's.
	Courses []string
}

// ErrActive: the trainer's mapping is active.
var ErrActive = errors.New("the mapping is active")

// Known returns the trainer that a name means, of those in the configuration and those
// of which something is remembered, and how much that is.
func (a *App) Known(ctx context.Context, name string) (platform.TrainerID, error) {
	state, err := a.read(ctx)
	if err != nil {
		return platform.TrainerID{}, err
	}
	remembered, err := state.TrainerIDs(ctx)
	if err != nil {
		return platform.TrainerID{}, fmt.Errorf("read who is remembered: %w", err)
	}
	_, _, all := names(a.Config())
	for _, id := range remembered {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	if id, err := platform.ParseTrainerID(name); err == nil && !slices.Contains(all, id) {
		all = append(all, id) // a trainer on courses alone is remembered in the history
	}
	if err := (Filter{}).checkTrainer(name, all); err != nil {
		return platform.TrainerID{}, err
	}
	i := slices.IndexFunc(all, func(t platform.TrainerID) bool { return t.Label == name || t.String() == name })
	return all[i], inactive(a.Config(), all[i])
}

// inactive refuses a trainer whose calendar is still synchronised: the next run would
// read again what is erased.
func inactive(cfg *config.Config, id platform.TrainerID) error {
	for _, p := range cfg.Providers {
		for _, t := range p.Trainers {
			if t.ID == id && t.Active() {
				return fmt.Errorf("%w: the next run would read again what is erased of %s. Set calendar = false for the trainer, "+
					"or remove the block, and restart gateway serve first", ErrActive, id)
			}
		}
	}
	return nil
}

// Forget erases a trainer's text and history from the state and from the traces, here or
// in the running serve (forget-1). Calendars are left alone.
func (a *App) Forget(ctx context.Context, id platform.TrainerID) (Forgotten, error) {
	if err := inactive(a.Config(), id); err != nil {
		return Forgotten{}, err
	}
	out := Forgotten{Trainer: id}
	err := a.change(ctx, request{Operation: opForget, Forget: &id}, Watcher{},
		func() (err error) {
			out, err = a.forget(ctx, id)
			return err
		},
		func(r reply) { out = *r.Forgotten })
	return out, err
}

func (a *App) forget(ctx context.Context, id platform.TrainerID) (Forgotten, error) {
	out := Forgotten{Trainer: id}
	if err := inactive(a.Config(), id); err != nil {
		return out, err
	}
	a.runs.Lock()
	defer a.runs.Unlock()
	state, err := a.own(ctx)
	if err != nil {
		return out, err
	}
	if out.Forgotten, err = state.Forget(ctx, id); err != nil {
		return out, err
	}
	if out.Spans, err = telemetry.Forget(ctx, a.paths.history, id.String()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return out, fmt.Errorf("the state forgot %s, the traces did not: %w", id, err)
	}
	courses, err := state.Courses(ctx, id.Provider)
	if err != nil {
		return out, fmt.Errorf("look for courses of %s: %w", id, err)
	}
	for _, c := range courses {
		if slices.ContainsFunc(c.Trainers, func(t platform.CourseTrainer) bool { return t.ID == id.Label }) {
			out.Courses = append(out.Courses, c.ID)
		}
	}
	return out, nil
}

func (a *App) answerForget(ctx context.Context, req request, send func(reply)) reply {
	if req.Forget == nil {
		return reply{Error: "the request names nobody to forget"}
	}
	send(reply{Event: "accepted"})
	out, err := a.forget(ctx, *req.Forget)
	if err != nil {
		return reply{Error: otherConfiguration(err)}
	}
	return reply{Forgotten: &out}
}
