package config

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

const defaultCancelled = calendar.ShowAsFree

// blocking are the states that may block time, in the order of the default;
// free time never does (pull-2).
var blocking = []string{
	string(calendar.ShowAsTentative), string(calendar.ShowAsBusy), string(calendar.ShowAsOutOfOffice),
	string(calendar.ShowAsWorkingElsewhere), string(calendar.ShowAsUnknown),
}

// defaultPull takes everything that is not free (pull-1, pull-2).
func defaultPull() Pull {
	p := Pull{Detail: sdk.DetailFull}
	for _, s := range blocking {
		p.ShowAs = append(p.ShowAs, calendar.ShowAs(s))
	}
	return p
}

// push decodes the push block inside b, on top of what holds outside of it.
func (d *decoder) push(b *block, base Push) Push {
	block := b.single("push")
	if block == nil {
		return base
	}
	p := d.open(block.Body, block.DefRange, "title location body sessions repush_on cancelled_show_as", header("unavailability"))
	d.templates(p, &base.Templates)
	if s := p.choice("sessions", "whole", "whole", "split"); s.ok {
		base.Split = s.v == "split"
	}
	shown := p.choice("cancelled_show_as", string(base.CancelledShowAs),
		"free", "tentative", "busy", "oof", "workingElsewhere")
	base.CancelledShowAs = calendar.ShowAs(shown.v)
	if p.attrs["repush_on"] != nil {
		base.RepushOn = p.repushOn()
	}
	return base
}

// templates takes over the templates that the push block writes, unevaluated, and
// reports those that would fail.
func (d *decoder) templates(p *block, base *platform.Templates) {
	var written platform.Templates
	take := func(b *block, name string, written, kept *hcl.Expression) {
		if attr := b.attrs[name]; attr != nil {
			*written, *kept = attr.Expr, attr.Expr
		}
	}
	take(p, "title", &written.Title, &base.Title)
	take(p, "location", &written.Location, &base.Location)
	take(p, "body", &written.Body, &base.Body)
	if block := p.single("unavailability"); block != nil {
		u := d.open(block.Body, block.DefRange, "title location body")
		take(u, "title", &written.UnavailabilityTitle, &base.UnavailabilityTitle)
		take(u, "location", &written.UnavailabilityLocation, &base.UnavailabilityLocation)
		take(u, "body", &written.UnavailabilityBody, &base.UnavailabilityBody)
	}
	if !d.partial { // what could not be parsed cannot be worked out either
		d.diags = append(d.diags, written.Check()...)
	}
}

// repushOn reads "default" (nil), "all" or a list of fields. A list is never nil:
// an empty one means that no change of a field is a trigger.
func (b *block) repushOn() []string {
	v := get[cty.Value](b, "repush_on")
	if !v.ok {
		return nil
	}
	if v.v.Type() == cty.String {
		return b.repushWord(value[string]{v: v.v.AsString(), rng: v.rng})
	}
	fields := get[[]string](b, "repush_on")
	known := platform.CourseFields()
	out := []string{}
	for i, f := range fields.v {
		if !slices.Contains(known, f) {
			b.d.report(fields.item(i), "Unknown course field", fmt.Sprintf("%q is not a field of a course.%s Want %s.",
				f, suggest(f, known), orList(known)))
		}
		out = append(out, f)
	}
	return out
}

func (b *block) repushWord(v value[string]) []string {
	switch v.v {
	case "default":
		return nil
	case "all":
		return platform.CourseFields()
	}
	b.d.report(v.rng, "Unknown value", fmt.Sprintf(
		"%q is not a value of \"repush_on\".%s Want \"default\", \"all\" or a list of course fields.",
		v.v, suggest(v.v, []string{"default", "all"})))
	return nil
}

// pull decodes the pull block inside b, on top of what holds outside of it.
func (d *decoder) pull(b *block, base Pull) Pull {
	block := b.single("pull")
	if block == nil {
		return base
	}
	p := d.open(block.Body, block.DefRange, "detail show_as")
	base.Detail = sdk.Detail(p.choice("detail", string(base.Detail), "full", "subject", "busy").v)
	states := get[[]string](p, "show_as")
	if !states.ok {
		return base
	}
	if len(states.v) == 0 {
		d.report(states.rng, "Empty list", "With no state in \"show_as\" nothing would block time; to stop reading calendars, set the trainers' direction to \"out\".")
	}
	base.ShowAs = nil
	for i, s := range states.v {
		switch {
		case s == string(calendar.ShowAsFree):
			d.report(states.item(i), "Free time never blocks", "Appointments marked free are not pulled; remove \"free\" from the list.")
		case !slices.Contains(blocking, s):
			d.unknownWord(states.item(i), "show_as", s, blocking)
		}
		base.ShowAs = append(base.ShowAs, calendar.ShowAs(s))
	}
	return base
}
