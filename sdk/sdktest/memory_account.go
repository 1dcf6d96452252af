package sdktest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// memoryAccount is an account of [Memory].
type memoryAccount struct{ m *Memory }

// box runs do on the mailbox, or says that there is none.
func (a *memoryAccount) box(address string, do func(*memoryBox)) *sdk.Error {
	a.m.mu.Lock()
	defer a.m.mu.Unlock()
	b, ok := a.m.boxes[address]
	if !ok {
		return sdk.CodeMailboxNotFound.New("no such mailbox").WithAdvice("correct the trainer's email")
	}
	do(b)
	return nil
}

// Close implements [sdk.Account].
func (a *memoryAccount) Close() error { return nil }

// Verify implements [sdk.Account].
func (a *memoryAccount) Verify(_ context.Context, mailboxes []sdk.Mailbox, emit func(sdk.Check) error) error {
	if err := emit(sdk.Check{Step: "credentials", Outcome: sdk.Passed, Observed: "The password is right."}); err != nil {
		return err
	}
	for _, m := range mailboxes {
		check := sdk.Check{Mailbox: m.Address, Step: "mailbox", Outcome: sdk.Passed, Observed: "The mailbox is there."}
		if err := a.box(m.Address, func(*memoryBox) {}); err != nil {
			check.Outcome, check.Observed, check.Advice = sdk.Failed, err.Message, err.Advice
		}
		if err := emit(check); err != nil {
			return err
		}
	}
	return nil
}

// memoryCursor says which changes the host has seen, and of what.
type memoryCursor struct {
	Clock      int
	Start, End time.Time
	Scope      sdk.Scope
}

// Read implements [sdk.Account].
func (a *memoryAccount) Read(ctx context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
	for _, r := range reqs {
		if err := ctx.Err(); err != nil {
			return err
		}
		page := sdk.ReadPage{Mailbox: r.Mailbox.Address}
		page.Err = a.box(r.Mailbox.Address, func(b *memoryBox) { page.Changes, page.Complete = b.read(r) })
		if err := emit(page); err != nil {
			return err
		}
	}
	return nil
}

func (b *memoryBox) read(r sdk.ReadRequest) ([]calendar.Change, *sdk.Complete) {
	var since memoryCursor
	full := json.Unmarshal(r.Cursor, &since) != nil || since.Scope != r.Scope ||
		!r.Window.Equal(calendar.Window{Start: since.Start, End: since.End})
	if full {
		since.Clock = 0
	}
	zone := location(r.Mailbox)
	var changes []calendar.Change
	for _, item := range b.sorted() {
		if item.changed > since.Clock && (r.Scope == sdk.ScopeAll || item.marker != nil) {
			changes = append(changes, item.change(r, zone, full)...)
		}
	}
	// A memoryCursor has nothing that JSON could refuse.
	cursor, _ := json.Marshal(memoryCursor{b.clock, r.Window.Start, r.Window.End, r.Scope})
	return changes, &sdk.Complete{Cursor: cursor, Full: full, Covered: r.Window}
}

// change tells what became of the item.
func (i *memoryItem) change(r sdk.ReadRequest, zone *time.Location, full bool) []calendar.Change {
	var inside []calendar.Item
	for _, o := range i.occurrences() {
		if !i.deleted && r.Window.Overlaps(o.When.Span(zone)) {
			inside = append(inside, limited(o, r.Detail))
		}
	}
	switch {
	case i.entry.Weekly > 0:
		return []calendar.Change{{ReplaceSeries: &calendar.Series{ID: calendar.ItemID(i.id), Items: inside}}}
	case len(inside) > 0:
		return []calendar.Change{{Upsert: &inside[0]}}
	case full:
		return nil
	}
	return []calendar.Change{{Remove: calendar.ItemID(i.id)}}
}

func (b *memoryBox) sorted() []*memoryItem {
	var all []*memoryItem
	for _, i := range b.items {
		all = append(all, i)
	}
	slices.SortFunc(all, func(x, y *memoryItem) int { return strings.Compare(x.id, y.id) })
	return all
}

