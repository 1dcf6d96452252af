package platform

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/zclconf/go-cty/cty"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// Person is what the configuration says of a trainer.
type Person struct{ Name, Email, TimeZone string }

// Company is what the configuration says of a provider.
type Company struct{ Name, TimeZone string }

// RenderOptions is what the configuration says about appointments.
type RenderOptions struct {
	// CancelledShowAs is how a cancelled course's time is shown; empty means free
	// (push-5).
	CancelledShowAs calendar.ShowAs
	Templates       Templates
	Trainer         Person
	Provider        Company
}

// The fixed words of appointments.
const (
	titlePrefix     = "Training: "
	cancelledPrefix = "Cancelled: "
	// untitled is the title of an unavailability without a description.
	untitled = "Unavailable"
)

// RenderCourse is the appointment that a course becomes in the calendar of the
// trainer who has this part in it (push-1 … push-5). It depends on its arguments
// alone; texts are as long as the contract allows at most. The error is a
// [*TemplateError]; the appointment then is the one without templates.
func RenderCourse(c Course, part CourseTrainer, o RenderOptions) (calendar.Appointment, error) {
	return renderCourse(c, part, nil, o)
}

// RenderSession is the appointment of one session of a course, for sessions = "split"
// (push-2).
func RenderSession(c Course, s Session, part CourseTrainer, o RenderOptions) (calendar.Appointment, error) {
	return renderCourse(c, part, &s, o)
}

func renderCourse(c Course, part CourseTrainer, s *Session, o RenderOptions) (calendar.Appointment, error) {
	plain := plainCourse(c, part, s)
	a, err := o.Templates.course(plain, func() map[string]cty.Value { return courseVariables(c, part, s, o, plain) })
	if err != nil {
		return bounded(plain), err
	}
	if c.Status == StatusCancelled {
		a.Subject = cancelledPrefix + a.Subject
		a.ShowAs = o.cancelledShowAs()
	}
	return bounded(a), nil
}

// plainCourse is the appointment without templates and without what a cancellation adds.
func plainCourse(c Course, part CourseTrainer, s *Session) calendar.Appointment {
	a := calendar.Appointment{
		Subject:     titlePrefix + c.Label(),
		Body:        courseBody(c, part, s),
		When:        calendar.When{Start: c.Start, End: c.End, TimeZone: c.TimeZone},
		ShowAs:      calendar.ShowAsBusy,
		Sensitivity: calendar.SensitivityNormal,
	}
	if s != nil {
		a.When.Start, a.When.End = s.Start, s.End
	}
	if c.Kind == KindClass && c.Venue != nil {
		a.Location = joinLines(", ", c.Venue.Name, c.Venue.Address)
	}
	return a
}

func (o RenderOptions) cancelledShowAs() calendar.ShowAs {
	if o.CancelledShowAs == "" {
		return calendar.ShowAsFree
	}
	return o.CancelledShowAs
}

// RenderUnavailability is the appointment that an unavailability made on the
// platform becomes (push-6): its description, shown busy. zone is the trainer's,
// for an unavailability that names none. The error is a [*TemplateError].
func RenderUnavailability(u Unavailability, zone *time.Location, o RenderOptions) (calendar.Appointment, error) {
	when := u.When
	if when.TimeZone == "" {
		when.TimeZone = zone.String()
	}
	title := u.Description
	if strings.TrimSpace(title) == "" {
		title = untitled
	}
	plain := calendar.Appointment{Subject: title, When: when, ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal}
	a, err := o.Templates.unavailability(plain, func() map[string]cty.Value { return unavailabilityVariables(u, when, zone, o) })
	if err != nil {
		return bounded(plain), err
	}
	return bounded(a), nil
}

