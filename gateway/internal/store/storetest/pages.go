package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// pulledByID: one is found by its id whoever of the provider has it, as it is now, and of
// another provider nothing is found (map-3).
func pulledByID(t *testing.T, d Driver) {
	s := d.fresh(t)
	put(t, s, ana, pulled("1", "Dentist"))
	put(t, s, ben, pulled("2", "Leave"))
	put(t, s, zoe, pulled("3", "Theirs"))
	put(t, s, ana, pulled("1", "Osteopath"))
	for _, c := range []struct {
		provider, id string
		trainer      platform.TrainerID
		text         string
		version      int64
	}{{"northwind", "1", ana, "Osteopath", 4}, {"northwind", "2", ben, "Leave", 2}, {"contoso", "3", zoe, "Theirs", 3}} {
		got, err := s.PulledByID(t.Context(), c.provider, c.id)
		must(t, err)
		want := store.FeedItem{FeedKey: store.FeedKey{Trainer: c.trainer, ID: c.id}, Version: c.version, Mirror: pulled(c.id, c.text)}
		if diff := same(want, got); diff != "" {
			t.Errorf("%s of %s: %s", c.id, c.provider, diff)
		}
	}
	drop(t, s, ben, "2")
	_, err := s.Forget(t.Context(), ana)
	must(t, err)
	for name, at := range map[string][2]string{
		"another provider's": {"northwind", "3"}, "gone": {"northwind", "2"}, "forgotten": {"northwind", "1"}, "of no provider": {"", "3"}, "none": {"contoso", ""},
	} {
		if got, err := s.PulledByID(t.Context(), at[0], at[1]); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// runsBefore: pages tell each run once, in the order of the whole list, also where runs
// began at once and while more begin.
func runsBefore(t *testing.T, d Driver) {
	s := d.fresh(t)
	for i, id := range []string{"c", "a", "e", "b", "d"} {
		must(t, s.BeginRun(t.Context(), run(id, noon.Add(time.Duration(i/2)*time.Minute))))
	}
	whole, err := s.Runs(t.Context(), 10)
	must(t, err)
	if want := []string{"d", "b", "e", "a", "c"}; !slices.Equal(idsOfRuns(whole), want) {
		t.Fatalf("all: %v, want %v", idsOfRuns(whole), want)
	}
	for _, limit := range []int{1, 2, 3, 5, 10} {
		var got []store.Run
		for before := ""; ; {
			page, err := s.RunsBefore(t.Context(), before, limit)
			must(t, err)
			if got = append(got, page...); len(page) < limit {
				break
			}
			before = page[len(page)-1].ID
			must(t, s.BeginRun(t.Context(), run("later", noon.Add(time.Hour)))) // on no page after the first
		}
		got = slices.DeleteFunc(got, func(r store.Run) bool { return r.ID == "later" })
		if diff := same(whole, got); diff != "" {
			t.Errorf("in pages of %d: %s", limit, diff)
		}
	}
	if page, err := s.RunsBefore(t.Context(), "unknown", 10); err != nil || len(page) != 0 {
		t.Errorf("after a run that is not known: %v, %v", idsOfRuns(page), err)
	}
}

func idsOfRuns(runs []store.Run) (ids []string) {
	for _, r := range runs {
		ids = append(ids, r.ID)
	}
	return ids
}
