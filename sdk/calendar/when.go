package calendar

import (
	"cmp"
	"fmt"
	"time"
)

// Window is the half-open span of time [Start, End). Both ends are instants.
type Window struct {
	Start, End time.Time
}

// Overlaps reports whether the span [start, end) shares time with the window.
// A span of zero length lies in the window that contains its instant.
func (w Window) Overlaps(start, end time.Time) bool {
	if !start.Before(end) {
		return !start.Before(w.Start) && start.Before(w.End)
	}
	return start.Before(w.End) && end.After(w.Start)
}

// Contains reports whether o lies wholly inside the window.
func (w Window) Contains(o Window) bool {
	return !o.Start.Before(w.Start) && !o.End.After(w.End)
}

// Equal reports whether both windows have the same instants.
func (w Window) Equal(o Window) bool {
	return w.Start.Equal(o.Start) && w.End.Equal(o.End)
}

// Date is a day without a zone, as whole-day appointments have it.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns the day that t falls on in t's own zone.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{Year: y, Month: m, Day: d}
}

// ParseDate reads a day written as 2006-01-02.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("date %q: want the form 2006-01-02", s)
	}
	return DateOf(t), nil
}

// String writes the day as 2006-01-02.
func (d Date) String() string { return d.In(time.UTC).Format(time.DateOnly) }

// In returns the instant at which the day begins in loc. Where the zone skips
// midnight, it is the first instant of the day; where it skips the whole day, the
// first instant after. A day that no calendar has is read as package time does: the
// 32nd of a month is the 1st of the next.
func (d Date) In(loc *time.Location) time.Time {
	d = d.AddDays(0)
	t := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, loc)
	if !DateOf(t).Before(d) {
		return t
	}
	// The clock jumped over midnight: time.Date normalised to the evening before.
	for t = t.Truncate(time.Minute); DateOf(t).Before(d); {
		t = t.Add(time.Minute)
	}
	return t
}

// AddDays returns the day n days later.
func (d Date) AddDays(n int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC))
}

// Before reports whether d is earlier than o.
func (d Date) Before(o Date) bool {
	return cmp.Or(cmp.Compare(d.Year, o.Year), cmp.Compare(d.Month, o.Month), cmp.Compare(d.Day, o.Day)) < 0
}

// When is the time of an appointment: either the span of instants [Start, End),
// or, when AllDay is set, the whole days [FirstDay, EndDay) by date, which start
// and end at midnight wherever the reader is.
type When struct {
	// Start and End are instants; zero when AllDay is set.
	Start, End time.Time
	// AllDay says that FirstDay and EndDay count and Start and End do not.
	AllDay bool
	// FirstDay is the first day; EndDay is the day after the last.
	FirstDay, EndDay Date
	// TimeZone is the IANA name of the zone the appointment is planned in, empty
	// where the calendar did not tell. It matters for what is written: a server
	// shows and moves the appointment by it.
	TimeZone string
}

// Span returns the instants the appointment blocks. Whole days are taken in loc.
func (w When) Span(loc *time.Location) (start, end time.Time) {
	if w.AllDay {
		return w.FirstDay.In(loc), w.EndDay.In(loc)
	}
	return w.Start, w.End
}

// SameTime reports whether both mean the same instants or the same days. The
// zone's name is not compared: servers rename zones.
func (w When) SameTime(o When) bool {
	if w.AllDay != o.AllDay {
		return false
	}
	if w.AllDay {
		return w.FirstDay == o.FirstDay && w.EndDay == o.EndDay
	}
	return w.Start.Equal(o.Start) && w.End.Equal(o.End)
}
