package sdktest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/schema"
)

// Memory is a calendar service in memory, and the suite's reference backend. It is
// made with [NewMemory] and may be used from several goroutines.
type Memory struct {
	mu    sync.Mutex
	boxes map[string]*memoryBox
	made  int
	// subscribed counts mailboxes that were watched anew.
	subscribed int
}

// memoryBox is one mailbox.
type memoryBox struct {
	items map[string]*memoryItem
	// clock counts the changes; a cursor is a moment of it.
	clock int
	// watches are those of the mailbox, with the address they know it by.
	watches map[*memoryWatch]string
}

// memoryItem is a single item or a series. A deleted one stays, as its own trace.
type memoryItem struct {
	id      string
	entry   Entry
	marker  *calendar.Marker
	changed int
	deleted bool
}

// NewMemory makes a service without mailboxes.
func NewMemory() *Memory { return &Memory{boxes: map[string]*memoryBox{}} }

// MemorySubject is [Memory] as a subject of the suite.
func MemorySubject() Subject {
	return Subject{
		New: func(testing.TB) World { return NewMemory().World() },
		Cannot: map[Feature]string{
			Outbox: "nothing in memory could mail anybody",
		},
	}
}

// World is the service with its hooks.
func (m *Memory) World() World {
	account := func(settings string) sdk.OpenRequest {
		return sdk.OpenRequest{Name: "suite/memory", MasterAccount: "calendar@memory.example", Settings: json.RawMessage(settings)}
	}
	return World{
		Backend: m,
		Account: account(`{"password":"right"}`),
		Refused: []Refused{{Name: "wrong password", Account: account(`{"password":"wrong"}`), Path: []string{"password"}}},
		Mailbox: func(_ testing.TB, zone string) sdk.Mailbox { return m.AddMailbox(zone) },
		Unknown: sdk.Mailbox{Address: "nobody@memory.example", TimeZone: home},
		Add:     func(_ testing.TB, box sdk.Mailbox, e Entry) string { return m.Put(box.Address, "", e) },
		Change:  func(_ testing.TB, box sdk.Mailbox, id string, e Entry) { m.Put(box.Address, id, e) },
		Remove:  func(_ testing.TB, box sdk.Mailbox, id string) { m.Remove(box.Address, id) },

		Subscribed: func(testing.TB) int { return m.Subscribed() },
	}
}

// AddMailbox makes an empty mailbox.
func (m *Memory) AddMailbox(zone string) sdk.Mailbox {
	m.mu.Lock()
	defer m.mu.Unlock()
	address := fmt.Sprintf("trainer%d@memory.example", len(m.boxes)+1)
	m.boxes[address] = &memoryBox{items: map[string]*memoryItem{}, watches: map[*memoryWatch]string{}}
	return sdk.Mailbox{Address: address, TimeZone: zone}
}

// Put acts as the trainer: it gives the item of that id the content, or makes a new
// item when the id is empty. It returns the id.
func (m *Memory) Put(mailbox, id string, e Entry) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	box := m.boxes[mailbox]
	if id == "" {
		return m.add(box, e, nil).id
	}
	box.items[id].entry = e
	box.touch(box.items[id])
	return id
}

// Remove acts as the trainer: it deletes the item.
func (m *Memory) Remove(mailbox, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	box := m.boxes[mailbox]
	box.items[id].deleted = true
	box.touch(box.items[id])
}

// Restore acts as the trainer: it takes a deleted item back.
func (m *Memory) Restore(mailbox, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	box := m.boxes[mailbox]
	box.items[id].deleted = false
	box.touch(box.items[id])
}

func (m *Memory) add(box *memoryBox, e Entry, marker *calendar.Marker) *memoryItem {
	m.made++
	item := &memoryItem{id: fmt.Sprintf("item-%d", m.made), entry: e, marker: marker}
	box.items[item.id] = item
	box.touch(item)
	return item
}

func (b *memoryBox) touch(i *memoryItem) {
	b.clock++
	i.changed = b.clock
	for w, address := range b.watches {
		w.mark(address)
	}
}

// Describe implements [sdk.Backend].
func (m *Memory) Describe() sdk.Description {
	return sdk.Description{
		Service: "memory", Version: "1.0.0", Summary: "Calendars in memory, for tests.",
		Capabilities: []string{sdk.CapabilityWatch},
		Settings: schema.Schema{Attributes: []schema.Attribute{
			{Name: "password", Type: schema.String, Required: true, Sensitive: true, Help: "The word is \"right\"."},
		}},
	}
}

// Open implements [sdk.Backend].
func (m *Memory) Open(_ context.Context, req sdk.OpenRequest) (sdk.Account, error) {
	var settings struct{ Password string }
	if err := json.Unmarshal(req.Settings, &settings); err != nil || settings.Password != "right" {
		return nil, &sdk.SettingsError{Diagnostics: []schema.Diagnostic{{
			Severity: schema.Error, Summary: "The password is not the right one", Path: []string{"password"},
		}}}
	}
	return &memoryAccount{m}, nil
}

// occurrences are the item as a calendar shows it, wherever in time.
func (i *memoryItem) occurrences() []calendar.Item {
	if i.entry.Weekly == 0 {
		return []calendar.Item{i.item(i.id, "", i.entry.When)}
	}
	var all []calendar.Item
	for n := range i.entry.Weekly {
		if slices.Contains(i.entry.Deleted, n) {
			continue
		}
		when, moved := i.entry.Moved[n]
		if !moved {
			when = afterWeeks(i.entry.When, n)
		}
		all = append(all, i.item(fmt.Sprintf("%s-%d", i.id, n), i.id, when))
	}
	return all
}

func (i *memoryItem) item(id, series string, when calendar.When) calendar.Item {
	item := calendar.Item{
		ID: calendar.ItemID(id), SeriesID: calendar.ItemID(series), Version: fmt.Sprint(i.changed), Marker: i.marker,
		Appointment: calendar.Appointment{
			Subject:  calendar.Cut(i.entry.Subject, calendar.MaxSubjectBytes),
			Location: calendar.Cut(i.entry.Location, calendar.MaxLocationBytes),
			Body:     calendar.Cut(i.entry.Body, calendar.MaxBodyBytes),
			When:     when, ShowAs: i.entry.ShowAs, Sensitivity: i.entry.Sensitivity,
		},
	}
	if item.Sensitivity.Private() && item.Marker == nil {
		return item.WithoutText()
	}
	return item
}

// limited drops text beyond the detail.
func limited(i calendar.Item, d sdk.Detail) calendar.Item {
	switch {
	case i.Marker != nil || d == sdk.DetailFull:
		return i
	case d == sdk.DetailBusy:
		return i.WithoutText()
	}
	i.Body = ""
	return i
}

// bySeries returns the id of the item that an occurrence's id belongs to.
func bySeries(id string) string {
	if strings.Count(id, "-") < 2 {
		return id
	}
	return id[:strings.LastIndex(id, "-")]
}
