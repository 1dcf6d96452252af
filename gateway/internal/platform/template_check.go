package platform

import (
	"errors"
	"fmt"
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
		if diag := checkTemplate(part.course, func() error { return tryCourses(part.name, part.course) }); diag != nil {
			diags = append(diags, diag)
		}
		if diag := checkTemplate(part.block, func() error { return tryUnavailability(part.name, part.block) }); diag != nil {
			diags = append(diags, diag)
		}
	}
	return diags
}

func checkTemplate(expr hcl.Expression, try func() error) *hcl.Diagnostic {
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
	err := try()
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

func tryCourses(part string, expr hcl.Expression) error {
	for _, c := range sampleCourses() {
		for _, trainer := range []CourseTrainer{{ID: "ana", Role: "lead", Webinar: c.DelegateWebinar}, {ID: "ana"}} {
			plain := plainCourse(c, trainer, nil)
			for _, session := range []*Session{nil, firstSession(c)} {
				variables := courseVariables(c, trainer, session, sampleOptions, plain)
				if err := sampleError(part, expr, variables, "a "+string(c.Kind)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func tryUnavailability(part string, expr hcl.Expression) error {
	day := calendar.Date{Year: 2027, Month: time.March, Day: 1}
	for _, u := range []Unavailability{
		{ID: "17", Trainer: TrainerID{"northwind", "ana"}, Description: "Leave", When: calendar.When{AllDay: true, FirstDay: day, EndDay: day.AddDays(2), TimeZone: "Europe/London"}},
		{ID: "18", Trainer: TrainerID{"northwind", "ana"}, When: calendar.When{Start: day.In(time.UTC), End: day.AddDays(1).In(time.UTC), TimeZone: "UTC"}},
	} {
		variables := unavailabilityVariables(u, u.When, time.UTC, sampleOptions)
		if err := sampleError(part, expr, variables, "an unavailability"); err != nil {
			return err
		}
	}
	return nil
}

// sampleError works an expression out and says for what it failed.
func sampleError(part string, expr hcl.Expression, variables map[string]cty.Value, sample string) error {
	_, err := evaluate(part, expr, variables, "")
	var failed *TemplateError
	if errors.As(err, &failed) {
		failed.detail += fmt.Sprintf(" This was found with %s.", sample)
	}
	return err
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
		Sessions: []Session{{"1", start, start.Add(7 * time.Hour)}, {"2", start.Add(24 * time.Hour), start.Add(31 * time.Hour)}},
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
