package app

import (
	"context"
	"fmt"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/availability"
	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// Availability says what a trainer's time is now, and how far that is known (avail-1).
type Availability struct {
	Now availability.State
	// Reason says why nothing new is known of the calendar; empty when it is known.
	Reason availability.Reason
	// StaleSince is the last complete read, when that is too long ago; else zero.
	StaleSince time.Time
	// Until is how far ahead the calendar is known; zero when it is not.
	Until time.Time
}

// KnownTime returns what is known of a trainer's time: courses, and unavailability of both
// origins, also what was read long ago.
func (a *App) KnownTime(ctx context.Context, id platform.TrainerID) (availability.Known, error) {
	state, err := a.read(ctx)
	if err != nil {
		return availability.Known{}, err
	}
	p, t := a.mapping(id)
	if t == nil {
		return availability.Known{}, fmt.Errorf("trainer %s is not in the configuration: %w", id, store.ErrNotFound)
	}
	courses, err := state.Courses(ctx, p.Name)
	if err != nil {
		return availability.Known{}, fmt.Errorf("read the courses of %s: %w", p.Name, err)
	}
	memory, err := state.Trainer(ctx, id)
	if err != nil {
		return availability.Known{}, fmt.Errorf("read what is known of %s: %w", id, err)
	}
	return a.knownTime(ctx, state, *p, *t, memory, courses)
}

func (a *App) knownTime(ctx context.Context, state store.Platform, p config.Provider, t config.Trainer, m store.Trainer, courses []store.CourseRecord) (availability.Known, error) {
	k := availability.Known{
		Reads: t.Pull(), Read: m.Read.At, Covered: m.Read.Covered, StaleAfter: staleAfter * a.interval(t.ID),
	}
	for _, c := range courses {
		k.Blocks = append(k.Blocks, courseBlocks(p, t, c.Course)...)
	}
	for _, mirror := range m.Mirrors {
		k.Blocks = append(k.Blocks, blockOf(mirror.When, t.TimeZone))
	}
	unavailable, err := state.Unavailability(ctx, t.ID)
	if err != nil {
		return k, fmt.Errorf("read the unavailability of %s: %w", t.ID, err)
	}
	for _, u := range unavailable {
		k.Blocks = append(k.Blocks, blockOf(u.When, t.TimeZone))
	}
	return k, nil
}

// courseBlocks are the times of a course that the trainer gives, as they are in the
// calendar; none of one that is cancelled.
func courseBlocks(p config.Provider, t config.Trainer, c platform.Course) []calendar.Window {
	given := false
	for _, part := range c.Trainers {
		given = given || part.ID == t.ID.Label
	}
	switch {
	case !given || c.Status == platform.StatusCancelled:
		return nil
	case !p.Push.Split || len(c.Sessions) == 0:
		return []calendar.Window{{Start: c.Start, End: c.End}}
	}
	var blocks []calendar.Window
	for _, s := range c.Sessions {
		blocks = append(blocks, calendar.Window{Start: s.Start, End: s.End})
	}
	return blocks
}

func blockOf(w calendar.When, zone *time.Location) calendar.Window {
	start, end := w.Span(zone)
	return calendar.Window{Start: start, End: end}
}

// availabilityOf is the answer for now.
func (a *App) availabilityOf(k availability.Known) Availability {
	now := a.opts.Now()
	state, why := k.Over(now, calendar.Window{Start: now, End: now})
	out := Availability{Now: state, Reason: why}
	doubt, since := k.Doubt(now)
	if doubt == "" {
		out.Until = k.Covered.End
		return out
	}
	out.Reason, out.StaleSince = doubt, since
	return out
}
