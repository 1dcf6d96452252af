package world

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// window is a span of time to list; see [Mailbox.View].
type window struct {
	start, end time.Time
	touching   bool
}

func (w window) shows(start, end time.Time) bool {
	if !start.Before(w.end) {
		return false
	}
	return end.After(w.start) || end.Equal(w.start) && (w.touching || start.Equal(end))
}

// Get returns an item or an occurrence, from whichever folder it is in.
func (m *Mailbox) Get(ref Ref) (Item, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r := m.items[ref.Item]
	switch {
	case r == nil:
		return Item{}, fmt.Errorf("get item %d: %w", ref.Item, ErrItemNotFound)
	case ref.Occurrence.IsZero():
		return r.snapshot(), nil
	}
	it, err := r.at(ref.Occurrence)
	if err != nil {
		return Item{}, fmt.Errorf("get the occurrence %v of item %d: %w", ref.Occurrence, ref.Item, err)
	}
	return it, nil
}

// View lists what the calendar shows between two instants: singles, occurrences and
// exceptions, by start. An item counts that starts before end and ends after start;
// with touching also one that ends exactly at start, as in EWS's CalendarView. An
// item without duration counts where it starts.
func (m *Mailbox) View(start, end time.Time, touching bool) []Item {
	m.mu.RLock()
	defer m.mu.RUnlock()
	w := window{start: start, end: end, touching: touching}
	var found []Item
	for _, r := range m.items {
		switch {
		case r.item.Folder != Calendar:
		case r.item.Type == Master:
			found = append(found, r.instances(w)...)
		case w.shows(r.item.Start, r.item.End):
			found = append(found, r.snapshot())
		}
	}
	slices.SortFunc(found, compareStarts)
	return found
}

// Instances is View for one series; a single item is its own instance.
func (m *Mailbox) Instances(id ItemID, start, end time.Time, touching bool) ([]Item, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r := m.items[id]
	w := window{start: start, end: end, touching: touching}
	switch {
	case r == nil || r.item.Folder != Calendar:
		return nil, fmt.Errorf("list the instances of item %d: %w", id, ErrItemNotFound)
	case r.item.Type == Master:
		return r.instances(w), nil
	case w.shows(r.item.Start, r.item.End):
		return []Item{r.snapshot()}, nil
	}
	return nil, nil
}

// Instance returns the occurrence or exception with an index, from 1, of a series.
func (m *Mailbox) Instance(master ItemID, index int) (Item, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r := m.items[master]
	if r == nil {
		return Item{}, fmt.Errorf("get an instance of item %d: %w", master, ErrItemNotFound)
	}
	day, err := r.numbered(index)
	if err == nil {
		var it Item
		if it, err = r.at(day); err == nil {
			return it, nil
		}
	}
	return Item{}, fmt.Errorf("get instance %d of item %d: %w", index, master, err)
}

// Items lists singles and masters of a folder in the order of their ids.
func (m *Mailbox) Items(f FolderKind) []Item {
	return m.list(func(it Item) bool { return it.Folder == f })
}

// WithProperty lists the calendar's singles and masters that have the property, in
// the order of their ids.
func (m *Mailbox) WithProperty(p Property) []Item {
	return m.list(func(it Item) bool {
		_, has := it.Properties[p]
		return has && it.Folder == Calendar
	})
}

func (m *Mailbox) list(match func(Item) bool) []Item {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var found []Item
	for _, r := range m.items {
		if match(r.item) {
			found = append(found, r.snapshot())
		}
	}
	slices.SortFunc(found, func(a, b Item) int { return cmp.Compare(a.Item, b.Item) })
	return found
}

// Folder describes a folder.
func (m *Mailbox) Folder(kind FolderKind) (Folder, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	f := m.folders[kind]
	if f == nil {
		return Folder{}, fmt.Errorf("folder %q: %w", kind, ErrItemNotFound)
	}
	folder := *f
	for _, r := range m.items {
		if r.item.Folder == kind {
			folder.Items++
		}
	}
	return folder, nil
}
