package config

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// rule is an exclusion rule with what only its checks need.
type rule struct {
	Exclusion
	label    hcl.Range
	standing bool
	// off: disabled, or too damaged to be enforced.
	off bool
}

// standingRules are in force unless a block of the same name replaces or disables
// them (excl-1).
func standingRules() []*rule {
	pair := func(name, a, b string) *rule {
		return &rule{Exclusion: Exclusion{Name: name, Services: []string{a, b}}, standing: true}
	}
	return []*rule{
		pair("exchange-online-or-google", "exchange-online", "google-calendar"),
		pair("exchange-onprem-or-google", "exchange-onprem", "google-calendar"),
		pair("exchange-online-or-onprem", "exchange-online", "exchange-onprem"),
	}
}

// exclusions decodes the rules and merges them with the standing ones.
func (d *decoder) exclusions(b *block) {
	standing := map[string]*rule{}
	for _, r := range standingRules() {
		standing[r.Name] = r
		d.rules = append(d.rules, r)
	}
	seen := map[string]hcl.Range{}
	for _, block := range b.blocks.OfType("exclusion") {
		name := block.Labels[0]
		if first, dup := seen[name]; dup {
			d.report(block.LabelRanges[0], "Duplicate rule", fmt.Sprintf("There is an exclusion rule %q already.", name), related(first, "the first one"))
			continue
		}
		seen[name] = block.DefRange
		d.name(block.LabelRanges[0], "an exclusion rule", name)
		r := d.exclusion(block, standing[name])
		d.rules = slices.DeleteFunc(d.rules, func(other *rule) bool { return other.Name == name })
		d.rules = append(d.rules, r)
	}
	for _, r := range d.rules {
		if !r.off {
			d.cfg.Exclusions = append(d.cfg.Exclusions, r.Exclusion)
		}
	}
}

// exclusion decodes a rule. One that replaces a standing rule keeps its services
// unless it names others.
func (d *decoder) exclusion(block *hcl.Block, replaced *rule) *rule {
	before := len(d.diags)
	b := d.open(block.Body, block.DefRange, "services scope allow_until enabled")
	r := &rule{Exclusion: Exclusion{Name: block.Labels[0], Range: block.DefRange}, label: block.LabelRanges[0]}
	r.Gateway = b.choice("scope", "provider", "provider", "gateway").v == "gateway"
	enabled := b.flag("enabled", true)
	services := get[[]string](b, "services")
	switch {
	case services.set:
		r.Services = d.ruleServices(services)
	case replaced != nil:
		r.Services = replaced.Services
	case enabled:
		b.missing("services", "the services of which at most one may be in use")
	default:
		d.noSuchRule(r)
	}
	r.AllowUntil = d.allowUntil(b)
	r.off = !enabled || len(d.diags) > before || len(r.Services) < 2
	return r
}

// noSuchRule reports a block that switches off a rule that does not exist.
func (d *decoder) noSuchRule(r *rule) {
	var names []string
	for _, s := range standingRules() {
		names = append(names, s.Name)
	}
	d.report(r.label, "Unknown rule", fmt.Sprintf("There is no standing rule %q to switch off.%s Standing are %s.",
		r.Name, suggest(r.Name, names), andList(names)))
}

func (d *decoder) ruleServices(v value[[]string]) []string {
	if v.ok && len(v.v) < 2 {
		d.report(v.rng, "Too few services", "A rule excludes services from each other: name at least two.")
	}
	for i, s := range v.v {
		if slices.Contains(v.v[:i], s) {
			d.report(v.item(i), "Duplicate service", fmt.Sprintf("The rule names %q already.", s))
			continue
		}
		d.knownService(v.item(i), s)
	}
	return v.v
}

func (d *decoder) allowUntil(b *block) *calendar.Date {
	v := get[string](b, "allow_until")
	if !v.ok {
		return nil
	}
	date, err := calendar.ParseDate(v.v)
	if err != nil {
		d.report(v.rng, "Invalid date", fmt.Sprintf("%q is not a date; want a form such as \"2027-01-31\".", v.v))
		return nil
	}
	return &date
}

// checkRules reports rules that say the same, or that contradict each other: one
// lets a migration pass that another forbids in the same or a wider scope.
func (d *decoder) checkRules() {
	for i, r := range d.rules {
		for j, other := range d.rules {
			switch {
			case r.off || other.off || i == j || r.standing:
			case j < i && sameScope(r, other) && sameDate(r.AllowUntil, other.AllowUntil):
				d.report(r.label, "Duplicate rule", fmt.Sprintf("The rule %q says the same as %s.", r.Name, other.title()), other.places()...)
			case overrules(other, r):
				d.report(r.label, "Contradictory rules", fmt.Sprintf(
					"The rule %q lets its services be used together until %s, but %s forbids it. Change or disable one of the two; a block named %q replaces the other rule.",
					r.Name, r.AllowUntil, other.title(), other.Name), other.places()...)
			}
		}
	}
}

// overrules reports whether r's allow_until never counts because of other.
func overrules(other, r *rule) bool {
	if r.AllowUntil == nil || (other.AllowUntil != nil && !other.AllowUntil.Before(*r.AllowUntil)) {
		return false
	}
	if r.Gateway && !other.Gateway {
		return false // two providers may still differ, as r allows
	}
	for _, s := range r.Services {
		if !slices.Contains(other.Services, s) {
			return false
		}
	}
	return true
}

func sameScope(a, b *rule) bool {
	x, y := slices.Sorted(slices.Values(a.Services)), slices.Sorted(slices.Values(b.Services))
	return a.Gateway == b.Gateway && slices.Equal(x, y)
}

func sameDate(a, b *calendar.Date) bool {
	return a == b || (a != nil && b != nil && *a == *b)
}

func (r *rule) title() string {
	if r.standing {
		return fmt.Sprintf("the standing rule %q", r.Name)
	}
	return fmt.Sprintf("the rule %q", r.Name)
}

// places is where the rule stands; nowhere for a standing one.
func (r *rule) places() []Related {
	if r.standing {
		return nil
	}
	return []Related{related(r.Range, "the rule")}
}
