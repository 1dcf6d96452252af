package runner

import (
	"fmt"
	"slices"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// Shown is what operators saw of plans and agreed to, by trainer: the names of steps.
// What has appeared since is left for the next time. Nil is everything.
type Shown map[platform.TrainerID][]string

// ShownOf is what plans show.
func ShownOf(plans []TrainerPlan) Shown {
	shown := Shown{}
	for _, p := range plans {
		names := []string{}
		for _, s := range p.Plan.Calendar {
			names = append(names, shownStep(s))
		}
		for _, s := range p.Plan.Platform {
			names = append(names, shownRemoval(s))
		}
		shown[p.Trainer] = names
	}
	return shown
}

// shownStep names a step by what it is done to: an item, or for one that is to be made
// what it stands for.
func shownStep(s reconcile.CalendarStep) string {
	if s.Op == reconcile.OpCreate {
		return string(s.Op) + " " + s.Link.Key
	}
	return string(s.Op) + " " + string(s.Link.ItemID)
}

func shownRemoval(s reconcile.PlatformStep) string {
	return string(s.Op) + " unavailability " + s.Mirror.ID
}

// agreed takes those of a trainer's calendar steps out that nobody was shown.
func (p *pass) agreed(b *box, steps []reconcile.CalendarStep) []reconcile.CalendarStep {
	if p.job.Shown == nil {
		return steps
	}
	return slices.DeleteFunc(steps, func(s reconcile.CalendarStep) bool {
		return p.unshown(b, shownStep(s), reconcile.Skip{Reason: reconcile.ReasonNotShown, Key: s.Link.Key, ItemID: s.Link.ItemID})
	})
}

// agreedPlan takes out of a plan what nobody was shown: what it does to the calendar, and
// what it takes off the platform. What appeared in the calendar is pulled all the same,
// so that nobody looks free.
func (p *pass) agreedPlan(b *box, plan reconcile.Plan) reconcile.Plan {
	if p.job.Shown == nil {
		return plan
	}
	plan.Calendar = p.agreed(b, plan.Calendar)
	kept := map[calendar.ItemID]bool{}
	for _, s := range plan.Calendar {
		kept[s.Link.ItemID] = true
	}
	plan.Platform = slices.DeleteFunc(plan.Platform, func(s reconcile.PlatformStep) bool {
		switch {
		case s.Op != reconcile.OpRemove:
			return false
		case s.Reason == reconcile.ReasonTakenOver: // it goes with the appointment
			return !kept[s.Mirror.ItemID]
		}
		return p.unshown(b, shownRemoval(s), reconcile.Skip{Reason: reconcile.ReasonNotShown, ItemID: s.Mirror.ItemID})
	})
	plan.Skipped = append(plan.Skipped, b.unshown...)
	return plan
}

// unshown reports whether nobody was shown what has this name, and notes that.
func (p *pass) unshown(b *box, name string, as reconcile.Skip) bool {
	if slices.Contains(p.job.Shown[b.target.ID], name) {
		return false
	}
	if !slices.Contains(b.unshown, as) {
		b.unshown = append(b.unshown, as)
	}
	return true
}

// tellUnshown says in the run that something was left out.
func (p *pass) tellUnshown(b *box) {
	if n := len(b.unshown); n > 0 {
		p.record.event(fmt.Sprintf("%s: what appeared after the plan was shown is left for the next time (%d)", b.target.ID, n))
	}
}
