package reconcile

import (
	"cmp"
	"slices"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// Comparison is an input put in order once, for what is to be asked and then for what is
// to be done.
type Comparison struct{ view *view }

// Compare puts an input in order. The input is not to be changed while the comparison
// is used.
func Compare(in Input) *Comparison {
	if !in.Read.Complete {
		return &Comparison{} // nothing follows from it (A1, A2)
	}
	return &Comparison{newView(in)}
}

// Questions are those of the function of that name.
func (c *Comparison) Questions() []calendar.ItemID {
	if c.view == nil {
		return nil
	}
	return c.view.questions()
}

// Answer takes the answers, as Read.Got would have them.
func (c *Comparison) Answer(got map[calendar.ItemID]*calendar.Item) {
	if c.view != nil {
		c.view.answer(got)
	}
}

// Plan returns what is to be done. It uses the comparison up.
func (c *Comparison) Plan() Plan {
	if c.view == nil {
		return Plan{}
	}
	return (&planner{view: c.view}).make()
}

// Make returns what is to be done. A read that did not complete yields an empty
// plan: nothing is removed or added on its strength (A1, A2).
func Make(in Input) Plan { return Compare(in).Plan() }

// planner collects the steps of one plan.
type planner struct {
	*view
	plan Plan
}

func (p *planner) make() Plan {
	p.plan.Skipped = make([]Skip, 0, len(p.known))
	p.claimMarked()
	things := p.sortedThings()
	switch {
	case p.in.Policy.Push:
		p.push(things)
	case p.in.Policy.Stopped.RemovePushed:
		p.retract(things)
	default:
		p.forgetUnfound(things)
	}
	switch {
	case p.in.Policy.Pull:
		p.pull()
	case p.in.Policy.Stopped.RemovePulled:
		p.withdraw()
	}
	p.sort()
	return p.plan
}

// push plans our own items: every wanted thing, and what is remembered and no longer
// wanted.
func (p *planner) push(things []*thing) {
	for _, t := range things {
		if t.wanted != nil {
			p.pushWanted(t)
		} else if t.link != nil {
			p.pushUnwanted(*t.link)
		}
	}
}

// sort puts steps into an order that does not depend on that of the input. What is
// skipped is only counted and looked up, and is nearly everything of most plans.
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
