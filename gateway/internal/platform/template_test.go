package platform

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/sdk/calendar"
)

func expression(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string,
) hcl.Expression {
	t.Helper()
	expr, diags := hclsyntax.ParseExpression([]byte(text), "gateway.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s: %v", text, diags)
	}
	return expr
}

// TestTemplates holds push-4: the operator's expressions make the texts; what the
// platform did not say is empty.
func TestTemplates(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, template, class, webinar string }{
		{"the default title", `"Training: ${course.label}"`, "Training: Forklift Basics", "Training: Webinar"},
		{"absent text is empty", `"${course.label}: ${course.venue.name}${trainer.webinar.url}"`, "Forklift Basics: Depot 4", "Webinar: https://meet.example/1"},
		{"numbers are text", `"${course.places}/${course.waiting_list}"`, "/", "/"},
		{"conditions", `course.kind == "webinar" ? "Online" : "On site"`, "On site", "Online"},
		{"dates", `formatdate("D MMM YYYY, hh:mm", course.start)`, "23 Nov 2026, 09:00", "23 Nov 2026, 09:00"},
		{"trainer and provider", `"${trainer.name} (${trainer.role}), ${provider.name}"`, "Ana Ortiz (lead), northwind", "Ana Ortiz (lead), northwind"},
		{"what is written by default", `course.location`, "Depot 4, 1 Dock Road, London", ""},
		{"lists", `join(", ", [course.venue.name, course.alias, course.timezone])`, "Depot 4, Europe/Paris", "Europe/Paris"},
		{"the first that is there", `coalesce(course.alias, course.venue.name, "somewhere")`, "Depot 4", "somewhere"},
		{"flags", `"${course.cancelled}"`, "false", "false"},
		{"null is empty", `null`, "", ""},
		{"replace", `replace(course.timezone, "/", " ")`, "Europe Paris", "Europe Paris"},
	}
	o := RenderOptions{Trainer: Person{Name: "Ana Ortiz"}, Provider: Company{Name: "northwind"}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := o
			o.Templates.Title = expression(t, tt.template)
			if diags := o.Templates.Check(); diags.HasErrors() {
				t.Fatalf("refused when loaded: %v", diags)
			}
			c := class(t)
			c.Venue = &Venue{Name: "Depot 4", Address: "1 Dock Road\nLondon"}
			if got := rendered(t, c, CourseTrainer{Role: "lead"}, o).Subject; got != tt.class {
				t.Errorf("class: %q, want %q", got, tt.class)
			}
			c.Kind, c.Venue, c.Name = KindWebinar, nil, "Webinar"
			part := CourseTrainer{Role: "lead", Webinar: &Webinar{URL: "https://meet.example/1"}}
			if got := rendered(t, c, part, o).Subject; got != tt.webinar {
				t.Errorf("webinar: %q, want %q", got, tt.webinar)
			}
		})
	}
}

// TestTemplateOfRole is N5: each trainer of a course can be shown in what role they are.
func TestTemplateOfRole(t *testing.T) {
	t.Parallel()
	title := expression(t, `trainer.role == "" ? course.label : "${course.label} (${trainer.role})"`)
	o := RenderOptions{Templates: Templates{Title: title}}
	for role, want := range map[string]string{"": "Forklift Basics", "second trainer": "Forklift Basics (second trainer)"} {
		if got := rendered(t, class(t), CourseTrainer{Role: role}, o).Subject; got != want {
			t.Errorf("role %q: %q, want %q", role, got, want)
		}
	}
}

// TestTemplateOfCancelled holds push-5: a title of the operator's gets the prefix too.
func TestTemplateOfCancelled(t *testing.T) {
	t.Parallel()
	c := class(t)
	c.Status = StatusCancelled
	o := RenderOptions{Templates: Templates{Title: expression(t, `course.label`), Body: expression(t, `course.status`)}}
	a := rendered(t, c, CourseTrainer{}, o)
	if a.Subject != "Cancelled: Forklift Basics" || a.Body != "cancelled" || a.ShowAs != calendar.ShowAsFree {
		t.Errorf("%+v", a)
	}
}

// TestUnavailabilityTemplates holds push-4 for what is made on the platform itself.
func TestUnavailabilityTemplates(t *testing.T) {
	t.Parallel()
	day := calendar.Date{Year: 2026, Month: time.December, Day: 24}
	u := Unavailability{ID: "1", Trainer: TrainerID{"northwind", "ana"}, Description: "Leave", When: calendar.When{AllDay: true, FirstDay: day, EndDay: day.AddDays(1)}}
	o := RenderOptions{Templates: Templates{UnavailabilityTitle: expression(t, `"${trainer.id}: ${lower(unavailability.description)}"`)}}
	a, err := RenderUnavailability(u, time.UTC, o)
	if err != nil || a.Subject != "ana: leave" {
		t.Errorf("%q, %v", a.Subject, err)
	}
}

