package runner

import (
	"slices"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

// outcome is the record of what a pass did for the trainer.
func (b *box) outcome(r *Runner) store.RunTrainer {
	err := b.trouble()
	out := store.RunTrainer{
		Trainer: b.target.ID, State: store.RunOK, Failing: b.failing(r, err),
		Skipped: map[reconcile.Reason]int{}, Pilot: b.target.Pilot,
	}
	if owed := b.owed(); err == nil && len(owed) > 0 {
		out.Failing = b.failingItems(owed)
	}
	if out.Failing != nil {
		out.State = store.RunFailed
	}
	out.Held = heldSteps(b.held(), b.target.Zone)
	if !b.read.Complete {
		return out
	}
	for i, s := range b.plan.Calendar {
		d := b.done[i]
		if d.sent || b.target.Pilot {
			out.Steps = append(out.Steps, b.pushStep(s, d))
		}
		if d.sent {
			count(&out.Counts, s.Op, d.err)
		}
	}
	for _, s := range b.plan.Platform {
		out.Steps = append(out.Steps, PullStep(s, b.target.Zone))
		if !b.target.Pilot {
			countPull(&out.Counts, s.Op)
		}
	}
	out.Counts.Missed = b.missed()
	for _, s := range b.plan.Skipped {
		out.Skipped[s.Reason]++
	}
	return out
}

func (b *box) pushStep(s reconcile.CalendarStep, d stepResult) store.RunStep {
	step := PushStep(s, b.target.Zone)
	if d.err != nil {
		step.Failed = string(d.err.Code)
	}
	return step
}

// PushStep is a step of a plan into a calendar, as it is told; zone is the trainer's, in
// which whole days are.
func PushStep(s reconcile.CalendarStep, zone *time.Location) store.RunStep {
	start, end := s.Link.Rendered.When.Span(zone)
	return store.RunStep{Direction: store.Push, Op: s.Op, Reason: s.Reason, Item: s.Link.Key, Start: start, End: end}
}

// PullStep is one onto the platform.
func PullStep(s reconcile.PlatformStep, zone *time.Location) store.RunStep {
	start, end := s.Mirror.When.Span(zone)
	return store.RunStep{Direction: store.Pull, Op: s.Op, Reason: s.Reason, Item: s.Mirror.ID, Start: start, End: end}
}

// HeldStep is the removal of a mirror that waits for approval (hold-1).
func HeldStep(m reconcile.Mirror, zone *time.Location) store.RunStep {
	return PullStep(reconcile.PlatformStep{Op: reconcile.OpRemove, Reason: reconcile.ReasonVanished, Mirror: m}, zone)
}

// held are the mirrors whose removal waits for approval, as far as known.
func (b *box) held() []reconcile.Mirror {
	if planned := b.done != nil; planned && b.target.Pull {
		return b.plan.Held
	}
	dropped := map[string]bool{}
	for _, s := range b.plan.Platform {
		dropped[s.Mirror.ID] = s.Op == reconcile.OpRemove
	}
	return slices.DeleteFunc(slices.Clone(b.memory.Mirrors), func(m reconcile.Mirror) bool { return dropped[m.ID] })
}

// heldSteps are the removals that wait for approval, of those mirrors that are held.
func heldSteps(mirrors []reconcile.Mirror, zone *time.Location) []store.RunStep {
	var held []store.RunStep
	for _, m := range mirrors {
		if m.Held {
			held = append(held, HeldStep(m, zone))
		}
	}
	return held
}

// count counts a calendar write that succeeded.
func count(c *store.Counts, op reconcile.Op, err *sdk.Error) {
	if err != nil {
		return
	}
	switch op {
	case reconcile.OpCreate:
		c.PushCreated++
	case reconcile.OpUpdate:
		c.PushUpdated++
	case reconcile.OpRemove:
		c.PushRemoved++
	}
}

func countPull(c *store.Counts, op reconcile.Op) {
	switch op {
	case reconcile.OpCreate:
		c.PullCreated++
	case reconcile.OpUpdate:
		c.PullUpdated++
	case reconcile.OpRemove:
		c.PullRemoved++
	}
}
