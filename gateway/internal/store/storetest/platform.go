package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk/calendar"
)

func course(id string, change ...func(*platform.Course)) platform.Course {
	c := platform.Course{
		Provider: "northwind", ID: id, Name: "Forklift", Kind: platform.KindClass, Status: platform.StatusConfirmed,
		Start: noon, End: noon.Add(time.Hour), TimeZone: "Europe/London", Trainers: []platform.CourseTrainer{{ID: "ana"}},
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

func batch(courses ...platform.Course) store.Batch {
	return store.Batch{Import: platform.Import{Courses: courses, CoursesOf: []string{"northwind"}}}
}

func imported(t testing.TB, s store.Platform, b store.Batch) store.ImportResult {
	t.Helper()
	res, err := s.Import(context.Background(), b)
	must(t, err)
	return res
}

// stored returns the revision of every course of northwind.
func stored(t testing.TB, s store.Platform) map[string]store.CourseRecord {
	t.Helper()
	all, err := s.Courses(context.Background(), "northwind")
	must(t, err)
	byID := map[string]store.CourseRecord{}
	for _, c := range all {
		byID[c.ID] = c
	}
	return byID
}

func importCounts(t *testing.T, d Driver) {
	s := d.fresh(t)
	late := course("a-late", func(c *platform.Course) { c.Start = noon.AddDate(0, 0, 1); c.End = c.Start.Add(1) })
	versioned := course("v", func(c *platform.Course) { c.Version = "7" })
	steps := []struct {
		name    string
		courses []platform.Course
		want    store.ImportResult
	}{
		{"new", []platform.Course{late, course("b"), versioned}, store.ImportResult{Created: 3}},
		{"the same", []platform.Course{late, course("b"), versioned}, store.ImportResult{Unchanged: 3}},
		{"push-7 a trigger", []platform.Course{course("b", func(c *platform.Course) { c.Alias = "x" })}, store.ImportResult{Updated: 1, Triggered: 1}},
		{"push-7 no trigger", []platform.Course{course("b", func(c *platform.Course) { c.Alias, c.ExternalID = "x", "y" })}, store.ImportResult{Updated: 1}},
		{"an older version", []platform.Course{course("v", func(c *platform.Course) { c.Name, c.Version = "Old", "6" })}, store.ImportResult{Stale: 1}},
		{"a newer version of the same", []platform.Course{course("v", func(c *platform.Course) { c.Version = "9" })}, store.ImportResult{Unchanged: 1}},
		{"older than that", []platform.Course{course("v", func(c *platform.Course) { c.Name, c.Version = "Old", "8" })}, store.ImportResult{Stale: 1}},
	}
	for _, step := range steps {
		if diff := same(step.want, imported(t, s, batch(step.courses...))); diff != "" {
			t.Errorf("%s: %s", step.name, diff)
		}
	}
	all, err := s.Courses(t.Context(), "northwind")
	must(t, err)
	if len(all) != 3 || all[0].ID != "b" || all[1].ID != "v" || all[2].ID != "a-late" {
		t.Errorf("courses are not by start, then id: %+v", all)
	}
	if all[0].ExternalID != "y" || all[1].Name != "Forklift" {
		t.Errorf("stored: %+v", all)
	}
	if other, err := s.Courses(t.Context(), "contoso"); err != nil || len(other) > 0 {
		t.Errorf("map-3: contoso sees %v, %v", other, err)
	}
}

// revisions holds push-12: a revision grows with every trigger, undone ones included,
// and is never used twice.
func revisions(t *testing.T, d Driver) {
	s := d.fresh(t)
	removed := func(c *platform.Course) { c.Trainers = []platform.CourseTrainer{} }
	venue := func(c *platform.Course) { c.Venue = &platform.Venue{Name: "New"} }
	seen := map[int64]bool{}
	last := int64(0)
	grow := func(name string, b store.Batch) {
		t.Helper()
		imported(t, s, b)
		r := stored(t, s)["1"].Revision
		if r <= last || seen[r] {
			t.Errorf("%s: the revision %d does not grow beyond %d", name, r, last)
		}
		seen[r], last = true, r
	}
	keep := func(name string, b store.Batch) {
		t.Helper()
		imported(t, s, b)
		if r := stored(t, s)["1"].Revision; r != last {
			t.Errorf("%s: the revision became %d, want %d", name, r, last)
		}
	}
	grow("new", batch(course("1")))
	keep("the same", batch(course("1")))
	keep("push-13 a venue is no trigger", batch(course("1", venue)))
	grow("a trainer taken off", batch(course("1", venue, removed)))
	grow("push-12 and put on again", batch(course("1", venue)))
	all := batch(course("1"))
	all.RepushOn = map[string][]string{"northwind": platform.CourseFields()}
	grow(`repush_on = "all"`, all)
	none := batch(course("1", removed))
	none.RepushOn = map[string][]string{"northwind": {}}
	keep("repush_on = []", none)
	gone := batch()
	gone.Replace = true
	if res := imported(t, s, gone); res.Deleted != 1 {
		t.Errorf("deleted %d", res.Deleted)
	}
	grow("deleted and made again", batch(course("1")))
}

// coursesRoundTrip: a course is read as it was stored.
func coursesRoundTrip(t *testing.T, d Driver) {
	s := d.fresh(t)
	rapid.Check(t, func(r *rapid.T) {
		webinar := platform.Webinar{URL: texts().Draw(r, "url"), MeetingID: texts().Draw(r, "meeting")}
		count := rapid.IntRange(0, 100).Draw(r, "count")
		c := course("1", func(c *platform.Course) {
			c.Name, c.Alias, c.Details, c.Cost = texts().Draw(r, "name"), texts().Draw(r, "alias"), texts().Draw(r, "details"), texts().Draw(r, "cost")
			c.Start, c.End = instants().Draw(r, "start"), instants().Draw(r, "end")
			c.Trainers = rapid.SampledFrom([][]platform.CourseTrainer{{}, {{ID: "ana", Role: "lead"}, {ID: "ben", Webinar: &webinar}}}).Draw(r, "trainers")
			c.Sessions = rapid.SampledFrom([][]platform.Session{nil, {{ID: "s", Start: c.Start, End: c.End}}}).Draw(r, "sessions")
			c.Venue = rapid.SampledFrom([]*platform.Venue{nil, {Name: "v", Address: "a\nb"}}).Draw(r, "venue")
			c.WaitingList = rapid.SampledFrom([]*int{nil, &count}).Draw(r, "waiting")
			c.DelegateWebinar = rapid.SampledFrom([]*platform.Webinar{nil, &webinar}).Draw(r, "delegates")
			c.Advertise = rapid.Bool().Draw(r, "advertise")
		})
		b := batch(c)
		b.Replace = true
		imported(t, s, b)
		if diff := same(c, stored(t, s)["1"].Course); diff != "" {
			r.Fatalf("%s", diff)
		}
	})
}

// replace: absence deletes what the import speaks for, and nothing else.
func replace(t *testing.T, d Driver) {
	s := d.fresh(t)
	other := course("1", func(c *platform.Course) { c.Provider = "contoso" })
	leave := platform.Unavailability{ID: "u", Trainer: ana, When: calendar.When{Start: noon, End: noon.Add(1)}}
	all := batch(course("1"), course("2"), other)
	all.CoursesOf = []string{"contoso", "northwind"}
	all.Unavailability, all.UnavailabilityOf = []platform.Unavailability{leave}, []string{"northwind"}
	imported(t, s, all)
	if res := imported(t, s, batch(course("2"))); res != (store.ImportResult{Unchanged: 1}) {
		t.Errorf("without replace: %+v", res)
	}
	b := batch(course("2"))
	b.Replace = true
	if res := imported(t, s, b); res != (store.ImportResult{Unchanged: 1, Deleted: 1}) {
		t.Errorf("with replace: %+v", res)
	}
	theirs, err := s.Courses(t.Context(), "contoso")
	must(t, err)
	blocks, err := s.Unavailability(t.Context(), ana)
	must(t, err)
	if len(theirs) != 1 || len(blocks) != 1 {
		t.Errorf("what the import does not speak for was touched: %v, %v", theirs, blocks)
	}
	b = store.Batch{Import: platform.Import{UnavailabilityOf: []string{"northwind"}}, Replace: true}
	if res := imported(t, s, b); res != (store.ImportResult{Deleted: 1}) {
		t.Errorf("unavailability: %+v", res)
	}
}

func unavailability(t *testing.T, d Driver) {
	s := d.fresh(t)
	day := calendar.DateOf(noon)
	u := platform.Unavailability{
		ID: "u", Trainer: ana, Description: "Leave", Origin: platform.OriginPlatform, Version: "1",
		When: calendar.When{AllDay: true, FirstDay: day, EndDay: day.AddDays(2), TimeZone: "Europe/London"},
	}
	put := func(u platform.Unavailability) store.ImportResult {
		t.Helper()
		return imported(t, s, store.Batch{Import: platform.Import{Unavailability: []platform.Unavailability{u}}})
	}
	of := func(id platform.TrainerID) []store.UnavailabilityRecord {
		t.Helper()
		all, err := s.Unavailability(t.Context(), id)
		must(t, err)
		return all
	}
	put(u)
	first := of(ana)
	if diff := same([]store.UnavailabilityRecord{{Unavailability: u, Revision: first[0].Revision, ETag: first[0].ETag}}, first); diff != "" {
		t.Error(diff)
	}
	if res := put(u); res.Unchanged != 1 || of(ana)[0].Revision != first[0].Revision {
		t.Errorf("the same again: %+v", res)
	}
	u.Description = "Holiday"
	if res := put(u); res.Triggered != 1 || of(ana)[0].Revision <= first[0].Revision {
		t.Errorf("push-7 renamed: %+v, %+v", res, of(ana))
	}
	u.Trainer.Label = "ben"
	if res := put(u); res.Triggered != 1 || len(of(ana)) != 0 || len(of(u.Trainer)) != 1 {
		t.Errorf("push-7 assigned to another trainer: %+v, %v, %v", res, of(ana), of(u.Trainer))
	}
	u.Version = "0"
	if res := put(u); res.Stale != 1 {
		t.Errorf("an older version: %+v", res)
	}
	bad := u
	bad.ID, bad.When = "bad", tooLate
	_, err := s.Import(t.Context(), store.Batch{Import: platform.Import{Courses: []platform.Course{course("1")}, Unavailability: []platform.Unavailability{bad}}})
	if err == nil || errors.Is(err, store.ErrNotFound) || len(stored(t, s)) != 0 {
		t.Errorf("a failed import: %v, left %v", err, stored(t, s))
	}
}
