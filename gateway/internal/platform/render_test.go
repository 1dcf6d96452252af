package platform

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/sdk/calendar"
)

func at(t *testing.T, zone, wall string) time.Time {
	t.Helper()
	loc, err := LoadZone(zone)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := time.Parse("2006-01-02T15:04", wall)
	if err != nil {
		t.Fatal(err)
	}
	return AtLocal(parsed, loc)
}

func class(t *testing.T) Course {
	return Course{
		Provider: "northwind", ID: "4711", Name: "Forklift Basics", Kind: KindClass, Status: StatusConfirmed,
		Start: at(t, "Europe/Paris", "2026-11-23T09:00"), End: at(t, "Europe/Paris", "2026-11-27T17:00"), TimeZone: "Europe/Paris",
		Trainers: []CourseTrainer{{ID: "ana"}},
		Venue:    &Venue{Name: "Centre Nord", Address: "1 rue Haute\n75001 Paris", Phone: "+33 1 23", Email: "nord@venue.example"},
		Details:  "https://platform.example/courses/4711",
	}
}

const classBody = `Forklift Basics
Date: Mon 23 Nov 2026, 09:00 to Fri 27 Nov 2026, 17:00 (Europe/Paris)
Status: Confirmed

Venue: Centre Nord
Address: 1 rue Haute
75001 Paris
Phone: +33 1 23
Email: nord@venue.example

More about this course: https://platform.example/courses/4711`

