package sdktest

import (
	"errors"
	"testing"
	"time"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

var readCases = []testCase{
	{"a read without changes is empty", nil, readNoChange},
	{"a new item is found", nil, readAdded},
	{"changes and deletions are found", []Feature{Edit}, readEdited},
	{"windows are half-open", nil, readWindowEdges},
	{"the window moves", nil, readMovedWindow},
	{"occurrences of a series", []Feature{Recurrence}, readSeries},
	{"a deleted series is gone", []Feature{Recurrence, Edit}, readSeriesDeleted},
	{"whole days by date", []Feature{AllDay}, readAllDay},
	{"free time is told from busy", []Feature{ShowAs}, readFree},
	{"an unknown cursor leads to a full read", nil, readBadCursor},
	{"a bad mailbox fails alone", nil, readBadMailbox},
	{"an error of the receiver ends the call", nil, readReceiverFails},
	{"get tells what is missing", []Feature{Write}, getMissing},
	{"only own items where only they are asked for", []Feature{Write}, readScopeOwn},
}

// next reads on from complete's cursor and applies what it finds.
func (w *world) next(t testing.TB, r sdk.ReadRequest, s state, c sdk.Complete) ([]calendar.Change, sdk.Complete) {
	t.Helper()
	r.Cursor = c.Cursor
	changes, complete := w.read(t, r)
	s.apply(t, changes, complete)
	return changes, complete
}

func readNoChange(t testing.TB, w *world) {
	m := w.mailbox(t)
	w.Add(t, m, lunch())
	r := readRequest(m)
	s, c := w.full(t, r)
	s.at(t, lunch().When)
	for range 2 { // the second cursor works as well as the first
		var changes []calendar.Change
		if changes, c = w.next(t, r, s, c); !c.Full && len(changes) > 0 {
			t.Errorf("%d changes since the last read, want none", len(changes))
		}
		s.at(t, lunch().When)
	}
}

func readAdded(t testing.TB, w *world) {
	m := w.mailbox(t)
	r := readRequest(m)
	s, c := w.full(t, r)
	if len(s) != 0 {
		t.Fatalf("%d items in an empty calendar", len(s))
	}
	w.Add(t, m, lunch())
	w.next(t, r, s, c)
	item := s.at(t, lunch().When)
	w.whole(t, r, s)
	if item = s[item.ID]; item.Subject != lunch().Subject {
		t.Errorf("subject %q, want %q", item.Subject, lunch().Subject)
	}
}

func readEdited(t testing.TB, w *world) {
	m := w.mailbox(t)
	stays, moves, goes := lunch(), lunch(), lunch()
	moves.When, goes.When = hours(1, 0, 1), hours(2, 0, 1)
	w.Add(t, m, stays)
	moving, going := w.Add(t, m, moves), w.Add(t, m, goes)
	r := readRequest(m)
	s, c := w.full(t, r)

	moves.When, moves.Subject = hours(4, 2, 2), "Moved lunch"
	w.Change(t, m, moving, moves)
	w.Remove(t, m, going)
	_, c = w.next(t, r, s, c)
	if len(s) != 2 {
		t.Errorf("%d items, want 2:\n%s", len(s), s)
	}
	s.at(t, stays.When)
	w.whole(t, r, s)
	if got := s.at(t, moves.When).Subject; got != moves.Subject {
		t.Errorf("subject %q of the changed item, want %q", got, moves.Subject)
	}
	again, _ := w.full(t, r)
	if again.String() != s.String() {
		t.Errorf("a full read tells\n%s\nthe reads since the first\n%s", again, s)
	}
	if changes, end := w.next(t, r, s, c); !end.Full && len(changes) > 0 {
		t.Errorf("the changes are told twice")
	}
}

// F1: what ends at the window's start or starts at its end is outside.
func readWindowEdges(t testing.TB, w *world) {
	m := w.mailbox(t)
	span := func(start, end time.Time) calendar.When {
		return calendar.When{Start: start, End: end, TimeZone: home}
	}
	outside := []calendar.When{
		span(window.Start.Add(-time.Hour), window.Start),
		span(window.End, window.End.Add(time.Hour)),
	}
	inside := []calendar.When{
		span(window.Start.Add(-time.Hour), window.Start.Add(time.Hour)),
		span(window.End.Add(-time.Hour), window.End.Add(time.Hour)),
	}
	for _, when := range append(outside, inside...) {
		e := lunch()
		e.When = when
		w.Add(t, m, e)
	}
	s, c := w.full(t, readRequest(m))
	for _, item := range s {
		if !c.Covered.Overlaps(item.When.Span(time.UTC)) {
			t.Errorf("reported, and outside the covered window: %s", describeWhen(item.When))
		}
	}
	for _, when := range inside {
		s.at(t, when)
	}
	if want := len(inside); c.Covered.Equal(window) && len(s) != want {
		t.Errorf("%d items, want %d", len(s), want)
	}
}

// pull-7: a cursor of another window must not hide what slid in.
func readMovedWindow(t testing.TB, w *world) {
	m := w.mailbox(t)
	late := lunch()
	late.When = calendar.When{Start: window.End.Add(time.Hour), End: window.End.Add(2 * time.Hour), TimeZone: home}
	w.Add(t, m, late)
	r := readRequest(m)
	s, c := w.full(t, r)
	r.Window = calendar.Window{Start: window.Start.AddDate(0, 0, 7), End: window.End.AddDate(0, 0, 7)}
	w.next(t, r, s, c)
	s.at(t, late.When)
}

// weekly is a series of four Mondays around the clock change, one moved, one deleted.
func weekly() (Entry, []calendar.When) {
	e := lunch()
	e.Weekly, e.Deleted = 4, []int{1}
	e.Moved = map[int]calendar.When{3: hours(22, 1, 1)}
	at := func(day int, hour time.Duration) calendar.When {
		start := time.Date(2027, 3, 15+day, 0, 0, 0, 0, time.UTC).Add(hour * time.Hour)
		return calendar.When{Start: start, End: start.Add(time.Hour)}
	}
	// 12:00 in London: 12:00 UTC until 28 March, 11:00 UTC from then on.
	return e, []calendar.When{at(0, 12), at(14, 11), e.Moved[3]}
}

// pull-4, D2, B9.
func readSeries(t testing.TB, w *world) {
	m := w.mailbox(t)
	r := readRequest(m)
	e, want := weekly()
	s, c := w.full(t, r)
	w.Add(t, m, e)
	w.next(t, r, s, c)
	for _, s := range []state{s, first(w.full(t, r))} {
		if len(s) != len(want) {
			t.Fatalf("%d occurrences, want %d; there are\n%s", len(s), len(want), s)
		}
		for _, when := range want {
			if s.at(t, when).SeriesID == "" {
				t.Error("an occurrence without the id of its series")
			}
		}
	}
}

func first(s state, _ sdk.Complete) state { return s }

func readSeriesDeleted(t testing.TB, w *world) {
	m := w.mailbox(t)
	e, _ := weekly()
	name := w.Add(t, m, e)
	w.Add(t, m, lunch())
	r := readRequest(m)
	s, c := w.full(t, r)
	w.Remove(t, m, name)
	w.next(t, r, s, c)
	if len(s) != 1 {
		t.Errorf("after the series was deleted there are\n%s", s)
	}
}

// pull-6, D4, D6: by date, wherever the trainer is.
func readAllDay(t testing.TB, w *world) {
	for _, zone := range []string{home, "Pacific/Auckland", "America/Los_Angeles"} {
		m := w.Mailbox(t, zone)
		e := lunch()
		day := calendar.Date{Year: 2027, Month: 3, Day: 27}
		e.When = calendar.When{AllDay: true, FirstDay: day, EndDay: day.AddDays(3), TimeZone: zone}
		w.Add(t, m, e)
		s, _ := w.full(t, readRequest(m))
		s.at(t, e.When)
	}
}

// pull-2.
func readFree(t testing.TB, w *world) {
	m := w.mailbox(t)
	for i, show := range []calendar.ShowAs{
		calendar.ShowAsFree, calendar.ShowAsTentative, calendar.ShowAsBusy, calendar.ShowAsOutOfOffice,
	} {
		e := lunch()
		e.ShowAs, e.When = show, hours(i, 0, 1)
		w.Add(t, m, e)
		s, _ := w.full(t, readRequest(m))
		if got := s.at(t, e.When).ShowAs; got != show {
			t.Errorf("shown as %s, want %s", got, show)
		}
	}
}

func readBadCursor(t testing.TB, w *world) {
	m := w.mailbox(t)
	w.Add(t, m, lunch())
	r := readRequest(m)
	r.Cursor = []byte("no cursor of any backend")
	changes, c := w.read(t, r)
	if !c.Full {
		t.Fatal("Complete.Full is not set")
	}
	s := state{}
	s.apply(t, changes, c)
	s.at(t, lunch().When)
}

// A6, auth-4.
func readBadMailbox(t testing.TB, w *world) {
	good, other := w.mailbox(t), w.mailbox(t)
	w.Add(t, good, lunch())
	pages := w.pages(t, readRequest(good), readRequest(w.Unknown), readRequest(other))
	last := func(m sdk.Mailbox) sdk.ReadPage { p := pages[m.Address]; return p[len(p)-1] }
	if last(good).Err != nil || last(other).Err != nil {
		t.Errorf("good mailboxes failed: %v, %v", last(good).Err, last(other).Err)
	}
	switch err := last(w.Unknown).Err; {
	case err == nil:
		t.Error("the unknown mailbox did not fail")
	case err.Code.Fault() != sdk.FaultMailbox:
		t.Errorf("the unknown mailbox failed by fault of %s, want of the mailbox: %v", err.Code.Fault(), err)
	}
}

func readReceiverFails(t testing.TB, w *world) {
	m := w.mailbox(t)
	w.Add(t, m, lunch())
	enough := errors.New("enough")
	err := w.account.Read(t.Context(), []sdk.ReadRequest{readRequest(m)}, func(sdk.ReadPage) error { return enough })
	if !errors.Is(err, enough) {
		t.Errorf("Read answered %v, want the receiver's error", err)
	}
}

// A5: every id is answered.
func getMissing(t testing.TB, w *world) {
	m := w.mailbox(t)
	here, gone := w.wrote(t, m, w.create(course())), w.wrote(t, m, w.create(course()))
	w.wrote(t, m, sdk.Operation{ID: "delete", Kind: sdk.Delete, ItemID: gone.ItemID})
	ids := []calendar.ItemID{here.ItemID, gone.ItemID}
	items, missing := w.get(t, sdk.GetRequest{Mailbox: m, IDs: ids, Detail: sdk.DetailFull, Own: ids})
	if len(items) != 1 || items[0].ID != here.ItemID || len(missing) != 1 || missing[0] != gone.ItemID {
		t.Errorf("%d items and %d missing, want the one that is there and the one that is not", len(items), len(missing))
	}
}

// Direction out reads nothing of the trainer's own (push-9).
func readScopeOwn(t testing.TB, w *world) {
	m := w.mailbox(t)
	w.Add(t, m, lunch())
	written := w.wrote(t, m, w.create(course()))
	r := withOwn(readRequest(m), written.ItemID)
	r.Scope = sdk.ScopeOwn
	s, c := w.full(t, r)
	if _, ours := s[written.ItemID]; !ours || len(s) != 1 {
		t.Errorf("%d items, want our own alone", len(s))
	}
	later := lunch()
	later.When = hours(5, 0, 1)
	w.Add(t, m, later)
	w.wrote(t, m, sdk.Operation{ID: "delete", Kind: sdk.Delete, ItemID: written.ItemID})
	w.next(t, r, s, c)
	if len(s) != 0 {
		t.Errorf("after our item was deleted there are\n%s", s)
	}
}
