package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk/calendar"
)

var ben = platform.TrainerID{Provider: "northwind", Label: "ben"}

// named changes a course's alias, which is a trigger.
func named(alias string) func(*platform.Course) {
	return func(c *platform.Course) { c.Alias = alias }
}

func version(v string) func(*platform.Course) {
	return func(c *platform.Course) { c.Version = v }
}

func external(id string) func(*platform.Course) {
	return func(c *platform.Course) { c.ExternalID = id }
}

func upsert(c platform.Course) store.Change { return store.Change{Course: &c} }

func deletion(id string) store.Change {
	return store.Change{Provider: "northwind", DeleteCourse: id}
}

func block(id string, trainer platform.TrainerID, description string) platform.Unavailability {
	return platform.Unavailability{
		ID: id, Trainer: trainer, Description: description, Origin: platform.OriginPlatform,
		When: calendar.When{Start: noon, End: noon.Add(time.Hour)},
	}
}

func apply(t testing.TB, s store.Objects, changes ...store.Change) []store.Outcome {
	t.Helper()
	out, err := s.Apply(t.Context(), changes)
	must(t, err)
	return out
}

// appliesChanges: what becomes of each change, and whose calendars it touches (push-7).
func appliesChanges(t *testing.T, d Driver) {
	s := d.fresh(t)
	both := func(c *platform.Course) { c.Trainers = []platform.CourseTrainer{{ID: "ana"}, {ID: "ben"}} }
	only := func(c *platform.Course) { c.Trainers = []platform.CourseTrainer{{ID: "ben"}} }
	refused := func(err error) store.Outcome { return store.Outcome{Result: store.ChangeRefused, Err: err} }
	done := func(result store.ChangeResult, trainers ...platform.TrainerID) store.Outcome {
		return store.Outcome{Result: result, Triggered: len(trainers) > 0, Trainers: trainers}
	}
	leave, bens := block("u", ana, "Leave"), block("u", ben, "Leave")
	all := func(c store.Change) store.Change {
		c.RepushOn = platform.CourseFields()
		return c
	}
	old := deletion("1")
	old.Version = "1"
	steps := []struct {
		name   string
		change store.Change
		want   store.Outcome
	}{
		{"a course", upsert(course("1", version("1"))), done(store.ChangeCreated, ana)},
		{"the same", upsert(course("1", version("1"))), done(store.ChangeUnchanged)},
		{"a newer version of the same", upsert(course("1", version("2"))), done(store.ChangeUnchanged)},
		{"an older version", upsert(course("1", named("x"), version("1"))), refused(store.ErrStale)},
		{"no trigger", upsert(course("1", external("x"), version("3"))), done(store.ChangeUpdated)},
		{"a trigger by configuration", all(upsert(course("1", external("y"), version("3")))), done(store.ChangeUpdated, ana)},
		{"a trainer put on", upsert(course("1", external("y"), version("4"), both)), done(store.ChangeUpdated, ana, ben)},
		{"push-8 a trainer taken off", upsert(course("1", external("y"), version("5"), only)), done(store.ChangeUpdated, ana, ben)},
		{"a deletion that is older", old, refused(store.ErrStale)},
		{"push-8 deleted", deletion("1"), done(store.ChangeDeleted, ben)},
		{"deleted again", deletion("1"), done(store.ChangeMissing)},
		{"an unavailability", store.Change{Unavailability: &leave}, done(store.ChangeCreated, ana)},
		{"of another trainer now", store.Change{Unavailability: &bens}, done(store.ChangeUpdated, ana, ben)},
		{"no more", store.Change{Provider: "northwind", DeleteUnavailability: "u"}, done(store.ChangeDeleted, ben)},
	}
	for _, step := range steps {
		got := apply(t, s, step.change)[0]
		if there := got.Result != store.ChangeDeleted && got.Result != store.ChangeMissing; (got.ETag != "") != there {
			t.Errorf("%s: the ETag is %q", step.name, got.ETag)
		}
		got.ETag = ""
		if !errors.Is(got.Err, step.want.Err) {
			t.Errorf("%s: refused with %v, want %v", step.name, got.Err, step.want.Err)
		}
		got.Err, step.want.Err = nil, nil
		if diff := same(step.want, got); diff != "" {
			t.Errorf("%s: %s", step.name, diff)
		}
	}
	if _, err := s.Course(t.Context(), "northwind", "1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a deleted course: %v", err)
	}
}

// etags: another one with each change of what is stored, never the same again, and what
// was meant for another state is refused.
func etags(t *testing.T, d Driver) {
	s := d.fresh(t)
	seen := map[string]bool{}
	fresh := func(name string, c store.Change) string {
		t.Helper()
		out := apply(t, s, c)[0]
		stored, err := s.Course(t.Context(), "northwind", "1")
		if must(t, err); out.Err != nil || out.ETag == "" || seen[out.ETag] || stored.ETag != out.ETag {
			t.Errorf("%s: %+v after %v, stored %q", name, out, seen, stored.ETag)
		}
		seen[out.ETag] = true
		return out.ETag
	}
	first := fresh("new", upsert(course("1")))
	if again := apply(t, s, upsert(course("1")))[0].ETag; again != first {
		t.Errorf("nothing changed: %q became %q", first, again)
	}
	fresh("no trigger", upsert(course("1", external("x"))))
	last := fresh("a version alone", upsert(course("1", external("x"), version("5"))))

	conditions := []struct {
		name    string
		change  store.Change
		refused bool
	}{
		{"another one", store.Change{Course: ptr(course("1", named("y"))), IfETag: first}, true},
		{"any one, and there is none", store.Change{Course: ptr(course("2")), IfETag: "*"}, true},
		{"none, and there is one", store.Change{Course: ptr(course("1", named("y"))), IfNone: true}, true},
		{"a deletion of another one", store.Change{Provider: "northwind", DeleteCourse: "1", IfETag: first}, true},
		{"a deletion of none", store.Change{Provider: "northwind", DeleteCourse: "2", IfETag: "*"}, true},
		{"none, and there is none", store.Change{Course: ptr(course("2")), IfNone: true}, false},
		{"this one", store.Change{Course: ptr(course("1", named("z"))), IfETag: last}, false},
		{"any one", store.Change{Course: ptr(course("1", named("q"))), IfETag: "*"}, false},
	}
	for _, c := range conditions {
		before, err := s.CoursesAfter(t.Context(), "northwind", "", 10)
		must(t, err)
		out := apply(t, s, c.change)[0]
		after, err := s.CoursesAfter(t.Context(), "northwind", "", 10)
		must(t, err)
		if errors.Is(out.Err, store.ErrPrecondition) != c.refused || (same(before, after) == "") != c.refused {
			t.Errorf("%s: %+v, changed: %s", c.name, out, same(before, after))
		}
	}
	apply(t, s, deletion("1"))
	fresh("made again", upsert(course("1")))
}

func ptr[T any](v T) *T { return &v }