func TestRenderCourse(t *testing.T) {
	t.Parallel()
	when := calendar.When{
		Start: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), End: time.Date(2026, 11, 27, 16, 0, 0, 0, time.UTC),
		TimeZone: "Europe/Paris",
	}
	whole := calendar.Appointment{
		Subject: "Training: Forklift Basics", Location: "Centre Nord, 1 rue Haute, 75001 Paris", Body: classBody, When: when,
		ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
	}
	with := func(change func(*calendar.Appointment)) calendar.Appointment {
		a := whole
		change(&a)
		return a
	}
	tests := []struct {
		name   string
		change func(*Course)
		part   CourseTrainer
		show   calendar.ShowAs
		want   calendar.Appointment
	}{
		{name: "push-1 … push-4 a class", change: func(*Course) {}, want: whole},
		{name: "push-1 the alias is the label", change: func(c *Course) { c.Alias = "FB1" }, want: with(func(a *calendar.Appointment) {
			a.Subject = "Training: FB1"
			a.Body = strings.Replace(a.Body, "Forklift Basics", "FB1", 1)
		})},
		{name: "push-3 without a venue", change: func(c *Course) { c.Venue = nil }, want: with(func(a *calendar.Appointment) {
			a.Location = ""
			a.Body = "Forklift Basics\nDate: Mon 23 Nov 2026, 09:00 to Fri 27 Nov 2026, 17:00 (Europe/Paris)\nStatus: Confirmed\n\n" +
				"More about this course: https://platform.example/courses/4711"
		})},
		{name: "push-3 a venue with a name alone", change: func(c *Course) { c.Venue, c.Details = &Venue{Name: "Room 4"}, "" }, want: with(func(a *calendar.Appointment) {
			a.Location = "Room 4"
			a.Body = "Forklift Basics\nDate: Mon 23 Nov 2026, 09:00 to Fri 27 Nov 2026, 17:00 (Europe/Paris)\nStatus: Confirmed\n\nVenue: Room 4"
		})},
		{
			name: "push-3, push-4 a webinar has that trainer's details and no place",
			change: func(c *Course) {
				c.Kind, c.End = KindWebinar, at(t, "Europe/Paris", "2026-11-23T11:30")
				c.DelegateWebinar = &Webinar{URL: "https://delegates.example"}
			},
			part: CourseTrainer{ID: "ana", Webinar: &Webinar{URL: "https://meet.example/1", MeetingID: "123 456", Passcode: "p", DialIn: "+44 20", Notes: "Be early"}},
			want: with(func(a *calendar.Appointment) {
				a.Location, a.When.End = "", time.Date(2026, 11, 23, 10, 30, 0, 0, time.UTC)
				a.Body = "Forklift Basics\nDate: Mon 23 Nov 2026, 09:00 to 11:30 (Europe/Paris)\nStatus: Confirmed\n\n" +
					"Join: https://meet.example/1\nMeeting ID: 123 456\nPasscode: p\nDial-in: +44 20\nNotes: Be early\n\n" +
					"More about this course: https://platform.example/courses/4711"
			}),
		},
		{name: "push-5 cancelled is free and keeps its details", change: func(c *Course) { c.Status = StatusCancelled }, want: with(func(a *calendar.Appointment) {
			a.Subject, a.ShowAs = "Cancelled: Training: Forklift Basics", calendar.ShowAsFree
			a.Body = strings.Replace(a.Body, "Confirmed", "Cancelled", 1)
		})},
		{name: "push-5 cancelled_show_as", change: func(c *Course) { c.Status = StatusCancelled }, show: calendar.ShowAsTentative, want: with(func(a *calendar.Appointment) {
			a.Subject, a.ShowAs = "Cancelled: Training: Forklift Basics", calendar.ShowAsTentative
			a.Body = strings.Replace(a.Body, "Confirmed", "Cancelled", 1)
		})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := class(t)
			tt.change(&c)
			if diff := cmp.Diff(tt.want, rendered(t, c, tt.part, RenderOptions{CancelledShowAs: tt.show})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// rendered renders where nothing can fail.
func rendered(t interface {
	Helper()
	Fatalf(string, ...any)
}, c Course, part CourseTrainer, o RenderOptions,
) calendar.Appointment {
	t.Helper()
	a, err := RenderCourse(c, part, o)
	if err != nil {
		t.Fatalf("render: %v", err)
	}
	return a
}

// TestCourseTimesInTwoZones holds push-2 and D1: 09:00 in Paris is 08:00 in London,
// summer and winter.
func TestCourseTimesInTwoZones(t *testing.T) {
	t.Parallel()
	london, err := LoadZone("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	for _, day := range []string{"2026-01-12", "2026-03-30", "2026-07-13", "2026-10-26"} {
		c := class(t)
		c.Start = at(t, "Europe/Paris", day+"T09:00")
		a := rendered(t, c, CourseTrainer{}, RenderOptions{})
		if got := a.When.Start.In(london).Format("2006-01-02 15:04"); got != day+" 08:00" {
			t.Errorf("09:00 in Paris shows at %s in London", got)
		}
		if !strings.Contains(a.Body, ", 09:00 to ") {
			t.Errorf("the body does not show the course's own time: %q", a.Body)
		}
	}
}

func TestRenderUnavailability(t *testing.T) {
	t.Parallel()
	london, err := LoadZone("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	day := calendar.Date{Year: 2026, Month: 12, Day: 24}
	days := calendar.When{AllDay: true, FirstDay: day, EndDay: day.AddDays(3)}
	hour := calendar.When{Start: at(t, "Europe/Paris", "2026-12-01T10:00"), End: at(t, "Europe/Paris", "2026-12-01T11:00"), TimeZone: "Europe/Paris"}
	tests := []struct {
		name        string
		description string
		when        calendar.When
		subject     string
		zone        string
	}{
		{"push-6 all day", "Leave", days, "Leave", "Europe/London"},
		{"push-6 by the hour", "Dentist\r\nfloor 2", hour, "Dentist floor 2", "Europe/Paris"},
		{"push-6 without a description", " ", hour, "Unavailable", "Europe/Paris"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := calendar.Appointment{Subject: tt.subject, When: tt.when, ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal}
			want.When.TimeZone = tt.zone
			got, err := RenderUnavailability(Unavailability{Description: tt.description, When: tt.when}, london, RenderOptions{})
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Error(diff, err)
			}
		})
	}
}

// TestRenderedTextFits holds J8 and C6: whatever the platform sends, an appointment
// fits what calendars keep, and is text that XML can carry.
func TestRenderedTextFits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.Rune(), 0, 400, -1)
		venue := Venue{Name: text.Draw(t, "name"), Address: text.Draw(t, "address")}
		c := Course{Name: text.Draw(t, "label"), Kind: KindClass, TimeZone: "UTC", Venue: &venue, Details: text.Draw(t, "url")}
		a := rendered(t, c, CourseTrainer{}, RenderOptions{})
		if len(a.Subject) > calendar.MaxSubjectBytes || len(a.Location) > calendar.MaxLocationBytes || len(a.Body) > calendar.MaxBodyBytes {
			t.Fatalf("too long: %d, %d, %d bytes", len(a.Subject), len(a.Location), len(a.Body))
		}
		if strings.ContainsAny(a.Subject+a.Location, "\r\n\x00\x1b\u0085") || strings.ContainsAny(a.Body, "\r\x00\x1b\u0085") {
			t.Fatalf("control characters: %+v", a)
		}
		if !utf8.ValidString(a.Subject + a.Location + a.Body) {
			t.Fatalf("not UTF-8: %+v", a)
		}
	})
}

// TestKeysFitMarkers: whatever the platform's id, its marker is found again, and two
// ids never share a key.
func TestKeysFitMarkers(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("x", MaxNameBytes)
	trainer := TrainerID{Provider: longest, Label: longest}
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.StringOfN(rapid.Rune(), 1, -1, MaxIDBytes)
		a, b := ids.Draw(t, "a"), ids.Draw(t, "b")
		for _, key := range []string{CourseKey(trainer, a), UnavailabilityKey(trainer, a), SessionKey(trainer, a, b)} {
			marker := calendar.Marker{Installation: longest, Key: key, Generation: strings.Repeat("g", 36)}
			if n := len(marker.String()); n > calendar.MaxMarkerBytes {
				t.Fatalf("the marker of %q has %d bytes", a, n)
			}
		}
		if a != b && CourseKey(trainer, a) == CourseKey(trainer, b) {
			t.Fatalf("%q and %q share a key", a, b)
		}
		if a != b && SessionKey(trainer, a, "1/2") == SessionKey(trainer, b, "1/2") || SessionKey(trainer, a+"/b", "c") == SessionKey(trainer, a, "b/c") {
			t.Fatalf("sessions of %q and %q share a key", a, b)
		}
		if CourseKey(trainer, a) == UnavailabilityKey(trainer, b) {
			t.Fatalf("course %q and unavailability %q share a key", a, b)
		}
	})
}
