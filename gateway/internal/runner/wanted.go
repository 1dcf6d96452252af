package runner

import (
	"context"
	"fmt"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// schedule is a provider's courses, by trainer.
type schedule map[string][]assignment

type assignment struct {
	course store.CourseRecord
	part   platform.CourseTrainer
}

// loadSchedule reads a provider's courses once for a whole batch.
func (r *Runner) loadSchedule(ctx context.Context, provider string) (schedule, error) {
	courses, err := r.Memory.Courses(ctx, provider)
	if err != nil {
		return nil, fmt.Errorf("load the courses of %s: %w", provider, err)
	}
	s := schedule{}
	for _, c := range courses {
		for _, t := range c.Trainers {
			s[t.ID] = append(s[t.ID], assignment{course: c, part: t})
		}
	}
	return s, nil
}

// want fills in everything that should be in the trainer's calendar: courses (push-1)
// and the platform's unavailability (push-6). Where a text cannot be made, the rest is
// wanted all the same.
func (p *pass) want(ctx context.Context, b *box, s schedule) error {
	now := p.Now()
	b.unrendered = map[string]error{}
	linked := map[string]bool{}
	for _, l := range b.memory.Links {
		linked[l.Key] = true
	}
	for _, a := range s[b.target.ID.Label] {
		b.wantCourse(a, linked, now)
	}
	blocks, err := p.Memory.Unavailability(ctx, b.target.ID)
	if err != nil {
		return fmt.Errorf("load the unavailability of %s: %w", b.target.ID, err)
	}
	for _, u := range blocks {
		_, end := u.When.Span(b.target.Zone)
		a, err := platform.RenderUnavailability(u.Unavailability, b.target.Zone, b.target.Render)
		b.add(platform.UnavailabilityKey(b.target.ID, u.ID), u.Revision, a, err, !end.After(now))
	}
	return nil
}

// wantCourse wants a course as one appointment, or one for each session (push-2). What
// has been written of a course that is over stays in the form in which it was written
// (push-14), whatever the configuration says by now.
func (b *box) wantCourse(a assignment, linked map[string]bool, now time.Time) {
	split := b.target.Split && len(a.course.Sessions) > 0
	over := !lastEnd(a.course.Course).After(now)
	whole := platform.CourseKey(b.target.ID, a.course.ID)
	if !split || (over && linked[whole]) {
		appointment, err := platform.RenderCourse(a.course.Course, a.part, b.target.Render)
		b.add(whole, a.course.Revision, appointment, err, over)
	}
	for _, s := range a.course.Sessions {
		key := platform.SessionKey(b.target.ID, a.course.ID, s.ID)
		if split || (over && linked[key]) {
			appointment, err := platform.RenderSession(a.course.Course, s, a.part, b.target.Render)
			b.add(key, a.course.Revision, appointment, err, over)
		}
	}
}

// lastEnd is when the course and all its sessions are over.
func lastEnd(c platform.Course) time.Time {
	end := c.End
	for _, s := range c.Sessions {
		if s.End.After(end) {
			end = s.End
		}
	}
	return end
}

func (b *box) add(key string, revision int64, a calendar.Appointment, err error, over bool) {
	if err != nil {
		b.unrendered[key] = err
	}
	b.wanted = append(b.wanted, reconcile.Wanted{Key: key, Revision: revision, Appointment: a, Ended: over, Unrendered: err != nil})
}
