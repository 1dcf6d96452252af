package world

import (
	"fmt"
	"iter"
	"slices"
	"time"
)

const (
	// lastYear ends every series without an end, as in Outlook.
	lastYear = 4500
	// maxInterval is the longest interval, in any unit.
	maxInterval = 999
)

// dates yields the days of a series, in order, with their index from 1.
func (r Recurrence) dates() iter.Seq2[int, Date] {
	return func(yield func(int, Date) bool) {
		index := 0
		for day := range r.Pattern.days(r.Range.Start) {
			index++
			if r.ends(index, day) || !yield(index, day) {
				return
			}
		}
	}
}

// ends reports whether the series is over before the day that would be number index.
func (r Recurrence) ends(index int, day Date) bool {
	return r.Range.Count > 0 && index > r.Range.Count ||
		!r.Range.End.IsZero() && day.After(r.Range.End)
}

// days yields the pattern's days from start on, in order.
func (p Pattern) days(start Date) iter.Seq[Date] {
	return func(yield func(Date) bool) {
		for period := 0; ; period++ {
			for _, day := range p.period(start, period*p.Interval) {
				if day.Year > lastYear {
					return
				}
				if !day.Before(start) && !yield(day) {
					return
				}
			}
		}
	}
}

// period lists the pattern's days, in order, in the day, week, month or year that is
// n after the one of start.
func (p Pattern) period(start Date, n int) []Date {
	switch p.Kind {
	case Daily:
		return []Date{start.AddDays(n)}
	case Weekly:
		return p.week(start, n)
	case AbsoluteMonthly:
		return []Date{clampedDay(start.Year, start.Month+time.Month(n), p.DayOfMonth)}
	case RelativeMonthly:
		return []Date{p.relativeDay(start.Year, start.Month+time.Month(n))}
	case AbsoluteYearly:
		return []Date{clampedDay(start.Year+n, p.Month, p.DayOfMonth)}
	default:
		return []Date{p.relativeDay(start.Year+n, p.Month)}
	}
}

// week lists the pattern's days in the week that is n after start's.
func (p Pattern) week(start Date, n int) []Date {
	sinceFirst := (int(start.Weekday()-p.FirstDayOfWeek) + 7) % 7
	first := start.AddDays(7*n - sinceFirst)
	var days []Date
	for i := range 7 {
		if day := first.AddDays(i); slices.Contains(p.Days, day.Weekday()) {
			days = append(days, day)
		}
	}
	return days
}

// relativeDay is "the third of Days in the month", or the last.
func (p Pattern) relativeDay(year int, month time.Month) Date {
	day, step, nth := clampedDay(year, month, 1), 1, p.Index
	if p.Index == LastWeek {
		day, step, nth = clampedDay(year, month, 31), -1, 1
	}
	for {
		if slices.Contains(p.Days, day.Weekday()) {
			if nth--; nth == 0 {
				return day
			}
		}
		day = day.AddDays(step)
	}
}

// clampedDay is a day of a month, or the month's last where the month is shorter
// (EWS, element DayOfMonth). The month may be past December.
func clampedDay(year int, month time.Month, day int) Date {
	last := DateOf(time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC))
	return Date{Year: last.Year, Month: last.Month, Day: min(day, last.Day)}
}

// checked returns the recurrence with its defaults filled in, for an item that
// starts on the given day.
func (r Recurrence) checked(start Date) (Recurrence, error) {
	r.Pattern.Days = slices.Clone(r.Pattern.Days)
	r.Pattern.Interval = max(r.Pattern.Interval, 1)
	if r.Range.Start.IsZero() {
		r.Range.Start = start
	}
	if err := r.Pattern.check(); err != nil {
		return r, err
	}
	if r.Range.Count < 0 {
		return r, fmt.Errorf("%w: %d occurrences", ErrRecurrence, r.Range.Count)
	}
	for range r.dates() {
		return r, nil
	}
	return r, fmt.Errorf("%w: it never occurs", ErrRecurrence)
}

// check refuses patterns that fall on no day.
func (p Pattern) check() error {
	absolute := p.Kind == AbsoluteMonthly || p.Kind == AbsoluteYearly
	relative := p.Kind == RelativeMonthly || p.Kind == RelativeYearly
	yearly := p.Kind == AbsoluteYearly || p.Kind == RelativeYearly
	switch {
	case !absolute && !relative && p.Kind != Daily && p.Kind != Weekly:
		return fmt.Errorf("%w: kind %q", ErrRecurrence, p.Kind)
	case p.Interval > maxInterval:
		return fmt.Errorf("%w: interval %d", ErrRecurrence, p.Interval)
	case (relative || p.Kind == Weekly) && len(p.Days) == 0:
		return fmt.Errorf("%w: a %s pattern needs days of the week", ErrRecurrence, p.Kind)
	case absolute && (p.DayOfMonth < 1 || p.DayOfMonth > 31):
		return fmt.Errorf("%w: day %d of the month", ErrRecurrence, p.DayOfMonth)
	case relative && (p.Index < 1 || p.Index > LastWeek):
		return fmt.Errorf("%w: week %d of the month", ErrRecurrence, p.Index)
	case yearly && (p.Month < time.January || p.Month > time.December):
		return fmt.Errorf("%w: month %d", ErrRecurrence, p.Month)
	}
	return nil
}
