package config

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/gocty"
)

// value is a setting as it was written: what it says and where it stands.
type value[T any] struct {
	v T
	// set: the operator wrote it; ok: it could also be read.
	set, ok bool
	rng     hcl.Range
	// items are the places of a list's elements, as far as they are known.
	items []hcl.Range
}

// item is the place of the i-th element of a list, else that of the whole list.
func (v value[T]) item(i int) hcl.Range {
	if i < len(v.items) {
		return v.items[i]
	}
	return v.rng
}

// block is a body split into the arguments and blocks that belong there.
type block struct {
	d      *decoder
	attrs  hcl.Attributes
	blocks hcl.Blocks
	// at is where to point when something is missing.
	at hcl.Range
	// wrong is what does not belong there, or is misspelt.
	wrong hcl.Diagnostics
}

// open splits a body. What does not belong there is reported, with a suggestion.
// attrs are the arguments' names, nested the blocks with their labels.
func (d *decoder) open(body hcl.Body, at hcl.Range, attrs string, nested ...hcl.BlockHeaderSchema) *block {
	schema := &hcl.BodySchema{Blocks: nested}
	for _, name := range strings.Fields(attrs) {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: name})
	}
	content, diags := body.Content(schema)
	d.diags = append(d.diags, diags...)
	return &block{d: d, attrs: content.Attributes, blocks: content.Blocks, at: at, wrong: diags}
}

// single returns the one block of a type, nil where there is none; further ones
// are reported.
func (b *block) single(kind string) *hcl.Block {
	var first *hcl.Block
	for _, other := range b.blocks.OfType(kind) {
		if first == nil {
			first = other
			continue
		}
		b.d.report(other.DefRange, "Duplicate block",
			fmt.Sprintf("There is a %q block already; merge the two.", kind),
			related(first.DefRange, "the first one"))
	}
	return first
}

// get reads the argument as a T. What is wrong with it is reported, once.
func get[T any](b *block, name string) value[T] {
	attr := b.attrs[name]
	if attr == nil {
		return value[T]{}
	}
	out := value[T]{set: true, rng: attr.Expr.Range(), items: elementRanges(attr.Expr)}
	val, diags := attr.Expr.Value(b.d.cfg.EvalContext)
	b.d.diags = append(b.d.diags, inOurWords(diags)...)
	if diags.HasErrors() || (b.d.partial && !val.IsWhollyKnown()) { // unknown is what could not be parsed
		return out
	}
	if err := fromCty(val, &out.v); err != nil {
		b.d.report(out.rng, "Unsuitable value", fmt.Sprintf("The argument %q is unsuitable: %s.", name, err))
		return out
	}
	out.ok = true
	return out
}

// inOurWords says more where hcl says little: it has variables in mind, an operator
// has most likely forgotten the quotes.
func inOurWords(diags hcl.Diagnostics) hcl.Diagnostics {
	for _, diag := range diags {
		if diag.Summary == "Variables not allowed" {
			diag.Detail = "There are no variables here. Text is written in double quotes."
		}
	}
	return diags
}

// fromCty converts an evaluated value into the Go value that target points to.
func fromCty(val cty.Value, target any) error {
	want, err := gocty.ImpliedType(target)
	if err != nil {
		return fmt.Errorf("no configuration type for it: %w", err)
	}
	if val.IsNull() || !val.IsWhollyKnown() {
		return fmt.Errorf("%s is required", want.FriendlyName())
	}
	converted, err := convert.Convert(val, want)
	if err != nil {
		return err
	}
	return gocty.FromCtyValue(converted, target)
}

// elementRanges returns the places of the elements of a list that is written out.
func elementRanges(expr hcl.Expression) []hcl.Range {
	list, diags := hcl.ExprList(expr)
	if diags.HasErrors() {
		return nil
	}
	out := make([]hcl.Range, len(list))
	for i, e := range list {
		out[i] = e.Range()
	}
	return out
}

// choice reads an argument that must be one of the words allowed.
func (b *block) choice(name, fallback string, allowed ...string) value[string] {
	v := get[string](b, name)
	switch {
	case !v.set:
		v.v = fallback
	case v.ok && !contains(allowed, v.v):
		v.ok = false
		b.d.unknownWord(v.rng, name, v.v, allowed)
	}
	return v
}

// flag reads a true or false with a default.
func (b *block) flag(name string, fallback bool) bool {
	v := get[bool](b, name)
	if !v.set {
		return fallback
	}
	return v.v
}

func contains(words []string, word string) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	return false
}
