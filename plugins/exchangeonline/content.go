package exchangeonline

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"

	"github.com/trainercal/trainercal/plugins/internal/exchange"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// eventWrite is what the plugin writes of an event. It has no attendees, no online
// meeting and no recurrence, so nothing the plugin writes can invite or mail anybody
// (push-11, K1, K2). What is nil is left as it is.
type eventWrite struct {
	TransactionID string      `json:"transactionId,omitempty"`
	Subject       *string     `json:"subject,omitempty"`
	Body          *writeBody  `json:"body,omitempty"`
	Start         *graphTime  `json:"start,omitempty"`
	End           *graphTime  `json:"end,omitempty"`
	IsAllDay      *bool       `json:"isAllDay,omitempty"`
	ShowAs        string      `json:"showAs,omitempty"`
	Sensitivity   string      `json:"sensitivity,omitempty"`
	IsReminderOn  *bool       `json:"isReminderOn,omitempty"`
	Location      *writePlace `json:"location,omitempty"`
	Properties    []extension `json:"singleValueExtendedProperties,omitempty"`
}

type writeBody struct {
	ContentType string `json:"contentType"`
	Content     string `json:"content"`
}

type writePlace struct {
	DisplayName string `json:"displayName"`
}

// createBody is the whole content of a new event.
func createBody(op sdk.Operation, mailbox sdk.Mailbox, utc bool, transactionID string) eventWrite {
	w := updateBody(op.Appointment, nil, op.Marker, mailbox, utc)
	w.TransactionID = transactionID
	return w
}

// updateBody is what must be sent so that an event that says base says a; all of it
// when base is not known. The marker always goes along: a person may have lost it.
// With utc, times are written in UTC whatever the appointment's zone.
func updateBody(a calendar.Appointment, base *calendar.Appointment, m calendar.Marker, mailbox sdk.Mailbox, utc bool) eventWrite {
	var w eventWrite
	w.Properties = []extension{{ID: exchange.GraphMarkerProperty, Value: m.String()}}
	if base == nil {
		// A reminder is on by default. Later it is the trainer's own affair.
		w.IsReminderOn = new(false)
	}
	differs := func(field func(calendar.Appointment) string) bool { return base == nil || field(*base) != field(a) }
	if differs(subjectOf) {
		w.Subject = new(subjectOf(a))
	}
	if differs(bodyOf) {
		w.Body = &writeBody{ContentType: "text", Content: bodyOf(a)}
	}
	if differs(locationOf) {
		w.Location = &writePlace{DisplayName: locationOf(a)}
	}
	if differs(func(a calendar.Appointment) string { return writeShowAs(a.ShowAs) }) {
		w.ShowAs = writeShowAs(a.ShowAs)
	}
	if differs(func(a calendar.Appointment) string { return writeSensitivity(a.Sensitivity) }) {
		w.Sensitivity = writeSensitivity(a.Sensitivity)
	}
	if base == nil || !sameWhen(base.When, a.When) {
		if utc {
			a.When.TimeZone, mailbox.TimeZone = "UTC", "UTC"
		}
		t := writeWhen(a.When, mailbox)
		w.Start, w.End, w.IsAllDay = &t.start, &t.end, &t.allDay
	}
	return w
}

// sameWhen reports whether both times are written the same: a zone is no difference
// to another that Windows has one name for, and none at all to whole days.
func sameWhen(a, b calendar.When) bool {
	nameA, _ := windowsZone(a.TimeZone)
	nameB, _ := windowsZone(b.TimeZone)
	return a.SameTime(b) && (nameA == nameB || a.TimeZone == "" || a.AllDay)
}

func subjectOf(a calendar.Appointment) string {
	return calendar.Cut(cleanLine(a.Subject), calendar.MaxSubjectBytes)
}

func locationOf(a calendar.Appointment) string {
	return calendar.Cut(cleanLine(a.Location), calendar.MaxLocationBytes)
}

func bodyOf(a calendar.Appointment) string {
	return calendar.Cut(cleanText(a.Body), calendar.MaxBodyBytes)
}

// cleanText drops control characters, which Exchange refuses or loses.
func cleanText(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}

// cleanLine is cleanText for a field of one line.
func cleanLine(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\n", " ", "\t", " ").Replace(cleanText(s)))
}

func writeShowAs(s calendar.ShowAs) string {
	if s == "" {
		return string(calendar.ShowAsBusy)
	}
	return string(s)
}

func writeSensitivity(s calendar.Sensitivity) string {
	if s == "" {
		return string(calendar.SensitivityNormal)
	}
	return string(s)
}

// transactionID is the key by which Graph recognises a repeated create. It is made
// of the marker, whose generation is new for each intended creation; attempt tells
// apart a second try whose first id the server has used up.
func transactionID(m calendar.Marker, attempt int) string {
	sum := sha256.Sum256([]byte(m.String()))
	id := hex.EncodeToString(sum[:16])
	return id + []string{"", "-2"}[min(attempt, 1)]
}

// says reports whether an item says what an appointment asks for, apart from white
// space that servers change (C5).
func itemSays(item calendar.Item, a calendar.Appointment) bool {
	return sameWords(item.Subject, subjectOf(a)) && sameWords(item.Location, locationOf(a)) &&
		sameWords(item.Body, bodyOf(a)) && item.When.SameTime(a.When) &&
		string(item.ShowAs) == writeShowAs(a.ShowAs) && string(item.Sensitivity) == writeSensitivity(a.Sensitivity)
}

func sameWords(a, b string) bool { return slices.Equal(strings.Fields(a), strings.Fields(b)) }
