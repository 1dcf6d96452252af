package main

import (
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// diary writes into a trainer's calendar as the trainer would with Outlook. The first
// error stops it.
type diary struct {
	box    *world.Mailbox
	zone   *time.Location
	monday time.Time
	err    error
}

// clock is a time of day of the sandbox's week in the trainer's zone.
func (d *diary) clock(day int, hour, minute int) time.Time {
	return time.Date(d.monday.Year(), d.monday.Month(), d.monday.Day()+day, hour, minute, 0, 0, d.zone)
}

// timed is an appointment of so many minutes.
func (d *diary) timed(subject string, day, hour, minute, minutes int) world.Appointment {
	start := d.clock(day, hour, minute)
	return world.Appointment{
		Subject: subject, Start: start, End: start.Add(time.Duration(minutes) * time.Minute),
		StartZone: d.zone.String(), EndZone: d.zone.String(),
	}
}

// days is an appointment of whole days.
func (d *diary) days(subject string, day, count int) world.Appointment {
	return world.Appointment{
		Subject: subject, AllDay: true, Start: d.clock(day, 0, 0), End: d.clock(day+count, 0, 0),
		StartZone: d.zone.String(), EndZone: d.zone.String(),
	}
}

// add stores an appointment.
func (d *diary) add(a world.Appointment) world.Item {
	if d.err != nil {
		return world.Item{}
	}
	var item world.Item
	item, d.err = d.box.Create(a, world.SendNone)
	return item
}

// weekly stores a series that falls on the appointment's own weekday, for a year and
// so across both clock changes.
func (d *diary) weekly(a world.Appointment) world.Item {
	a.Recurrence = &world.Recurrence{
		Pattern: world.Pattern{Kind: world.Weekly, Interval: 1, Days: []time.Weekday{a.Start.Weekday()}, FirstDayOfWeek: time.Monday},
		Range:   world.Range{Count: 52},
	}
	return d.add(a)
}

// occurrence names a series' occurrence so many weeks after its first.
func occurrence(series world.Item, weeks int) world.Ref {
	return world.Ref{Item: series.Item, Occurrence: world.DateOf(series.Start).AddDays(7 * weeks)}
}

// move makes an occurrence an exception at another time of the same day.
func (d *diary) move(ref world.Ref, by time.Duration) {
	if d.err != nil {
		return
	}
	_, d.err = d.box.Update(ref, world.Write{}, func(a *world.Appointment) error {
		a.Start, a.End = a.Start.Add(by), a.End.Add(by)
		return nil
	})
}

// drop deletes an item, or one occurrence of its series.
func (d *diary) drop(ref world.Ref) {
	if d.err == nil {
		d.err = d.box.Delete(ref, world.ToDeletedItems, world.Write{})
	}
}
