package exchangeonprem_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// A1, A3, A5, A6: whatever goes wrong with a mailbox's read is that mailbox's error,
// without Complete and without items; the other mailbox is read.
func TestFailedReadIsNoAnswer(t *testing.T) {
	config := simtest.Config{}
	for name, c := range map[string]struct {
		fault exchangesim.Fault
		want  error
	}{
		"a failing store":          {exchangesim.Fault{Kind: "FindItem", Mode: exchangesim.FaultStatus, Status: 500, Code: "ErrorMailboxStoreUnavailable"}, sdk.ErrUnavailable},
		"a sign-in page":           {exchangesim.Fault{Kind: "FindItem", Mode: exchangesim.FaultHTML}, sdk.ErrBadAnswer},
		"half a list":              {exchangesim.Fault{Kind: "FindItem", Mode: exchangesim.FaultPartial}, sdk.ErrBadAnswer},
		"a failing change list":    {exchangesim.Fault{Kind: "SyncFolderItems", Mode: exchangesim.FaultStatus, Status: 500, Code: "ErrorInternalServerTransientError"}, sdk.ErrUnavailable},
		"half a change list":       {exchangesim.Fault{Kind: "SyncFolderItems", Mode: exchangesim.FaultPartial}, sdk.ErrBadAnswer},
		"no permission any longer": {exchangesim.Fault{Kind: "FindItem", Mode: exchangesim.FaultStatus, Status: 500, Code: "ErrorAccessDenied"}, sdk.ErrAccessDenied},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, config)
			bad, good := s.mailbox(t, "Europe/London"), s.mailbox(t, "Europe/London")
			for _, m := range []sdk.Mailbox{bad, good} {
				add(t, s.box(t, m), m, hour("Dentist", at(3, 12, 9)))
			}
			c.fault.Mailbox = bad.Address
			s.fault(t, c.fault)
			answers, err := readAll(t, s.open(t, nil), readRequest(bad, nil), readRequest(good, nil))
			if err != nil {
				t.Fatal(err)
			}
			if a := answers[bad.Address]; !errors.Is(a.err, c.want) || a.complete != nil || len(a.items) > 0 {
				t.Errorf("%v, complete %v, %d items; want %v alone", a.err, a.complete, len(a.items), c.want)
			}
			if a := answers[good.Address]; a.complete == nil || len(a.items) != 1 {
				t.Errorf("the good mailbox: %+v", a)
			}
		})
	}
}

// M3: a calendar with more items than a view returns is read in parts, each item
// once; A2: when one of the parts fails, there is no answer at all.
func TestMoreThanAView(t *testing.T) {
	s := newSim(t, simtest.Config{AllowInvalid: true}) // megabytes of answers are not judged
	m := s.mailbox(t, "Europe/London")
	box := s.box(t, m)
	for i := range 2500 {
		add(t, box, m, hour(fmt.Sprintf("Item %d", i), march().Start.Add(time.Duration(i)*15*time.Minute)))
	}
	account := s.open(t, nil)
	if a := read(t, account, m, nil); len(a.items) != 2500 || !a.complete.Full {
		t.Errorf("%d items, full %v; want all 2500", len(a.items), a.complete.Full)
	}
	s.fault(t, exchangesim.Fault{Kind: "FindItem", Mode: exchangesim.FaultPartial, Skip: 4, Times: 1})
	answers, err := readAll(t, account, readRequest(m, nil))
	if a := answers[m.Address]; err != nil || !errors.Is(a.err, sdk.ErrBadAnswer) || len(a.items) > 0 || a.complete != nil {
		t.Errorf("%v; %v and %d items; want ErrBadAnswer alone", err, a.err, len(a.items))
	}
}

