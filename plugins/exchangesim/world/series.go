package world

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// record is a stored item: a single, or a master with what differs from its pattern.
type record struct {
	item Item
	// exceptions are the changed occurrences, deleted the deleted ones, by the day of
	// the pattern. No day is in both.
	exceptions map[Date]Item
	deleted    map[Date]bool
}

// snapshot is the item as readers see it.
func (r *record) snapshot() Item {
	it := r.item
	it.Exceptions = slices.SortedFunc(maps.Keys(r.exceptions), compareDates)
	it.Deleted = slices.SortedFunc(maps.Keys(r.deleted), compareDates)
	return it
}

func compareDates(a, b Date) int { return a.utc().Compare(b.utc()) }

// occurrence is what the pattern makes of a day, whatever became of it.
func (r *record) occurrence(index int, day Date) Item {
	it := r.item
	it.Type, it.Occurrence, it.Index = Occurrence, day, index
	it.TransactionID, it.Recurrence = "", nil
	it.Start, it.End = r.span(day)
	it.OriginalStart = it.Start
	return it
}

// span is when an occurrence of a day starts and ends: at the wall-clock times of the
// master, in the zone of its start, whatever the clocks do meanwhile.
func (r *record) span(day Date) (start, end time.Time) {
	zone := r.item.Start.Location()
	first, last := r.item.Start, r.item.End.In(zone)
	start = day.At(first, zone)
	end = day.AddDays(DateOf(first).daysUntil(DateOf(last))).At(last, zone)
	if end.Before(start) {
		end = start.Add(last.Sub(first))
	}
	return start, end.In(r.item.End.Location())
}

// exception is a changed occurrence as readers see it.
func (r *record) exception(day Date) Item {
	it := r.exceptions[day]
	it.Item, it.Folder = r.item.Item, r.item.Folder
	it.Version, it.Modified = r.item.Version, r.item.Modified
	return it
}

// instances lists a series' occurrences and exceptions that the window shows.
func (r *record) instances(w window) []Item {
	var found []Item
	for index, day := range r.item.Recurrence.dates() {
		start, end := r.span(day)
		if !start.Before(w.end) {
			break
		}
		_, changed := r.exceptions[day]
		if !changed && !r.deleted[day] && w.shows(start, end) {
			found = append(found, r.occurrence(index, day))
		}
	}
	for day, it := range r.exceptions {
		if w.shows(it.Start, it.End) {
			found = append(found, r.exception(day))
		}
	}
	slices.SortFunc(found, compareStarts)
	return found
}

// at returns the occurrence or exception of a day.
func (r *record) at(day Date) (Item, error) {
	if r.item.Type != Master {
		return Item{}, ErrItemNotFound
	}
	if r.deleted[day] {
		return Item{}, ErrOccurrenceDeleted
	}
	if _, changed := r.exceptions[day]; changed {
		return r.exception(day), nil
	}
	for index, d := range r.item.Recurrence.dates() {
		if d == day {
			return r.occurrence(index, day), nil
		}
		if d.After(day) {
			break
		}
	}
	return Item{}, ErrOccurrenceRange
}

// numbered returns the day of the occurrence with an index.
func (r *record) numbered(index int) (Date, error) {
	if r.item.Type != Master {
		return Date{}, ErrItemNotFound
	}
	for i, day := range r.item.Recurrence.dates() {
		if i == index {
			return day, nil
		}
	}
	return Date{}, ErrOccurrenceRange
}

// crosses reports whether an occurrence that starts on the given day would no longer
// lie between its neighbours in the series; deleted ones are no neighbours.
func (r *record) crosses(occurrence, start Date) bool {
	zone := r.item.Start.Location()
	for _, day := range r.item.Recurrence.dates() {
		at := day
		if it, changed := r.exceptions[day]; changed {
			at = DateOf(it.Start.In(zone))
		}
		switch {
		case day == occurrence || r.deleted[day]:
		case day.Before(occurrence) && !at.Before(start):
			return true
		case day.After(occurrence):
			return !at.After(start)
		}
	}
	return false
}

func compareStarts(a, b Item) int {
	return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Item, b.Item), compareDates(a.Occurrence, b.Occurrence))
}
