package reconcile

import "github.com/trainercal/trainercal/sdk/calendar"

// Guard limits what a plan may take off the platform only because a calendar was read
// without it (hold-1): an emptied mailbox, or a service that answers wrongly, looks
// like a trainer who deleted everything (A4). Such removals are held when there are
// more than both limits allow. What an item itself says, free or cancelled for
// example, is proven, and never held.
type Guard struct {
	// MaxRemovals is how many appointments may vanish at once; a series counts once.
	MaxRemovals int
	// MaxFraction is which part of what was pulled may vanish at once, 0 to 1.
	MaxFraction float64
}

// planVanished plans the remembered items that the read says are gone. Those held
// before stay held until they are approved or seen again, and count with the rest.
func (p *planner) planVanished(vanished, before []Mirror) {
	var held []Mirror
	for _, m := range before {
		if p.past(&m) {
			m.Held = false // history by now, whatever became of it (pull-7)
			p.plan.Notes = append(p.plan.Notes, m)
			continue
		}
		held = append(held, m)
	}
	hold := p.exceeds(vanished, held)
	for _, m := range vanished {
		if !hold {
			p.platform(OpRemove, ReasonVanished, m)
			continue
		}
		m.Held = true
		held = append(held, m)
		p.plan.Notes = append(p.plan.Notes, m)
	}
	p.plan.Held = held
}

// exceeds reports whether so many removals are beyond both of the guard's limits.
func (p *planner) exceeds(vanished, held []Mirror) bool {
	guard := p.in.Policy.Guard
	if guard == nil {
		return false
	}
	var current []Mirror
	for _, m := range p.in.Mirrors {
		if !p.past(&m) {
			current = append(current, m)
		}
	}
	n := countAppointments(vanished, held)
	return n > guard.MaxRemovals && float64(n) > guard.MaxFraction*float64(countAppointments(current))
}

// countAppointments counts mirrors, those of one series once.
func countAppointments(lists ...[]Mirror) int {
	seen := map[calendar.ItemID]bool{}
	for _, list := range lists {
		for _, m := range list {
			if m.SeriesID != "" {
				seen[m.SeriesID] = true
			} else {
				seen[m.ItemID] = true
			}
		}
	}
	return len(seen)
}
