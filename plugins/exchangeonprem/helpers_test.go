package exchangeonprem_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/plugins/internal/exchange"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/sdktest"
)

// The window of most tests: a month in which Europe's clocks change (29 March 2026).
func march() calendar.Window {
	return calendar.Window{Start: at(3, 10, 0), End: at(4, 10, 0)}
}

// at is an instant of 2026.
func at(month time.Month, day, hour int) time.Time {
	return time.Date(2026, month, day, hour, 0, 0, 0, time.UTC)
}

// hour is a busy hour of the trainer's own.
func hour(subject string, start time.Time) sdktest.Entry {
	return sdktest.Entry{
		Subject: subject, ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
		When: calendar.When{Start: start, End: start.Add(time.Hour), TimeZone: "Europe/London"},
	}
}

// answer is what a read brought for a mailbox.
type answer struct {
	items    map[calendar.ItemID]calendar.Item
	pages    []sdk.ReadPage
	complete *sdk.Complete
	err      *sdk.Error
}

// subjects are the subjects read, in order of time.
func (a answer) subjects() []string {
	items := make([]calendar.Item, 0, len(a.items))
	for _, item := range a.items {
		items = append(items, item)
	}
	slices.SortFunc(items, func(x, y calendar.Item) int { return x.When.Start.Compare(y.When.Start) })
	var list []string
	for _, item := range items {
		list = append(list, item.Subject)
	}
	return list
}

func (a answer) bySubject(t testing.TB, subject string) calendar.Item {
	t.Helper()
	for _, item := range a.items {
		if item.Subject == subject {
			return item
		}
	}
	t.Fatalf("no item %q among %v", subject, a.subjects())
	return calendar.Item{}
}

// readAll reads mailboxes, and returns the answers and the error of the call.
func readAll(t testing.TB, account sdk.Account, reqs ...sdk.ReadRequest) (map[string]answer, error) {
	t.Helper()
	var mu sync.Mutex
	answers := map[string]answer{}
	err := account.Read(t.Context(), reqs, func(p sdk.ReadPage) error {
		mu.Lock()
		defer mu.Unlock()
		a := answers[p.Mailbox]
		if a.complete != nil || a.err != nil {
			t.Errorf("%s: a page after the last", p.Mailbox)
		}
		if a.items == nil {
			a.items = map[calendar.ItemID]calendar.Item{}
		}
		for _, c := range p.Changes {
			if _, twice := a.items[c.Upsert.ID]; twice {
				t.Errorf("%s: an item came twice", p.Mailbox)
			}
			a.items[c.Upsert.ID] = *c.Upsert
		}
		a.pages, a.complete, a.err = append(a.pages, p), p.Complete, p.Err
		answers[p.Mailbox] = a
		return nil
	})
	return answers, err
}

// read reads one mailbox's March, which must succeed.
func read(t testing.TB, account sdk.Account, m sdk.Mailbox, cursor []byte) answer {
	t.Helper()
	answers, err := readAll(t, account, readRequest(m, cursor))
	if a := answers[m.Address]; err == nil && a.err == nil && a.complete != nil {
		return a
	}
	t.Fatalf("read: %v, %+v", err, answers[m.Address].err)
	return answer{}
}

func readRequest(m sdk.Mailbox, cursor []byte) sdk.ReadRequest {
	return sdk.ReadRequest{Mailbox: m, Window: march(), Cursor: cursor, Detail: sdk.DetailFull, Scope: sdk.ScopeAll}
}

// get fetches whole items of one mailbox.
func get(t testing.TB, account sdk.Account, req sdk.GetRequest) (items []calendar.Item, missing []calendar.ItemID, err *sdk.Error) {
	t.Helper()
	callErr := account.Get(t.Context(), []sdk.GetRequest{req}, func(p sdk.GetPage) error {
		items, missing, err = append(items, p.Items...), append(missing, p.Missing...), p.Err
		return nil
	})
	if callErr != nil {
		t.Fatal(callErr)
	}
	return items, missing, err
}

// write carries out operations in one mailbox, and returns the results by id.
func write(t testing.TB, account sdk.Account, m sdk.Mailbox, ops ...sdk.Operation) map[string]sdk.WriteResult {
	t.Helper()
	results := map[string]sdk.WriteResult{}
	err := account.Write(t.Context(), []sdk.WriteRequest{{Mailbox: m, Operations: ops}}, func(r sdk.WriteResult) error {
		if _, twice := results[r.Operation]; twice {
			t.Errorf("operation %s was answered twice", r.Operation)
		}
		results[r.Operation] = r
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(ops) {
		t.Errorf("%d results of %d operations", len(results), len(ops))
	}
	return results
}

// course is an operation that creates a course's appointment.
func course(id string) sdk.Operation {
	return sdk.Operation{
		ID: id, Kind: sdk.Create,
		Marker: calendar.Marker{Installation: "inst", Generation: "g-" + id, Key: "lakeside/ida/course/" + id},
		Appointment: calendar.Appointment{
			Subject: "Training: Course " + id, Location: "Room 4, Leeds", Body: "Course " + id + "\nBring a laptop.",
			When:        calendar.When{Start: at(3, 20, 8), End: at(3, 20, 16), TimeZone: "Europe/Berlin"},
			ShowAs:      calendar.ShowAsBusy,
			Sensitivity: calendar.SensitivityNormal,
		},
	}
}

// markerProperty is the marker's property as the simulated Exchange stores it.
var markerProperty = world.Property{Set: exchange.MarkerPropertySet, Name: exchange.MarkerPropertyName, Kind: "String"}

// requests counts what was asked of the simulator, by operation.
func (s *sim) requests() map[string]int {
	counts := map[string]int{}
	for _, c := range s.Counts() {
		counts[c.Kind] += c.Requests
	}
	return counts
}
