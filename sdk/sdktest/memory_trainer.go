package sdktest

import (
	"time"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// Held is an item as [Memory] holds it; a series once.
type Held struct {
	ID    string
	Entry Entry
	// Marker is set in what a backend wrote.
	Marker *calendar.Marker
}

// Items returns everything that is in the mailbox, in the order of ids.
func (m *Memory) Items(mailbox string) []Held {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []Held
	for _, i := range m.boxes[mailbox].sorted() {
		if !i.deleted {
			all = append(all, Held{ID: i.id, Entry: i.entry, Marker: i.marker})
		}
	}
	return all
}

// Move acts as a trainer who drags an item to another time; it keeps its length.
func (m *Memory) Move(mailbox, id string, start time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	box := m.boxes[mailbox]
	box.items[id].entry.When = moved(box.items[id].entry.When, start)
	box.touch(box.items[id])
}

// Copy acts as a trainer who copies an item to a time: the copy has its marker, as
// with Exchange. It returns the copy's id.
func (m *Memory) Copy(mailbox, id string, start time.Time) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	box := m.boxes[mailbox]
	e := box.items[id].entry
	e.When = moved(e.When, start)
	return m.add(box, e, box.items[id].marker).id
}

func moved(w calendar.When, start time.Time) calendar.When {
	w.Start, w.End = start, start.Add(w.End.Sub(w.Start))
	return w
}
