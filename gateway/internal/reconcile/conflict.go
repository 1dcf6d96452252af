package reconcile

import (
	"cmp"
	"slices"
	"time"
)

// Booking is a time that the platform booked for a trainer.
type Booking struct {
	// Key is the key of the appointment; Course tells the parts of one course, which
	// never conflict with each other.
	Key, Course string
	Start, End  time.Time
}

// Conflict is time that a course shares with something else of the same trainer
// (conflict-1). It is told to people and changes nothing.
type Conflict struct {
	// Key is the course's appointment.
	Key string
	// Other is the key of another course's appointment, or the stable id of a pulled
	// unavailability when Pulled is set.
	Other  string
	Pulled bool
	// Start and End are the instants of the time that both take.
	Start, End time.Time
}

// Conflicts returns the overlaps of a trainer's bookings with each other and with
// pulled unavailability, each pair once, by start. Spans are half-open: what ends when
// the other begins is no conflict, and a span without length has none.
func Conflicts(bookings []Booking, mirrors []Mirror, zone *time.Location) []Conflict {
	spans := make([]booked, 0, len(bookings)+len(mirrors))
	for _, b := range bookings {
		spans = append(spans, booked{Booking: b})
	}
	for _, m := range mirrors {
		start, end := m.When.Span(zone)
		spans = append(spans, booked{Booking: Booking{Key: m.ID, Start: start, End: end}, pulled: true})
	}
	slices.SortFunc(spans, func(a, b booked) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Key, b.Key)) })
	var found []Conflict
	var open []booked // those that may reach into what comes next
	for _, s := range spans {
		open = slices.DeleteFunc(open, func(o booked) bool { return !o.End.After(s.Start) })
		for _, o := range open {
			if c, ok := conflict(o, s); ok {
				found = append(found, c)
			}
		}
		if s.End.After(s.Start) {
			open = append(open, s)
		}
	}
	slices.SortFunc(found, func(a, b Conflict) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Other, b.Other))
	})
	return found
}

// booked is a booking, or pulled unavailability in the place of one.
type booked struct {
	Booking
	pulled bool
}

// conflict is that of two spans of which the second begins inside the first.
func conflict(a, b booked) (Conflict, bool) {
	if a.pulled {
		a, b = b, a
	}
	start, end := a.Start, a.End
	if b.Start.After(start) {
		start = b.Start
	}
	if b.End.Before(end) {
		end = b.End
	}
	switch {
	case a.pulled, !b.pulled && a.Course == b.Course, !end.After(start):
		return Conflict{}, false
	case !b.pulled && b.Key < a.Key:
		a, b = b, a
	}
	return Conflict{Key: a.Key, Other: b.Key, Pulled: b.pulled, Start: start, End: end}, true
}