// A calendar that did not change says nothing. Whose marks are not proven is asked by
// itself, beside the look at many.
func TestNothingChanged(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	add(t, s.box(t, m), m, hour("Dentist", at(3, 12, 9)))
	account := s.open(t, nil)
	first := read(t, account, m, nil)
	if !first.complete.Full || len(first.items) != 1 {
		t.Fatalf("first read: %+v", first)
	}
	s.ClearCounts()
	second := read(t, account, m, first.complete.Cursor)
	if second.complete.Full || len(second.items) != 0 {
		t.Errorf("second read: %+v", second)
	}
	if diff := cmp.Diff(map[string]int{"GetFolder": 1, "SyncFolderItems": 1}, s.requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	// Another detail or window than the cursor's is read in full, from the same state.
	wider := readRequest(m, second.complete.Cursor)
	wider.Window.End = wider.Window.End.Add(24 * time.Hour)
	answers, err := readAll(t, account, wider)
	if a := answers[m.Address]; err != nil || a.complete == nil || !a.complete.Full || len(a.items) != 1 {
		t.Errorf("another window: %v, %+v", err, a)
	}
}

// A touched mailbox costs three requests: what changed, the window, and the items
// whose text is wanted.
func TestTouchedMailbox(t *testing.T) {
	for access, detector := range map[string]string{"full": "GetFolder", "impersonation": "SyncFolderItems"} {
		s := newClockedSim(t, simtest.Config{})
		m := s.mailbox(t, "Europe/London")
		add(t, s.box(t, m), m, hour("Dentist", at(3, 12, 9)))
		account := s.open(t, map[string]any{"access": access})
		s.ticking(func() { verified(t, account, m) })
		s.pass(time.Minute)
		cursor := read(t, account, m, nil).complete.Cursor
		add(t, s.box(t, m), m, hour("Lunch", at(3, 13, 12)))
		s.ClearCounts()
		req := sdk.GetRequest{Mailbox: m, Detail: sdk.DetailFull}
		for id := range read(t, account, m, cursor).items {
			req.IDs = append(req.IDs, id)
		}
		items, missing, err := get(t, account, req)
		if err != nil || len(items) != 2 || len(missing) != 0 {
			t.Errorf("%s: %d items, %d missing, %v; want both items", access, len(items), len(missing), err)
		}
		want := map[string]int{detector: 1, "FindItem": 1, "GetItem": 1}
		if diff := cmp.Diff(want, s.requests()); diff != "" {
			t.Errorf("%s: requests (-want +got):\n%s", access, diff)
		}
	}
}

// F5: a state the server no longer knows leads to a full read, not to an error and
// not to an empty answer.
func TestExpiredState(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	add(t, s.box(t, m), m, hour("Dentist", at(3, 12, 9)))
	account := s.open(t, nil)
	first := read(t, account, m, nil)
	s.box(t, m).ExpirePositions()
	for name, cursor := range map[string][]byte{"expired": first.complete.Cursor, "garbage": []byte("\x00{")} {
		if a := read(t, account, m, cursor); !a.complete.Full || len(a.items) != 1 {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// E1, E2, E4: of a series that is older than the window, occurrences that are deleted
// or moved out are gone at the next read, moved ones show once, and those that nobody
// touched keep their identity.
func TestSeries(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	box := s.box(t, m)
	// Mondays from January on; those in the window are 16, 23, 30 March and 6 April.
	weekly := hour("Team", time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC))
	weekly.Weekly = 30
	id := add(t, box, m, weekly)
	series, err := box.Get(world.Ref{Item: id})
	if err != nil {
		t.Fatal(err)
	}
	account := s.open(t, nil)
	first := read(t, account, m, nil)
	ids := map[time.Time]calendar.ItemID{}
	for _, item := range first.items {
		ids[item.When.Start] = item.ID
		if item.SeriesID == "" {
			t.Errorf("%s has no series", item.When.Start)
		}
	}
	// D2: the wall time is kept when the clocks change on 29 March.
	want := []time.Time{at(3, 16, 9), at(3, 23, 9), at(3, 30, 8), at(4, 6, 8)}
	for _, start := range want {
		if ids[start] == "" {
			t.Fatalf("no occurrence at %s among %v", start, ids)
		}
	}
	if len(ids) != len(want) {
		t.Fatalf("%d occurrences, want %d", len(ids), len(want))
	}

	if err := box.Delete(nth(series, 10), world.Gone, world.Write{}); err != nil { // 16 March
		t.Fatal(err)
	}
	change(t, box, nth(series, 11), func(a *world.Appointment) { // 23 March, to the afternoon
		a.Start, a.End = a.Start.Add(5*time.Hour), a.End.Add(5*time.Hour)
	})
	change(t, box, nth(series, 13), func(a *world.Appointment) { // 6 April, out of the window
		a.Start, a.End = a.Start.AddDate(0, 0, 5), a.End.AddDate(0, 0, 5)
	})
	second := read(t, account, m, first.complete.Cursor)
	got := map[time.Time]calendar.ItemID{}
	for _, item := range second.items {
		got[item.When.Start] = item.ID
	}
	if !second.complete.Full || len(got) != 2 {
		t.Fatalf("full %v, %v; want the moved and the untouched", second.complete.Full, got)
	}
	if got[at(3, 23, 14)] != ids[at(3, 23, 9)] || got[at(3, 30, 8)] != ids[at(3, 30, 8)] {
		t.Errorf("occurrences changed their identity: before %v, after %v", ids, got)
	}

	if err := box.Delete(world.Ref{Item: id}, world.ToDeletedItems, world.Write{}); err != nil {
		t.Fatal(err)
	}
	if third := read(t, account, m, second.complete.Cursor); !third.complete.Full || len(third.items) != 0 {
		t.Errorf("after the series went: %+v", third)
	}
}

// F1: the window is half-open on both sides, whatever the server's own rule is.
func TestHalfOpenWindow(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	box := s.box(t, m)
	w := march()
	add(t, box, m, hour("ends at the start", w.Start.Add(-time.Hour)))
	add(t, box, m, hour("reaches in", w.Start.Add(-30*time.Minute)))
	add(t, box, m, hour("starts before the end", w.End.Add(-time.Minute)))
	add(t, box, m, hour("starts at the end", w.End))
	got := read(t, s.open(t, nil), m, nil)
	if diff := cmp.Diff([]string{"reaches in", "starts before the end"}, got.subjects()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// D4, pull-6: a whole day is the same date wherever it was made, also at the edges of
// the window.
func TestWholeDayFromElsewhere(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	box := s.box(t, m)
	day := func(month time.Month, d int) calendar.Date { return calendar.Date{Year: 2026, Month: month, Day: d} }
	for zone, first := range map[string]calendar.Date{
		"Pacific/Apia": day(3, 10), "Pacific/Pago_Pago": day(4, 9), "Europe/London": day(3, 29),
	} {
		e := hour(zone, time.Time{})
		e.When = calendar.When{AllDay: true, FirstDay: first, EndDay: first.AddDays(1), TimeZone: zone}
		add(t, box, m, e)
	}
	got := read(t, s.open(t, nil), m, nil)
	for zone, want := range map[string]calendar.Date{
		"Pacific/Apia": day(3, 10), "Pacific/Pago_Pago": day(4, 9), "Europe/London": day(3, 29),
	} {
		if w := got.bySubject(t, zone).When; !w.AllDay || w.FirstDay != want || w.EndDay != want.AddDays(1) {
			t.Errorf("%s: %s to %s, want %s", zone, w.FirstDay, w.EndDay, want)
		}
	}
}

// D7: an item whose zone has no name that means anything is read by its instants.
func TestUnknownZones(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	box := s.box(t, m)
	for _, zone := range []string{"Customized Time Zone", "tzone://Microsoft/Custom"} {
		a := appointment(t, m, hour(zone, at(3, 12, 9)))
		a.StartZone, a.EndZone = zone, zone
		if _, err := box.Create(a, world.SendNone); err != nil {
			t.Fatal(err)
		}
	}
	got := read(t, s.open(t, nil), m, nil)
	for _, zone := range []string{"Customized Time Zone", "tzone://Microsoft/Custom"} {
		if w := got.bySubject(t, zone).When; !w.Start.Equal(at(3, 12, 9)) || !w.End.Equal(at(3, 12, 10)) || w.TimeZone != "" {
			t.Errorf("%s: %+v", zone, w)
		}
	}
}

// J1, pull-3: private text is nowhere in what the plugin answers, whatever is asked.
func TestPrivateText(t *testing.T) {
	const secret = "Divorce lawyer"
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	for _, kind := range []calendar.Sensitivity{calendar.SensitivityPrivate, calendar.SensitivityPersonal, calendar.SensitivityConfidential} {
		e := hour(secret, at(3, 12, 9))
		e.Location, e.Body, e.Sensitivity = secret, secret, kind
		add(t, s.box(t, m), m, e)
	}
	account := s.open(t, nil)
	a := read(t, account, m, nil)
	var ids []calendar.ItemID
	for id, item := range a.items {
		ids = append(ids, id)
		if !item.Sensitivity.Private() || item.Incomplete {
			t.Errorf("%+v", item)
		}
	}
	items, missing, failed := get(t, account, sdk.GetRequest{Mailbox: m, IDs: ids, Detail: sdk.DetailFull})
	if len(items) != 3 || len(missing) > 0 || failed != nil {
		t.Fatalf("%d items, %v, %v", len(items), missing, failed)
	}
	out, err := json.Marshal([]any{a.pages, items})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), secret) {
		t.Errorf("private text left the plugin: %s", out)
	}
}

// A meeting that was called off or declined is told as such (J5).
func TestCancelledAndDeclined(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	for _, subject := range []string{"cancelled", "declined"} {
		a := appointment(t, m, hour(subject, at(3, 12, 9)))
		a.Organizer = world.Address{Name: "Boss", SMTP: "boss@elsewhere.example"}
		a.Attendees = []world.Attendee{{Address: world.Address{SMTP: m.Address}, Kind: "required"}}
		a.Cancelled = subject == "cancelled"
		if subject == "declined" {
			a.Response = world.Declined
		}
		if _, err := s.box(t, m).Create(a, world.SendNone); err != nil {
			t.Fatal(err)
		}
	}
	got := read(t, s.open(t, nil), m, nil)
	if i := got.bySubject(t, "cancelled"); !i.Cancelled || i.Declined {
		t.Errorf("%+v", i)
	}
	if i := got.bySubject(t, "declined"); i.Cancelled || !i.Declined {
		t.Errorf("%+v", i)
	}
}

// An item that Get does not find is missing; one that it may not see is not, and
// neither is anything while the calendar cannot be seen (A5).
func TestMissing(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	box := s.box(t, m)
	gone := add(t, box, m, hour("gone", at(3, 12, 9)))
	add(t, box, m, hour("there", at(3, 13, 9)))
	account := s.open(t, nil)
	a := read(t, account, m, nil)
	req := sdk.GetRequest{Mailbox: m, Detail: sdk.DetailFull, IDs: []calendar.ItemID{
		a.bySubject(t, "gone").ID, a.bySubject(t, "there").ID, a.bySubject(t, "gone").ID, "no id of this server",
	}}
	if err := box.Delete(world.Ref{Item: gone}, world.ToDeletedItems, world.Write{}); err != nil {
		t.Fatal(err)
	}
	items, missing, failed := get(t, account, req)
	if len(items) != 1 || items[0].Subject != "there" || len(missing) != 2 || failed != nil {
		t.Errorf("%d items, missing %v, %v", len(items), missing, failed)
	}
	box.SetState(world.NoPermission)
	items, missing, failed = get(t, account, req)
	if len(items) != 0 || len(missing) != 0 || failed == nil || failed.Code.Fault() != sdk.FaultMailbox {
		t.Errorf("without permission: %d items, missing %v, %v", len(items), missing, failed)
	}
}

// G3: what the server asks of one mailbox's request holds for the whole account.
func TestThrottled(t *testing.T) {
	s := newSim(t, simtest.Config{})
	var reqs []sdk.ReadRequest
	for range 10 {
		reqs = append(reqs, readRequest(s.mailbox(t, "Europe/London"), nil))
	}
	s.fault(t, exchangesim.Fault{Mode: exchangesim.FaultStatus, Status: 500, Code: "ErrorServerBusy", RetryAfter: "120"})
	answers, err := readAll(t, s.open(t, nil), reqs...)
	if err != nil {
		t.Fatal(err)
	}
	for mailbox, a := range answers {
		if !errors.Is(a.err, sdk.ErrThrottled) || a.err.RetryAfter <= 0 || a.err.RetryAfter > 2*time.Minute {
			t.Errorf("%s: %+v", mailbox, a.err)
		}
	}
	if n := s.requests()["SyncFolderItems"]; n > 4 {
		t.Errorf("%d requests to a server that asked to wait", n)
	}
}
