package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/trainercal/trainercal/sdk/schema"
)

// HideSecrets marks the diagnostics whose source lines may hold a secret, so that
// no reader of them prints it. A setting the schema does not know counts as secret:
// it may be a misspelt password.
func HideSecrets(diags hcl.Diagnostics, body hcl.Body, s schema.Schema) {
	syntax, ok := body.(*hclsyntax.Body)
	if !ok {
		return
	}
	public := map[string]bool{}
	for _, a := range s.Attributes {
		public[a.Name] = !a.Sensitive
	}
	for name, attr := range syntax.Attributes {
		if public[name] {
			continue
		}
		for _, diag := range diags {
			if diag.Subject != nil && sharesLine(*diag.Subject, attr.SrcRange) {
				hide(diag)
			}
		}
	}
}

func sharesLine(a, b hcl.Range) bool {
	return a.Filename == b.Filename && a.Start.Line <= b.End.Line && b.Start.Line <= a.End.Line
}

// hide marks the diagnostic's source lines as secret. What hcl put into Extra says
// nothing to an operator and is dropped.
func hide(diag *hcl.Diagnostic) {
	e, ok := diag.Extra.(*extra)
	if !ok {
		e = &extra{}
		diag.Extra = e
	}
	e.secret = true
}

// writtenOut reports whether an expression holds its text itself. A default of
// env() does not count: it is what test systems have.
func writtenOut(expr hcl.Expression) bool {
	switch e := expr.(type) {
	case *hclsyntax.LiteralValueExpr:
		return true
	case *hclsyntax.ParenthesesExpr:
		return writtenOut(e.Expression)
	case *hclsyntax.TemplateWrapExpr:
		return writtenOut(e.Wrapped)
	case *hclsyntax.TemplateExpr:
		for _, part := range e.Parts {
			if writtenOut(part) {
				return true
			}
		}
	}
	return false
}

// AttributePathRange is the place of a setting that a plugin names by its path: the
// value of the attribute; where that is not set, the place given.
func AttributePathRange(body hcl.Body, path []string, at hcl.Range) hcl.Range {
	syntax, ok := body.(*hclsyntax.Body)
	if !ok || len(path) == 0 {
		return at
	}
	attr, ok := syntax.Attributes[path[0]]
	if !ok {
		return at
	}
	return attr.Expr.Range()
}
