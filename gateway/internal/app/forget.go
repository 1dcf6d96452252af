package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

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

// Known returns the trainer to forget that a name means, of those in the configuration
// and those of whom the state holds something. One whose mapping is active is refused
// with [ErrActive].
func (a *App) Known(ctx context.Context, name string) (platform.TrainerID, error) {
	state, err := a.read(ctx)
	if err != nil {
		return platform.TrainerID{}, err
	}
	id, err := a.resolve(ctx, state, name)
	if err != nil {
		return id, err
	}
	return id, inactive(a.Config(), id)
}

// resolve is the trainer that a name means, of those that are declared and those of whom
// the state holds something.
func (a *App) resolve(ctx context.Context, state store.Store, name string) (platform.TrainerID, error) {
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
		mentioned, err := a.mentioned(ctx, state, id)
		if err != nil {
			return platform.TrainerID{}, err
		}
		if mentioned {
			return id, nil
		}
	}
	if err := checkNamed(name, all, "the configuration or the state"); err != nil {
		return platform.TrainerID{}, err
	}
	i := slices.IndexFunc(all, func(t platform.TrainerID) bool { return t.Label == name || t.String() == name })
	return all[i], nil
}

// mentioned reports whether a trainer of whose calendar nothing is remembered is on a
// course, or has unavailability that was made on the platform.
func (a *App) mentioned(ctx context.Context, state store.Store, id platform.TrainerID) (bool, error) {
	blocks, err := state.Unavailability(ctx, id)
	if err != nil || len(blocks) > 0 {
		return err == nil, err
	}
	courses, err := coursesOf(ctx, state, id)
	return len(courses) > 0, err
}

// coursesOf are the ids of courses that name a trainer.
func coursesOf(ctx context.Context, state store.Platform, id platform.TrainerID) ([]string, error) {
	courses, err := state.Courses(ctx, id.Provider)
	if err != nil {
		return nil, fmt.Errorf("look for courses of %s: %w", id, err)
	}
	var ids []string
	for _, c := range courses {
		if slices.ContainsFunc(c.Trainers, func(t platform.CourseTrainer) bool { return t.ID == id.Label }) {
			ids = append(ids, c.ID)
		}
	}
	return ids, nil
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
	err := a.leased(ctx, "gateway forget", []platform.TrainerID{id}, false, func(ctx context.Context, _ func(platform.TrainerID, time.Time)) (err error) {
		out, err = a.erase(ctx, id)
		return err
	})
	return out, err
}

// erase erases what is known of a trainer on whom nobody works.
func (a *App) erase(ctx context.Context, id platform.TrainerID) (Forgotten, error) {
	out := Forgotten{Trainer: id}
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
	out.Courses, err = coursesOf(ctx, state, id)
	return out, err
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
