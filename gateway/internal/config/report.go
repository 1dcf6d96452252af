package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Related is a further place that takes part in a diagnostic.
type Related struct {
	Range hcl.Range
	// Text says what the place has to do with it.
	Text string
}

// extra is what a diagnostic carries beyond what hcl knows of.
type extra struct {
	related []Related
	// secret: the subject's lines may hold a secret and are not shown.
	secret bool
}

func related(at hcl.Range, text string) Related { return Related{Range: at, Text: text} }

func diagnostic(severity hcl.DiagnosticSeverity, at hcl.Range, summary, detail string, places ...Related) *hcl.Diagnostic {
	diag := &hcl.Diagnostic{Severity: severity, Summary: summary, Detail: detail, Subject: &at}
	if len(places) > 0 {
		diag.Extra = &extra{related: places}
	}
	return diag
}

// report adds an error.
func (d *decoder) report(at hcl.Range, summary, detail string, places ...Related) {
	d.diags = append(d.diags, diagnostic(hcl.DiagError, at, summary, detail, places...))
}

// warn adds a warning.
func (d *decoder) warn(at hcl.Range, summary, detail string, places ...Related) {
	d.diags = append(d.diags, diagnostic(hcl.DiagWarning, at, summary, detail, places...))
}

// notSupported refuses what this version cannot do yet.
func (d *decoder) notSupported(at hcl.Range, what string) {
	d.report(at, "Not supported yet", what+" is not supported yet by this version of the gateway. Remove it.")
}

// missing reports an argument that must be there. In a file that could not be
// parsed the argument may be there all the same, so nothing is said.
func (d *decoder) missing(at hcl.Range, name, why string) {
	if !d.partial {
		d.report(at, "Missing argument", fmt.Sprintf("The argument %q is required: %s.", name, why))
	}
}

// missing reports an argument of the block that must be there, unless it is there
// with a slip of the keys, which was reported.
func (b *block) missing(name, why string) {
	if !misspelt(b.wrong, name) {
		b.d.missing(b.at, name, why)
	}
}

// misspelt reports whether hcl takes an unknown argument for the one named.
func misspelt(diags hcl.Diagnostics, name string) bool {
	return slices.ContainsFunc(diags, func(d *hcl.Diagnostic) bool {
		return d.Summary == "Unsupported argument" && strings.Contains(d.Detail, fmt.Sprintf("Did you mean %q?", name))
	})
}
