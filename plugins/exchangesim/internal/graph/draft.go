package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/plugins/internal/winzone"
)

// draft is an event that a request is about to write.
type draft struct {
	world.Appointment
	transactionID string
	// start and end are what the request says; the rest of the appointment decides
	// what they mean.
	start, end *zonedTime
	// allDay is set where the request says it.
	allDay *bool
}

// zonedTime is Graph's dateTimeTimeZone.
type zonedTime struct {
	DateTime string `json:"dateTime"`
	TimeZone string `json:"timeZone"`
}

// setters read an event's members; a member that is not here cannot be written.
var setters = map[string]func(*draft, json.RawMessage) error{
	"subject":                       func(d *draft, v json.RawMessage) error { return set(&d.Subject, v) },
	"body":                          (*draft).setBody,
	"start":                         func(d *draft, v json.RawMessage) error { return json.Unmarshal(v, &d.start) },
	"end":                           func(d *draft, v json.RawMessage) error { return json.Unmarshal(v, &d.end) },
	"isAllDay":                      func(d *draft, v json.RawMessage) error { return json.Unmarshal(v, &d.allDay) },
	"location":                      (*draft).setLocation,
	"locations":                     (*draft).setLocations,
	"showAs":                        (*draft).setShowAs,
	"sensitivity":                   (*draft).setSensitivity,
	"importance":                    (*draft).setImportance,
	"categories":                    func(d *draft, v json.RawMessage) error { return set(&d.Categories, v) },
	"isReminderOn":                  func(d *draft, v json.RawMessage) error { return set(&d.Reminder.On, v) },
	"reminderMinutesBeforeStart":    func(d *draft, v json.RawMessage) error { return set(&d.Reminder.MinutesBefore, v) },
	"attendees":                     (*draft).setAttendees,
	"responseRequested":             func(d *draft, v json.RawMessage) error { return set(&d.ResponseRequested, v) },
	"allowNewTimeProposals":         func(d *draft, v json.RawMessage) error { return set(&d.AllowNewTimeProposals, v) },
	"hideAttendees":                 func(d *draft, v json.RawMessage) error { return set(&d.HideAttendees, v) },
	"isOnlineMeeting":               func(d *draft, v json.RawMessage) error { return set(&d.OnlineMeeting, v) },
	"recurrence":                    (*draft).setRecurrence,
	"transactionId":                 func(d *draft, v json.RawMessage) error { return set(&d.transactionID, v) },
	"singleValueExtendedProperties": (*draft).setProperties,
}

// set reads a member into a field; null empties it.
func set[T any](field *T, v json.RawMessage) error {
	var value T
	if err := json.Unmarshal(v, &value); err != nil {
		return err
	}
	*field = value
	return nil
}

// read fills the draft from a request's body. OData annotations say nothing about the
// event and are skipped; any other unknown member is refused, as Graph does.
func (d *draft) read(body []byte) error {
	var in map[string]json.RawMessage
	if err := json.Unmarshal(body, &in); err != nil || in == nil {
		return fail(400, "RequestBodyRead", "The request body is not a JSON object.")
	}
	for name, value := range in {
		if strings.Contains(name, "@odata.") {
			continue
		}
		setter := setters[name]
		if setter == nil {
			return fail(400, "RequestBodyRead", "The property '%s' does not exist on type 'microsoft.graph.event' or is read-only.", name)
		}
		if err := setter(d, value); err != nil {
			return memberError(name, err)
		}
	}
	return d.setTimes()
}

// memberError names the member that could not be read.
func memberError(name string, err error) error {
	var f *failure
	if errors.As(err, &f) || errors.Is(err, errTimeZone) {
		return err
	}
	return fail(400, "RequestBodyRead", "Cannot read the property '%s': %v", name, err)
}

// setTimes gives start and end their meaning.
func (d *draft) setTimes() (err error) {
	if d.allDay != nil {
		d.AllDay = *d.allDay
	}
	if d.start != nil {
		if d.Start, err = d.start.instant(); err != nil {
			return err
		}
		d.StartZone = d.start.TimeZone
	}
	if d.end != nil {
		if d.End, err = d.end.instant(); err != nil {
			return err
		}
		d.EndZone = d.end.TimeZone
	}
	if d.AllDay && d.Start.Location().String() != d.End.Location().String() {
		return fail(400, "ErrorPropertyValidationFailure", "The start and end of an all-day event must be in the same time zone.")
	}
	return nil
}

