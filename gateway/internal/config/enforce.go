package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
)

// warnDays is how long before its allow_until a violated rule is warned about.
const warnDays = 14

// maxPlaces is how many mappings of a service a violation shows; the rest is
// counted, as a table may have thousands of rows.
const maxPlaces = 25

// enforce applies the rules to the active mappings (excl-1, excl-2).
func (d *decoder) enforce() {
	for _, r := range d.rules {
		switch {
		case r.off:
		case r.Gateway:
			// A day has no zone of its own; across providers UTC is as good as any.
			d.apply(r, "the gateway", time.UTC, d.cfg.Providers)
		default:
			for i, p := range d.cfg.Providers {
				d.apply(r, fmt.Sprintf("provider %q", p.Name), p.TimeZone, d.cfg.Providers[i:i+1])
			}
		}
	}
}

// apply checks one rule in one scope.
func (d *decoder) apply(r *rule, scope string, zone *time.Location, providers []Provider) {
	users := map[string][]Trainer{}
	var used []string // in the order in which they appear
	for _, p := range providers {
		for _, t := range p.Trainers {
			if !t.Active() || !slices.Contains(r.Services, t.Service) {
				continue
			}
			if users[t.Service] == nil {
				used = append(used, t.Service)
			}
			users[t.Service] = append(users[t.Service], t)
		}
	}
	if len(used) < 2 {
		return
	}
	places := r.places()
	for _, service := range used {
		places = append(places, mappings(service, users[service])...)
	}
	d.violation(r, scope, zone, used, users[used[1]][0].place(), places)
}

// violation reports a broken rule: an error, unless the rule lets a migration pass
// until a day that has not begun.
func (d *decoder) violation(r *rule, scope string, zone *time.Location, used []string, at hcl.Range, places []Related) {
	what := fmt.Sprintf("In %s, %s are in use together; %s lets at most one of %s be in use.",
		scope, andList(used), r.title(), andList(r.Services))
	summary := fmt.Sprintf("Exclusion rule %q violated", r.Name)
	now := d.opts.Now()
	switch {
	case r.AllowUntil == nil:
		d.report(at, summary, what+" Move the trainers to one service, or replace or disable the rule with a block of its name.", places...)
	case !now.Before(r.AllowUntil.In(zone)):
		d.report(at, summary, fmt.Sprintf("%s It was allowed until %s. Finish the move, or set a later allow_until.", what, r.AllowUntil), places...)
	case !now.Before(r.AllowUntil.AddDays(-warnDays).In(zone)):
		d.warn(at, fmt.Sprintf("Exclusion rule %q will be violated", r.Name),
			fmt.Sprintf("%s From %s on this is an error: finish the move before, or set a later allow_until.", what, r.AllowUntil), places...)
	}
}

// mappings lists the places of trainers that use a service.
func mappings(service string, users []Trainer) []Related {
	var out []Related
	for i, t := range users {
		if i == maxPlaces {
			out = append(out, Related{Text: fmt.Sprintf("and %d more that use %s", len(users)-i, service)})
			break
		}
		out = append(out, related(t.place(), fmt.Sprintf("%s uses %s", t.ID, service)))
	}
	return out
}

// place is where the trainer's service is chosen, else the trainer.
func (t Trainer) place() hcl.Range {
	if t.ServiceRange != (hcl.Range{}) {
		return t.ServiceRange
	}
	return t.Range
}
