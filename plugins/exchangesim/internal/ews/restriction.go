package ews

import "strings"

// condition is a search restriction, ready to test an item.
type condition func(*itemView) bool

// maxConditions is how many nodes a restriction may have.
const maxConditions = 255

// readRestriction reads a Restriction element.
func readRestriction(e *element) (condition, *failure) {
	if countConditions(e) > maxConditions {
		return nil, fail("ErrorRestrictionTooLong", "The restriction contains too many conditions.")
	}
	return readCondition(e.children[0])
}

func countConditions(e *element) int {
	n := 0
	for _, c := range e.children {
		if strings.Contains(searchExpressions, c.name) {
			n += 1 + countConditions(c)
		}
	}
	return n
}

func readCondition(e *element) (condition, *failure) {
	switch e.name {
	case "And", "Or", "Not":
		return readLogic(e)
	case "Exists":
		get, f := readPath(e.children[0])
		return func(v *itemView) bool { _, ok := get(v); return ok }, f
	case "Contains":
		return readContains(e)
	}
	test := comparisons[e.name]
	if test == nil {
		return nil, fail("ErrorUnsupportedQueryFilter", "This server does not support the condition "+e.name+".")
	}
	get, f := readPath(e.children[0])
	if f != nil {
		return nil, f
	}
	other, f := readOperand(e.first("FieldURIOrConstant"))
	if f != nil {
		return nil, f
	}
	return func(v *itemView) bool {
		a, has := get(v)
		b, given := other(v)
		return has && given && test(compareValues(a, b))
	}, nil
}

// comparisons are the two-sided conditions, as tests of how the sides compare.
var comparisons = map[string]func(int) bool{
	"IsEqualTo":              func(c int) bool { return c == 0 },
	"IsNotEqualTo":           func(c int) bool { return c != 0 },
	"IsGreaterThan":          func(c int) bool { return c > 0 },
	"IsGreaterThanOrEqualTo": func(c int) bool { return c >= 0 },
	"IsLessThan":             func(c int) bool { return c < 0 },
	"IsLessThanOrEqualTo":    func(c int) bool { return c <= 0 },
}

func readLogic(e *element) (condition, *failure) {
	parts := make([]condition, len(e.children))
	for i, c := range e.children {
		part, f := readCondition(c)
		if f != nil {
			return nil, f
		}
		parts[i] = part
	}
	if e.name == "Not" {
		return func(v *itemView) bool { return !parts[0](v) }, nil
	}
	decisive := e.name == "Or"
	return func(v *itemView) bool {
		for _, p := range parts {
			if p(v) == decisive {
				return decisive
			}
		}
		return !decisive
	}, nil
}

func readContains(e *element) (condition, *failure) {
	get, f := readPath(e.children[0])
	if f != nil {
		return nil, f
	}
	fold := func(s string) string { return s }
	if strings.HasPrefix(e.attr("ContainmentComparison"), "Ignore") {
		fold = strings.ToLower
	}
	want := fold(e.first("Constant").attr("Value"))
	tests := map[string]func(string) bool{
		"":           func(s string) bool { return strings.Contains(s, want) },
		"Substring":  func(s string) bool { return strings.Contains(s, want) },
		"Prefixed":   func(s string) bool { return strings.HasPrefix(s, want) },
		"FullString": func(s string) bool { return s == want },
	}
	test := tests[e.attr("ContainmentMode")]
	if test == nil {
		return nil, fail("ErrorUnsupportedQueryFilter", "This server does not support the containment mode.")
	}
	return func(v *itemView) bool { s, ok := get(v); return ok && test(fold(s)) }, nil
}

// readOperand reads the right side of a comparison.
func readOperand(e *element) (func(*itemView) (string, bool), *failure) {
	if constant := e.first("Constant"); constant != nil {
		value := constant.attr("Value")
		return func(*itemView) (string, bool) { return value, true }, nil
	}
	return readPath(e.children[0])
}

// readPath reads the name of a property, and returns how to get its value.
func readPath(e *element) (func(*itemView) (string, bool), *failure) {
	switch e.name {
	case "ExtendedFieldURI":
		x, f := readExtendedField(e)
		return func(v *itemView) (string, bool) {
			value, ok := v.item.Properties[x.property]
			return value, ok && !v.target.hides(v.item)
		}, f
	case "FieldURI":
		field := fieldByURI[e.attr("FieldURI")]
		if field == nil || field.notFound {
			return nil, fail("ErrorUnsupportedPathForQuery", "The property cannot be used in a search: "+e.attr("FieldURI"))
		}
		return func(v *itemView) (string, bool) {
			n := field.show(field.name(), v)
			if n == nil || v.target.hides(v.item) {
				return "", false
			}
			return n.text, true
		}, nil
	}
	return nil, fail("ErrorUnsupportedPathForQuery", "This server searches by FieldURI and ExtendedFieldURI.")
}
