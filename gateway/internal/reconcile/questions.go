package reconcile

import (
	"slices"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// Questions returns the ids whose whole items the plan for this input needs and the
// read did not bring: our items that seem gone (they may only have been moved out
// of the window), our items and new or changed ones of the trainer's whose text is
// incomplete, and items that look like a copy of ours. Put the answers into
// Read.Got; then ask for the plan. See [Comparison] for both at one go.
func Questions(in Input) []calendar.ItemID { return Compare(in).Questions() }

func (v *view) questions() []calendar.ItemID {
	var ask []calendar.ItemID
	for i := range v.known {
		if s := &v.known[i]; !s.asked && (v.asksForLink(s) || v.needsWhole(s)) {
			ask = append(ask, s.id)
		}
	}
	slices.Sort(ask)
	return ask
}

// asksForLink reports a remembered item of ours that the read says is gone, or whose
// removal may or may not have happened.
func (v *view) asksForLink(s *sighting) bool {
	return v.in.Policy.Push && s.link != nil && (s.link.State == LinkRemoving || v.absent(*s, "", s.link.when()))
}

// needsWhole reports whether an item that the read showed must be fetched whole.
func (v *view) needsWhole(s *sighting) bool {
	item := s.item
	switch {
	case item == nil:
		return false
	case s.link != nil:
		return item.Incomplete && v.in.Policy.Push && item.Version != s.link.Version
	case v.ours(item.Marker):
		return item.Incomplete && v.in.Policy.Push
	case s.mirror != nil && s.mirror.Version == item.Version && s.mirror.Detail == v.in.Policy.Detail:
		return false
	case item.Marker == nil && item.SeriesID == "" && v.looksLikeOurs(item):
		return true
	}
	return item.Incomplete && v.in.Policy.Pull && v.in.Policy.bodies() &&
		!item.Sensitivity.Private() && v.blocks(item) == ""
}

// looksLikeOurs reports whether an unmarked item has the title and the time of one
// of ours: it may be a copy, or an item whose creation was never answered, in a
// read that cannot return markers.
func (v *view) looksLikeOurs(item *calendar.Item) bool {
	for _, t := range v.things {
		if t.wanted != nil && looksLike(item, &t.wanted.Appointment) || t.link != nil && looksLike(item, &t.link.Rendered) {
			return true
		}
	}
	return false
}

func looksLike(item *calendar.Item, a *calendar.Appointment) bool {
	return a.When.SameTime(item.When) && sameText(a.Subject, item.Subject)
}

// when is the time the link's item was last known to have.
func (l *Link) when() calendar.When {
	if l.Canonical != nil {
		return l.Canonical.When
	}
	return l.Rendered.When
}

// content is what the link's item was last known to say.
func (l *Link) content() calendar.Appointment {
	if l.Canonical != nil {
		return *l.Canonical
	}
	return l.Rendered
}
