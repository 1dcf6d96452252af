package sqlite

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// The documents that hold values of the contract are types of their own, so that a
// renamed field there does not change what is on the disk.

type spanRecord struct {
	Start    *time.Time `json:"start,omitempty"`
	End      *time.Time `json:"end,omitempty"`
	FirstDay *string    `json:"first_day,omitempty"`
	EndDay   *string    `json:"end_day,omitempty"`
	TimeZone string     `json:"timezone,omitempty"`
}

type appointmentRecord struct {
	Subject     string               `json:"subject"`
	Location    string               `json:"location,omitempty"`
	Body        string               `json:"body,omitempty"`
	When        spanRecord           `json:"when"`
	ShowAs      calendar.ShowAs      `json:"show_as"`
	Sensitivity calendar.Sensitivity `json:"sensitivity"`
}

// unavailabilityRecord has neither provider, trainer nor id, which are columns.
type unavailabilityRecord struct {
	Description string         `json:"description"`
	When        spanRecord     `json:"when"`
	Wall        *platform.Wall `json:"wall,omitempty"`
	Version     string         `json:"version,omitempty"`
}

func recordSpan(w calendar.When) (spanRecord, error) {
	r := spanRecord{TimeZone: w.TimeZone}
	if w.AllDay {
		first, end := w.FirstDay.String(), w.EndDay.String()
		r.FirstDay, r.EndDay = &first, &end
	} else {
		start, end := w.Start.UTC(), w.End.UTC()
		r.Start, r.End = &start, &end
	}
	_, err := r.when() // what could not be read again is not stored
	return r, err
}

func (r spanRecord) when() (calendar.When, error) {
	w := calendar.When{TimeZone: r.TimeZone}
	if r.Start != nil && r.End != nil {
		w.Start, w.End = *r.Start, *r.End
		return w, nil
	}
	if r.FirstDay == nil || r.EndDay == nil {
		return w, fmt.Errorf("a stored time is incomplete")
	}
	var err error
	w.AllDay = true
	if w.FirstDay, err = calendar.ParseDate(*r.FirstDay); err != nil {
		return w, err
	}
	w.EndDay, err = calendar.ParseDate(*r.EndDay)
	return w, err
}

func recordAppointment(a calendar.Appointment) (appointmentRecord, error) {
	span, err := recordSpan(a.When)
	return appointmentRecord{
		Subject: a.Subject, Location: a.Location, Body: a.Body, When: span,
		ShowAs: a.ShowAs, Sensitivity: a.Sensitivity,
	}, err
}

func (r appointmentRecord) appointment() (calendar.Appointment, error) {
	when, err := r.When.when()
	return calendar.Appointment{
		Subject: r.Subject, Location: r.Location, Body: r.Body, When: when,
		ShowAs: r.ShowAs, Sensitivity: r.Sensitivity,
	}, err
}

// document is a value as JSON. It fails for times beyond the year 9999.
func document(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("store a %T: %w", v, err)
	}
	return string(text), nil
}

// readDocument is the reverse of document.
func readDocument(text string, v any) error {
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("read a stored %T: %w", v, err)
	}
	return nil
}

// optional is a document as a column holds it: NULL for none.
func optional[T any](v *T) (sql.NullString, error) {
	if v == nil {
		return sql.NullString{}, nil
	}
	text, err := document(v)
	return sql.NullString{String: text, Valid: true}, err
}

// readOptional is the reverse of optional.
func readOptional[T any](text sql.NullString) (*T, error) {
	if !text.Valid {
		return nil, nil
	}
	v := new(T)
	return v, readDocument(text.String, v)
}

// nanos is a time as a column holds it: NULL for none.
func nanos(t time.Time) sql.NullInt64 {
	if t.IsZero() {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: t.UnixNano(), Valid: true}
}

func timeOf(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.Unix(0, n.Int64).UTC()
}
