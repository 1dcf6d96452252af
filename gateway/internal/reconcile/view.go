package reconcile

import (
	"slices"
	"strings"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// view is a read, put in order: what is there, what is gone, and whose it is.
type view struct {
	in Input
	// items are the items the read showed, by id; whole where Got has them. They are the
	// input's own values where nothing about them changed, and never written to.
	items map[calendar.ItemID]*calendar.Item
	// gone are items that the read reported as removed.
	gone map[calendar.ItemID]bool
	// replaced are series whose items are all in items.
	replaced map[calendar.ItemID]bool
	linkByID map[calendar.ItemID]Link
	links    map[string]Link
	wanted   map[string]Wanted
}

func newView(in Input) *view {
	v := &view{
		in:       in,
		items:    make(map[calendar.ItemID]*calendar.Item, len(in.Read.Changes)+len(in.Read.Found)),
		gone:     map[calendar.ItemID]bool{},
		replaced: map[calendar.ItemID]bool{},
		linkByID: make(map[calendar.ItemID]Link, len(in.Links)),
		links:    make(map[string]Link, len(in.Links)),
		wanted:   make(map[string]Wanted, len(in.Wanted)),
	}
	for _, w := range in.Wanted {
		v.wanted[w.Key] = w
	}
	for _, l := range in.Links {
		v.links[l.Key] = l
		if l.ItemID != "" {
			v.linkByID[l.ItemID] = l
		}
	}
	for i := range in.Read.Found {
		v.see(&in.Read.Found[i])
	}
	for _, c := range in.Read.Changes {
		v.apply(c)
	}
	v.applyGot()
	return v
}

func (v *view) apply(c calendar.Change) {
	switch {
	case c.Upsert != nil:
		v.see(c.Upsert)
	case c.ReplaceSeries != nil:
		v.replaced[c.ReplaceSeries.ID] = true
		for i := range c.ReplaceSeries.Items {
			v.see(&c.ReplaceSeries.Items[i])
		}
	case c.Remove != "":
		delete(v.items, c.Remove)
		v.gone[c.Remove] = true
	}
}

// see notes an item. A marker that one of several sightings showed is kept: not
// every read can return it.
func (v *view) see(item *calendar.Item) {
	if known, ok := v.items[item.ID]; ok && item.Marker == nil && known.Marker != nil {
		marked := *item
		marked.Marker = known.Marker
		item = &marked
	}
	delete(v.gone, item.ID)
	v.items[item.ID] = item
}

// applyGot lets what was asked for by id stand over what the read hinted at: a
// removed item may only have been moved out of the window.
func (v *view) applyGot() {
	for id, item := range v.in.Read.Got {
		if item == nil || v.elsewhere(id, item) {
			delete(v.items, id)
			v.gone[id] = true
			continue
		}
		whole := *item
		whole.Incomplete = false
		v.see(&whole)
	}
}

// elsewhere reports whether an item that the read saw leave the calendar is still
// there by its id, at a time that the read covers: then it is in another calendar of
// the mailbox (B6).
func (v *view) elsewhere(id calendar.ItemID, item *calendar.Item) bool {
	return v.gone[id] && v.in.Read.Covered.Overlaps(item.When.Span(v.in.Policy.Zone))
}

// absent reports whether the read says that a remembered item is no longer there:
// reported gone, missing from its replaced series or from a full read where these
// cover the time it was in, or turned into a series or back (B14). series is the
// remembered item's, empty for a single one.
func (v *view) absent(id, series calendar.ItemID, when calendar.When) bool {
	if _, there := v.items[id]; there {
		return false
	}
	if v.gone[id] || v.replaced[id] {
		return true
	}
	start, end := when.Span(v.in.Policy.Zone)
	covered := v.in.Read.Covered.Overlaps(start, end)
	if series != "" {
		single, there := v.items[series]
		if v.gone[series] || (v.replaced[series] && covered) || (there && single.SeriesID == "") {
			return true
		}
	}
	return v.in.Read.Full && covered
}

// ours reports whether the marker is this installation's.
func (v *view) ours(m *calendar.Marker) bool {
	return m != nil && m.Installation == v.in.Policy.Installation
}

// marked reports whether an item was seen that carries our marker for the key.
func (v *view) marked(key string) bool {
	for _, item := range v.items {
		if v.ours(item.Marker) && item.Marker.Key == key {
			return true
		}
	}
	return false
}

// sortedItems returns the seen items by id, so that plans do not depend on order.
func (v *view) sortedItems() []*calendar.Item {
	all := make([]*calendar.Item, 0, len(v.items))
	for _, item := range v.items {
		all = append(all, item)
	}
	slices.SortFunc(all, func(a, b *calendar.Item) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return all
}
