package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"path"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// The properties outside RFC 5545: our marker, and how an appointment is shown.
const (
	propMarker = ics.ComponentProperty("X-TRAINERCAL-MARKER")
	propBusy   = ics.ComponentProperty("X-MICROSOFT-CDO-BUSYSTATUS")
	date       = "20060102"
)

var busy = map[calendar.ShowAs]string{
	calendar.ShowAsFree: "FREE", calendar.ShowAsTentative: "TENTATIVE", calendar.ShowAsBusy: "BUSY",
	calendar.ShowAsOutOfOffice: "OOF", calendar.ShowAsWorkingElsewhere: "WORKINGELSEWHERE",
}

var class = map[calendar.Sensitivity]string{
	calendar.SensitivityNormal: "PUBLIC", calendar.SensitivityPrivate: "PRIVATE",
	calendar.SensitivityPersonal: "X-PERSONAL", calendar.SensitivityConfidential: "CONFIDENTIAL",
}

// key returns the key of a value, or other when the value is none of the map's.
func key[K ~string](m map[K]string, value string, other K) K {
	for k, v := range m {
		if v == value {
			return k
		}
	}
	return other
}

// format writes the operation's appointment as a file.
func format(op sdk.Operation) []byte {
	a, file := op.Appointment, ics.NewCalendarFor("hello-plugin")
	e := file.AddEvent(op.Marker.Generation)
	e.SetProperty(propMarker, op.Marker.String())
	e.SetSummary(a.Subject)
	e.SetLocation(a.Location)
	e.SetDescription(a.Body)
	e.SetProperty(propBusy, busy[a.ShowAs])
	e.SetProperty(ics.ComponentPropertyClass, class[a.Sensitivity])
	start, end := a.When.Span(time.UTC)
	e.SetDtStampTime(start) // the file must not change when its content does not
	if a.When.AllDay {
		e.SetProperty(ics.ComponentPropertyDtStart, start.Format(date), ics.WithValue("DATE"))
		e.SetProperty(ics.ComponentPropertyDtEnd, end.Format(date), ics.WithValue("DATE"))
	} else {
		e.SetStartAt(start)
		e.SetEndAt(end)
	}
	return []byte(file.Serialize())
}

// read reads a file with one appointment.
func (a *account) read(name string, m sdk.Mailbox) (calendar.Item, error) {
	content, err := a.root.ReadFile(name)
	if err != nil {
		return calendar.Item{}, err
	}
	file, err := ics.ParseCalendar(bytes.NewReader(content))
	if err != nil {
		return calendar.Item{}, err
	}
	events := file.Events()
	if len(events) != 1 || events[0].HasProperty(ics.ComponentPropertyRrule) {
		return calendar.Item{}, fmt.Errorf("%d events, or a recurring one", len(events))
	}
	e := events[0]
	text := func(p ics.ComponentProperty) string {
		if property := e.GetProperty(p); property != nil {
			return property.Value
		}
		return ""
	}
	item := calendar.Item{ID: calendar.ItemID(path.Base(name)), Version: version(content), Appointment: calendar.Appointment{
		Subject:  calendar.Cut(text(ics.ComponentPropertySummary), calendar.MaxSubjectBytes),
		Location: calendar.Cut(text(ics.ComponentPropertyLocation), calendar.MaxLocationBytes),
		Body:     calendar.Cut(text(ics.ComponentPropertyDescription), calendar.MaxBodyBytes),
		ShowAs:   key(busy, text(propBusy), calendar.ShowAsBusy),
		// A class that we do not know is private; none at all is public (RFC 5545, 3.8.1.3).
		Sensitivity: key(class, text(ics.ComponentPropertyClass), calendar.SensitivityPrivate),
	}}
	if !e.HasProperty(ics.ComponentPropertyClass) {
		item.Sensitivity = calendar.SensitivityNormal
	}
	if marker, err := calendar.ParseMarker(text(propMarker)); err == nil {
		item.Marker = &marker
	}
	item.When, err = when(e, zone(m))
	return item, err
}

// when reads the event's time; one that names no zone is in the trainer's.
func when(e *ics.VEvent, home *time.Location) (calendar.When, error) {
	var at [2]time.Time
	allDay := false
	for i, p := range []ics.ComponentProperty{ics.ComponentPropertyDtStart, ics.ComponentPropertyDtEnd} {
		property := e.GetProperty(p)
		if property == nil {
			return calendar.When{}, fmt.Errorf("no %s", p)
		}
		var err error
		if at[i], err = time.ParseInLocation(date, property.Value, time.UTC); err == nil {
			allDay = true
			continue
		}
		if at[i], err = time.Parse("20060102T150405Z", property.Value); err == nil {
			continue
		}
		zone := home
		if names := property.ICalParameters["TZID"]; len(names) == 1 {
			if zone, err = time.LoadLocation(names[0]); err != nil {
				return calendar.When{}, err
			}
		}
		if at[i], err = time.ParseInLocation("20060102T150405", property.Value, zone); err != nil {
			return calendar.When{}, err
		}
	}
	if allDay {
		return calendar.When{AllDay: true, FirstDay: calendar.DateOf(at[0]), EndDay: calendar.DateOf(at[1])}, nil
	}
	return calendar.When{Start: at[0].UTC(), End: at[1].UTC()}, nil
}

// visible is the item as far as the gateway may see it.
func visible(i calendar.Item, detail sdk.Detail) *calendar.Item {
	switch {
	case i.Marker != nil:
	case i.Sensitivity.Private() || detail == sdk.DetailBusy:
		i = i.WithoutText()
	case detail == sdk.DetailSubject:
		i.Body = ""
	}
	return &i
}

func version(content []byte) string { return fmt.Sprintf("%x", sha256.Sum256(content)) }

func zone(m sdk.Mailbox) *time.Location {
	if zone, err := time.LoadLocation(m.TimeZone); err == nil {
		return zone
	}
	return time.UTC
}
