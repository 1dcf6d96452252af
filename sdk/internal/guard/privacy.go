package guard

import (
	"slices"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// maxIDBytes bounds ids and versions, maxZoneBytes a zone's name.
const (
	maxIDBytes   = 4 << 10
	maxZoneBytes = 128
)

// filter decides what of a mailbox's items may leave.
type filter struct {
	own    map[calendar.ItemID]bool
	detail sdk.Detail
	scope  sdk.Scope
}

func newFilter(own []calendar.ItemID, detail sdk.Detail, scope sdk.Scope) *filter {
	f := &filter{own: make(map[calendar.ItemID]bool, len(own)), detail: detail, scope: scope}
	for _, id := range own {
		f.own[id] = true
	}
	return f
}

// ours reports whether the gateway wrote the item, or the series it belongs to.
func (f *filter) ours(i *calendar.Item) bool {
	return i.Marker != nil || f.own[i.ID] || (i.SeriesID != "" && f.own[i.SeriesID])
}

// item returns what may be said of the item. ok is false when nothing may.
func (f *filter) item(i calendar.Item) (_ calendar.Item, ok bool) {
	if f.ours(&i) {
		return bounded(i), true
	}
	if f.scope == sdk.ScopeOwn {
		return calendar.Item{}, false
	}
	i.Location = "" // it never leaves a trainer's own items (pull-1)
	switch {
	case i.Sensitivity.Private() || f.detail == sdk.DetailBusy:
		i = i.WithoutText()
		i.Incomplete = false // there is nothing more to ask for
	case f.detail == sdk.DetailSubject:
		i.Body = ""
	}
	return bounded(i), true
}

func (f *filter) items(items []calendar.Item) []calendar.Item {
	var kept []calendar.Item
	for _, i := range items {
		if item, ok := f.item(i); ok {
			kept = append(kept, item)
		}
	}
	return kept
}

// change returns what may be said of the change. ok is false when nothing may.
func (f *filter) change(c calendar.Change) (_ calendar.Change, ok bool) {
	switch {
	case c.Upsert != nil:
		item, ok := f.item(*c.Upsert)
		return calendar.Change{Upsert: &item}, ok
	case c.ReplaceSeries != nil:
		series := calendar.Series{ID: c.ReplaceSeries.ID, Items: f.items(c.ReplaceSeries.Items)}
		ok := f.scope != sdk.ScopeOwn || len(series.Items) > 0 || f.own[series.ID]
		return calendar.Change{ReplaceSeries: &series}, ok
	default:
		return c, f.scope != sdk.ScopeOwn || f.own[c.Remove]
	}
}

func (f *filter) changes(changes []calendar.Change) []calendar.Change {
	var kept []calendar.Change
	for _, c := range changes {
		if change, ok := f.change(c); ok {
			kept = append(kept, change)
		}
	}
	return kept
}

// bounded cuts the item's texts, and reads states that the contract does not know
// as unknown.
func bounded(i calendar.Item) calendar.Item {
	i.Subject = calendar.Cut(i.Subject, calendar.MaxSubjectBytes)
	i.Location = calendar.Cut(i.Location, calendar.MaxLocationBytes)
	i.Body = calendar.Cut(i.Body, calendar.MaxBodyBytes)
	i.When.TimeZone = calendar.Cut(i.When.TimeZone, maxZoneBytes)
	if !slices.Contains(states, i.ShowAs) {
		i.ShowAs = calendar.ShowAsUnknown
	}
	return i
}

var states = []calendar.ShowAs{
	calendar.ShowAsFree, calendar.ShowAsTentative, calendar.ShowAsBusy,
	calendar.ShowAsOutOfOffice, calendar.ShowAsWorkingElsewhere, calendar.ShowAsUnknown,
}
