package reconcile

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/sdk/calendar"
)

var conflictDay = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

func clock(hour int) time.Time { return conflictDay.Add(time.Duration(hour) * time.Hour) }

func booking(key string, from, until int) Booking {
	return Booking{Key: key, Course: key, Start: clock(from), End: clock(until)}
}

func block(id string, from, until int) Mirror {
	return Mirror{ID: id, Description: "Dentist", When: calendar.When{Start: clock(from), End: clock(until)}}
}

// conflict-1: what overlaps is found, on both sides, and what merely touches is not.
func TestConflicts(t *testing.T) {
	t.Parallel()
	split := []Booking{{Key: "c/1", Course: "c", Start: clock(9), End: clock(12)}, {Key: "c/2", Course: "c", Start: clock(11), End: clock(13)}}
	day := calendar.DateOf(conflictDay)
	for _, test := range []struct {
		name     string
		bookings []Booking
		mirrors  []Mirror
		want     []Conflict
	}{
		{"apart", []Booking{booking("c", 9, 12)}, []Mirror{block("m", 12, 13), block("n", 8, 9)}, nil},
		{"an appointment inside a course (N10)", []Booking{booking("c", 9, 17)}, []Mirror{block("m", 10, 11)}, []Conflict{{"c", "m", true, clock(10), clock(11)}}},
		{"a course inside an appointment", []Booking{booking("c", 10, 11)}, []Mirror{block("m", 9, 17)}, []Conflict{{"c", "m", true, clock(10), clock(11)}}},
		{"two courses", []Booking{booking("d", 9, 12), booking("c", 11, 13)}, nil, []Conflict{{"c", "d", false, clock(11), clock(12)}}},
		{"the same time", []Booking{booking("d", 9, 12), booking("c", 9, 12)}, nil, []Conflict{{"c", "d", false, clock(9), clock(12)}}},
		{"two sessions of one course", split, nil, nil},
		{"two appointments", nil, []Mirror{block("m", 9, 12), block("n", 9, 12)}, nil},
		{"no length", []Booking{booking("c", 9, 12), booking("d", 10, 10)}, []Mirror{block("m", 11, 11)}, nil},
		{
			"a whole day",
			[]Booking{booking("c", 9, 12)},
			[]Mirror{{ID: "m", When: calendar.When{AllDay: true, FirstDay: day, EndDay: day.AddDays(1)}}},
			[]Conflict{{"c", "m", true, clock(9), clock(12)}},
		},
	} {
		got := Conflicts(test.bookings, test.mirrors, time.UTC)
		if diff := cmp.Diff(test.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// The sweep finds just the pairs that comparing each with each finds.
func TestConflictsAreAllPairs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var bookings []Booking
		var mirrors []Mirror
		for i := range rapid.IntRange(0, 8).Draw(r, "bookings") {
			from := rapid.IntRange(0, 20).Draw(r, "from")
			b := booking(fmt.Sprint("c", i), from, from+rapid.IntRange(0, 6).Draw(r, "hours"))
			b.Course = fmt.Sprint(rapid.IntRange(0, 3).Draw(r, "course"))
			bookings = append(bookings, b)
		}
		for i := range rapid.IntRange(0, 8).Draw(r, "mirrors") {
			from := rapid.IntRange(0, 20).Draw(r, "from")
			mirrors = append(mirrors, block(fmt.Sprint("m", i), from, from+rapid.IntRange(0, 6).Draw(r, "hours")))
		}
		want := map[string]bool{}
		for i, a := range bookings {
			for _, b := range bookings[i+1:] {
				if a.Course != b.Course && overlap(a.Start, a.End, b.Start, b.End) {
					want[a.Key+" "+b.Key] = true
				}
			}
			for _, m := range mirrors {
				if overlap(a.Start, a.End, m.When.Start, m.When.End) {
					want[a.Key+" "+m.ID] = true
				}
			}
		}
		got := map[string]bool{}
		for _, c := range Conflicts(bookings, mirrors, time.UTC) {
			got[c.Key+" "+c.Other] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			r.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func overlap(aStart, aEnd, bStart, bEnd time.Time) bool {
	return aStart.Before(aEnd) && bStart.Before(bEnd) && aStart.Before(bEnd) && bStart.Before(aEnd)
}