// courseBody is the appointment's text (push-4): one line a fact, facts of one
// subject in one paragraph.
func courseBody(c Course, part CourseTrainer, s *Session) string {
	paragraphs := [][]string{{
		c.Label(),
		labelled("Date", dateRange(c.Start, c.End, c.TimeZone)),
		labelled("Session", sessionLine(c, s)),
		labelled("Status", statusWords[c.Status]),
	}}
	switch {
	case c.Kind == KindClass && c.Venue != nil:
		paragraphs = append(paragraphs, venueLines(*c.Venue))
	case c.Kind == KindWebinar && part.Webinar != nil:
		paragraphs = append(paragraphs, webinarLines(*part.Webinar))
	}
	paragraphs = append(paragraphs, []string{labelled("More about this course", c.Details)})
	var text []string
	for _, lines := range paragraphs {
		if p := joinLines("\n", lines...); p != "" {
			text = append(text, p)
		}
	}
	return strings.Join(text, "\n\n")
}

// sessionLine says which session of the course the appointment is for.
func sessionLine(c Course, s *Session) string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf("%d of %d, %s", sessionNumber(c, s.ID), len(c.Sessions), dateRange(s.Start, s.End, c.TimeZone))
}

// SessionsByStart returns the course's sessions in the order in which they take place.
func SessionsByStart(c Course) []Session {
	return slices.SortedFunc(slices.Values(c.Sessions), func(x, y Session) int {
		return cmp.Or(x.Start.Compare(y.Start), cmp.Compare(x.ID, y.ID))
	})
}

// sessionNumber counts the course's sessions from 1.
func sessionNumber(c Course, id string) int {
	return 1 + slices.IndexFunc(SessionsByStart(c), func(s Session) bool { return s.ID == id })
}

var statusWords = map[Status]string{
	StatusProvisional: "Provisional",
	StatusConfirmed:   "Confirmed",
	StatusCancelled:   "Cancelled",
	StatusCompleted:   "Completed",
}

func venueLines(v Venue) []string {
	return []string{
		labelled("Venue", v.Name), labelled("Address", v.Address), labelled("Phone", v.Phone), labelled("Email", v.Email),
	}
}

func webinarLines(w Webinar) []string {
	return []string{
		labelled("Join", w.URL), labelled("Meeting ID", w.MeetingID), labelled("Passcode", w.Passcode),
		labelled("Dial-in", w.DialIn), labelled("Notes", w.Notes),
	}
}

// labelled is "name: value", or nothing without a value.
func labelled(name, value string) string {
	if value = strings.TrimSpace(value); value == "" {
		return ""
	}
	return name + ": " + value
}

// dateRange writes the span in the course's own zone, whatever the machine's is.
func dateRange(start, end time.Time, zone string) string {
	loc, err := LoadZone(zone)
	if err != nil {
		loc, zone = time.UTC, "UTC" // a course of an unknown zone is refused on import
	}
	const day, clock = "Mon 2 Jan 2006", "15:04"
	start, end = start.In(loc), end.In(loc)
	text := start.Format(day + ", " + clock)
	if calendar.DateOf(start) == calendar.DateOf(end) {
		text += " to " + end.Format(clock)
	} else {
		text += " to " + end.Format(day+", "+clock)
	}
	return text + " (" + zone + ")"
}

// joinLines joins the lines of all texts that are not empty.
func joinLines(sep string, texts ...string) string {
	var lines []string
	for _, text := range texts {
		for line := range strings.Lines(printable(text)) {
			if line = strings.TrimSpace(line); line != "" {
				lines = append(lines, line)
			}
		}
	}
	return strings.Join(lines, sep)
}

// bounded makes an appointment's texts fit what calendars can keep: titles and
// places on one line, no control characters, no more than the contract's lengths.
func bounded(a calendar.Appointment) calendar.Appointment {
	a.Subject = calendar.Cut(joinLines(" ", a.Subject), calendar.MaxSubjectBytes)
	a.Location = calendar.Cut(joinLines(" ", a.Location), calendar.MaxLocationBytes)
	a.Body = calendar.Cut(printable(a.Body), calendar.MaxBodyBytes)
	return a
}

// printable drops control characters, which XML cannot carry; line ends and tabs
// stay, carriage returns become line ends.
func printable(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r) || r == '\uFFFE' || r == '\uFFFF':
			return -1
		}
		return r
	}, s)
}