// instant reads a local time in its zone.
func (z *zonedTime) instant() (time.Time, error) {
	zone, err := winzone.Load(z.TimeZone)
	if z.TimeZone == "" || err != nil {
		return time.Time{}, fmt.Errorf("%w: %q", errTimeZone, z.TimeZone)
	}
	if utc, ok := strings.CutSuffix(z.DateTime, "Z"); ok {
		t, err := parseLocal(utc, time.UTC)
		return t.In(zone), err
	}
	return parseLocal(z.DateTime, zone)
}

func parseLocal(s string, zone *time.Location) (time.Time, error) {
	for _, form := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(form, s, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, badRequest("'%s' is not a valid dateTime.", s)
}

func (d *draft) setBody(v json.RawMessage) error {
	var in struct{ ContentType, Content string }
	if err := json.Unmarshal(v, &in); err != nil {
		return err
	}
	kind := "text"
	if in.ContentType != "" {
		var err error
		if kind, err = enum(in.ContentType, "text", "html"); err != nil {
			return err
		}
	}
	d.Body = world.Body{HTML: kind == "html", Content: in.Content}
	return nil
}

// place is a location as clients send it; what else is in it is not kept.
type place struct {
	DisplayName string `json:"displayName"`
}

func (d *draft) setLocation(v json.RawMessage) error {
	var in *place
	if err := json.Unmarshal(v, &in); err != nil {
		return err
	}
	d.Location = ""
	if in != nil {
		d.Location = in.DisplayName
	}
	return nil
}

// setLocations joins several locations, as Exchange does in an item's one location.
func (d *draft) setLocations(v json.RawMessage) error {
	var in []place
	if err := json.Unmarshal(v, &in); err != nil {
		return err
	}
	var names []string
	for _, p := range in {
		names = append(names, p.DisplayName)
	}
	d.Location = strings.Join(names, "; ")
	return nil
}

func (d *draft) setShowAs(v json.RawMessage) error {
	err := setEnum(&d.ShowAs, v, world.Free, world.Tentative, world.Busy, world.OutOfOffice, world.WorkingElsewhere, "unknown")
	if d.ShowAs == "unknown" {
		d.ShowAs = world.NoData
	}
	return err
}

func (d *draft) setSensitivity(v json.RawMessage) error {
	return setEnum(&d.Sensitivity, v, world.Normal, world.Personal, world.Private, world.Confidential)
}

func (d *draft) setImportance(v json.RawMessage) error {
	return setEnum(&d.Importance, v, world.ImportanceLow, world.ImportanceNormal, world.ImportanceHigh)
}

func setEnum[T ~string](field *T, v json.RawMessage, values ...T) error {
	var name string
	if err := json.Unmarshal(v, &name); err != nil {
		return err
	}
	value, err := enum(name, values...)
	if err == nil {
		*field = value
	}
	return err
}

// enum finds the value of a name, whatever its letter case.
func enum[T ~string](name string, values ...T) (T, error) {
	for _, v := range values {
		if strings.EqualFold(string(v), name) {
			return v, nil
		}
	}
	return "", badRequest("Requested value '%s' was not found.", name)
}

func (d *draft) setAttendees(v json.RawMessage) error {
	var in []struct {
		Type         string `json:"type"`
		EmailAddress struct{ Name, Address string }
	}
	if err := json.Unmarshal(v, &in); err != nil {
		return err
	}
	d.Attendees = nil
	for _, a := range in {
		kind := "required"
		if a.Type != "" {
			var err error
			if kind, err = enum(a.Type, "required", "optional", "resource"); err != nil {
				return err
			}
		}
		address := world.Address{Name: a.EmailAddress.Name, SMTP: a.EmailAddress.Address}
		d.Attendees = append(d.Attendees, world.Attendee{Address: address, Kind: kind, Response: world.NoResponse})
	}
	return nil
}
