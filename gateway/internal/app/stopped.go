package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// pick returns the active trainers that a filter names, and those that were switched off
// and from whose calendars something is still to be taken (map-2).
func (a *App) pick(ctx context.Context, state store.Trainers, f Filter) ([]config.Trainer, error) {
	active, err := f.Pick(a.Config())
	if err != nil && !errors.Is(err, ErrNothingToDo) {
		return nil, err
	}
	stopped, stopErr := a.stopped(ctx, state, f)
	if stopErr != nil {
		return nil, stopErr
	}
	if len(stopped) > 0 {
		err = nil
	}
	return append(active, stopped...), err
}

// stopped returns the trainers whose mapping is switched off or gone while on_stop says
// that what was written is to be removed, as far as there is something. Each is mapped to
// the calendar that it was written to.
func (a *App) stopped(ctx context.Context, state store.Trainers, f Filter) ([]config.Trainer, error) {
	if !a.removes() {
		return nil, nil
	}
	known, err := state.TrainerIDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("read of whom something is remembered: %w", err)
	}
	var out []config.Trainer
	for _, id := range known {
		p, t := a.mapping(id)
		if p == nil || !p.RemoveOnStop || (f.Automatic && !p.Engine) || (t != nil && t.Active()) {
			continue
		}
		memory, err := state.Trainer(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("read what is known of %s: %w", id, err)
		}
		if last, ok := lastMapping(*p, t, memory); ok && f.matches(last) && a.owesRemoval(memory, last.TimeZone) {
			out = append(out, last)
		}
	}
	return out, nil
}

// removes reports whether a provider's on_stop says remove.
func (a *App) removes() bool {
	return slices.ContainsFunc(a.Config().Providers, func(p config.Provider) bool { return p.RemoveOnStop })
}

// mapping finds a trainer's provider and its declaration; nil where there is none.
func (a *App) mapping(id platform.TrainerID) (*config.Provider, *config.Trainer) {
	cfg := a.Config() // a reload may bring one with fewer providers meanwhile
	for i := range cfg.Providers {
		p := &cfg.Providers[i]
		if p.Name != id.Provider {
			continue
		}
		for n := range p.Trainers {
			if p.Trainers[n].ID == id {
				return p, &p.Trainers[n]
			}
		}
		return p, nil
	}
	return nil, nil
}

// lastMapping maps a trainer who is switched off to the calendar that is remembered.
func lastMapping(p config.Provider, t *config.Trainer, m store.Trainer) (config.Trainer, bool) {
	provider, service, ok := strings.Cut(m.Place.Account, "/")
	if !ok || provider != p.Name {
		return config.Trainer{}, false
	}
	last := config.Trainer{ID: m.ID, Email: m.Place.Mailbox.Address, Service: service, TimeZone: p.TimeZone, Direction: config.None}
	if zone, err := platform.LoadZone(m.Place.Mailbox.TimeZone); err == nil {
		last.TimeZone = zone
	}
	if t != nil {
		last.Name = t.Name
	}
	return last, true
}

// owesRemoval reports whether something that was written is not over yet.
func (a *App) owesRemoval(m store.Trainer, zone *time.Location) bool {
	now := a.opts.Now()
	for _, l := range m.Links {
		if _, end := l.Rendered.When.Span(zone); end.After(now) {
			return true
		}
	}
	for _, mirror := range m.Mirrors {
		if _, end := mirror.When.Span(zone); end.After(now) {
			return true
		}
	}
	return false
}

// withoutDone leaves out those who were switched off and have nothing left.
func (a *App) withoutDone(ctx context.Context, state store.Trainers, trainers []config.Trainer) []config.Trainer {
	return slices.DeleteFunc(slices.Clone(trainers), func(t config.Trainer) bool {
		if t.Active() {
			return false
		}
		m, err := state.Trainer(ctx, t.ID)
		return err == nil && !a.owesRemoval(m, t.TimeZone)
	})
}
