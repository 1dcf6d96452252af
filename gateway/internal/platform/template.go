package platform

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// Templates are the operator's own expressions for the texts of appointments (push-4);
// a nil one means the text that is made without it. Those of courses know the variables
// course, session, trainer and provider; those of unavailability know unavailability,
// trainer and provider. Text that is absent is empty.
type Templates struct {
	Title, Location, Body hcl.Expression
	// UnavailabilityTitle, UnavailabilityLocation and UnavailabilityBody are for what is
	// made on the platform itself (push-6).
	UnavailabilityTitle, UnavailabilityLocation, UnavailabilityBody hcl.Expression
}

// The parts of an appointment that a template makes.
const (
	partTitle    = "title"
	partLocation = "location"
	partBody     = "body"
)

// TemplateError says that an expression could not be worked out for one course or one
// unavailability. It holds no text of either.
type TemplateError struct {
	// Part is "title", "location" or "body".
	Part string
	// Place is where in the configuration the trouble is.
	Place hcl.Range
	// Problem says what it is, for example "Invalid index".
	Problem string
	// detail may hold text of the course.
	detail string
}

// Error names the part, the place and the problem.
func (e *TemplateError) Error() string {
	return fmt.Sprintf("the template of the %s at %s:%d:%d: %s", e.Part, e.Place.Filename, e.Place.Start.Line, e.Place.Start.Column, e.Problem)
}

// evaluate works an expression out as text; a nil expression gives the fallback.
func evaluate(part string, expr hcl.Expression, variables map[string]cty.Value, fallback string) (string, error) {
	if expr == nil {
		return fallback, nil
	}
	val, diags := expr.Value(&hcl.EvalContext{Variables: variables, Functions: templateFunctions})
	for _, diag := range diags {
		if diag.Severity == hcl.DiagError {
			return "", templateError(part, expr, diag)
		}
	}
	if val.IsNull() {
		return "", nil
	}
	text, err := convert.Convert(val, cty.String)
	if err != nil || !text.IsKnown() {
		return "", &TemplateError{Part: part, Place: expr.Range(), Problem: "Not a text", detail: "The expression makes " + val.Type().FriendlyName() + ", and text is wanted."}
	}
	return text.AsString(), nil
}

func templateError(part string, expr hcl.Expression, diag *hcl.Diagnostic) *TemplateError {
	e := &TemplateError{Part: part, Place: expr.Range(), Problem: diag.Summary, detail: diag.Detail}
	if diag.Subject != nil {
		e.Place = *diag.Subject
	}
	return e
}

// course gives a rendered course the texts that the operator's templates make of it.
func (t Templates) course(a calendar.Appointment, variables func() map[string]cty.Value) (calendar.Appointment, error) {
	if t.Title == nil && t.Location == nil && t.Body == nil {
		return a, nil
	}
	return fill(a, variables(), t.Title, t.Location, t.Body)
}

// unavailability does the same for an unavailability made on the platform.
func (t Templates) unavailability(a calendar.Appointment, variables func() map[string]cty.Value) (calendar.Appointment, error) {
	if t.UnavailabilityTitle == nil && t.UnavailabilityLocation == nil && t.UnavailabilityBody == nil {
		return a, nil
	}
	return fill(a, variables(), t.UnavailabilityTitle, t.UnavailabilityLocation, t.UnavailabilityBody)
}

func fill(a calendar.Appointment, variables map[string]cty.Value, title, location, body hcl.Expression) (calendar.Appointment, error) {
	for _, part := range []struct {
		name string
		expr hcl.Expression
		text *string
	}{{partTitle, title, &a.Subject}, {partLocation, location, &a.Location}, {partBody, body, &a.Body}} {
		text, err := evaluate(part.name, part.expr, variables, *part.text)
		if err != nil {
			return calendar.Appointment{}, err
		}
		*part.text = text
	}
	return a, nil
}
