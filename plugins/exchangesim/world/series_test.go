package world_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// A series keeps its local time when the clocks change; exceptions lie where they were
// moved to and deleted occurrences are left out (pull-4).
func TestSeriesAcrossClockChange(t *testing.T) {
	_, m := newMailbox(t)
	series := create(t, m, weekly(t))
	moved, err := m.Update(world.Ref{Item: series.Item, Occurrence: on(11, 3)}, world.Write{}, func(a *world.Appointment) error {
		a.Start, a.End = at(t, "Europe/Berlin", on(11, 5), 14), at(t, "Europe/Berlin", on(11, 5), 15)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if moved.Type != world.Exception || moved.Index != 3 || !moved.OriginalStart.Equal(at(t, "Europe/Berlin", on(11, 3), 9)) {
		t.Errorf("the moved occurrence is %v, number %d, from %v", moved.Type, moved.Index, moved.OriginalStart)
	}
	if err := m.Delete(world.Ref{Item: series.Item, Occurrence: on(11, 10)}, world.Gone, world.Write{}); err != nil {
		t.Fatal(err)
	}
	want := []string{"occurrence 10-20 07:00", "occurrence 10-27 08:00", "exception 11-05 13:00", "occurrence 11-17 08:00"}
	if diff := cmp.Diff(want, starts(year(t, m))); diff != "" {
		t.Errorf("the calendar (-want +got):\n%s", diff)
	}
	master, err := m.Get(series.Ref)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{[]world.Date{on(11, 3)}, []world.Date{on(11, 10)}}, []any{master.Exceptions, master.Deleted}); diff != "" {
		t.Errorf("what the master says of its occurrences (-want +got):\n%s", diff)
	}
	if last, err := m.Instance(series.Item, 5); err != nil || last.Occurrence != on(11, 17) {
		t.Errorf("instance 5 is on %v, %v", last.Occurrence, err)
	}
}

func TestOccurrencesThatAreNotThere(t *testing.T) {
	_, m := newMailbox(t)
	series := create(t, m, weekly(t))
	gone := world.Ref{Item: series.Item, Occurrence: on(10, 27)}
	if err := m.Delete(gone, world.Gone, world.Write{}); err != nil {
		t.Fatal(err)
	}
	single := create(t, m, world.Appointment{Start: at(t, "UTC", on(10, 1), 9), End: at(t, "UTC", on(10, 1), 10)})
	for _, tc := range []struct {
		name string
		ref  world.Ref
		want error
	}{
		{"deleted", gone, world.ErrOccurrenceDeleted},
		{"another weekday", world.Ref{Item: series.Item, Occurrence: on(10, 28)}, world.ErrOccurrenceRange},
		{"after the end", world.Ref{Item: series.Item, Occurrence: on(12, 29)}, world.ErrOccurrenceRange},
		{"of a single", world.Ref{Item: single.Item, Occurrence: on(10, 1)}, world.ErrItemNotFound},
		{"of nothing", world.Ref{Item: 999, Occurrence: on(10, 1)}, world.ErrItemNotFound},
	} {
		if _, err := m.Get(tc.ref); !errors.Is(err, tc.want) {
			t.Errorf("get the occurrence %s: %v, want %v", tc.name, err, tc.want)
		}
		if err := m.Delete(tc.ref, world.Gone, world.Write{}); !errors.Is(err, tc.want) {
			t.Errorf("delete the occurrence %s: %v, want %v", tc.name, err, tc.want)
		}
	}
	for index, want := range map[int]error{0: world.ErrOccurrenceRange, 2: world.ErrOccurrenceDeleted, 6: world.ErrOccurrenceRange} {
		if _, err := m.Instance(series.Item, index); !errors.Is(err, want) {
			t.Errorf("instance %d: %v, want %v", index, err, want)
		}
	}
}

func TestExceptionsMayNotCrossNeighbours(t *testing.T) {
	for _, tc := range []struct {
		name    string
		to      world.Date
		deleted []world.Date
		want    error
	}{
		{"within the gap", on(11, 9), nil, nil},
		{"to the next one's day", on(11, 10), nil, world.ErrOccurrenceCrossing},
		{"to the previous one's day", on(10, 27), nil, world.ErrOccurrenceCrossing},
		{"beyond the next one", on(11, 12), nil, world.ErrOccurrenceCrossing},
		{"beyond a deleted one", on(11, 12), []world.Date{on(11, 10)}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, m := newMailbox(t)
			series := create(t, m, weekly(t))
			for _, d := range tc.deleted {
				if err := m.Delete(world.Ref{Item: series.Item, Occurrence: d}, world.Gone, world.Write{}); err != nil {
					t.Fatal(err)
				}
			}
			_, err := m.Update(world.Ref{Item: series.Item, Occurrence: on(11, 3)}, world.Write{}, func(a *world.Appointment) error {
				a.Start, a.End = at(t, "Europe/Berlin", tc.to, 9), at(t, "Europe/Berlin", tc.to, 10)
				return nil
			})
			if !errors.Is(err, tc.want) {
				t.Errorf("error %v, want %v", err, tc.want)
			}
		})
	}
}

func TestChangesOfAMaster(t *testing.T) {
	_, m := newMailbox(t)
	series := create(t, m, weekly(t))
	first, second := world.Ref{Item: series.Item, Occurrence: on(10, 20)}, world.Ref{Item: series.Item, Occurrence: on(10, 27)}
	change := func(ref world.Ref, f func(*world.Appointment)) world.Item {
		t.Helper()
		it, err := m.Update(ref, world.Write{}, func(a *world.Appointment) error { f(a); return nil })
		if err != nil {
			t.Fatal(err)
		}
		return it
	}
	change(first, func(a *world.Appointment) { a.Subject = "Own" })
	change(second, func(a *world.Appointment) { a.Location = "Elsewhere" })
	change(series.Ref, func(a *world.Appointment) { a.Subject = "Renamed" })
	var subjects []string
	for _, it := range year(t, m)[:3] {
		subjects = append(subjects, it.Subject+"|"+it.Location)
	}
	if diff := cmp.Diff([]string{"Own|", "Renamed|Elsewhere", "Renamed|"}, subjects); diff != "" {
		t.Errorf("after renaming the series (-want +got):\n%s", diff)
	}
	moved := change(series.Ref, func(a *world.Appointment) {
		a.Start, a.End = a.Start.AddDate(0, 0, 7), a.End.AddDate(0, 0, 7)
	})
	if len(moved.Exceptions) != 0 || moved.Recurrence.Range.Start != on(10, 27) {
		t.Errorf("after moving the series it has exceptions %v and begins on %v", moved.Exceptions, moved.Recurrence.Range.Start)
	}
	single := change(series.Ref, func(a *world.Appointment) { a.Recurrence = nil })
	if single.Type != world.Single {
		t.Errorf("without a recurrence the item is a %v", single.Type)
	}
}

// Snapshots stay as they are while other goroutines write.
func TestConcurrentUse(t *testing.T) {
	_, m := newMailbox(t)
	series := create(t, m, weekly(t))
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for i := range 50 {
				day := on(10, 20).AddDays(7 * (i % 5))
				_, err := m.Update(world.Ref{Item: series.Item, Occurrence: day}, world.Write{}, func(a *world.Appointment) error {
					a.Categories = append(a.Categories, "x")
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				for _, it := range year(t, m) {
					_ = len(it.Categories)
				}
			}
		})
	}
	running.Wait()
	total := 0
	for _, it := range year(t, m) {
		total += len(it.Categories)
	}
	if total != 200 {
		t.Errorf("%d of 200 changes are there", total)
	}
}
