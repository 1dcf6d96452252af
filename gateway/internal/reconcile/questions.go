package reconcile

import (
	"maps"
	"slices"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// Questions returns the ids whose whole items the plan for this input needs and the
// read did not bring: our items that seem gone (they may only have been moved out
// of the window), our items and new or changed ones of the trainer's whose text is
// incomplete, and items that look like a copy of ours. Put the answers into
// Read.Got; then ask for the plan.
func Questions(in Input) []calendar.ItemID {
	if !in.Read.Complete {
		return nil
	}
	v := newView(in)
	ask := map[calendar.ItemID]bool{}
	v.askLinks(ask)
	mirrors := mirrorsByItem(in.Mirrors)
	for id, item := range v.items {
		if v.needsWhole(item, mirrors[id]) {
			ask[id] = true
		}
	}
	for id := range in.Read.Got {
		delete(ask, id)
	}
	return slices.Sorted(maps.Keys(ask))
}

// askLinks asks for remembered items of ours that the read says are gone, and for
// those whose removal may or may not have happened.
func (v *view) askLinks(ask map[calendar.ItemID]bool) {
	if !v.in.Policy.Push {
		return
	}
	for id, l := range v.linkByID {
		if l.State == LinkRemoving || v.absent(id, "", l.when()) {
			ask[id] = true
		}
	}
}

// needsWhole reports whether an item that the read showed must be fetched whole.
func (v *view) needsWhole(item *calendar.Item, mirror *Mirror) bool {
	if l, linked := v.linkByID[item.ID]; linked {
		return item.Incomplete && v.in.Policy.Push && item.Version != l.Version
	}
	if v.ours(item.Marker) {
		return item.Incomplete && v.in.Policy.Push
	}
	if mirror != nil && mirror.Version == item.Version && mirror.Detail == v.in.Policy.Detail {
		return false
	}
	if item.Marker == nil && item.SeriesID == "" && v.looksLikeOurs(item) {
		return true
	}
	return item.Incomplete && v.in.Policy.Pull && v.in.Policy.bodies() &&
		!item.Sensitivity.Private() && v.blocks(item) == ""
}

// looksLikeOurs reports whether an unmarked item has the title and the time of one
// of ours: it may be a copy, or an item whose creation was never answered, in a
// read that cannot return markers.
func (v *view) looksLikeOurs(item *calendar.Item) bool {
	for _, w := range v.wanted {
		if w.Appointment.When.SameTime(item.When) && sameText(w.Appointment.Subject, item.Subject) {
			return true
		}
	}
	for _, l := range v.links {
		if l.Rendered.When.SameTime(item.When) && sameText(l.Rendered.Subject, item.Subject) {
			return true
		}
	}
	return false
}

// when is the time the link's item was last known to have.
func (l Link) when() calendar.When {
	if l.Canonical != nil {
		return l.Canonical.When
	}
	return l.Rendered.When
}

// content is what the link's item was last known to say.
func (l Link) content() calendar.Appointment {
	if l.Canonical != nil {
		return *l.Canonical
	}
	return l.Rendered
}

func mirrorsByItem(mirrors []Mirror) map[calendar.ItemID]*Mirror {
	byItem := make(map[calendar.ItemID]*Mirror, len(mirrors))
	for i := range mirrors {
		byItem[mirrors[i].ItemID] = &mirrors[i]
	}
	return byItem
}
