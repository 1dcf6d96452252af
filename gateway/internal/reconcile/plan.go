package reconcile

import (
	"cmp"
	"maps"
	"slices"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// planner collects the steps of one plan.
type planner struct {
	*view
	plan Plan
	// ownItems are the items that are ours, or duplicates of ours: never pulled.
	ownItems map[calendar.ItemID]bool
}

// Make returns what is to be done. A read that did not complete yields an empty
// plan: nothing is removed or added on its strength (A1, A2).
func Make(in Input) Plan {
	if !in.Read.Complete {
		return Plan{}
	}
	p := &planner{view: newView(in), ownItems: make(map[calendar.ItemID]bool, len(in.Links))}
	p.plan.Skipped = make([]Skip, 0, len(p.items)+len(in.Wanted))
	for _, l := range in.Links {
		if l.ItemID != "" {
			p.ownItems[l.ItemID] = true
		}
	}
	p.claimMarked()
	switch {
	case in.Policy.Push:
		p.push()
	case in.Policy.Stopped.RemovePushed:
		p.retract()
	default:
		p.forgetUnfound()
	}
	switch {
	case in.Policy.Pull:
		p.pull()
	case in.Policy.Stopped.RemovePulled:
		p.withdraw()
	}
	p.sort()
	return p.plan
}

// push plans our own items: every wanted thing, then what is remembered and no
// longer wanted.
func (p *planner) push() {
	for _, key := range slices.Sorted(maps.Keys(p.wanted)) {
		p.pushWanted(p.wanted[key])
	}
	for _, key := range slices.Sorted(maps.Keys(p.links)) {
		if _, wanted := p.wanted[key]; !wanted {
			p.pushUnwanted(p.links[key])
		}
	}
}

// sort puts steps into an order that does not depend on maps. What is skipped is in such
// an order already, and is nearly everything of most plans.
func (p *planner) sort() {
	slices.SortFunc(p.plan.Calendar, func(a, b CalendarStep) int {
		return cmp.Or(cmp.Compare(a.Op, b.Op), cmp.Compare(a.Link.Key, b.Link.Key), cmp.Compare(a.Link.ItemID, b.Link.ItemID))
	})
	slices.SortFunc(p.plan.Platform, func(a, b PlatformStep) int {
		return cmp.Or(cmp.Compare(a.Op, b.Op), cmp.Compare(a.Mirror.ID, b.Mirror.ID))
	})
	slices.SortFunc(p.plan.Links, func(a, b LinkStep) int { return cmp.Compare(a.Link.Key, b.Link.Key) })
	slices.SortFunc(p.plan.Notes, func(a, b Mirror) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(p.plan.Held, func(a, b Mirror) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(p.plan.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.ItemID, b.ItemID))
	})
}

// Empty reports whether the plan writes nothing, neither to the calendar nor to the
// platform.
func (p Plan) Empty() bool { return len(p.Calendar) == 0 && len(p.Platform) == 0 }
