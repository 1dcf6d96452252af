package config

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hcldec"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/trainercal/trainercal/sdk/schema"
)

var settingTypes = map[schema.Type]cty.Type{
	schema.String: cty.String, schema.Int: cty.Number, schema.Bool: cty.Bool,
	schema.Duration: cty.String, schema.List: cty.List(cty.String),
}

// SettingsSpec turns a plugin's description of its settings into a decoder. An
// error is a mistake in the plugin, not in the configuration.
func SettingsSpec(s schema.Schema) (hcldec.Spec, error) {
	spec := hcldec.ObjectSpec{}
	for _, a := range s.Attributes {
		want, known := settingTypes[a.Type]
		_, dup := spec[a.Name]
		switch {
		case !hclsyntax.ValidIdentifier(a.Name):
			return nil, fmt.Errorf("settings schema: %q cannot be the name of a setting", a.Name)
		case dup:
			return nil, fmt.Errorf("settings schema: setting %q is described twice", a.Name)
		case !known:
			return nil, fmt.Errorf("settings schema: setting %q has the unknown type %q", a.Name, a.Type)
		case len(a.Enum) > 0 && a.Type != schema.String:
			return nil, fmt.Errorf("settings schema: setting %q is no string and cannot have an enum", a.Name)
		}
		if _, err := defaultValue(a); err != nil {
			return nil, err
		}
		spec[a.Name] = &hcldec.AttrSpec{Name: a.Name, Type: want, Required: a.Required}
	}
	for _, group := range s.ExactlyOneOf {
		for _, name := range group {
			if _, ok := spec[name]; !ok {
				return nil, fmt.Errorf("settings schema: exactly-one-of names the unknown setting %q", name)
			}
		}
	}
	return spec, nil
}

// defaultValue checks a default and gives it the form it has in the JSON. Defaults
// that came over the wire may have JSON's types.
func defaultValue(a schema.Attribute) (any, error) {
	switch v := a.Default.(type) {
	case nil:
		return nil, nil
	case string:
		if a.Type == schema.Duration {
			d, err := ParseDuration(v)
			if err != nil {
				return nil, fmt.Errorf("settings schema: default of %q: %w", a.Name, err)
			}
			return d.String(), nil
		}
		if a.Type == schema.String && (len(a.Enum) == 0 || slices.Contains(a.Enum, v)) {
			return v, nil
		}
	case bool:
		if a.Type == schema.Bool {
			return v, nil
		}
	case int, int64, float64:
		n, err := json.Marshal(v)
		if _, exact := new(big.Int).SetString(string(n), 10); err == nil && exact && a.Type == schema.Int {
			return json.RawMessage(n), nil
		}
	case []string, []any:
		if a.Type == schema.List {
			return v, nil
		}
	}
	return nil, fmt.Errorf("settings schema: the default of %q does not fit its type %q", a.Name, a.Type)
}

// DecodeSettings reads a settings block by a plugin's schema into the JSON object
// that the plugin is given: defaults filled in, durations in the form of
// [time.Duration.String], unset settings left out. Every mistake is reported at
// its place, and so is a secret that is written out, as a warning. A nil body is
// read as an empty block; what is missing is reported at the place given.
func DecodeSettings(body hcl.Body, at hcl.Range, s schema.Schema, ctx *hcl.EvalContext) (json.RawMessage, hcl.Diagnostics) {
	if body == nil {
		body = &hclsyntax.Body{SrcRange: at, EndRange: at}
	}
	spec, err := SettingsSpec(s)
	if err != nil {
		return nil, hcl.Diagnostics{diagnostic(hcl.DiagError, at, "Plugin with an invalid settings schema",
			fmt.Sprintf("This is a mistake in the plugin: %s.", err))}
	}
	val, diags := hcldec.Decode(body, spec, ctx)
	r := &settingsReader{at: at, schema: s, ctx: ctx, out: map[string]any{}}
	r.attrs, r.diags = attributes(body, s), placed(inOurWords(diags), at)
	for _, a := range s.Attributes {
		r.attribute(a, val.GetAttr(a.Name))
	}
	for _, group := range s.ExactlyOneOf {
		r.exactlyOne(group)
	}
	HideSecrets(r.diags, body, s)
	if r.diags.HasErrors() {
		return nil, r.diags
	}
	text, err := json.Marshal(r.out)
	if err != nil {
		r.diags = append(r.diags, diagnostic(hcl.DiagError, at, "Settings cannot be handed to the plugin", err.Error()))
	}
	return text, r.diags
}

// attributes returns what is set of the schema's settings.
func attributes(body hcl.Body, s schema.Schema) hcl.Attributes {
	want := &hcl.BodySchema{}
	for _, a := range s.Attributes {
		want.Attributes = append(want.Attributes, hcl.AttributeSchema{Name: a.Name})
	}
	content, _, _ := body.PartialContent(want) // hcldec reported what is wrong
	return content.Attributes
}

// placed points what hcldec reports of the body as a whole at the block's head; by
// itself it points at the closing brace. A missing setting that is there with a slip
// of the keys is not reported twice.
func placed(diags hcl.Diagnostics, at hcl.Range) hcl.Diagnostics {
	var out hcl.Diagnostics
	for _, diag := range diags {
		missing := missingName.FindStringSubmatch(diag.Detail)
		if missing != nil && misspelt(diags, missing[1]) {
			continue
		}
		if diag.Subject == nil || missing != nil {
			diag.Subject = &at
		}
		out = append(out, diag)
	}
	return out
}

