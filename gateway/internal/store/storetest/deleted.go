package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// versionedBlock is an upsert of ana's unavailability "u".
func versionedBlock(v string) store.Change {
	u := block("u", ana, "Leave")
	u.Version = v
	return store.Change{Unavailability: &u}
}

func deletionAt(id, v string) store.Change {
	c := deletion(id)
	c.Version = v
	return c
}

// deletions: an upsert that comes after a deletion, and is not newer, makes no ghost.
func deletions(t *testing.T, d Driver) {
	dir := t.TempDir()
	s := d.open(t, dir)
	noBlock := store.Change{Provider: "northwind", DeleteUnavailability: "u"}
	const created, updated, deleted, missing, refused = store.ChangeCreated, store.ChangeUpdated, store.ChangeDeleted, store.ChangeMissing, store.ChangeRefused
	steps := []struct {
		name   string
		change store.Change
		want   store.ChangeResult
	}{
		{"a course", upsert(course("1", version("5"))), created},
		{"deleted, at its own version", deletion("1"), deleted},
		{"repeated late", upsert(course("1", version("5"))), refused},
		{"older", upsert(course("1", version("4"))), refused},
		{"another course of that version", upsert(course("2", version("4"))), created},
		{"another sort of version", upsert(course("2", version("2026-11-24T12:00:00Z"))), store.ChangeUnchanged},
		{"newer", upsert(course("1", version("6"))), created},
		{"deleted at a version", deletionAt("1", "9"), deleted},
		{"between the course's and the deletion's", upsert(course("1", version("8"))), refused},
		{"at the deletion's", upsert(course("1", version("9"))), refused},
		{"a deletion that is older changes nothing", deletionAt("1", "7"), missing},
		{"at the newest deletion's still", upsert(course("1", version("9"))), refused},
		{"of no version", upsert(course("1")), created},
		{"repeated late, when it is there again", upsert(course("1", named("x"), version("9"))), refused},
		{"newer than all", upsert(course("1", named("x"), version("10"))), updated},
		{"deleted before it came", deletionAt("3", "2"), missing},
		{"what was under way then", upsert(course("3", version("1"))), refused},
		{"never had a version", upsert(course("4")), created},
		{"deleted at none", deletion("4"), deleted},
		{"of a version", upsert(course("4", version("1"))), created},
		{"an unavailability", versionedBlock("2026-11-24T12:00:00Z"), created},
		{"and a course of its id are two", upsert(course("u", version("1"))), created},
		{"deleted", noBlock, deleted},
		{"repeated late by a second", versionedBlock("2026-11-24T12:59:59+01:00"), refused},
		{"newer by a second", versionedBlock("2026-11-24T12:00:01Z"), created},
	}
	for i, step := range steps {
		if i == len(steps)/2 { // what is kept outlives the process
			must(t, s.Close())
			s = d.open(t, dir)
		}
		got := apply(t, s, step.change)[0]
		if got.Result != step.want {
			t.Errorf("%s: %+v, want %s", step.name, got, step.want)
		}
		if gone := errors.Is(got.Err, store.ErrDeleted); gone != (step.want == refused) || gone && !errors.Is(got.Err, store.ErrStale) {
			t.Errorf("%s: refused with %v", step.name, got.Err)
		}
	}
	elsewhere := upsert(course("1", version("1"), func(c *platform.Course) { c.Provider = "contoso" }))
	if got := apply(t, s, elsewhere)[0]; got.Result != created {
		t.Errorf("map-3 another provider's: %+v", got)
	}
}

// sweptDeletions: what a full list lacked is deleted at its own version. A list that has it
// again brings it back; a single upsert that is repeated late does not.
func sweptDeletions(t *testing.T, d Driver) {
	s := d.fresh(t)
	v5, v4 := upsert(course("1", tomorrow, version("5"))), upsert(course("1", tomorrow, version("4")))
	past := upsert(course("past", ended(30), version("5")))
	list := func(changes ...store.Change) store.SnapshotResult {
		t.Helper()
		res, err := s.ApplySnapshot(t.Context(), store.Snapshot{
			Provider: "northwind", Changes: changes, OfCourses: true,
			Sweep: store.Sweep{Now: noon, Before: noon.AddDate(0, 0, -7)},
		})
		must(t, err)
		return res
	}
	replaced := func(courses ...platform.Course) store.ImportResult {
		t.Helper()
		b := batch(courses...)
		b.Replace = true
		return imported(t, s, b)
	}
	late := func(after string, changes ...store.Change) {
		t.Helper()
		for _, out := range apply(t, s, changes...) {
			if !errors.Is(out.Err, store.ErrDeleted) {
				t.Errorf("a late upsert after %s: %+v", after, out)
			}
		}
	}
	apply(t, s, v5, past)
	if res := list(); len(res.Missing) != 1 || res.Past != 1 {
		t.Fatalf("swept: %+v", res)
	}
	late("a snapshot", v5, v4, past)
	if out := list(v4).Outcomes[0]; !errors.Is(out.Err, store.ErrDeleted) {
		t.Errorf("an older snapshot: %+v", out)
	}
	if out := list(v5).Outcomes[0]; out.Result != store.ChangeCreated {
		t.Errorf("a snapshot that has it again: %+v", out)
	}
	if res := replaced(); res.Deleted != 1 {
		t.Fatalf("replaced: %+v", res)
	}
	late("an import", v5)
	if res := imported(t, s, batch(*v5.Course)); res.Stale != 1 {
		t.Errorf("an import that replaces nothing: %+v", res)
	}
	if res := replaced(*v5.Course); res.Created != 1 {
		t.Errorf("an import that has it again: %+v", res)
	}
	apply(t, s, deletion("1"))
	if out := list(v5).Outcomes[0]; !errors.Is(out.Err, store.ErrDeleted) {
		t.Errorf("a snapshot from before it was deleted by itself: %+v", out)
	}
}

// deletionsPruned: after the retention a version is held against nothing any more.
func deletionsPruned(t *testing.T, d Driver) {
	s := d.fresh(t)
	apply(t, s, deletionAt("1", "5"), deletionAt("2", "5"))
	for _, step := range []struct {
		before time.Time
		want   int
	}{{time.Now().Add(-time.Hour), 0}, {time.Now().Add(time.Hour), 2}} {
		if n, err := s.PruneDeleted(t.Context(), step.before); err != nil || n != step.want {
			t.Errorf("%d deletions pruned, %v, want %d", n, err, step.want)
		}
	}
	if out := apply(t, s, upsert(course("1", version("5"))))[0]; out.Result != store.ChangeCreated {
		t.Errorf("after the retention: %+v", out)
	}
}
