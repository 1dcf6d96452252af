package world

import (
	"fmt"
	"time"
)

// Date is a day of the calendar, without a zone. The zero Date is no day.
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
func (d Date) String() string { return d.utc().Format(time.DateOnly) }

// IsZero reports whether d is no day.
func (d Date) IsZero() bool { return d == Date{} }

// AddDays returns the day n days later.
func (d Date) AddDays(n int) Date { return DateOf(d.utc().AddDate(0, 0, n)) }

// Weekday returns the day's name.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// Before reports whether d is earlier than o.
func (d Date) Before(o Date) bool { return d.utc().Before(o.utc()) }

// After reports whether d is later than o.
func (d Date) After(o Date) bool { return o.Before(d) }

// At returns the instant that the clock in loc shows as the time of day of clock on
// this day; for a time that the zone skips or repeats, as time.Date does.
func (d Date) At(clock time.Time, loc *time.Location) time.Time {
	h, m, s := clock.Clock()
	return time.Date(d.Year, d.Month, d.Day, h, m, s, clock.Nanosecond(), loc)
}

// daysUntil counts the days from d to o.
func (d Date) daysUntil(o Date) int { return int(o.utc().Sub(d.utc()) / (24 * time.Hour)) }

func (d Date) utc() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }
