package platform

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// maxTemplateBytes is how long the source of a template may be.
const maxTemplateBytes = 16 << 10

// Check works each template out for made-up classes, webinars and unavailability, some
// with every field and some with none that may be absent, and reports what would fail
// at its place in the configuration: one diagnostic a template.
func (t Templates) Check() hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, part := range []struct {
		name   string
		course hcl.Expression
		block  hcl.Expression
	}{
		{partTitle, t.Title, t.UnavailabilityTitle}, {partLocation, t.Location, t.UnavailabilityLocation}, {partBody, t.Body, t.UnavailabilityBody},
	} {
		if diag := checkTemplate(part.course, func() error { return try(part.name, part.course, courseSamples()) }); diag != nil {
			diags = append(diags, diag)
		}
		if diag := checkTemplate(part.block, func() error { return try(part.name, part.block, unavailabilitySamples()) }); diag != nil {
			diags = append(diags, diag)
		}
	}
	return diags
}

func checkTemplate(expr hcl.Expression, attempt func() error) *hcl.Diagnostic {
	if expr == nil {
		return nil
	}
	at := expr.Range()
	switch {
	case at.End.Byte-at.Start.Byte > maxTemplateBytes:
		return templateDiagnostic(at, "Template too long", fmt.Sprintf("A template has at most %d KiB.", maxTemplateBytes>>10))
	case loopDepth(expr) > 1:
		return templateDiagnostic(at, "Nested loop", "A template has no loop within a loop.")
	}
	err := attempt()
	var failed *TemplateError
	if !errors.As(err, &failed) {
		return nil
	}
	return templateDiagnostic(failed.Place, failed.Problem, failed.detail)
}

func templateDiagnostic(at hcl.Range, summary, detail string) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &at}
}

// loopDepth is how deep an expression's loops are nested.
func loopDepth(expr hcl.Expression) int {
	node, ok := expr.(hclsyntax.Node)
	if !ok {
		return 0
	}
	w := &loopWalker{}
	_ = hclsyntax.Walk(node, w) // the walker reports nothing
	return w.most
}

type loopWalker struct{ depth, most int }

func isLoop(n hclsyntax.Node) bool {
	switch n.(type) {
	case *hclsyntax.ForExpr, *hclsyntax.SplatExpr:
		return true
	}
	return false
}

// Enter counts the loops around a node.
func (w *loopWalker) Enter(n hclsyntax.Node) hcl.Diagnostics {
	if isLoop(n) {
		w.depth++
		w.most = max(w.most, w.depth)
	}
	return nil
}

// Exit leaves a node.
func (w *loopWalker) Exit(n hclsyntax.Node) hcl.Diagnostics {
	if isLoop(n) {
		w.depth--
	}
	return nil
}

// sample is what a template is tried with.
type sample struct {
	name      string
	variables map[string]cty.Value
}

// try works an expression out for all samples. Where it fails for some of them only, the
// error says for what.
func try(part string, expr hcl.Expression, samples []sample) error {
	var first *TemplateError
	failures, found := 0, ""
	for _, s := range samples {
		_, err := evaluate(part, expr, s.variables, "")
		var failed *TemplateError
		if !errors.As(err, &failed) {
			continue
		}
		if failures++; first == nil {
			first, found = failed, s.name
		}
	}
	if first == nil {
		return nil
	}
	if failures < len(samples) {
		first.detail += fmt.Sprintf(" This is so for %s with fewer details than others.", found)
	}
	if first.Problem == "Unknown variable" {
		first.detail += fmt.Sprintf(" Want one of %s.", strings.Join(slices.Sorted(maps.Keys(samples[0].variables)), ", "))
	}
	return first
}

// courseSamples are courses with everything, and with nothing that may be absent.
func courseSamples() []sample {
	var samples []sample
	for _, c := range sampleCourses() {
		for _, trainer := range []CourseTrainer{{ID: "ana", Role: "lead", Webinar: c.DelegateWebinar}, {ID: "ana"}} {
			plain := plainCourse(c, trainer, nil)
			for _, session := range []*Session{nil, firstSession(c)} {
				samples = append(samples, sample{"a " + string(c.Kind), courseVariables(c, trainer, session, sampleOptions, plain)})
			}
		}
	}
	return samples
}

func unavailabilitySamples() []sample {
	day := calendar.Date{Year: 2027, Month: time.March, Day: 1}
	var samples []sample
	for _, u := range []Unavailability{
		{ID: "17", Trainer: TrainerID{"northwind", "ana"}, Description: "Leave", When: calendar.When{AllDay: true, FirstDay: day, EndDay: day.AddDays(2), TimeZone: "Europe/London"}},
		{ID: "18", Trainer: TrainerID{"northwind", "ana"}, When: calendar.When{Start: day.In(time.UTC), End: day.AddDays(1).In(time.UTC), TimeZone: "UTC"}},
	} {
		samples = append(samples, sample{"an unavailability", unavailabilityVariables(u, u.When, time.UTC, sampleOptions)})
	}
	return samples
}

func firstSession(c Course) *Session {
	if len(c.Sessions) == 0 {
		return nil
	}
	return &c.Sessions[0]
}

var sampleOptions = RenderOptions{
	Trainer:  Person{Name: "Ana Ortiz", Email: "ana@northwind.example", TimeZone: "Europe/London"},
	Provider: Company{Name: "northwind", TimeZone: "Europe/London"},
}

// sampleCourses are a class and a webinar with everything, and one of each with nothing
// that may be absent.
func sampleCourses() []Course {
	start := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	places, waiting := 12, 3
	whole := Course{
		ID: "4711", Name: "Forklift Basics", Alias: "FB1", Kind: KindClass, Status: StatusConfirmed,
		Start: start, End: start.Add(31 * time.Hour), TimeZone: "Europe/Paris",
		Sessions: []Session{{ID: "1", Start: start, End: start.Add(7 * time.Hour)}, {ID: "2", Start: start.Add(24 * time.Hour), End: start.Add(31 * time.Hour)}},
		Venue:    &Venue{Name: "Room 4", Address: "1 High Street\nLondon", Phone: "+44 20 7946 0000", Email: "venue@northwind.example"},
		Details:  "https://platform.example/courses/4711", Cost: "450", CostType: "per person", WaitingList: &waiting, Places: &places,
		Advertise: true, Sessional: true, TaxExempt: true, ExternalID: "x-1", DeliveryMethod: "in person", ExclusiveAccounts: []string{"acme"},
		DelegateWebinar: &Webinar{URL: "https://meet.example/1", MeetingID: "123", Passcode: "p", DialIn: "+44 20", Notes: "Be early"},
	}
	bare := Course{ID: "1", Name: "Basics", Kind: KindClass, Status: StatusProvisional, Start: start, End: start.Add(time.Hour), TimeZone: "UTC"}
	webinar, bareWebinar := whole, bare
	webinar.Kind, webinar.Venue = KindWebinar, nil
	bareWebinar.Kind, bareWebinar.Status = KindWebinar, StatusCancelled
	return []Course{whole, webinar, bare, bareWebinar}
}