// TestTemplatesAreChecked holds push-4: what fails for a class, a webinar or an
// unavailability is refused when the configuration is loaded, at its place.
func TestTemplatesAreChecked(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, template, problem, detail string
		column                          int
		unavailability                  bool
	}{
		{name: "unknown variable", template: `"${curse.label}"`, problem: "Unknown variable", detail: `Want one of course, provider, session, trainer`, column: 4},
		{name: "unknown field", template: `"${course.lable}"`, problem: "Unsupported attribute", column: 10},
		{name: "unknown function", template: `uper(course.label)`, problem: "Call to unknown function", detail: `"upper"`, column: 1},
		{name: "a secret cannot be read", template: `env("SECRET")`, problem: "Call to unknown function", column: 1},
		{name: "only with sessions", template: `course.sessions[0].id`, problem: "Invalid index", detail: "so for a class", column: 16},
		{name: "not a text", template: `course.venue`, problem: "Not a text", column: 1},
		{name: "nested loop", template: `join("", flatten([for a in course.sessions : [for b in course.sessions : b.id]]))`, problem: "Nested loop", column: 1},
		{name: "too long", template: `"` + strings.Repeat("x", maxTemplateBytes) + `"`, problem: "Template too long", column: 1},
		{name: "a course's in an unavailability's", template: `course.label`, problem: "Unknown variable", column: 1, unavailability: true},
		{name: "bad date", template: `formatdate("D", unavailability.description)`, problem: "Invalid function argument", detail: "", column: 17, unavailability: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var ts Templates
			if ts.Body = expression(t, tt.template); tt.unavailability {
				ts = Templates{UnavailabilityBody: ts.Body}
			}
			diags := ts.Check()
			if len(diags) != 1 || diags[0].Summary != tt.problem || !strings.Contains(diags[0].Detail, tt.detail) || diags[0].Subject.Start.Column != tt.column {
				t.Errorf("got %v at %v, want %q at column %d", diags, diags[0].Subject, tt.problem, tt.column)
			}
		})
	}
}

// TestTemplateFailsForOneCourse: what only some course brings about is an error of that
// course, which says where, and holds none of its text.
func TestTemplateFailsForOneCourse(t *testing.T) {
	t.Parallel()
	o := RenderOptions{Templates: Templates{Title: expression(t, `split(" ", "${course.label} x")[1 + length(course.exclusive_accounts)]`)}}
	c := class(t)
	c.Name, c.ExclusiveAccounts = "Canary-text", []string{"a", "b"}
	_, err := RenderCourse(c, CourseTrainer{}, o)
	var failed *TemplateError
	if !errors.As(err, &failed) || failed.Part != "title" || failed.Place.Filename != "gateway.hcl" || strings.Contains(err.Error(), "Canary") {
		t.Errorf("error %v", err)
	}
}

// TestTemplateTextsAreBounded: neither an operator nor the platform can make much of
// little, and whatever comes out fits calendars (J8).
func TestTemplateTextsAreBounded(t *testing.T) {
	t.Parallel()
	c := class(t)
	c.Name = strings.Repeat("a", 3000)
	for _, template := range []string{
		`replace(course.name, "a", course.name)`,
		`join(course.name, [for s in split("", course.name) : s])`,
	} {
		o := RenderOptions{Templates: Templates{Body: expression(t, template)}}
		if _, err := RenderCourse(c, CourseTrainer{}, o); err == nil {
			t.Errorf("%s made a text", template)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		c := Course{Name: rapid.String().Draw(t, "name"), Kind: KindClass, TimeZone: "UTC"}
		template := rapid.SampledFrom([]string{`"${course.name}\n${course.name}"`, `"${title(course.name)}\u0000\r\n"`, `substr(course.name, 0, 3)`}).Draw(t, "template")
		expr := expression(t, template)
		a := rendered(t, c, CourseTrainer{}, RenderOptions{Templates: Templates{Title: expr, Location: expr, Body: expr}})
		if len(a.Subject) > calendar.MaxSubjectBytes || len(a.Body) > calendar.MaxBodyBytes || strings.ContainsAny(a.Subject+a.Location, "\r\n\x00") {
			t.Fatalf("it does not fit: %+v", a)
		}
	})
}

// TestSessions holds push-2 for sessions = "split": each session has its own time, its
// number, and the course's texts.
func TestSessions(t *testing.T) {
	t.Parallel()
	c := class(t)
	second := Session{ID: "b", Start: c.Start.AddDate(0, 0, 1), End: c.Start.AddDate(0, 0, 1).Add(7 * time.Hour)}
	c.Sessions = []Session{second, {ID: "a", Start: c.Start, End: c.Start.Add(7 * time.Hour)}}
	a, err := RenderSession(c, second, CourseTrainer{}, RenderOptions{})
	if err != nil || !a.When.Start.Equal(second.Start) || !a.When.End.Equal(second.End) || a.When.TimeZone != c.TimeZone || a.Subject != "Training: Forklift Basics" {
		t.Errorf("%+v, %v", a, err)
	}
	if !strings.Contains(a.Body, "Session: 2 of 2, Tue 24 Nov 2026, 09:00 to 16:00 (Europe/Paris)") {
		t.Errorf("body %q", a.Body)
	}
	o := RenderOptions{Templates: Templates{Title: expression(t, `"${course.label} ${session.number}/${session.count}"`)}}
	if a, err = RenderSession(c, second, CourseTrainer{}, o); err != nil || a.Subject != "Forklift Basics 2/2" {
		t.Errorf("%q, %v", a.Subject, err)
	}
}

// TestSplitTriggers holds push-2 and push-7: with an appointment for each session, the
// times of sessions are triggers, whatever else is.
func TestSplitTriggers(t *testing.T) {
	t.Parallel()
	if Triggers([]string{"sessions"}, nil) {
		t.Error("sessions trigger by default")
	}
	for _, repushOn := range [][]string{nil, {}, {"venue"}, {"sessions"}, CourseFields()} {
		split := SplitTriggers(repushOn)
		if !Triggers([]string{"sessions"}, split) || Triggers([]string{"status"}, split) != Triggers([]string{"status"}, repushOn) {
			t.Errorf("%v becomes %v", repushOn, split)
		}
	}
}
