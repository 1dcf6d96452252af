package world

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func day(s string) Date {
	d, err := ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

var workdays = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}

// take lists the first n days of a series.
func take(t *testing.T, r Recurrence, n int) []string {
	t.Helper()
	r, err := r.checked(r.Range.Start)
	if err != nil {
		t.Fatal(err)
	}
	var days []string
	for _, d := range r.dates() {
		if len(days) == n {
			break
		}
		days = append(days, d.String())
	}
	return days
}

// Known cases of Exchange's patterns (pull-4).
func TestRecurrenceKnownCases(t *testing.T) {
	for _, tc := range []struct {
		name  string
		in    Recurrence
		first []string
	}{
		{
			"every third day",
			Recurrence{Pattern{Kind: Daily, Interval: 3}, Range{Start: day("2026-02-26")}},
			[]string{"2026-02-26", "2026-03-01", "2026-03-04"},
		},
		{
			"31st of each month",
			Recurrence{Pattern{Kind: AbsoluteMonthly, DayOfMonth: 31}, Range{Start: day("2026-01-31")}},
			[]string{"2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"},
		},
		{
			"29 February",
			Recurrence{Pattern{Kind: AbsoluteYearly, DayOfMonth: 29, Month: time.February}, Range{Start: day("2027-01-01")}},
			[]string{"2027-02-28", "2028-02-29", "2029-02-28"},
		},
		{
			"last weekday",
			Recurrence{Pattern{Kind: RelativeMonthly, Days: workdays, Index: LastWeek}, Range{Start: day("2026-01-01")}},
			[]string{"2026-01-30", "2026-02-27", "2026-03-31"},
		},
		{
			"first day of the weekend",
			Recurrence{Pattern{Kind: RelativeMonthly, Days: []time.Weekday{time.Saturday, time.Sunday}, Index: 1}, Range{Start: day("2026-02-01")}},
			[]string{"2026-02-01", "2026-03-01", "2026-04-04"},
		},
		{
			"fourth Thursday of November",
			Recurrence{Pattern{Kind: RelativeYearly, Days: []time.Weekday{time.Thursday}, Index: 4, Month: time.November}, Range{Start: day("2026-11-27")}},
			[]string{"2027-11-25", "2028-11-23"},
		},
		{
			"every second week from Monday",
			Recurrence{Pattern{Kind: Weekly, Interval: 2, Days: []time.Weekday{time.Sunday, time.Tuesday}, FirstDayOfWeek: time.Monday}, Range{Start: day("2026-10-20")}},
			[]string{"2026-10-20", "2026-10-25", "2026-11-03", "2026-11-08"},
		},
		{
			"every second week from Sunday",
			Recurrence{Pattern{Kind: Weekly, Interval: 2, Days: []time.Weekday{time.Sunday, time.Tuesday}}, Range{Start: day("2026-10-20")}},
			[]string{"2026-10-20", "2026-11-01", "2026-11-03"},
		},
		{
			"count",
			Recurrence{Pattern{Kind: Daily}, Range{Start: day("2026-12-31"), Count: 2}},
			[]string{"2026-12-31", "2027-01-01"},
		},
		{
			"end date",
			Recurrence{Pattern{Kind: Weekly, Days: workdays}, Range{Start: day("2026-01-02"), End: day("2026-01-05")}},
			[]string{"2026-01-02", "2026-01-05"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := len(tc.first)
			if tc.in.Range.Count > 0 || !tc.in.Range.End.IsZero() {
				n++ // and no more
			}
			if diff := cmp.Diff(tc.first, take(t, tc.in, n)); diff != "" {
				t.Errorf("days (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRecurrenceRefused(t *testing.T) {
	for _, r := range []Recurrence{
		{Pattern: Pattern{Kind: "hourly"}},
		{Pattern: Pattern{Kind: Daily, Interval: 1 << 62}},
		{Pattern: Pattern{Kind: Weekly}},
		{Pattern: Pattern{Kind: AbsoluteMonthly, DayOfMonth: 32}},
		{Pattern: Pattern{Kind: RelativeMonthly, Days: workdays}},
		{Pattern: Pattern{Kind: AbsoluteYearly, DayOfMonth: 1}},
		{Pattern: Pattern{Kind: Daily}, Range: Range{Count: -1}},
		{Pattern: Pattern{Kind: Daily}, Range: Range{End: day("2025-12-31")}},
	} {
		if _, err := r.checked(day("2026-01-01")); err == nil {
			t.Errorf("%+v was accepted", r)
		}
	}
}

// The expansion agrees with one that asks of each day whether the pattern falls on it.
func TestRecurrenceAgainstDayByDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRecurrence(t)
		var got, want []Date
		for _, d := range r.dates() {
			if len(got) == 60 {
				break
			}
			got = append(got, d)
		}
		for d := r.Range.Start; len(want) < len(got)+1 && d.Year < r.Range.Start.Year+320; d = d.AddDays(1) {
			if r.Range.Count > 0 && len(want) == r.Range.Count || !r.Range.End.IsZero() && d.After(r.Range.End) {
				break
			}
			if naive(r, d) {
				want = append(want, d)
			}
		}
		if len(got) == 60 {
			want = want[:min(60, len(want))]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("days of %+v (-day by day +expansion):\n%s", r, diff)
		}
	})
}

func drawRecurrence(t *rapid.T) Recurrence {
	kinds := []PatternKind{Daily, Weekly, AbsoluteMonthly, RelativeMonthly, AbsoluteYearly, RelativeYearly}
	r := Recurrence{
		Pattern: Pattern{
			Kind:           rapid.SampledFrom(kinds).Draw(t, "kind"),
			Interval:       rapid.IntRange(1, 5).Draw(t, "interval"),
			DayOfMonth:     rapid.IntRange(1, 31).Draw(t, "day of month"),
			Index:          rapid.IntRange(1, LastWeek).Draw(t, "index"),
			Month:          time.Month(rapid.IntRange(1, 12).Draw(t, "month")),
			FirstDayOfWeek: time.Weekday(rapid.IntRange(0, 6).Draw(t, "first day of week")),
			Days: rapid.SliceOfNDistinct(rapid.Map(rapid.IntRange(0, 6), func(i int) time.Weekday { return time.Weekday(i) }),
				1, 7, rapid.ID[time.Weekday]).Draw(t, "days"),
		},
		Range: Range{Start: day("2024-01-01").AddDays(rapid.IntRange(0, 1500).Draw(t, "start"))},
	}
	switch rapid.IntRange(0, 2).Draw(t, "range") {
	case 0:
		r.Range.Count = rapid.IntRange(1, 50).Draw(t, "count")
	case 1:
		r.Range.End = r.Range.Start.AddDays(rapid.IntRange(0, 3000).Draw(t, "end"))
	}
	return r
}

// naive decides of one day whether a pattern falls on it, by the pattern's definition.
func naive(r Recurrence, d Date) bool {
	p, s := r.Pattern, r.Range.Start
	months := 12*(d.Year-s.Year) + int(d.Month-s.Month)
	lastDay := d.AddDays(1).Month != d.Month
	onDay := d.Day == p.DayOfMonth || lastDay && p.DayOfMonth > d.Day
	switch p.Kind {
	case Daily:
		return s.daysUntil(d)%p.Interval == 0
	case Weekly:
		return slices.Contains(p.Days, d.Weekday()) && weekStart(s, p).daysUntil(weekStart(d, p))/7%p.Interval == 0
	case AbsoluteMonthly:
		return months%p.Interval == 0 && onDay
	case RelativeMonthly:
		return months%p.Interval == 0 && nth(p, d)
	case AbsoluteYearly:
		return (d.Year-s.Year)%p.Interval == 0 && d.Month == p.Month && onDay
	default:
		return (d.Year-s.Year)%p.Interval == 0 && d.Month == p.Month && nth(p, d)
	}
}

func weekStart(d Date, p Pattern) Date {
	for d.Weekday() != p.FirstDayOfWeek {
		d = d.AddDays(-1)
	}
	return d
}

// nth counts the matching days of d's month before and after d.
func nth(p Pattern, d Date) bool {
	if !slices.Contains(p.Days, d.Weekday()) {
		return false
	}
	before, after := 0, 0
	for o := d.AddDays(1 - d.Day); o.Month == d.Month; o = o.AddDays(1) {
		if slices.Contains(p.Days, o.Weekday()) {
			if o.Before(d) {
				before++
			}
			if o.After(d) {
				after++
			}
		}
	}
	if p.Index == LastWeek {
		return after == 0
	}
	return before == p.Index-1
}
