package platform

import (
	"strings"
	"time"
	"unicode"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// RenderOptions is what the configuration says about appointments.
type RenderOptions struct {
	// CancelledShowAs is how a cancelled course's time is shown; empty means free
	// (push-5).
	CancelledShowAs calendar.ShowAs
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
// alone; texts are as long as the contract allows at most.
func RenderCourse(c Course, part CourseTrainer, o RenderOptions) calendar.Appointment {
	a := calendar.Appointment{
		Subject:     titlePrefix + c.Label(),
		Body:        courseBody(c, part),
		When:        calendar.When{Start: c.Start, End: c.End, TimeZone: c.TimeZone},
		ShowAs:      calendar.ShowAsBusy,
		Sensitivity: calendar.SensitivityNormal,
	}
	if c.Kind == KindClass && c.Venue != nil {
		a.Location = joinLines(", ", c.Venue.Name, c.Venue.Address)
	}
	if c.Status == StatusCancelled {
		a.Subject = cancelledPrefix + a.Subject
		a.ShowAs = o.cancelledShowAs()
	}
	return bounded(a)
}

func (o RenderOptions) cancelledShowAs() calendar.ShowAs {
	if o.CancelledShowAs == "" {
		return calendar.ShowAsFree
	}
	return o.CancelledShowAs
}

// RenderUnavailability is the appointment that an unavailability made on the
// platform becomes (push-6): its description, shown busy. zone is the trainer's,
// for an unavailability that names none.
func RenderUnavailability(u Unavailability, zone *time.Location) calendar.Appointment {
	when := u.When
	if when.TimeZone == "" {
		when.TimeZone = zone.String()
	}
	title := u.Description
	if strings.TrimSpace(title) == "" {
		title = untitled
	}
	return bounded(calendar.Appointment{
		Subject: title, When: when, ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
	})
}

// courseBody is the appointment's text (push-4): one line a fact, facts of one
// subject in one paragraph.
func courseBody(c Course, part CourseTrainer) string {
	paragraphs := [][]string{{
		c.Label(),
		labelled("Date", dateRange(c.Start, c.End, c.TimeZone)),
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
