package world

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"
	"unicode/utf8"
)

const (
	// maxSubject is how many characters a subject may have.
	maxSubject = 255
	// maxYears is the longest an item may last.
	maxYears = 5
)

// clone returns a copy that shares nothing with a.
func (a Appointment) clone() Appointment {
	a.Categories = slices.Clone(a.Categories)
	a.Attendees = slices.Clone(a.Attendees)
	a.Properties = maps.Clone(a.Properties)
	if a.Recurrence != nil {
		r := *a.Recurrence
		r.Pattern.Days = slices.Clone(r.Pattern.Days)
		a.Recurrence = &r
	}
	return a
}

// equal reports whether both say the same, whatever their instants' internal form.
func (a Appointment) equal(b Appointment) bool {
	if !a.sameTimes(b) {
		return false
	}
	a.Start, a.End, b.Start, b.End = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	return reflect.DeepEqual(a.clone(), b.clone())
}

// sameTimes reports whether both lie at the same instants and in the same zones.
func (a Appointment) sameTimes(b Appointment) bool {
	return a.Start.Equal(b.Start) && a.End.Equal(b.End) &&
		a.Start.Location().String() == b.Start.Location().String() &&
		a.End.Location().String() == b.End.Location().String()
}

// check refuses what Exchange refuses, and brings a series to its canonical form: its
// recurrence is complete and it starts at its first occurrence.
func (a *Appointment) check() error {
	switch {
	case a.Start.IsZero() || a.End.IsZero():
		return fmt.Errorf("%w: start and end are required", ErrInvalidProperty)
	case utf8.RuneCountInString(a.Subject) > maxSubject:
		return fmt.Errorf("%w: the subject is longer than %d characters", ErrInvalidProperty, maxSubject)
	case a.End.Before(a.Start):
		return ErrEndBeforeStart
	case a.End.After(a.Start.AddDate(maxYears, 0, 0)):
		return ErrTooLong
	case a.AllDay && !a.wholeDays():
		return ErrNotMidnight
	case a.Recurrence != nil:
		return a.checkSeries()
	}
	return nil
}

// wholeDays reports whether the item lasts from midnight to a later midnight in the
// zone of its start.
func (a *Appointment) wholeDays() bool {
	zone := a.Start.Location()
	end := a.End.In(zone)
	return a.Start.Equal(midnight(DateOf(a.Start), zone)) && end.Equal(midnight(DateOf(end), zone)) && end.After(a.Start)
}

// midnight is the instant at which a day begins in a zone: the first of the day where
// the clock jumps over midnight.
func midnight(d Date, zone *time.Location) time.Time {
	t := d.At(time.Time{}, zone)
	for DateOf(t).Before(d) {
		t = t.Add(15 * time.Minute).Truncate(15 * time.Minute)
	}
	return t
}

func (a *Appointment) checkSeries() error {
	checked, err := a.Recurrence.checked(DateOf(a.Start))
	if err != nil {
		return err
	}
	a.Recurrence = &checked
	for _, first := range checked.dates() {
		r := record{item: Item{Appointment: *a}}
		a.Start, a.End = r.span(first)
		break
	}
	return nil
}

// SnapToDays moves the start down and the end up to midnight in the start's zone, as
// Exchange does over EWS with an all-day item.
func (a *Appointment) SnapToDays() {
	zone := a.Start.Location()
	end := a.End.In(zone)
	a.Start = midnight(DateOf(a.Start), zone)
	if last := midnight(DateOf(end), zone); end.Equal(last) && last.After(a.Start) {
		a.End = last
	} else {
		a.End = midnight(DateOf(end).AddDays(1), zone)
	}
}