func location(m sdk.Mailbox) *time.Location {
	zone, err := time.LoadLocation(m.TimeZone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// afterWeeks moves the time n weeks of wall time on.
func afterWeeks(w calendar.When, n int) calendar.When {
	if w.AllDay {
		w.FirstDay, w.EndDay = w.FirstDay.AddDays(7*n), w.EndDay.AddDays(7*n)
		return w
	}
	zone, err := time.LoadLocation(w.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	length := w.End.Sub(w.Start)
	w.Start = w.Start.In(zone).AddDate(0, 0, 7*n)
	w.End = w.Start.Add(length)
	return w
}

// Get implements [sdk.Account].
func (a *memoryAccount) Get(_ context.Context, reqs []sdk.GetRequest, emit func(sdk.GetPage) error) error {
	for _, r := range reqs {
		page := sdk.GetPage{Mailbox: r.Mailbox.Address}
		page.Err = a.box(r.Mailbox.Address, func(b *memoryBox) {
			for _, id := range r.IDs {
				if item, ok := b.get(id); ok {
					page.Items = append(page.Items, limited(item, r.Detail))
				} else {
					page.Missing = append(page.Missing, id)
				}
			}
		})
		page.Done = page.Err == nil
		if err := emit(page); err != nil {
			return err
		}
	}
	return nil
}

func (b *memoryBox) get(id calendar.ItemID) (calendar.Item, bool) {
	item := b.items[bySeries(string(id))]
	if item == nil || item.deleted {
		return calendar.Item{}, false
	}
	for _, o := range item.occurrences() {
		if o.ID == id {
			return o, true
		}
	}
	return calendar.Item{}, false
}

// Find implements [sdk.Account].
func (a *memoryAccount) Find(_ context.Context, reqs []sdk.FindRequest, emit func(sdk.FindPage) error) error {
	for _, r := range reqs {
		page := sdk.FindPage{Mailbox: r.Mailbox.Address}
		page.Err = a.box(r.Mailbox.Address, func(b *memoryBox) {
			for _, item := range b.sorted() {
				if item.marker != nil && !item.deleted {
					page.Items = append(page.Items, item.occurrences()...)
				}
			}
		})
		page.Done = page.Err == nil
		if err := emit(page); err != nil {
			return err
		}
	}
	return nil
}

// Write implements [sdk.Account].
func (a *memoryAccount) Write(_ context.Context, reqs []sdk.WriteRequest, emit func(sdk.WriteResult) error) error {
	for _, r := range reqs {
		for _, op := range r.Operations {
			result := sdk.WriteResult{Mailbox: r.Mailbox.Address, Operation: op.ID}
			missing := a.box(r.Mailbox.Address, func(b *memoryBox) { a.m.carryOut(b, op, &result) })
			if missing != nil {
				result.Err = missing
			}
			if err := emit(result); err != nil {
				return err
			}
		}
	}
	return nil
}

// carryOut writes. The caller holds the lock.
func (m *Memory) carryOut(b *memoryBox, op sdk.Operation, result *sdk.WriteResult) {
	item := b.items[string(op.ItemID)]
	if op.Kind == sdk.Create {
		item = nil
		if op.MaybeDone { // nothing else makes a service search (B1)
			item = b.marked(op.Marker)
		}
	}
	there := item != nil && !item.deleted
	switch {
	case op.Kind == sdk.Delete:
		if there {
			item.deleted = true
			b.touch(item)
		}
		return
	case op.Kind == sdk.Create && !there:
		marker := op.Marker
		item = m.add(b, Entry{}, &marker)
	case !there:
		result.Err = sdk.ErrItemNotFound
		return
	case op.Version != "" && op.Version != fmt.Sprint(item.changed):
		result.Err = sdk.ErrConflict
		return
	}
	marker := op.Marker
	item.entry, item.marker = entryOf(op.Appointment), &marker
	b.touch(item)
	whole := item.occurrences()[0]
	result.ItemID, result.Version, result.Item = whole.ID, whole.Version, &whole
}

func (b *memoryBox) marked(m calendar.Marker) *memoryItem {
	for _, item := range b.items {
		if item.marker != nil && *item.marker == m && !item.deleted {
			return item
		}
	}
	return nil
}

func entryOf(a calendar.Appointment) Entry {
	return Entry{
		Subject: a.Subject, Location: a.Location, Body: a.Body,
		When: a.When, ShowAs: a.ShowAs, Sensitivity: a.Sensitivity,
	}
}
