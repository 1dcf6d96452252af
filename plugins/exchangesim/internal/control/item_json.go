package control

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/plugins/internal/winzone"
)

const timeForm = time.RFC3339

// itemJSON is an item or an occurrence. ID, Type, Version and Folder are only answered.
type itemJSON struct {
	ID      string           `json:"id,omitempty"`
	Type    world.Type       `json:"type,omitempty"`
	Version uint64           `json:"version,omitempty"`
	Folder  world.FolderKind `json:"folder,omitempty"`

	Subject  string `json:"subject"`
	Body     string `json:"body"`
	HTML     bool   `json:"html,omitempty"`
	Location string `json:"location"`
	// Start and End are RFC 3339, or local times (2026-10-20T09:00) in Zone.
	Start       string            `json:"start"`
	End         string            `json:"end"`
	Zone        string            `json:"zone"`
	AllDay      bool              `json:"all_day"`
	ShowAs      world.ShowAs      `json:"show_as"`
	Sensitivity world.Sensitivity `json:"sensitivity"`
	Categories  []string          `json:"categories,omitempty"`
	Cancelled   bool              `json:"cancelled,omitempty"`
	Organizer   string            `json:"organizer,omitempty"`
	Attendees   []string          `json:"attendees,omitempty"`
	Response    world.Response    `json:"response,omitempty"`
	UID         string            `json:"uid,omitempty"`
	Recurrence  *recurrenceJSON   `json:"recurrence,omitempty"`
	Properties  []propertyJSON    `json:"properties,omitempty"`
}

