package reconcile

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// delta is a read that says only what changed.
func delta(changes ...calendar.Change) Read {
	return Read{Complete: true, Covered: window, Changes: changes}
}

func upsert(item calendar.Item) calendar.Change { return calendar.Change{Upsert: &item} }

func replaced(series calendar.ItemID, items ...calendar.Item) calendar.Change {
	return calendar.Change{ReplaceSeries: &calendar.Series{ID: series, Items: items}}
}

// TestPullScenarios holds what a delta must do to three pulled days of a series "s"
// and to one single appointment "one".
func TestPullScenarios(t *testing.T) {
	t.Parallel()
	day := func(id calendar.ItemID, n int) calendar.Item {
		return calendar.Item{ID: id, Version: "1", SeriesID: "s", Appointment: appointment("Standup", hours(base.AddDate(0, 0, n), 1))}
	}
	one := calendar.Item{ID: "one", Version: "1", Appointment: appointment("Dentist", monday)}
	with := func(item calendar.Item, change func(*calendar.Item)) calendar.Item {
		item.Version = "2"
		change(&item)
		return item
	}
	moved := with(day("s2", 2), func(i *calendar.Item) { i.When = hours(base.AddDate(0, 0, 9), 1) })
	outside := with(day("s2", 2), func(i *calendar.Item) { i.When = hours(window.End.AddDate(0, 0, 9), 1) })
	old := with(one, func(i *calendar.Item) { i.ID, i.When = "old", hours(window.Start.AddDate(0, 0, -3), 1) })
	tests := []struct {
		name string
		read Read
		want []string
	}{
		{"B4 the same item on two pages", delta(upsert(one), upsert(one)), nil},
		{"E1 an occurrence is deleted, and only not listed", delta(replaced("s", day("s1", 1), day("s3", 3))), []string{"platform remove vanished"}},
		{"E2 an occurrence is moved", delta(upsert(moved)), []string{"platform update changed"}},
		{"E2 an occurrence is moved out of the window", delta(upsert(outside)), []string{"platform remove outside_window"}},
		{"E3 an occurrence is moved, then called off", delta(upsert(moved), calendar.Change{Remove: "s2"}), []string{"platform remove vanished"}},
		{
			"E5 this and following are split off",
			delta(replaced("s", day("s1", 1)), replaced("t", with(day("t2", 2), func(i *calendar.Item) { i.SeriesID = "t" }))),
			[]string{"platform remove vanished"},
		},
		{"E4 only the occurrences in the window come", delta(replaced("s", day("s1", 1), day("s2", 2), day("s3", 3), day("s0", -30))), nil},
		{"F7 the whole series is deleted", delta(calendar.Change{Remove: "s"}), []string{"platform remove vanished", "platform remove vanished", "platform remove vanished"}},
		{
			"B14 a single appointment becomes a series",
			delta(replaced("one", with(one, func(i *calendar.Item) { i.ID, i.SeriesID = "one-1", "one" }))),
			nil,
		},
		{
			"B14 a series becomes a single appointment",
			delta(upsert(with(day("s", 1), func(i *calendar.Item) { i.SeriesID = "" }))),
			[]string{"platform remove vanished", "platform remove vanished"},
		},
		{"F4 an unknown id is removed", delta(calendar.Change{Remove: "never seen"}), nil},
		{"F3 history is edited outside the window", delta(upsert(old)), nil},
		{"F3 history moves back into the window", delta(upsert(with(old, func(i *calendar.Item) { i.When = monday }))), []string{"platform update changed"}},
		{"J2 made private", delta(upsert(with(one, func(i *calendar.Item) { i.Sensitivity, i.Subject = calendar.SensitivityConfidential, "" }))), []string{"platform update changed"}},
		{"J3 turned free", delta(upsert(with(one, func(i *calendar.Item) { i.ShowAs = calendar.ShowAsFree }))), []string{"platform remove free"}},
		{"J4 tentative blocks by default", delta(upsert(with(one, func(i *calendar.Item) { i.ShowAs = calendar.ShowAsTentative }))), []string{"platform update changed"}},
		{"J4 an unknown state of a later protocol", delta(upsert(with(one, func(i *calendar.Item) { i.ShowAs = "onTheMoon" }))), []string{"platform remove not_blocking"}},
		{"J5 called off", delta(upsert(with(one, func(i *calendar.Item) { i.Cancelled = true }))), []string{"platform remove cancelled"}},
		{"J5, J6 declined", delta(upsert(with(one, func(i *calendar.Item) { i.Declined = true }))), []string{"platform remove declined"}},
		{"nothing changed", delta(), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t)
			first := m.input(Read{Complete: true, Full: true, Covered: window, Changes: []calendar.Change{
				upsert(one), replaced("s", day("s1", 1), day("s2", 2), day("s3", 3)),
			}})
			m.commit(Make(first), nil)
			history := Mirror{ID: "cal-old", ItemID: "old", Version: "1", Description: "Dentist", When: old.When, ShowAs: calendar.ShowAsBusy}
			m.mirrors[history.ID] = history
			wantReasons(t, Make(m.input(tt.read)), tt.want...)
		})
	}
}

