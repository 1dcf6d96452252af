package reconcile

import (
	"slices"
	"strings"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// view is an input, put in order: what is there, what is gone, and whose it is. What it
// points to are the input's own values where nothing about them changed, and never
// written to.
type view struct {
	in Input
	// known is what is known of each item, and byID finds it. Its order is that of the
	// pages, so nothing but what has no order may follow from it.
	known []sighting
	byID  map[calendar.ItemID]int
	// replaced are series whose items are all known.
	replaced map[calendar.ItemID]bool
	// things are what our items stand for, by key; room is for those to come.
	things map[string]*thing
	room   []thing
}

// sighting is what is known under one item's id. The zero value is an unknown one's.
type sighting struct {
	id calendar.ItemID
	// item is what the read showed, whole where Got has it; nil for what it did not show.
	item *calendar.Item
	// gone: the read reported it as removed. asked: Got tells of it.
	gone, asked bool
	// own: it is ours, or a duplicate of ours, and never pulled.
	own    bool
	link   *Link
	mirror *Mirror
}

// thing is what is wanted and remembered under one key; nil for what is not.
type thing struct {
	key    string
	wanted *Wanted
	link   *Link
}

func newView(in Input) *view {
	most := len(in.Read.Changes) + len(in.Read.Found)
	v := &view{
		in:     in,
		known:  make([]sighting, 0, most),
		byID:   make(map[calendar.ItemID]int, most),
		things: make(map[string]*thing, max(len(in.Wanted), len(in.Links))),
		room:   make([]thing, max(len(in.Wanted), len(in.Links))),
	}
	for i := range in.Read.Found {
		v.see(&in.Read.Found[i])
	}
	for i := range in.Read.Changes {
		v.apply(&in.Read.Changes[i])
	}
	for i := range in.Links {
		v.remember(&in.Links[i])
	}
	for i := range in.Wanted {
		v.thing(in.Wanted[i].Key).wanted = &in.Wanted[i]
	}
	for i := range in.Mirrors {
		v.note(in.Mirrors[i].ItemID).mirror = &in.Mirrors[i]
	}
	v.answer(in.Read.Got)
	return v
}

// of is what is known of an item.
func (v *view) of(id calendar.ItemID) sighting {
	if i, ok := v.byID[id]; ok {
		return v.known[i]
	}
	return sighting{}
}

// note is the place for what is known of an item, until another one is noted.
func (v *view) note(id calendar.ItemID) *sighting {
	i, ok := v.byID[id]
	if !ok {
		i = len(v.known)
		v.byID[id] = i
		v.known = append(v.known, sighting{id: id})
	}
	return &v.known[i]
}

// thing is the place for what is known of a key.
func (v *view) thing(key string) *thing {
	t := v.things[key]
	if t == nil {
		if len(v.room) == 0 {
			v.room = make([]thing, 8)
		}
		t, v.room = &v.room[0], v.room[1:]
		t.key = key
		v.things[key] = t
	}
	return t
}

// wanted is what is wanted under a key, link what is remembered; nil for nothing.
func (v *view) wanted(key string) *Wanted {
	if t := v.things[key]; t != nil {
		return t.wanted
	}
	return nil
}

func (v *view) link(key string) *Link {
	if t := v.things[key]; t != nil {
		return t.link
	}
	return nil
}

// remember notes a link under its key and its item's id.
func (v *view) remember(l *Link) {
	v.thing(l.Key).link = l
	if l.ItemID != "" {
		s := v.note(l.ItemID)
		s.link, s.own = l, true
	}
}

func (v *view) apply(c *calendar.Change) {
	switch {
	case c.Upsert != nil:
		v.see(c.Upsert)
	case c.ReplaceSeries != nil:
		if v.replaced == nil {
			v.replaced = map[calendar.ItemID]bool{}
		}
		v.replaced[c.ReplaceSeries.ID] = true
		for i := range c.ReplaceSeries.Items {
			v.see(&c.ReplaceSeries.Items[i])
		}
	case c.Remove != "":
		s := v.note(c.Remove)
		s.item, s.gone = nil, true
	}
}

// see notes an item. A marker that one of several sightings showed is kept: not
// every read can return it.
func (v *view) see(item *calendar.Item) {
	s := v.note(item.ID)
	if s.item != nil && item.Marker == nil && s.item.Marker != nil {
		marked := *item
		marked.Marker = s.item.Marker
		item = &marked
	}
	s.item, s.gone = item, false
}

// answer lets what was asked for by id stand over what the read hinted at: a removed item
// may only have been moved out of the window.
func (v *view) answer(got map[calendar.ItemID]*calendar.Item) {
	for id, item := range got {
		s := v.note(id)
		s.asked = true
		if item == nil || (s.gone && v.inside(item)) {
			s.item, s.gone = nil, true
			continue
		}
		whole := *item
		whole.Incomplete = false
		v.see(&whole)
	}
}

// inside reports whether an item is at a time that the read covers. One that the read saw
// leave the calendar, and that is there by its id at such a time, is in another calendar
// of the mailbox (B6).
func (v *view) inside(item *calendar.Item) bool {
	return v.in.Read.Covered.Overlaps(item.When.Span(v.in.Policy.Zone))
}

// absent reports whether the read says that a remembered item is no longer there:
// reported gone, missing from its replaced series or from a full read where these
// cover the time it was in, or turned into a series or back (B14). series is the
// remembered item's, empty for a single one.
func (v *view) absent(s sighting, series calendar.ItemID, when calendar.When) bool {
	if s.item != nil {
		return false
	}
	if s.gone || v.replaced[s.id] {
		return true
	}
	start, end := when.Span(v.in.Policy.Zone)
	covered := v.in.Read.Covered.Overlaps(start, end)
	if series != "" {
		whole := v.of(series)
		if whole.gone || (v.replaced[series] && covered) || (whole.item != nil && whole.item.SeriesID == "") {
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
	return slices.ContainsFunc(v.known, func(s sighting) bool {
		return s.item != nil && v.ours(s.item.Marker) && s.item.Marker.Key == key
	})
}

// sortedThings are the things by key, so that plans do not depend on order.
func (v *view) sortedThings() []*thing {
	all := make([]*thing, 0, len(v.things))
	for _, t := range v.things {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *thing) int { return strings.Compare(a.key, b.key) })
	return all
}