// pages: objects are listed by id, and of one provider.
func pages(t *testing.T, d Driver) {
	s := d.fresh(t)
	elsewhere := course("b", func(c *platform.Course) { c.Provider = "contoso" })
	away := block("b", zoe, "Leave")
	changes := []store.Change{upsert(elsewhere), {Unavailability: &away}}
	for _, id := range []string{"c", "a", "b"} {
		leave := block(id, ana, "Leave")
		changes = append(changes, upsert(course(id)), store.Change{Unavailability: &leave})
	}
	apply(t, s, changes...)
	ids := func(after string, limit int) (courses, blocks []string) {
		found, err := s.CoursesAfter(t.Context(), "northwind", after, limit)
		must(t, err)
		for _, c := range found {
			courses = append(courses, c.ID)
		}
		off, err := s.UnavailabilityAfter(t.Context(), "northwind", after, limit)
		must(t, err)
		for _, u := range off {
			blocks = append(blocks, u.ID)
		}
		return courses, blocks
	}
	for _, page := range []struct {
		after string
		want  []string
	}{{"", []string{"a", "b"}}, {"b", []string{"c"}}, {"c", nil}} {
		if courses, blocks := ids(page.after, 2); !slices.Equal(courses, page.want) || !slices.Equal(blocks, page.want) {
			t.Errorf("after %q: %v, %v, want %v", page.after, courses, blocks, page.want)
		}
	}
	got, err := s.UnavailabilityOf(t.Context(), "northwind", "b")
	if must(t, err); got.Trainer != ana || got.ETag == "" {
		t.Errorf("one by its id: %+v", got)
	}
	if _, err := s.UnavailabilityOf(t.Context(), "northwind", "none"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
}

// wakes: trainers are due in the transaction of what touches their calendars (eng-3), with
// the requests that asked for it.
func wakes(t *testing.T, d Driver) {
	s := d.fresh(t)
	_, err := s.Assign(t.Context(), []store.Assignment{
		{Trainer: ana, Account: "northwind/exchange-online", Mapping: "m"},
		{Trainer: ben, Account: "northwind/exchange-online", Mapping: "m"},
	})
	must(t, err)
	due := func() map[platform.TrainerID][]string {
		t.Helper()
		// What is stored now is due now, and not only later.
		all, _, err := s.NextDue(t.Context(), time.Now().Add(time.Second), 10)
		must(t, err)
		found := map[platform.TrainerID][]string{}
		for _, one := range all {
			if one.Cause != store.CauseChange {
				t.Errorf("%s is due for %q", one.Trainer, one.Cause)
			}
			found[one.Trainer] = one.Traceparents
		}
		return found
	}
	const trace = "00-11111111111111111111111111111111-2222222222222222-01"
	first := upsert(course("1"))
	first.Traceparent = trace
	apply(t, s, first, upsert(course("1", external("x"))))
	if diff := same(map[platform.TrainerID][]string{ana: {trace}}, due()); diff != "" {
		t.Errorf("after a change: %s", diff)
	}
	imported(t, s, batch(course("2", func(c *platform.Course) { c.Trainers = []platform.CourseTrainer{{ID: "ben"}} })))
	if diff := same(map[platform.TrainerID][]string{ana: {trace}, ben: nil}, due()); diff != "" {
		t.Errorf("after an import: %s", diff)
	}
}

// tomorrow moves a course.
func tomorrow(c *platform.Course) {
	c.Start, c.End = noon.AddDate(0, 0, 1), noon.AddDate(0, 0, 1).Add(time.Hour)
}

func ended(days int) func(*platform.Course) {
	return func(c *platform.Course) {
		c.Start, c.End = noon.AddDate(0, 0, -days), noon.AddDate(0, 0, -days).Add(time.Hour)
	}
}

// snapshots: what a full list lacks goes, under the guard. What is over stays (push-14),
// and is forgotten when it is over for long.
func snapshots(t *testing.T, d Driver) {
	s := d.fresh(t)
	leave, away := block("u", ana, "Leave"), block("u", zoe, "Leave")
	leave.When = calendar.When{Start: noon.AddDate(0, 0, 1), End: noon.AddDate(0, 0, 2)}
	changes := []store.Change{
		upsert(course("yesterday", ended(1))), upsert(course("long ago", ended(30))), upsert(course("other", tomorrow, func(c *platform.Course) { c.Provider = "contoso" })),
		{Unavailability: &leave},
		{Unavailability: &away},
	}
	for _, id := range []string{"1", "2", "3", "4"} {
		changes = append(changes, upsert(course(id, tomorrow)))
	}
	apply(t, s, changes...)
	list := func(allow int, changes ...store.Change) store.SnapshotResult {
		t.Helper()
		res, err := s.ApplySnapshot(t.Context(), store.Snapshot{
			Provider: "northwind", Changes: changes, OfCourses: true, OfUnavailability: true,
			Sweep: store.Sweep{Now: noon, Before: noon.AddDate(0, 0, -7), Guard: &reconcile.Guard{MaxRemovals: 1, MaxFraction: 0.5}, AllowRemovals: allow},
		})
		must(t, err)
		return res
	}
	ids := func() (ids []string) {
		for id := range stored(t, s) {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		return ids
	}
	missing := []store.ObjectID{
		{Kind: store.ObjectCourse, ID: "2"},
		{Kind: store.ObjectCourse, ID: "3"},
		{Kind: store.ObjectCourse, ID: "4"},
		{Kind: store.ObjectUnavailability, ID: "u"},
	}
	older := upsert(course("1", tomorrow, version("1")))
	apply(t, s, upsert(course("1", tomorrow, version("2"))))
	held := list(0, older, upsert(course("5", tomorrow)))
	if !held.Held || len(held.Outcomes) != 2 || !errors.Is(held.Outcomes[0].Err, store.ErrStale) || same(missing, held.Missing) != "" {
		t.Errorf("beyond both limits: %+v", held)
	}
	if got, want := ids(), []string{"1", "2", "3", "4", "5", "long ago", "yesterday"}; !slices.Equal(got, want) {
		t.Errorf("held: there are %v, want %v", got, want)
	}
	if fewer := list(3, older, upsert(course("5", tomorrow))); !fewer.Held {
		t.Errorf("four are more than the three that may go: %+v", fewer)
	}
	swept := list(4, older, upsert(course("5", tomorrow)))
	if swept.Held || swept.Past != 1 || same(missing, swept.Missing) != "" || same([]platform.TrainerID{ana}, swept.Trainers) != "" {
		t.Errorf("allowed: %+v", swept)
	}
	if got, want := ids(), []string{"1", "5", "yesterday"}; !slices.Equal(got, want) {
		t.Errorf("swept: there are %v, want %v", got, want)
	}
	if one := list(0, older); one.Held || len(one.Missing) != 1 || !slices.Equal(ids(), []string{"1", "yesterday"}) {
		t.Errorf("within a limit: %+v, there are %v", one, ids())
	}
	theirs, err := s.Courses(t.Context(), "contoso")
	must(t, err)
	blocks, err := s.Unavailability(t.Context(), zoe)
	must(t, err)
	if len(theirs) != 1 || len(blocks) != 1 {
		t.Errorf("map-3 another provider's: %v, %v", theirs, blocks)
	}
}

// replacesKeepPast: an import that replaces is a full list as well.
func replacesKeepPast(t *testing.T, d Driver) {
	s := d.fresh(t)
	apply(t, s, upsert(course("yesterday", ended(1))), upsert(course("long ago", ended(30))), upsert(course("1", tomorrow)), upsert(course("2", tomorrow)))
	b := batch(course("2", tomorrow))
	b.Replace, b.Sweeps = true, map[string]store.Sweep{"northwind": {Now: noon, Before: noon.AddDate(0, 0, -7)}}
	if res := imported(t, s, b); res != (store.ImportResult{Unchanged: 1, Deleted: 2}) {
		t.Errorf("replaced: %+v", res)
	}
	left := stored(t, s)
	if _, kept := left["yesterday"]; !kept || len(left) != 2 {
		t.Errorf("left: %v", left)
	}
}
