package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"github.com/trainercal/trainercal/gateway/internal/platform"
)

// trainerDraft is a trainer as declared, by a block or by a row of a table.
type trainerDraft struct {
	label value[string]
	at    hcl.Range

	name, email, direction, service, timezone value[string]
	calendar                                  value[bool]
}

// trainers decodes the trainer blocks and the table of a provider.
func (d *decoder) trainers(draft *providerDraft, b *block) {
	for _, block := range b.blocks.OfType("trainer") {
		t := d.open(block.Body, block.DefRange, "name email calendar direction service timezone")
		d.trainer(draft, trainerDraft{
			label: value[string]{v: block.Labels[0], set: true, ok: true, rng: block.LabelRanges[0]},
			at:    block.DefRange,
			name:  get[string](t, "name"), email: get[string](t, "email"), calendar: get[bool](t, "calendar"),
			direction: t.choice("direction", string(None), directions...),
			service:   d.service(t), timezone: get[string](t, "timezone"),
		})
	}
	if attr := b.attrs["trainers"]; attr != nil {
		for _, row := range d.table(attr) {
			d.trainer(draft, row)
		}
	}
}

var directions = []string{string(In), string(Out), string(Both), string(None)}

// trainer checks a trainer by itself and adds it to the provider.
func (d *decoder) trainer(draft *providerDraft, t trainerDraft) {
	if !t.label.set {
		d.missing(t.label.rng, "id", "the training platform's id of the trainer")
		return
	}
	if first, dup := draft.trainers[t.label.v]; dup {
		d.report(t.label.rng, "Duplicate trainer", fmt.Sprintf("The provider has a trainer %q already.", t.label.v),
			related(first, "the first one"))
		return
	}
	draft.trainers[t.label.v] = t.at
	d.name(t.label.rng, "a trainer", t.label.v)
	p := &d.cfg.Providers[draft.index]
	out := Trainer{
		ID:   platform.TrainerID{Provider: p.Name, Label: t.label.v},
		Name: t.name.v, Calendar: t.calendar.v, Direction: Direction(t.direction.v),
		TimeZone: d.zone(t.timezone, p.TimeZone), Range: t.at,
	}
	out.Service, out.ServiceRange = d.trainerService(draft, t)
	if _, ok := d.address(t.email, "trainer"); ok {
		out.Email, out.EmailRange = t.email.v, t.email.rng
	}
	wanted := out.Calendar && out.Direction != None
	switch {
	case wanted && !t.email.set:
		d.missing(t.at, "email", "the address of the trainer's mailbox")
	case wanted && !t.service.set && !draft.service.set && !d.partial:
		d.warn(t.at, "Trainer without a service", "Neither the trainer nor the provider names a service, so nothing is synchronised. Add service = \"exchange-online\", for example.")
	}
	p.Trainers = append(p.Trainers, out)
}

// trainerService is the trainer's own service, else the provider's; empty when the
// one that counts is not known, which was reported where it stands.
func (d *decoder) trainerService(draft *providerDraft, t trainerDraft) (string, hcl.Range) {
	switch {
	case t.service.ok:
		return t.service.v, t.service.rng
	case !t.service.set && draft.service.ok:
		return draft.service.v, hcl.Range{}
	default:
		return "", hcl.Range{}
	}
}
