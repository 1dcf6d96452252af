package sdktest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// world is a case's world with its account open, and what cases do with it.
type world struct {
	World
	account sdk.Account
	created int
	// patience is how long a case waits for what must come.
	patience time.Duration

	// listener is the address for notifications; watches hear of what reaches it.
	listener string
	mu       sync.Mutex
	watches  []*watching
}

// The cases' time: four weeks around the change to summer time in Europe.
var (
	monday = time.Date(2027, time.March, 15, 9, 0, 0, 0, time.UTC)
	window = calendar.Window{
		Start: time.Date(2027, time.March, 14, 0, 0, 0, 0, time.UTC),
		End:   time.Date(2027, time.April, 14, 0, 0, 0, 0, time.UTC),
	}
)

const home = "Europe/London"

// hours is an appointment of n hours, d days and h hours after the first Monday at
// 09:00 in London.
func hours(d, h, n int) calendar.When {
	start := monday.AddDate(0, 0, d).Add(time.Duration(h) * time.Hour)
	return calendar.When{Start: start, End: start.Add(time.Duration(n) * time.Hour), TimeZone: home}
}

// lunch is a plain appointment of a trainer.
func lunch() Entry {
	return Entry{
		Subject: "Lunch with Sam", Body: "At the corner.", When: hours(0, 3, 1),
		ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
	}
}

// course is a plain appointment of ours.
func course() calendar.Appointment {
	return calendar.Appointment{
		Subject: "Training: Go for Gardeners", Location: "Kew, Orangery", Body: "Status: confirmed\nBring gloves.",
		When: hours(1, 0, 8), ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
	}
}

func (w *world) mailbox(t testing.TB) sdk.Mailbox {
	t.Helper()
	return w.Mailbox(t, home)
}

// create makes an operation of its own key.
func (w *world) create(a calendar.Appointment) sdk.Operation {
	w.created++
	n := fmt.Sprint(w.created)
	return sdk.Operation{
		ID: "create-" + n, Kind: sdk.Create, Appointment: a,
		Marker: calendar.Marker{Installation: "suite", Key: "provider/trainer/course/" + n, Generation: "g" + n},
	}
}

// write carries out one operation.
func (w *world) write(t testing.TB, m sdk.Mailbox, op sdk.Operation) sdk.WriteResult {
	t.Helper()
	var mu sync.Mutex
	var results []sdk.WriteResult
	err := w.account.Write(t.Context(), []sdk.WriteRequest{{Mailbox: m, Operations: []sdk.Operation{op}}}, func(r sdk.WriteResult) error {
		mu.Lock()
		defer mu.Unlock()
		results = append(results, r)
		return nil
	})
	if err != nil {
		t.Fatalf("write %s: %v", op.Kind, err)
	}
	if len(results) != 1 || results[0].Operation != op.ID || results[0].Mailbox != m.Address {
		t.Fatalf("write %s: want one result for operation %s, got %d", op.Kind, op.ID, len(results))
	}
	return results[0]
}

// wrote carries out one operation that must succeed.
func (w *world) wrote(t testing.TB, m sdk.Mailbox, op sdk.Operation) sdk.WriteResult {
	t.Helper()
	r := w.write(t, m, op)
	if r.Err != nil {
		t.Fatalf("write %s: %v", op.Kind, r.Err)
	}
	if op.Kind != sdk.Delete && r.ItemID == "" {
		t.Fatalf("write %s: the result names no item", op.Kind)
	}
	return r
}

// readRequest asks for the whole window.
func readRequest(m sdk.Mailbox) sdk.ReadRequest {
	return sdk.ReadRequest{Mailbox: m, Window: window, Detail: sdk.DetailFull, Scope: sdk.ScopeAll}
}

// pages reads mailboxes, and returns each one's pages in order.
func (w *world) pages(t testing.TB, reqs ...sdk.ReadRequest) map[string][]sdk.ReadPage {
	t.Helper()
	var mu sync.Mutex
	pages := map[string][]sdk.ReadPage{}
	err := w.account.Read(t.Context(), reqs, func(p sdk.ReadPage) error {
		mu.Lock()
		defer mu.Unlock()
		pages[p.Mailbox] = append(pages[p.Mailbox], p)
		return nil
	})
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	for _, r := range reqs {
		checkEnd(t, pages[r.Mailbox.Address])
	}
	return pages
}

// checkEnd holds a mailbox's pages to the contract: exactly one ends them, the last.
func checkEnd(t testing.TB, pages []sdk.ReadPage) {
	t.Helper()
	for i, p := range pages {
		ends := p.Complete != nil || p.Err != nil
		if ends != (i == len(pages)-1) || (p.Complete != nil && p.Err != nil) {
			t.Fatalf("read: page %d of %d: only the last has Complete or Err, and it has one of them", i+1, len(pages))
		}
	}
	if len(pages) == 0 {
		t.Fatal("read: no answer for a mailbox")
	}
}

