package reconcile

import (
	"cmp"
	"maps"
	"slices"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// ReasonResync: an operator asked for it to be built afresh (resync-1).
const ReasonResync Reason = "resync"

// resyncRevision differs from every real revision: what is rendered now is compared
// with what is there, pending untriggered changes included.
const resyncRevision = -2

// ForResync returns the input of a plan that builds afresh: everything is rendered and
// fetched anew, and no removal is held. It is what [Questions], [Clear] and [Rebuild]
// are to be given.
func ForResync(in Input) Input {
	in.Policy.Guard = nil
	in.Links = slices.Clone(in.Links)
	for i := range in.Links {
		in.Links[i].Revision = resyncRevision
	}
	in.Mirrors = slices.Clone(in.Mirrors)
	for i := range in.Mirrors {
		in.Mirrors[i].Version, in.Mirrors[i].Held = "", false
	}
	return in
}

// Clear returns the removals with which a re-sync begins: everything with our marker
// that a search for markers found, and with inPlace only what nothing wants. What is
// over stays as it was written, and so does a copy that a person made: an item at
// another time than the one it was copied from.
func Clear(in Input, inPlace bool) []CalendarStep {
	if !in.Read.Complete || !in.Read.FoundAll || !in.Policy.Push {
		return nil
	}
	v := newView(in)
	groups := map[string][]calendar.Item{}
	for _, item := range in.Read.Found {
		if v.ours(item.Marker) && !v.ended(item) {
			groups[item.Marker.Key] = append(groups[item.Marker.Key], item)
		}
	}
	var steps []CalendarStep
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		if w := v.wanted(key); w != nil && (inPlace || w.Ended || w.Unrendered) {
			continue // kept, or over and left as written (push-14), or not to be made again
		}
		for _, item := range v.originals(key, groups[key]) {
			steps = append(steps, v.clear(key, item))
		}
	}
	return steps
}

// ended reports whether an item lies wholly before the window.
func (v *view) ended(item calendar.Item) bool {
	_, end := item.When.Span(v.in.Policy.Zone)
	return !end.After(v.in.Policy.Window.Start)
}

// originals are those of the items with a key's marker that the gateway wrote: the one
// that is remembered, intended or at the wanted time, with its duplicates. Where none of
// that tells the original from its copies, they are all left alone.
func (v *view) originals(key string, items []calendar.Item) []calendar.Item {
	slices.SortFunc(items, func(a, b calendar.Item) int { return cmp.Compare(a.ID, b.ID) })
	link, want := v.link(key), v.wanted(key)
	tests := []func(calendar.Item) bool{
		func(i calendar.Item) bool { return link != nil && i.ID == link.ItemID },
		func(i calendar.Item) bool { return link != nil && i.Marker.Generation == link.Generation },
		func(i calendar.Item) bool { return want != nil && i.When.SameTime(want.Appointment.When) },
		func(calendar.Item) bool { return allAtOneTime(items) },
	}
	for _, is := range tests {
		if n := slices.IndexFunc(items, is); n >= 0 {
			return slices.DeleteFunc(slices.Clone(items), func(i calendar.Item) bool { return !i.When.SameTime(items[n].When) })
		}
	}
	return nil
}

func allAtOneTime(items []calendar.Item) bool {
	return !slices.ContainsFunc(items, func(i calendar.Item) bool { return !i.When.SameTime(items[0].When) })
}

// clear is the removal of one item. One that no link names is no link's end.
func (v *view) clear(key string, item calendar.Item) CalendarStep {
	link := Link{}
	if known := v.link(key); known != nil {
		link = *known
	}
	step := CalendarStep{Op: OpRemove, Reason: ReasonResync, Duplicate: link.ItemID != item.ID}
	if step.Duplicate {
		link = Link{Key: key, Generation: item.Marker.Generation, ItemID: item.ID, Version: item.Version, Rendered: item.Appointment}
	}
	link.State = LinkRemoving
	step.Link = link
	return step
}

// Cleared returns the input as it is once steps that [Clear] returned are carried out. A
// copy of what went that a person made is one of their own appointments in it, so that
// it is not taken for what is to be made anew.
func Cleared(in Input, steps []CalendarStep) Input {
	gone, keys := map[calendar.ItemID]bool{}, map[string]bool{}
	for _, s := range steps {
		gone[s.Link.ItemID], keys[s.Link.Key] = true, true
	}
	v := newView(in)
	copied := func(i calendar.Item) bool { return v.ours(i.Marker) && keys[i.Marker.Key] && !gone[i.ID] }
	in.Links = slices.DeleteFunc(slices.Clone(in.Links), func(l Link) bool { return gone[l.ItemID] })
	in.Read.Found = slices.DeleteFunc(slices.Clone(in.Read.Found), func(i calendar.Item) bool { return gone[i.ID] || copied(i) })
	in.Read.Changes = slices.Clone(in.Read.Changes)
	for n, c := range in.Read.Changes {
		if c.Upsert != nil && copied(*c.Upsert) {
			in.Read.Changes[n].Upsert = unmarked(*c.Upsert)
		}
	}
	in.Read.Got = maps.Clone(in.Read.Got)
	for id, item := range in.Read.Got {
		if item != nil && copied(*item) {
			in.Read.Got[id] = unmarked(*item)
		}
	}
	if in.Read.Got == nil {
		in.Read.Got = map[calendar.ItemID]*calendar.Item{}
	}
	for id := range gone {
		in.Read.Got[id] = nil
	}
	return in
}

func unmarked(item calendar.Item) *calendar.Item {
	item.Marker = nil
	return &item
}

// Rebuild returns the plan of a re-sync after [Clear]. Without inPlace, what was pulled
// is replaced on the platform whether it changed or not.
func Rebuild(in Input, inPlace bool) Plan {
	plan := Make(in)
	for i := range plan.Calendar {
		if s := &plan.Calendar[i]; s.Reason == ReasonNew || s.Reason == ReasonTriggered {
			s.Reason = ReasonResync
		}
	}
	if inPlace {
		return plan
	}
	for _, m := range plan.Notes {
		plan.Platform = append(plan.Platform, PlatformStep{Op: OpUpdate, Reason: ReasonResync, Mirror: m})
	}
	plan.Notes = nil
	return plan
}