// TestDroppedBandIsKept holds F8 and pull-7: what a shorter window no longer covers
// is not removed, series included.
func TestDroppedBandIsKept(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	late := base.AddDate(0, 0, 300)
	for id, series := range map[string]calendar.ItemID{"single": "", "occurrence": "s"} {
		m.mirrors[id] = Mirror{ID: id, ItemID: calendar.ItemID(id), SeriesID: series, When: hours(late, 1)}
	}
	short := calendar.Window{Start: window.Start, End: base.AddDate(0, 0, 30)}
	in := m.input(Read{Complete: true, Full: true, Covered: short, Changes: []calendar.Change{replaced("s")}})
	in.Policy.Window = short
	wantReasons(t, Make(in))
}

// TestHalfOpenWindow holds F1 for what is remembered: what only touches the covered
// window is not in it.
func TestHalfOpenWindow(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.mirrors["before"] = Mirror{ID: "before", ItemID: "a", When: hours(window.Start.Add(-time.Hour), 1)}
	m.mirrors["after"] = Mirror{ID: "after", ItemID: "b", When: hours(window.End, 1)}
	m.mirrors["first"] = Mirror{ID: "first", ItemID: "c", When: hours(window.Start, 1)}
	m.mirrors["last"] = Mirror{ID: "last", ItemID: "d", When: hours(window.End.Add(-time.Hour), 1)}
	p := Make(m.input(Read{Complete: true, Full: true, Covered: window}))
	var removed []string
	for _, s := range p.Platform {
		removed = append(removed, s.Mirror.ID)
	}
	if diff := cmp.Diff([]string{"first", "last"}, removed); diff != "" {
		t.Error(diff)
	}
}

// TestSameMeetingInTwoMailboxes holds B8: each trainer has an unavailability of their own.
func TestSameMeetingInTwoMailboxes(t *testing.T) {
	t.Parallel()
	if UnavailabilityID("northwind/ana", "id") == UnavailabilityID("northwind/ben", "id") {
		t.Error("two trainers share an unavailability's id")
	}
}

// TestOwnItemWithoutMarker holds C1 and C2: an item of ours is ours by what we
// remember, also when a person took its marker away.
func TestOwnItemWithoutMarker(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.markersInReads = true
	m.want(key, 1, appointment("Training: Forklift", monday))
	m.run(-1)
	item := m.own()[key][0]
	item.Marker = nil
	m.put(item)
	wantReasons(t, m.plan())
}

// TestDirections holds map-2: a direction that is off does nothing, and nothing that
// is there is lost; switched on again, what was missed is caught up.
func TestDirections(t *testing.T) {
	t.Parallel()
	fork := appointment("Training: Forklift", monday)
	m := newModel(t)
	m.want(key, 1, fork)
	native := m.native(calendar.Item{Appointment: appointment("Dentist", monday)})
	m.run(-1)
	m.want(key, 2, appointment("Training: Forklift 2", monday))
	delete(m.items, native.ID)
	for _, tt := range []struct {
		push, pull bool
		want       []string
	}{
		{false, false, nil},
		{true, false, []string{"calendar update triggered"}},
		{false, true, []string{"platform remove vanished"}},
		{true, true, []string{"calendar update triggered", "platform remove vanished"}},
	} {
		in := m.input(m.read(nil))
		in.Policy.Push, in.Policy.Pull = tt.push, tt.pull
		wantReasons(t, Make(m.answer(in)), tt.want...)
	}
}