type propertyJSON struct {
	Set   string `json:"set"`
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

type recurrenceJSON struct {
	Kind       world.PatternKind `json:"kind"`
	Interval   int               `json:"interval,omitempty"`
	Days       []string          `json:"days,omitempty"`
	DayOfMonth int               `json:"day_of_month,omitempty"`
	Index      int               `json:"index,omitempty"`
	Month      int               `json:"month,omitempty"`
	Count      int               `json:"count,omitempty"`
	// FirstDayOfWeek is monday where nothing is said.
	FirstDayOfWeek string `json:"first_day_of_week,omitempty"`
	// From and Until are the first and the last possible day, as 2006-01-02; without
	// them the series begins with the item and does not end.
	From  string `json:"from,omitempty"`
	Until string `json:"until,omitempty"`
}

func itemOf(it world.Item) itemJSON {
	out := itemJSON{
		ID: refText(it.Ref), Type: it.Type, Version: it.Version, Folder: it.Folder,
		Subject: it.Subject, Body: it.Body.Content, HTML: it.Body.HTML, Location: it.Location,
		Start: it.Start.Format(timeForm), End: it.End.Format(timeForm), Zone: it.StartZone, AllDay: it.AllDay,
		ShowAs: it.ShowAs, Sensitivity: it.Sensitivity, Categories: it.Categories, Cancelled: it.Cancelled,
		Organizer: it.Organizer.SMTP, Response: it.Response, UID: it.UID, Recurrence: recurrenceOf(it.Recurrence),
	}
	for _, a := range it.Attendees {
		out.Attendees = append(out.Attendees, a.SMTP)
	}
	for p, value := range it.Properties {
		if p.Name != "" {
			out.Properties = append(out.Properties, propertyJSON{Set: p.Set, Name: p.Name, Kind: p.Kind, Value: value})
		}
	}
	slices.SortFunc(out.Properties, func(a, b propertyJSON) int { return strings.Compare(a.Set+a.Name, b.Set+b.Name) })
	return out
}

func recurrenceOf(r *world.Recurrence) *recurrenceJSON {
	if r == nil {
		return nil
	}
	out := &recurrenceJSON{
		Kind: r.Pattern.Kind, Interval: r.Pattern.Interval, DayOfMonth: r.Pattern.DayOfMonth,
		Index: r.Pattern.Index, Month: int(r.Pattern.Month), Count: r.Range.Count,
		FirstDayOfWeek: strings.ToLower(r.Pattern.FirstDayOfWeek.String()), From: r.Range.Start.String(),
	}
	for _, d := range r.Pattern.Days {
		out.Days = append(out.Days, strings.ToLower(d.String()))
	}
	if !r.Range.End.IsZero() {
		out.Until = r.Range.End.String()
	}
	return out
}

// apply writes the item into an appointment, and leaves alone what it cannot say.
func (j itemJSON) apply(a *world.Appointment) error {
	if err := j.applyTimes(a); err != nil {
		return err
	}
	a.Subject, a.Body, a.Location = j.Subject, world.Body{HTML: j.HTML, Content: j.Body}, j.Location
	a.ShowAs, a.Sensitivity, a.Categories = j.ShowAs, j.Sensitivity, j.Categories
	a.Cancelled, a.Response, a.UID = j.Cancelled, j.Response, j.UID
	if j.Organizer != a.Organizer.SMTP {
		a.Organizer = world.Address{Name: j.Organizer, SMTP: j.Organizer}
	}
	j.applyAttendees(a)
	j.applyProperties(a)
	var err error
	a.Recurrence, err = j.Recurrence.value()
	return err
}

func (j itemJSON) applyTimes(a *world.Appointment) error {
	zone, err := winzone.Load(j.Zone)
	if err != nil {
		return fmt.Errorf("zone %q: %w", j.Zone, err)
	}
	endZone := zone
	if j.Zone == a.StartZone {
		endZone = a.End.Location()
	} else {
		a.StartZone, a.EndZone = j.Zone, j.Zone
	}
	if a.Start, err = parseTime(j.Start, zone); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	if a.End, err = parseTime(j.End, zone); err != nil {
		return fmt.Errorf("end: %w", err)
	}
	a.End, a.AllDay = a.End.In(endZone), j.AllDay
	return nil
}

func (j itemJSON) applyAttendees(a *world.Appointment) {
	var attendees []world.Attendee
	for _, smtp := range j.Attendees {
		attendee := world.Attendee{Address: world.Address{SMTP: smtp, Name: smtp}, Kind: "required", Response: world.NoResponse}
		for _, known := range a.Attendees {
			if known.SMTP == smtp {
				attendee = known
			}
		}
		attendees = append(attendees, attendee)
	}
	a.Attendees = attendees
}

// applyProperties replaces the properties that have a name.
func (j itemJSON) applyProperties(a *world.Appointment) {
	properties := map[world.Property]string{}
	for p, value := range a.Properties {
		if p.Name == "" {
			properties[p] = value
		}
	}
	for _, p := range j.Properties {
		properties[world.Property{Set: strings.ToLower(p.Set), Name: p.Name, Kind: p.Kind}] = p.Value
	}
	a.Properties = properties
}

func parseTime(s string, zone *time.Location) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.In(zone), nil
	}
	for _, form := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(form, s, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is neither RFC 3339 nor a local time like 2026-10-20T09:00", s)
}

func (j *recurrenceJSON) value() (*world.Recurrence, error) {
	if j == nil {
		return nil, nil
	}
	r := &world.Recurrence{
		Pattern: world.Pattern{
			Kind: j.Kind, Interval: j.Interval, DayOfMonth: j.DayOfMonth, Index: j.Index, Month: time.Month(j.Month),
			FirstDayOfWeek: time.Monday,
		},
		Range: world.Range{Count: j.Count},
	}
	for _, name := range j.Days {
		day, err := weekday(name)
		if err != nil {
			return nil, err
		}
		r.Pattern.Days = append(r.Pattern.Days, day)
	}
	return r, j.setBounds(r)
}

func (j *recurrenceJSON) setBounds(r *world.Recurrence) (err error) {
	if j.FirstDayOfWeek != "" {
		if r.Pattern.FirstDayOfWeek, err = weekday(j.FirstDayOfWeek); err != nil {
			return err
		}
	}
	if j.From != "" {
		if r.Range.Start, err = world.ParseDate(j.From); err != nil {
			return err
		}
	}
	if j.Until != "" {
		r.Range.End, err = world.ParseDate(j.Until)
	}
	return err
}

func weekday(name string) (time.Weekday, error) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(d.String(), name) {
			return d, nil
		}
	}
	return 0, fmt.Errorf("%q is no day of the week", name)
}
