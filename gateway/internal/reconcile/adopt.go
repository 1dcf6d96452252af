package reconcile

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// What a former integration wrote (move-1).
const (
	// ReasonTakenOver: an operator made it ours, or had it removed.
	ReasonTakenOver Reason = "taken_over"
	// ReasonLookalike: it has the title and the time of something that is scheduled,
	// and nobody's marker.
	ReasonLookalike Reason = "lookalike"
	// ReasonSecond: one of ours is there already for the same thing.
	ReasonSecond Reason = "second"
)

// Former says what a former integration's items look like. The zero value matches
// nothing.
type Former struct {
	// Titles returns the titles under which it wrote a wanted thing.
	Titles func(Wanted) []string
	// Remove: what is found goes, instead of becoming ours.
	Remove bool
}

// lookalike is an item that a former integration wrote for a wanted thing.
type lookalike struct {
	wanted Wanted
	item   *calendar.Item
}

// Adopt returns the plan that takes over a former integration's items: single items
// without anybody's marker that have just the title and the times of a wanted thing. It
// needs a complete read and a search for all markers, and touches nothing else. An item
// beside one of ours is reported, and goes only with Remove.
func Adopt(in Input, former Former) Plan {
	if !in.Read.Complete || !in.Read.FoundAll || former.Titles == nil {
		return Plan{}
	}
	p := adopter{planner: &planner{view: newView(in)}, former: former, seconds: map[calendar.ItemID]bool{}}
	for _, l := range p.lookalikes(former.Titles) {
		p.take(l)
	}
	for id := range p.seconds {
		if !p.of(id).own {
			p.find(ReasonSecond, id)
		}
	}
	p.sort()
	return p.plan
}

type adopter struct {
	*planner
	former Former
	// seconds are items beside one of ours, unless they are taken for something else.
	seconds map[calendar.ItemID]bool
}

// take plans one item. One that stands for two things of the same title and time is
// taken for the first.
func (a adopter) take(l lookalike) {
	if a.of(l.item.ID).own {
		return
	}
	link := a.link(l.wanted.Key)
	step := CalendarStep{Reason: ReasonTakenOver, Link: Link{
		Key: l.wanted.Key, ItemID: l.item.ID, Version: l.item.Version, Rendered: l.item.Appointment, State: LinkWritten,
	}}
	switch {
	case !a.in.Policy.Push:
		a.skip(ReasonDirection, l.wanted.Key, l.item.ID)
		return
	case a.former.Remove:
		step.Op, step.Duplicate = OpRemove, true
	case link != nil && link.ItemID != "" || a.marked(l.wanted.Key):
		a.seconds[l.item.ID] = true
		return
	case l.wanted.Ended:
		a.skip(ReasonEnded, l.wanted.Key, l.item.ID)
		return
	default:
		step.Op = OpUpdate // whole: the rest of what it says was not read
		step.Link.Generation, step.Link.Rendered, step.Link.Revision = a.in.Generation(), l.wanted.Appointment, l.wanted.Revision
		a.remember(&step.Link)
	}
	a.note(l.item.ID).own = true
	a.plan.Calendar = append(a.plan.Calendar, step)
	for _, m := range a.in.Mirrors {
		if m.ItemID == l.item.ID {
			a.platform(OpRemove, ReasonTakenOver, m)
		}
	}
}

// Lookalikes returns what a former integration seems to have written: seen now, or pulled
// before as unavailability. Until it is adopted it is taken for the trainer's own.
func Lookalikes(in Input, titles func(Wanted) []string) []Finding {
	v := newView(in)
	found := map[calendar.ItemID]bool{}
	for _, l := range v.lookalikes(titles) {
		found[l.item.ID] = v.in.Policy.Pull
	}
	for _, w := range in.Wanted {
		names := titles(w)
		for _, m := range in.Mirrors {
			subject, _, _ := strings.Cut(m.Description, "\n")
			if !m.Private && m.SeriesID == "" && m.When.SameTime(w.Appointment.When) &&
				slices.ContainsFunc(names, func(name string) bool { return sameText(name, subject) }) && !v.of(m.ItemID).gone {
				found[m.ItemID] = true
			}
		}
	}
	var out []Finding
	for _, id := range slices.Sorted(maps.Keys(found)) {
		if found[id] {
			out = append(out, Finding{Reason: ReasonLookalike, ItemID: id})
		}
	}
	return out
}

// lookalikes are the seen items that a former integration wrote, by key and id.
func (v *view) lookalikes(titles func(Wanted) []string) []lookalike {
	var found []lookalike
	for _, w := range v.in.Wanted {
		if w.Unrendered {
			continue
		}
		names := titles(w)
		for _, s := range v.known {
			item := s.item
			if item == nil || s.link != nil {
				continue
			}
			if item.Marker == nil && item.SeriesID == "" && item.When.SameTime(w.Appointment.When) && !item.Sensitivity.Private() &&
				slices.ContainsFunc(names, func(name string) bool { return sameText(name, item.Subject) }) {
				found = append(found, lookalike{wanted: w, item: item})
			}
		}
	}
	slices.SortFunc(found, func(x, y lookalike) int {
		return cmp.Or(cmp.Compare(x.wanted.Key, y.wanted.Key), cmp.Compare(x.item.ID, y.item.ID))
	})
	return found
}
