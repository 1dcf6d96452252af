package schema

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	attribute := func(name string, kind Type) Attribute { return Attribute{Name: name, Type: kind} }
	with := func(bend func(*Attribute)) Schema {
		a := attribute("cloud", String)
		bend(&a)
		return Schema{Attributes: []Attribute{a, attribute("a", String), attribute("b", String), {Name: "r", Type: String, Required: true}}}
	}
	group := func(names ...string) Schema {
		s := with(func(*Attribute) {})
		s.ExactlyOneOf = [][]string{names}
		return s
	}
	for name, c := range map[string]struct {
		schema Schema
		want   string // a part of the error; empty for none
	}{
		"nothing":                {Schema{}, ""},
		"a group":                {group("a", "b"), ""},
		"enumeration":            {with(func(a *Attribute) { a.Enum, a.Default = []string{"global", "china"}, "global" }), ""},
		"int":                    {with(func(a *Attribute) { a.Type, a.Default = Int, int64(1) }), ""},
		"duration":               {with(func(a *Attribute) { a.Type, a.Default = Duration, "15m" }), ""},
		"list":                   {with(func(a *Attribute) { a.Type, a.Default = List, []string{"x"} }), ""},
		"no name":                {with(func(a *Attribute) { a.Name = "" }), "a name is"},
		"upper case":             {with(func(a *Attribute) { a.Name = "Cloud" }), "a name is"},
		"twice":                  {with(func(a *Attribute) { a.Name = "a" }), "declared twice"},
		"no type":                {with(func(a *Attribute) { a.Type = "" }), "there is no type"},
		"unknown type":           {with(func(a *Attribute) { a.Type = "map" }), "there is no type"},
		"int as int":             {with(func(a *Attribute) { a.Type, a.Default = Int, 1 }), "does not fit"},
		"string for bool":        {with(func(a *Attribute) { a.Type, a.Default = Bool, "true" }), "does not fit"},
		"bad duration":           {with(func(a *Attribute) { a.Type, a.Default = Duration, "soon" }), "duration"},
		"default not in enum":    {with(func(a *Attribute) { a.Enum, a.Default = []string{"global"}, "mars" }), "does not fit"},
		"enum of ints":           {with(func(a *Attribute) { a.Type, a.Enum = Int, []string{"1"} }), "enumeration"},
		"required with default":  {with(func(a *Attribute) { a.Required, a.Default = true, "x" }), "no use for a default"},
		"secret with default":    {with(func(a *Attribute) { a.Sensitive, a.Default = true, "x" }), "secret"},
		"group of one":           {group("a"), "needs two"},
		"group of strangers":     {group("a", "z"), "unknown setting z"},
		"group with the certain": {group("a", "r"), "always set"},
	} {
		err := c.schema.Check()
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
