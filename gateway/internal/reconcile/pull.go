package reconcile

import (
	"cmp"
	"slices"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// pull plans the platform's picture of the trainer's own calendar.
func (p *planner) pull() {
	var appeared, vanished, held []Mirror
	for i := range p.known {
		if s := &p.known[i]; s.item != nil && p.pullItem(s) {
			appeared = append(appeared, p.mirrorOf(s.item, nil))
		}
	}
	for i := range p.in.Mirrors {
		switch m := &p.in.Mirrors[i]; {
		case m.Held && p.of(m.ItemID).item == nil:
			held = append(held, *m)
		case !m.Held && p.vanished(m):
			vanished = append(vanished, *m)
		}
	}
	slices.SortFunc(appeared, func(a, b Mirror) int { return cmp.Compare(a.ItemID, b.ItemID) })
	appeared, vanished, held = p.pair(appeared, vanished, held)
	p.planAppeared(appeared)
	p.planVanished(vanished, held)
}

// withdraw plans the removal of what was pulled before that was switched off (map-2).
// What is over stays as history.
func (p *planner) withdraw() {
	for _, m := range p.in.Mirrors {
		if _, end := m.When.Span(p.in.Policy.Zone); end.After(p.in.Policy.Now) {
			p.platform(OpRemove, ReasonStopped, m)
		}
	}
}

// pullItem plans one item that is there. It reports an item that blocks time and that
// no mirror is of.
func (p *planner) pullItem(s *sighting) (appeared bool) {
	item, mirror := s.item, s.mirror
	reason := p.blocks(item)
	if s.own {
		reason = ReasonOwn
	}
	switch {
	case reason == ReasonOutsideWindow && mirror != nil && p.past(mirror):
		p.skip(reason, "", item.ID) // it slid out, and is history (pull-7)
	case reason != "" && mirror != nil:
		p.platform(OpRemove, reason, *mirror)
	case reason != "":
		p.skip(reason, "", item.ID)
	case mirror == nil:
		return true
	default:
		p.pullChanged(p.mirrorOf(item, mirror), mirror)
	}
	return false
}

func (p *planner) pullChanged(next Mirror, last *Mirror) {
	switch {
	case !next.sameBlock(last):
		p.platform(OpUpdate, ReasonChanged, next)
	case next.Version != last.Version || next.SeriesID != last.SeriesID || next.Detail != last.Detail || last.Held:
		p.plan.Notes = append(p.plan.Notes, next)
	default:
		p.skip(ReasonInSync, "", next.ItemID)
	}
}

// vanished reports whether the read says that a remembered item is gone. Outside the
// covered time it is left as history (pull-7, F3).
func (p *planner) vanished(m *Mirror) bool {
	return p.absent(p.of(m.ItemID), m.SeriesID, m.When) && !p.past(m)
}

// past reports whether the mirrored time lies wholly before the window: it slid out,
// and is history whatever the calendar says of it.
func (p *planner) past(m *Mirror) bool {
	_, end := m.When.Span(p.in.Policy.Zone)
	return !end.After(p.in.Policy.Window.Start)
}

// blocks returns why an item of the trainer's own does not block time; empty when
// it does.
func (v *view) blocks(item *calendar.Item) Reason {
	start, end := item.When.Span(v.in.Policy.Zone)
	switch {
	case item.Cancelled:
		return ReasonCancelled
	case item.Declined:
		return ReasonDeclined
	case item.ShowAs == calendar.ShowAsFree:
		return ReasonFree
	case !slices.Contains(v.in.Policy.ShowAs, item.ShowAs):
		return ReasonNotBlocking
	case !v.in.Policy.Window.Overlaps(start, end):
		return ReasonOutsideWindow
	}
	return ""
}

// mirrorOf is the unavailability that an item becomes. Where the item's text was
// not fetched because its version is known, the known description stays.
func (p *planner) mirrorOf(item *calendar.Item, last *Mirror) Mirror {
	m := Mirror{
		ItemID: item.ID, SeriesID: item.SeriesID, Version: item.Version, Detail: p.in.Policy.Detail,
		When: item.When, ShowAs: item.ShowAs, Private: item.Sensitivity.Private(),
	}
	if last != nil {
		m.ID = last.ID
		if item.Incomplete && !m.Private && last.Version == item.Version && last.Detail == m.Detail {
			m.Description = last.Description
			return m
		}
	}
	m.Description = describe(item, p.in.Policy.Detail)
	return m
}

// sameBlock reports whether the platform shows the same for both.
func (m *Mirror) sameBlock(o *Mirror) bool {
	return m.Description == o.Description && m.When.SameTime(o.When) && m.ShowAs == o.ShowAs && m.Private == o.Private
}

func (p *planner) platform(op Op, reason Reason, m Mirror) {
	p.plan.Platform = append(p.plan.Platform, PlatformStep{Op: op, Reason: reason, Mirror: m})
}
