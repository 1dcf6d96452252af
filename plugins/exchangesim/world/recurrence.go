package world

import "time"

// PatternKind is the way in which a series repeats.
type PatternKind string

// The kinds of [Pattern].
const (
	Daily           PatternKind = "daily"
	Weekly          PatternKind = "weekly"
	AbsoluteMonthly PatternKind = "absoluteMonthly"
	RelativeMonthly PatternKind = "relativeMonthly"
	AbsoluteYearly  PatternKind = "absoluteYearly"
	RelativeYearly  PatternKind = "relativeYearly"
)

// LastWeek as a [Pattern]'s Index means the last of the month.
const LastWeek = 5

// Pattern says on which days a series falls.
type Pattern struct {
	Kind PatternKind
	// Interval counts days, weeks, months or years; 0 is read as 1.
	Interval int
	// Days are the days of a weekly pattern, or those among which Index chooses in a
	// relative one: "last weekday" is Index LastWeek with Monday to Friday.
	Days []time.Weekday
	// DayOfMonth of an absolute pattern; in a shorter month the last day is meant.
	DayOfMonth int
	// Index of a relative pattern: 1 to 4, or [LastWeek].
	Index int
	// Month of a yearly pattern.
	Month time.Month
	// FirstDayOfWeek decides in a weekly pattern which days share a week.
	FirstDayOfWeek time.Weekday
}

// Range bounds a series.
type Range struct {
	// Start is the first day the pattern may fall on; zero is the item's start.
	Start Date
	// End is the last such day, zero for none.
	End Date
	// Count is how many occurrences there are, deleted ones counted; 0 for no limit.
	Count int
}

// Recurrence makes an item a series.
type Recurrence struct {
	Pattern Pattern
	Range   Range
}
