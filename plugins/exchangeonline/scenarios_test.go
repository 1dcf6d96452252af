package exchangeonline_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/sdktest"
)

// march is the window of these tests: around the change to summer time in Europe.
var march = calendar.Window{
	Start: time.Date(2027, 3, 14, 0, 0, 0, 0, time.UTC), End: time.Date(2027, 4, 14, 0, 0, 0, 0, time.UTC),
}

func hours(day, from, to int) calendar.When {
	return calendar.When{
		Start: time.Date(2027, 3, day, from, 0, 0, 0, time.UTC), End: time.Date(2027, 3, day, to, 0, 0, 0, time.UTC),
		TimeZone: "Europe/London",
	}
}

func entry(subject string, when calendar.When) sdktest.Entry {
	return sdktest.Entry{Subject: subject, Body: "Notes", When: when, ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal}
}

func wanted(m sdk.Mailbox, cursor []byte) sdk.ReadRequest {
	return sdk.ReadRequest{Mailbox: m, Window: march, Detail: sdk.DetailFull, Scope: sdk.ScopeAll, Cursor: cursor}
}

func read(t *testing.T, a sdk.Account, reqs ...sdk.ReadRequest) map[string]sdk.ReadPage {
	t.Helper()
	var mu sync.Mutex
	pages := map[string]sdk.ReadPage{}
	err := a.Read(t.Context(), reqs, func(p sdk.ReadPage) error {
		mu.Lock()
		defer mu.Unlock()
		pages[p.Mailbox] = p
		return nil
	})
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return pages
}

// readOne reads one mailbox, which must work.
func readOne(t *testing.T, a sdk.Account, m sdk.Mailbox, cursor []byte) sdk.ReadPage {
	t.Helper()
	p := read(t, a, wanted(m, cursor))[m.Address]
	if p.Err != nil {
		t.Fatalf("Read of %s: %v", m.Address, p.Err)
	}
	return p
}

// starts lists the items of a page as "subject 03-15T09:00", in order of the changes.
func starts(p sdk.ReadPage) []string {
	var list []string
	add := func(i calendar.Item) {
		list = append(list, i.Subject+" "+i.When.Start.UTC().Format("01-02T15:04"))
	}
	for _, c := range p.Changes {
		switch {
		case c.Upsert != nil:
			add(*c.Upsert)
		case c.ReplaceSeries != nil:
			for _, i := range c.ReplaceSeries.Items {
				add(i)
			}
		}
	}
	return list
}

func write(t *testing.T, a sdk.Account, m sdk.Mailbox, ops ...sdk.Operation) map[string]sdk.WriteResult {
	t.Helper()
	var mu sync.Mutex
	results := map[string]sdk.WriteResult{}
	err := a.Write(t.Context(), []sdk.WriteRequest{{Mailbox: m, Operations: ops}}, func(r sdk.WriteResult) error {
		mu.Lock()
		defer mu.Unlock()
		results[r.Operation] = r
		return nil
	})
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
	return results
}

// course is an appointment of ours: 09:00 to 17:00 in Berlin.
func course(n int) sdk.Operation {
	return sdk.Operation{
		ID: fmt.Sprint("course-", n), Kind: sdk.Create,
		Marker: calendar.Marker{Installation: "northwind-sync", Key: fmt.Sprint("northwind/ana/course/", n), Generation: "g1"},
		Appointment: calendar.Appointment{
			Subject: "Training: Forklift basics", Location: "Leeds, Room 4", Body: "Status: confirmed\nRoom 4 <upstairs> & left",
			When: calendar.When{
				Start: time.Date(2027, 3, 16, 8, 0, 0, 0, time.UTC), End: time.Date(2027, 3, 16, 16, 0, 0, 0, time.UTC),
				TimeZone: "Europe/Berlin",
			},
			ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
		},
	}
}

func fault(t *testing.T, s *sim, f exchangesim.Fault) {
	t.Helper()
	f.Protocol = "graph"
	if _, err := s.AddFault(f); err != nil {
		t.Fatal(err)
	}
}

// count adds up what was asked for of a kind, over all mailboxes.
func count(s *sim, kind string) exchangesim.Count {
	var sum exchangesim.Count
	for _, c := range s.Counts() {
		if c.Kind == kind {
			sum.Requests += c.Requests
			sum.Batched += c.Batched
		}
	}
	return sum
}

// diary is what a host knows of a calendar: what it was told, applied in order.
type diary map[calendar.ItemID]calendar.Item

// apply takes a read's changes in, as the contract says.
func (d diary) apply(p sdk.ReadPage) diary {
	if p.Complete.Full {
		clear(d)
	}
	for _, c := range p.Changes {
		switch {
		case c.Upsert != nil:
			d[c.Upsert.ID] = *c.Upsert
		case c.ReplaceSeries != nil:
			d.drop(c.ReplaceSeries.ID)
			for _, i := range c.ReplaceSeries.Items {
				d[i.ID] = i
			}
		default:
			delete(d, c.Remove)
			d.drop(c.Remove)
		}
	}
	return d
}

// drop forgets the occurrences of a series.
func (d diary) drop(series calendar.ItemID) {
	for id, i := range d {
		if i.SeriesID == series {
			delete(d, id)
		}
	}
}

// entries lists the diary as starts does, in order of time.
func (d diary) entries() []string {
	var list []string
	for _, i := range d {
		list = append(list, i.When.Start.UTC().Format("01-02T15:04")+" "+i.Subject)
	}
	slices.Sort(list)
	return list
}

// zoned is a time in a zone.
func zoned(t testing.TB, zone string, year int, month time.Month, day, hour, minute int) time.Time {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return time.Date(year, month, day, hour, minute, 0, 0, loc)
}

// teamCall is a weekly series of an hour at nine in Berlin on Mondays, from before the
// window on: in it on 15, 22 and 29 March, 5 and 12 April.
func teamCall(t testing.TB) world.Appointment {
	start := zoned(t, "Europe/Berlin", 2027, 1, 4, 9, 0)
	return world.Appointment{
		Subject: "Team call", Start: start, End: start.Add(time.Hour), ShowAs: world.Busy,
		Recurrence: &world.Recurrence{
			Pattern: world.Pattern{Kind: world.Weekly, Interval: 1, Days: []time.Weekday{time.Monday}, FirstDayOfWeek: time.Monday},
			Range:   world.Range{Count: 20},
		},
	}
}

func put(t testing.TB, box *world.Mailbox, a world.Appointment) world.ItemID {
	t.Helper()
	item, err := box.Create(a, world.SendNone)
	if err != nil {
		t.Fatal(err)
	}
	return item.Item
}

func edit(t testing.TB, box *world.Mailbox, ref world.Ref, change func(*world.Appointment)) {
	t.Helper()
	_, err := box.Update(ref, world.Write{}, func(a *world.Appointment) error {
		change(a)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func discard(t testing.TB, box *world.Mailbox, ref world.Ref) {
	t.Helper()
	if err := box.Delete(ref, world.ToDeletedItems, world.Write{}); err != nil {
		t.Fatal(err)
	}
}

// on is the occurrence of a series of 2027 on a day.
func on(series world.ItemID, month time.Month, day int) world.Ref {
	return world.Ref{Item: series, Occurrence: world.Date{Year: 2027, Month: month, Day: day}}
}
