package exchangeonline_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

// Whatever goes wrong with a read, the mailbox gets an error and nothing else, and the
// other one its items (A1, A2, A3, A6).
func TestFailedReadsReportNothing(t *testing.T) {
	faults := map[string]exchangesim.Fault{
		"throttled for long":  {Kind: "Delta", Mode: exchangesim.FaultStatus, Status: 429, RetryAfter: "120"},
		"forbidden":           {Kind: "Delta", Mode: exchangesim.FaultStatus, Status: 403},
		"second page refused": {Kind: "Delta", Mode: exchangesim.FaultStatus, Status: 403, Skip: 1},
		"second page is HTML": {Kind: "Delta", Mode: exchangesim.FaultHTML, Skip: 1},
		"second page is half": {Kind: "Delta", Mode: exchangesim.FaultPartial, Skip: 1},
		"mailbox moved":       {Kind: "Delta", Mode: exchangesim.FaultStatus, Status: 404, Code: "MailboxNotEnabledForRESTAPI"},
		"server error":        {Kind: "Delta", Mode: exchangesim.FaultStatus, Status: 500, Skip: 1},
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			bad, good := s.mailbox(t, "Europe/London"), s.mailbox(t, "Europe/London")
			for _, m := range []sdk.Mailbox{bad, good} {
				add(t, s.box(t, m), m, entry("Dentist", hours(15, 9, 10)))
			}
			f.Mailbox = bad.Address
			fault(t, s, f)
			pages := read(t, s.open(t), wanted(bad, nil), wanted(good, nil))
			if p := pages[bad.Address]; p.Err == nil || p.Complete != nil || len(p.Changes) != 0 {
				t.Errorf("the bad one = %+v, want an error alone", p)
			}
			if diff := cmp.Diff([]string{"Dentist 03-15T09:00"}, starts(pages[good.Address])); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Refused tokens concern the account: said once, and nothing of any mailbox (A1).
func TestRevokedTokens(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	a := s.open(t)
	readOne(t, a, m, nil)
	if _, err := s.AddFault(exchangesim.Fault{Protocol: "graph", Kind: "Delta", Mode: exchangesim.FaultStatus, Status: 401}); err != nil {
		t.Fatal(err)
	}
	err := a.Read(t.Context(), []sdk.ReadRequest{wanted(m, nil)}, func(p sdk.ReadPage) error {
		t.Errorf("emitted %+v", p)
		return nil
	})
	if !errors.Is(err, sdk.ErrCredentials) {
		t.Errorf("err = %v, want the credentials", err)
	}
}

// Transient trouble is sat out within the call (G1, A7).
func TestTransientTrouble(t *testing.T) {
	for name, f := range map[string]exchangesim.Fault{
		"throttled":        {Kind: "Delta", Mode: exchangesim.FaultStatus, Status: 429, RetryAfter: "0.1", Times: 2},
		"unavailable":      {Kind: "Delta", Mode: exchangesim.FaultStatus, Status: 503, RetryAfter: "0.1", Times: 1},
		"answer lost":      {Kind: "Delta", Mode: exchangesim.FaultLost, Times: 1},
		"answer cut off":   {Kind: "Delta", Mode: exchangesim.FaultCut, Skip: 1, Times: 1},
		"in hydration too": {Kind: "GetEvent", Mode: exchangesim.FaultStatus, Status: 429, RetryAfter: "0.1", Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			m := s.mailbox(t, "Europe/London")
			add(t, s.box(t, m), m, entry("Dentist", hours(15, 9, 10)))
			fault(t, s, f)
			if diff := cmp.Diff([]string{"Dentist 03-15T09:00"}, starts(readOne(t, s.open(t), m, nil))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A create whose answer is lost, in whatever way, leaves one item (B1, push-10).
func TestLostCreate(t *testing.T) {
	for name, f := range map[string]exchangesim.Fault{
		"answer lost":         {Kind: "CreateEvent", Mode: exchangesim.FaultLost, Times: 1},
		"answer cut off":      {Kind: "CreateEvent", Mode: exchangesim.FaultCut, Times: 1},
		"batch answered late": {Kind: "CreateEvent", Mode: exchangesim.FaultStatus, Status: 504, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			m := s.mailbox(t, "Europe/London")
			fault(t, s, f)
			a := s.open(t)
			if r := write(t, a, m, course(1))["course-1"]; r.Err != nil {
				t.Fatal(r.Err)
			}
			again := course(1)
			again.MaybeDone = true
			again.Appointment.Subject = "Training: Forklift advanced"
			if r := write(t, a, m, again)["course-1"]; r.Err != nil {
				t.Fatal(r.Err)
			}
			items := s.box(t, m).Items(world.Calendar)
			if len(items) != 1 || items[0].Subject != again.Appointment.Subject {
				t.Errorf("the calendar has %d items, want one with the new title", len(items))
			}
		})
	}
}

// The search before a create may be late to see the item: then the server's own
// memory of the transaction leads to it (B1).
func TestTransactionRemembered(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	a := s.open(t)
	write(t, a, m, course(1))
	changed := course(1)
	changed.Appointment.Subject = "Training: Forklift advanced"
	r := write(t, a, m, changed)["course-1"]
	if items := s.box(t, m).Items(world.Calendar); r.Err != nil || len(items) != 1 || items[0].Subject != changed.Appointment.Subject {
		t.Errorf("result = %+v, %d items, want the one brought up to date", r, len(items))
	}
}

// A course in Berlin is at 08:00 for a trainer in London, in the course's zone, with
// nobody invited and no reminder (D1, K1, K2).
func TestWrittenItem(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	r := write(t, s.open(t), m, course(1))["course-1"]
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	got := s.box(t, m).Items(world.Calendar)[0]
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	if at := got.Start.In(london).Format("15:04"); at != "08:00" || got.StartZone != "W. Europe Standard Time" || got.Start.Format("15:04") != "09:00" {
		t.Errorf("starts %v (%s in London) in %q", got.Start, at, got.StartZone)
	}
	if len(got.Attendees) != 0 || got.OnlineMeeting || got.Reminder.On || got.AllDay {
		t.Errorf("item = %+v, want no attendees, meeting or reminder", got)
	}
}

// What the server makes of our text is reported, and is the same at every later look:
// nothing would be written again (C5).
func TestCanonicalForm(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	a := s.open(t)
	r := write(t, a, m, course(1))["course-1"]
	if r.Err != nil || r.Item == nil || r.Item.Incomplete {
		t.Fatalf("result = %+v", r)
	}
	req := wanted(m, nil)
	req.Own = []calendar.ItemID{r.ItemID}
	page := read(t, a, req)[m.Address]
	if len(page.Changes) != 1 || page.Changes[0].Upsert == nil {
		t.Fatalf("changes = %v, want our item", starts(page))
	}
	seen := *page.Changes[0].Upsert
	if diff := cmp.Diff(r.Item.Appointment, seen.Appointment); diff != "" || seen.Version != r.Version {
		t.Errorf("version %s after %s\n%s", seen.Version, r.Version, diff)
	}
	if !strings.Contains(seen.Body, "Room 4 <upstairs> & left") {
		t.Errorf("body = %q", seen.Body)
	}
}

// A whole day is the same day for every trainer, east and west (D4).
func TestWholeDayEverywhere(t *testing.T) {
	day := calendar.When{AllDay: true, FirstDay: calendar.Date{Year: 2027, Month: 3, Day: 20}, EndDay: calendar.Date{Year: 2027, Month: 3, Day: 22}}
	for _, zone := range []string{"Pacific/Auckland", "Pacific/Pago_Pago", "Europe/London", "America/St_Johns"} {
		t.Run(zone, func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			m := s.mailbox(t, zone)
			add(t, s.box(t, m), m, entry("Holiday", day))
			a := s.open(t)
			ours := course(1)
			ours.Appointment.When = day
			if r := write(t, a, m, ours)["course-1"]; r.Err != nil {
				t.Fatal(r.Err)
			}
			page := readOne(t, a, m, nil)
			if len(page.Changes) != 2 {
				t.Fatalf("%d changes, want both days", len(page.Changes))
			}
			for _, c := range page.Changes {
				if !c.Upsert.When.SameTime(day) {
					t.Errorf("%s = %+v, want %+v", c.Upsert.Subject, c.Upsert.When, day)
				}
			}
		})
	}
}

// A weekly series that began long ago keeps its wall time across the clock change;
// one occurrence deleted is just gone, one moved is there once (D2, E1, E2, E4).
func TestSeries(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	weekly := entry("Team call", calendar.When{
		Start: time.Date(2027, 1, 4, 9, 0, 0, 0, time.UTC), End: time.Date(2027, 1, 4, 10, 0, 0, 0, time.UTC), TimeZone: "Europe/London",
	})
	weekly.Weekly = 20
	box := s.box(t, m)
	id := add(t, box, m, weekly)
	a := s.open(t)
	page := readOne(t, a, m, nil)
	want := []string{"Team call 03-15T09:00", "Team call 03-22T09:00", "Team call 03-29T08:00", "Team call 04-05T08:00", "Team call 04-12T08:00"}
	if diff := cmp.Diff(want, starts(page), sortStrings); diff != "" {
		t.Errorf("first read: %s", diff)
	}
	occurrence := func(month time.Month, day int) world.Ref {
		return world.Ref{Item: id, Occurrence: world.Date{Year: 2027, Month: month, Day: day}}
	}
	if err := box.Delete(occurrence(3, 22), world.Gone, world.Write{}); err != nil {
		t.Fatal(err)
	}
	if _, err := box.Update(occurrence(4, 5), world.Write{}, func(o *world.Appointment) error {
		o.Start, o.End = o.Start.Add(26*time.Hour), o.End.Add(26*time.Hour)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	next := readOne(t, a, m, page.Complete.Cursor)
	want = []string{"Team call 03-15T09:00", "Team call 03-29T08:00", "Team call 04-06T10:00", "Team call 04-12T08:00"}
	if diff := cmp.Diff(want, starts(next), sortStrings); diff != "" || next.Complete.Full {
		t.Errorf("second read, full = %v: %s", next.Complete.Full, diff)
	}
	if !hasSeries(next) {
		t.Error("the series is not replaced as a whole")
	}
	if err := box.Delete(world.Ref{Item: id}, world.ToDeletedItems, world.Write{}); err != nil {
		t.Fatal(err)
	}
	last := readOne(t, a, m, next.Complete.Cursor)
	if len(last.Changes) != 1 || last.Changes[0].Remove == "" {
		t.Errorf("third read = %+v, want the series removed", last.Changes)
	}
}

func hasSeries(p sdk.ReadPage) bool {
	for _, c := range p.Changes {
		if c.ReplaceSeries != nil {
			return true
		}
	}
	return false
}

// An event made outside the window is reported as removed, which is no harm (F4); one
// that leaves the window is gone from it, and still there for Get.
func TestOutsideTheWindow(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	box := s.box(t, m)
	id := add(t, box, m, entry("Dentist", hours(15, 9, 10)))
	a := s.open(t)
	page := readOne(t, a, m, nil)
	known := page.Changes[0].Upsert.ID
	far := entry("Far away", hours(15, 9, 10))
	far.When.Start, far.When.End = far.When.Start.AddDate(1, 0, 0), far.When.End.AddDate(1, 0, 0)
	add(t, box, m, far)
	if _, err := box.Update(world.Ref{Item: id}, world.Write{}, func(w *world.Appointment) error {
		w.Start, w.End = w.Start.AddDate(1, 0, 0), w.End.AddDate(1, 0, 0)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	next := readOne(t, a, m, page.Complete.Cursor)
	removed := map[calendar.ItemID]bool{}
	for _, c := range next.Changes {
		if c.Remove == "" {
			t.Errorf("change = %+v, want removals only", c)
		}
		removed[c.Remove] = true
	}
	if len(removed) != 2 || !removed[known] {
		t.Errorf("removed = %v, want %s and one that nobody knows", removed, known)
	}
	got := sdk.GetPage{}
	if err := a.Get(t.Context(), []sdk.GetRequest{{Mailbox: m, IDs: []calendar.ItemID{known}, Detail: sdk.DetailFull}}, func(p sdk.GetPage) error {
		got = p
		return nil
	}); err != nil || len(got.Items) != 1 {
		t.Errorf("Get = %+v, %v, want the item that moved", got, err)
	}
}

// A cursor that the server forgot leads to a full read, which says so (F5).
func TestExpiredCursor(t *testing.T) {
	s := newSim(t, exchangesim.Options{Generations: 3})
	m := s.mailbox(t, "Europe/London")
	add(t, s.box(t, m), m, entry("Dentist", hours(15, 9, 10)))
	a := s.open(t)
	old := readOne(t, a, m, nil).Complete.Cursor
	cursor := old
	for range 3 {
		cursor = readOne(t, a, m, cursor).Complete.Cursor
	}
	page := readOne(t, a, m, old)
	if !page.Complete.Full || len(page.Changes) != 1 {
		t.Errorf("an old cursor: full = %v, %v, want a full read", page.Complete.Full, starts(page))
	}
	s.box(t, m).ExpirePositions()
	if page := readOne(t, a, m, page.Complete.Cursor); !page.Complete.Full || len(page.Changes) != 1 {
		t.Errorf("an expired cursor: full = %v, %v, want a full read", page.Complete.Full, starts(page))
	}
}

// 60 appointments of one trainer and 60 mailboxes read at once keep below the server's
// limit of four in flight for a mailbox: nothing is throttled (G2, P8).
func TestNeverThrottled(t *testing.T) {
	throttled := make(chan string, 1000)
	s := newSim(t, exchangesim.Options{Latency: 2 * time.Millisecond, Observe: func(x exchangesim.Exchange) {
		if x.Status == 429 || strings.Contains(string(x.ResponseBody), "MailboxConcurrency") {
			throttled <- x.URL
		}
	}})
	a := s.open(t)
	m := s.mailbox(t, "Europe/London")
	var ops []sdk.Operation
	for n := range 60 {
		ops = append(ops, course(n))
	}
	for id, r := range write(t, a, m, ops...) {
		if r.Err != nil {
			t.Errorf("%s: %v", id, r.Err)
		}
	}
	if n := count(s, "Batch").Requests; n != 3 {
		t.Errorf("%d batches for 60 creates, want 3", n)
	}
	if n := len(s.box(t, m).Items(world.Calendar)); n != 60 {
		t.Errorf("%d items, want 60", n)
	}
	reqs := []sdk.ReadRequest{wanted(m, nil)}
	for range 60 {
		reqs = append(reqs, wanted(s.mailbox(t, "Europe/London"), nil))
	}
	for address, p := range read(t, a, reqs...) {
		if p.Err != nil {
			t.Errorf("%s: %v", address, p.Err)
		}
	}
	if len(throttled) != 0 {
		t.Errorf("%d answers were throttled, the first: %s", len(throttled), <-throttled)
	}
}

// Costs: one token, one request for 20 unchanged mailboxes, one sub-request for each
// changed event (E, goals 1, 4 and 7).
func TestCosts(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	a := s.open(t)
	var reqs []sdk.ReadRequest
	for range 40 {
		reqs = append(reqs, wanted(s.mailbox(t, "Europe/London"), nil))
	}
	for i, req := range reqs {
		reqs[i].Cursor = read(t, a, req)[req.Mailbox.Address].Complete.Cursor
	}
	tokens := count(s, "Token").Requests
	s.ClearCounts()
	read(t, a, reqs...)
	if got, want := count(s, "Batch").Requests, 2; got != want {
		t.Errorf("%d batches for 40 unchanged mailboxes, want %d", got, want)
	}
	if got := count(s, "Delta"); got.Batched != 40 || got.Requests != 0 {
		t.Errorf("deltas = %+v, want 40 in batches", got)
	}
	if got := count(s, "GetEvent"); got.Batched+got.Requests != 0 || tokens != 1 {
		t.Errorf("%d events fetched, %d tokens, want none and one", got.Batched+got.Requests, tokens)
	}
	s.ClearCounts()
	write(t, a, reqs[0].Mailbox, course(1), course(2), course(3))
	if got := count(s, "CreateEvent").Batched; got != 3 || count(s, "Batch").Requests != 1 {
		t.Errorf("%d creates in %d batches, want 3 in one", got, count(s, "Batch").Requests)
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

// A call whose caller gives up ends soon, with an error and no answer (G7).
func TestCallerGivesUp(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	fault(t, s, exchangesim.Fault{Kind: "Delta", Mode: exchangesim.FaultHang})
	a := s.open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := a.Read(ctx, []sdk.ReadRequest{wanted(m, nil)}, func(p sdk.ReadPage) error {
		t.Errorf("emitted %+v", p)
		return nil
	})
	if err == nil || !errors.Is(err, sdk.ErrUnavailable) {
		t.Errorf("err = %v, want an end without answer", err)
	}
}

// The mailbox's state decides what an operator is told (I5, I7).
func TestMailboxStates(t *testing.T) {
	for state, want := range map[world.State]sdk.Code{
		world.NoPermission: sdk.CodeAccessDenied,
		world.Disabled:     sdk.CodeMailboxUnavailable,
		world.Moved:        sdk.CodeMailboxUnavailable,
		world.Moving:       sdk.CodeUnavailable,
	} {
		t.Run(string(state), func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			m := s.mailbox(t, "Europe/London")
			s.box(t, m).SetState(state)
			p := read(t, s.open(t), wanted(m, nil))[m.Address]
			if p.Err == nil || p.Err.Code != want || (want != sdk.CodeUnavailable && p.Err.Advice == "") {
				t.Errorf("err = %+v, want %s with advice", p.Err, want)
			}
		})
	}
}
