package exchangerun

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// What we wrote ourselves comes back with the next read: one cheap request, and nothing
// is written or told (C4, C5).
func TestC4C5OwnWritesComeBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana")
	r.put("ana", native("Dentist", 3))
	r.synced()
	r.give(course("1", 3, "ana"))
	r.synced()
	r.sim.ClearCounts()
	r.quiet()
	want := map[string]int{"Batch": 1, "Delta": 1}
	if diff := cmp.Diff(want, r.counts()); diff != "" {
		t.Errorf("requests: %s", diff)
	}
}

// An appointment that slid out of the past edge of the window is left as history; moved
// into the future later, it is the same one, not a second (F3).
func TestF3SlidesOutAndComesBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana")
	old := r.put("ana", native("Dentist", -5))
	r.synced()
	r.pass(4 * 24 * time.Hour)
	r.synced()
	if diff := cmp.Diff([]string{"11-19T09:00"}, r.busy("ana")); diff != "" {
		t.Errorf("what slid out: %s", diff)
	}
	r.change("ana", old.Ref, func(a *world.Appointment) {
		a.Start, a.End = a.Start.AddDate(0, 0, 12), a.End.AddDate(0, 0, 12)
	})
	r.synced()
	if diff := cmp.Diff([]string{"12-01T09:00"}, r.busy("ana")); diff != "" {
		t.Errorf("what came back: %s", diff)
	}
	r.quiet()
}

// A cursor is not kept without the effects of what it skips: changes that were read and
// could not be stored are read again (F6).
func TestF6CursorWithItsEffects(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana")
	r.synced()
	r.put("ana", native("Dentist", 3))
	whole := r.runner.Memory
	r.runner.Memory = noCommit{r.store}
	r.run()
	if n := len(r.busy("ana")); n != 0 {
		t.Fatalf("%d appointments are stored without a commit", n)
	}
	r.runner.Memory = whole
	r.synced()
	if diff := cmp.Diff([]string{"11-27T09:00"}, r.busy("ana")); diff != "" {
		t.Error(diff)
	}
}

// A series that goes takes all its occurrences along, changed ones too, and a delta
// names none of them (F7).
func TestF7SeriesGone(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana")
	series := r.put("ana", weekly("Team call", 3, 4))
	r.put("ana", native("Dentist", 5))
	r.change("ana", world.Ref{Item: series.Item, Occurrence: world.DateOf(series.Start).AddDays(7)}, func(a *world.Appointment) {
		a.Subject = "Team lunch"
	})
	r.synced()
	if n := len(r.busy("ana")); n != 5 {
		t.Fatalf("%d appointments, want 5", n)
	}
	r.remove("ana", series.Ref)
	r.synced()
	if diff := cmp.Diff([]string{"11-29T09:00"}, r.busy("ana")); diff != "" {
		t.Error(diff)
	}
}

// An expired cursor leads to a full read that also finds what went meanwhile (F5).
func TestF5ExpiredCursor(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana")
	gone := r.put("ana", native("Dentist", 3))
	r.put("ana", native("Doctor", 4))
	r.synced()
	r.remove("ana", gone.Ref)
	r.box("ana").ExpirePositions()
	r.synced()
	if diff := cmp.Diff([]string{"11-28T09:00"}, r.busy("ana")); diff != "" {
		t.Error(diff)
	}
}