// missingName finds the name in hcl's word on a required argument.
var missingName = regexp.MustCompile(`^The argument "([^"]+)" is required, but no definition was found`)

// settingsReader turns decoded values into the plugin's JSON.
type settingsReader struct {
	// at is where to point when something is missing.
	at     hcl.Range
	schema schema.Schema
	ctx    *hcl.EvalContext
	attrs  hcl.Attributes
	diags  hcl.Diagnostics
	out    map[string]any
}

func (r *settingsReader) report(at hcl.Range, summary, detail string, places ...Related) {
	r.diags = append(r.diags, diagnostic(hcl.DiagError, at, summary, detail, places...))
}

// attribute checks one setting and puts it, or its default, into the JSON.
func (r *settingsReader) attribute(a schema.Attribute, val cty.Value) {
	attr := r.attrs[a.Name]
	if attr == nil {
		if def, _ := defaultValue(a); def != nil && !r.grouped(a.Name) {
			r.out[a.Name] = def
		}
		return
	}
	if a.Deprecated != "" {
		r.diags = append(r.diags, diagnostic(hcl.DiagWarning, attr.NameRange, "Deprecated setting",
			fmt.Sprintf("The setting %q is deprecated: %s", a.Name, a.Deprecated)))
	}
	if a.Sensitive && writtenOut(attr.Expr) {
		r.diags = append(r.diags, diagnostic(hcl.DiagWarning, attr.NameRange, "Secret in the configuration",
			fmt.Sprintf("The setting %q is a secret; keep it out of the file with env(\"…\") or file(\"…\").", a.Name)))
	}
	if !val.IsWhollyKnown() || val.IsNull() {
		if val.IsKnown() && a.Required && !r.diags.HasErrors() {
			r.report(attr.Expr.Range(), "Missing argument", fmt.Sprintf("The setting %q is required and cannot be null.", a.Name))
		}
		return
	}
	r.put(a, attr.Expr.Range(), val)
}

// put checks a value that was read and adds it to the JSON. The value of a secret
// is never in a report.
func (r *settingsReader) put(a schema.Attribute, at hcl.Range, val cty.Value) {
	switch a.Type {
	case schema.String:
		text := val.AsString()
		if len(a.Enum) > 0 && !slices.Contains(a.Enum, text) {
			r.report(at, "Unknown value", enumDetail(a, text))
		}
		r.out[a.Name] = text
	case schema.Int:
		n, accuracy := val.AsBigFloat().Int64()
		if accuracy != big.Exact {
			r.report(at, "Unsuitable value", fmt.Sprintf("The setting %q is a whole number.", a.Name))
		}
		r.out[a.Name] = n
	case schema.Bool:
		r.out[a.Name] = val.True()
	case schema.Duration:
		d, err := ParseDuration(val.AsString())
		if err != nil {
			r.report(at, "Invalid duration", fmt.Sprintf("The setting %q is a length of time; want a form such as \"30s\", \"15m\" or \"7d\".", a.Name))
		}
		r.out[a.Name] = d.String()
	case schema.List:
		r.list(a, at, val)
	}
}

func (r *settingsReader) list(a schema.Attribute, at hcl.Range, val cty.Value) {
	texts := []string{}
	for _, e := range val.AsValueSlice() {
		if e.IsNull() {
			r.report(at, "Unsuitable value", fmt.Sprintf("The list %q cannot have a null element.", a.Name))
			return
		}
		texts = append(texts, e.AsString())
	}
	r.out[a.Name] = texts
}

func enumDetail(a schema.Attribute, text string) string {
	if a.Sensitive {
		return fmt.Sprintf("The setting %q must be %s.", a.Name, orList(a.Enum))
	}
	return fmt.Sprintf("%q is not a value of %q.%s Want %s.", text, a.Name, suggest(text, a.Enum), orList(a.Enum))
}

// grouped reports whether the setting is one of several alternatives, whose
// defaults would look like a choice.
func (r *settingsReader) grouped(name string) bool {
	for _, group := range r.schema.ExactlyOneOf {
		if slices.Contains(group, name) {
			return true
		}
	}
	return false
}

// exactlyOne checks that just one of the group's settings is set. One that could
// not be read counts: its mistake was reported.
func (r *settingsReader) exactlyOne(group []string) {
	var set []*hcl.Attribute
	for _, name := range group {
		if attr := r.attrs[name]; attr != nil && !isNull(attr.Expr, r.ctx) {
			set = append(set, attr)
		}
	}
	slices.SortFunc(set, func(a, b *hcl.Attribute) int { return a.Range.Start.Byte - b.Range.Start.Byte })
	slip := func(name string) bool { return misspelt(r.diags, name) }
	switch {
	case len(set) == 0 && !slices.ContainsFunc(group, slip):
		r.report(r.at, "Missing argument", fmt.Sprintf("Just one of the settings %s is required.", orList(group)))
	case len(set) > 1:
		r.report(set[1].NameRange, "Conflicting settings", fmt.Sprintf("Just one of the settings %s can be set.", orList(group)),
			related(set[0].NameRange, "set here already"))
	}
}

func isNull(expr hcl.Expression, ctx *hcl.EvalContext) bool {
	val, diags := expr.Value(ctx)
	return !diags.HasErrors() && val.IsNull()
}