// read reads one mailbox, which must succeed.
func (w *world) read(t testing.TB, r sdk.ReadRequest) ([]calendar.Change, sdk.Complete) {
	t.Helper()
	pages := w.pages(t, r)[r.Mailbox.Address]
	var changes []calendar.Change
	for _, p := range pages {
		changes = append(changes, p.Changes...)
	}
	last := pages[len(pages)-1]
	if last.Err != nil {
		t.Fatalf("read: %v", last.Err)
	}
	if len(last.Complete.Cursor) > sdk.MaxCursorBytes {
		t.Fatalf("read: a cursor of %d bytes, at most %d are allowed", len(last.Complete.Cursor), sdk.MaxCursorBytes)
	}
	if !last.Complete.Covered.Contains(r.Window) {
		t.Fatalf("read: covered %v, which is not all of %v", last.Complete.Covered, r.Window)
	}
	return changes, *last.Complete
}

// full reads one mailbox without a cursor.
func (w *world) full(t testing.TB, r sdk.ReadRequest) (state, sdk.Complete) {
	t.Helper()
	changes, complete := w.read(t, r)
	if !complete.Full {
		t.Fatal("read without a cursor: Complete.Full is not set")
	}
	s := state{}
	s.apply(t, changes, complete)
	return s, complete
}

// whole completes the state's incomplete items with Get.
func (w *world) whole(t testing.TB, r sdk.ReadRequest, s state) {
	t.Helper()
	var ids []calendar.ItemID
	for id, item := range s {
		if item.Incomplete {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return
	}
	items, missing := w.get(t, sdk.GetRequest{Mailbox: r.Mailbox, IDs: ids, Detail: r.Detail, Own: r.Own})
	if len(missing) > 0 {
		t.Fatalf("get: %d items that read reported are missing", len(missing))
	}
	for _, item := range items {
		if item.Incomplete {
			t.Fatal("get: an item is still incomplete")
		}
		s[item.ID] = item
	}
}

// get asks for items of one mailbox.
func (w *world) get(t testing.TB, r sdk.GetRequest) (items []calendar.Item, missing []calendar.ItemID) {
	t.Helper()
	var mu sync.Mutex
	ends := 0
	err := w.account.Get(t.Context(), []sdk.GetRequest{r}, func(p sdk.GetPage) error {
		mu.Lock()
		defer mu.Unlock()
		if p.Err != nil {
			return p.Err
		}
		items, missing = append(items, p.Items...), append(missing, p.Missing...)
		if p.Done {
			ends++
		}
		return nil
	})
	if err != nil {
		t.Fatalf("get: %v", err)
	}
	if ends != 1 || len(items)+len(missing) != len(r.IDs) {
		t.Fatalf("get: %d ends, %d items and %d missing for %d ids", ends, len(items), len(missing), len(r.IDs))
	}
	return items, missing
}

// find returns the marked items of one mailbox.
func (w *world) find(t testing.TB, m sdk.Mailbox) []calendar.Item {
	t.Helper()
	var mu sync.Mutex
	var items []calendar.Item
	ends := 0
	err := w.account.Find(t.Context(), []sdk.FindRequest{{Mailbox: m, Since: window.Start}}, func(p sdk.FindPage) error {
		mu.Lock()
		defer mu.Unlock()
		if p.Err != nil {
			return p.Err
		}
		items = append(items, p.Items...)
		if p.Done {
			ends++
		}
		return nil
	})
	if err != nil {
		t.Fatalf("find: %v", err)
	}
	if ends != 1 {
		t.Fatalf("find: %d pages are Done, want 1", ends)
	}
	for _, item := range items {
		if item.Marker == nil {
			t.Fatal("find: an item without a marker")
		}
	}
	return items
}

// state is what a host knows of a mailbox after its reads.
type state map[calendar.ItemID]calendar.Item

// apply takes a read's changes in, and checks that each says one thing.
func (s state) apply(t testing.TB, changes []calendar.Change, c sdk.Complete) {
	t.Helper()
	if c.Full {
		clear(s)
	}
	for _, change := range changes {
		switch {
		case change.Upsert != nil && change.ReplaceSeries == nil && change.Remove == "":
			s[change.Upsert.ID] = *change.Upsert
		case change.ReplaceSeries != nil && change.Upsert == nil && change.Remove == "":
			s.remove(change.ReplaceSeries.ID)
			for _, item := range change.ReplaceSeries.Items {
				s[item.ID] = item
			}
		case change.Remove != "" && change.Upsert == nil && change.ReplaceSeries == nil:
			s.remove(change.Remove)
		default:
			t.Fatalf("read: a change must have exactly one field set")
		}
	}
}

// remove forgets an item, or all of a series.
func (s state) remove(id calendar.ItemID) {
	delete(s, id)
	for known, item := range s {
		if item.SeriesID == id {
			delete(s, known)
		}
	}
}

// at returns the item with the time, which must be the only one.
func (s state) at(t testing.TB, when calendar.When) calendar.Item {
	t.Helper()
	var found []calendar.Item
	for _, item := range s {
		if item.When.SameTime(when) {
			found = append(found, item)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d items at %v, want 1; there are\n%s", len(found), when, s)
	}
	return found[0]
}

// String lists the items' times.
func (s state) String() string {
	var lines []string
	for _, item := range s {
		lines = append(lines, describeWhen(item.When))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func describeWhen(w calendar.When) string {
	if w.AllDay {
		return fmt.Sprintf("%s to %s, whole days", w.FirstDay, w.EndDay)
	}
	return fmt.Sprintf("%s to %s", w.Start.UTC().Format(time.RFC3339), w.End.UTC().Format(time.RFC3339))
}
