package runner

import (
	"context"
	"fmt"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
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

// wanted is everything that should be in the trainer's calendar: courses (push-1)
// and the platform's unavailability (push-6).
func (r *Runner) wanted(ctx context.Context, t Target, s schedule) ([]reconcile.Wanted, error) {
	var all []reconcile.Wanted
	now := r.Now()
	for _, a := range s[t.ID.Label] {
		all = append(all, reconcile.Wanted{
			Key:         platform.CourseKey(t.ID, a.course.ID),
			Revision:    a.course.Revision,
			Appointment: platform.RenderCourse(a.course.Course, a.part, platform.RenderOptions{CancelledShowAs: t.CancelledShowAs}),
			Ended:       !a.course.End.After(now),
		})
	}
	blocks, err := r.Memory.Unavailability(ctx, t.ID)
	if err != nil {
		return nil, fmt.Errorf("load the unavailability of %s: %w", t.ID, err)
	}
	for _, u := range blocks {
		_, end := u.When.Span(t.Zone)
		all = append(all, reconcile.Wanted{
			Key:         platform.UnavailabilityKey(t.ID, u.ID),
			Revision:    u.Revision,
			Appointment: platform.RenderUnavailability(u.Unavailability, t.Zone),
			Ended:       !end.After(now),
		})
	}
	return all, nil
}
