package ews

import (
	"strconv"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// draft is an appointment that a request is writing. Times and zones are kept apart
// until all of them are known: a time without offset means the item's own zone,
// wherever in the request that stands.
type draft struct {
	app                *world.Appointment
	start, end         *wireTime
	startZone, endZone string
	// meetingZone says that the zone came as the one of Exchange2007's schema.
	meetingZone   bool
	reminderGiven bool
}

func (d *draft) setAttendees(kind string, e *element) *failure {
	d.dropAttendees(kind)
	for _, a := range e.children {
		box := a.first("Mailbox")
		address := box.value("EmailAddress")
		if address == "" {
			return fail("ErrorInvalidRecipients", "An attendee has no e-mail address.")
		}
		name := box.value("Name")
		if name == "" {
			name = address
		}
		d.app.Attendees = append(d.app.Attendees, world.Attendee{Address: world.Address{Name: name, SMTP: address}, Kind: kind})
	}
	return nil
}

func (d *draft) dropAttendees(kind string) {
	var kept []world.Attendee
	for _, a := range d.app.Attendees {
		if a.Kind != kind {
			kept = append(kept, a)
		}
	}
	d.app.Attendees = kept
}

func setSensitivity(d *draft, e *element) *failure {
	d.app.Sensitivity = sensitivities.fromWire(strings.TrimSpace(e.content()))
	return nil
}

func setImportance(d *draft, e *element) *failure {
	d.app.Importance = importances.fromWire(strings.TrimSpace(e.content()))
	return nil
}

func setFreeBusy(d *draft, e *element) *failure {
	d.app.ShowAs = freeBusy.fromWire(strings.TrimSpace(e.content()))
	return nil
}

func setBody(d *draft, e *element) *failure {
	d.app.Body = world.Body{HTML: e.attr("BodyType") == "HTML", Content: e.content()}
	return nil
}

func setCategories(d *draft, e *element) *failure {
	d.app.Categories = nil
	for _, c := range e.children {
		d.app.Categories = append(d.app.Categories, c.content())
	}
	return nil
}

func setReminder(d *draft, e *element) *failure {
	d.app.Reminder.On, _ = parseBool(e.content())
	d.reminderGiven = true
	return nil
}

func setReminderMinutes(d *draft, e *element) *failure {
	minutes, _ := strconv.Atoi(strings.TrimSpace(e.content()))
	if minutes < 0 {
		return fail("ErrorInvalidPropertySet", "ReminderMinutesBeforeStart must not be negative.")
	}
	d.app.Reminder.MinutesBefore = minutes
	return nil
}

func setAllDay(d *draft, e *element) *failure {
	d.app.AllDay, _ = parseBool(e.content())
	return nil
}

func setResponseRequested(d *draft, e *element) *failure {
	d.app.ResponseRequested, _ = parseBool(e.content())
	return nil
}

func setStart(d *draft, e *element) *failure { return readTime(&d.start, e) }

func setEnd(d *draft, e *element) *failure { return readTime(&d.end, e) }

func readTime(into **wireTime, e *element) *failure {
	t, err := parseDateTime(e.content())
	if err != nil {
		return errSchema(e, "The value is not a date and time.")
	}
	*into = &t
	return nil
}

func setStartZone(d *draft, e *element) *failure { return d.readZone(&d.startZone, e.attr("Id")) }

func setEndZone(d *draft, e *element) *failure { return d.readZone(&d.endZone, e.attr("Id")) }

// setMeetingZone is the one zone of Exchange2007's schema, for start and end.
func setMeetingZone(d *draft, e *element) *failure {
	if f := d.readZone(&d.startZone, e.attr("TimeZoneName")); f != nil {
		return f
	}
	d.meetingZone = true
	return nil
}

func (d *draft) readZone(into *string, id string) *failure {
	if _, f := windowsZone(id); f != nil {
		return f
	}
	if d.meetingZone || *into != "" {
		return fail("ErrorTimeZone", "An item has MeetingTimeZone, or StartTimeZone and EndTimeZone, not both.")
	}
	*into = id
	return nil
}

// settle turns what the request said about time into the appointment's times. Zones
// that it did not name are those the appointment has.
func (d *draft) settle() {
	if d.endZone == "" && d.startZone != "" {
		d.endZone = d.startZone
	}
	d.app.Start = settled(d.start, d.startZone, d.app.Start)
	d.app.End = settled(d.end, d.endZone, d.app.End)
	if d.startZone != "" {
		d.app.StartZone = d.startZone
	}
	if d.endZone != "" {
		d.app.EndZone = d.endZone
	}
	if d.app.AllDay && !d.app.End.Before(d.app.Start) {
		d.app.SnapToDays()
		d.app.EndZone = d.app.StartZone
	}
}

// settled is a time after the request. A new zone without a new time keeps the wall
// clock, so that the instant moves, as Exchange does.
func settled(given *wireTime, zone string, old time.Time) time.Time {
	loc := old.Location()
	if zone != "" {
		loc, _ = windowsZone(zone)
	}
	if given != nil {
		return given.in(loc)
	}
	return wireTime{time: old}.in(loc)
}