// TestEndedCourses holds push-14: what is over stays as it was written, whatever
// happens to it and its course.
func TestEndedCourses(t *testing.T) {
	t.Parallel()
	past := appointment("Training: Past", hours(window.Start.AddDate(0, 0, -20), 7))
	ended := func(m *model) {
		w := m.wanted[key]
		w.Ended = true
		m.wanted[key] = w
	}
	tests := []struct {
		name  string
		do    func(m *model)
		links int
	}{
		{"a past course is never written", func(m *model) { m.want(key, 1, past); ended(m) }, 0},
		{"a creation that never happened is forgotten", func(m *model) { m.want(key, 1, past); m.run(0); ended(m) }, 0},
		{"a creation that did happen is adopted", func(m *model) { m.want(key, 1, past); m.run(1); ended(m) }, 1},
		{"a past course is deleted on the platform", func(m *model) { m.want(key, 1, past); m.run(-1); delete(m.wanted, key) }, 0},
		{"a past course is changed", func(m *model) {
			m.want(key, 1, past)
			m.run(-1)
			m.want(key, 2, appointment("New", past.When))
			ended(m)
		}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t)
			tt.do(m)
			items := len(m.items)
			wantReasons(t, m.run(-1))
			if len(m.items) != items || len(m.links) != tt.links {
				t.Errorf("%d items, %d links; want %d, %d", len(m.items), len(m.links), items, tt.links)
			}
		})
	}
}

// TestNewIdentity holds B6 and B7: an item of ours that got another id is taken up
// under it, where markers are read, and not made again.
func TestNewIdentity(t *testing.T) {
	t.Parallel()
	for _, markers := range []bool{false, true} {
		m := newModel(t)
		m.markersInReads = markers
		m.want(key, 1, appointment("Training: Forklift", monday))
		m.run(-1)
		item := m.own()[key][0]
		delete(m.items, item.ID)
		item.ID = "another"
		m.put(item)
		wantReasons(t, m.run(-1))
		if got := m.links[key].ItemID; got != "another" {
			t.Errorf("markers in reads %v: linked to %q", markers, got)
		}
	}
}

// TestServersRewriteText holds C5.
func TestServersRewriteText(t *testing.T) {
	t.Parallel()
	a := appointment(" Training:  A ", monday)
	a.Body = "one\ntwo\n\nthree"
	b := a
	b.Subject, b.Body = "Training:  A", "one\r\ntwo\u00a0\r\n\r\n\r\nthree\r\n"
	b.When.TimeZone = "GMT Standard Time"
	if !sameContent(a, b) {
		t.Error("a server's rewriting is a difference")
	}
	b.Body = "one\ntwo three"
	if sameContent(a, b) {
		t.Error("another text is none")
	}
}

// TestOrphanIsWantedAgain: an item of ours that a lost state no longer explains stays,
// is not pulled, and is the one when its key is wanted again (B3, push-10, pull-5).
func TestOrphanIsWantedAgain(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	const key = "northwind/ana/course/1"
	m.want(key, 1, appointment("Training: one", hours(base.AddDate(0, 0, 3), 7)))
	m.run(-1)
	delete(m.wanted, key)
	clear(m.links)
	m.foundAll = true
	wantReasons(t, m.run(-1))
	wantReasons(t, m.run(-1)) // reads show no markers: it is known by what is remembered
	if l := m.links[key]; l.State != LinkOrphan {
		t.Fatalf("the link is %+v", l)
	}
	m.want(key, 2, appointment("Training: two", hours(base.AddDate(0, 0, 4), 7)))
	wantReasons(t, m.run(-1), "calendar update triggered")
	if own := m.own()[key]; len(own) != 1 {
		t.Fatalf("%d items of ours: %+v", len(own), own)
	}
	delete(m.wanted, key)
	wantReasons(t, m.run(-1), "calendar remove not_wanted")
}
