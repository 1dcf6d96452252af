package config

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// check looks at the configuration as a whole. What was damaged where it stands is
// left out, so that no mistake is reported twice.
func (d *decoder) check() {
	d.checkMailboxes()
	d.checkRules()
	if d.partial {
		return // an account or a rule may be in the part that could not be read
	}
	d.checkPlugins()
	for _, draft := range d.providers {
		d.checkAccounts(draft)
		d.checkDomains(draft)
	}
	d.enforce()
}

// checkAccounts reports services without a master account (map-9), at the service
// where a trainer names it; once for all trainers that inherit it.
func (d *decoder) checkAccounts(draft *providerDraft) {
	if draft.unsure {
		return
	}
	p := d.cfg.Providers[draft.index]
	var heirs []Trainer
	for _, t := range p.Trainers {
		_, declared := draft.accounts[t.Service]
		switch {
		case declared || t.Service == "":
		case t.ServiceRange != (hcl.Range{}):
			d.report(t.ServiceRange, "Service without an account", noAccount(p.Name, t.Service))
		case t.Active():
			heirs = append(heirs, t)
		}
	}
	if len(heirs) == 0 {
		return
	}
	detail := noAccount(p.Name, heirs[0].Service)
	if more := len(heirs) - 1; more > 0 {
		detail += fmt.Sprintf(" The same holds for %d more of its trainers.", more)
	}
	d.report(heirs[0].Range, "Service without an account", detail,
		related(draft.service.rng, "the service comes from here"))
}

func noAccount(provider, service string) string {
	return fmt.Sprintf("The provider %q has no account %q block, so the trainer's calendar cannot be reached.", provider, service)
}

// checkPlugins reports services whose plugin is not installed (map-9): at the plugin
// block, else at the service of the first trainer who needs it.
func (d *decoder) checkPlugins() {
	if d.opts.Plugin == nil {
		return
	}
	for _, p := range d.cfg.Plugins {
		if err := d.opts.Plugin(p); err != nil {
			d.report(d.pluginPlace(p), "Plugin not found", fmt.Sprintf("The service %q needs its plugin: %s.", p.Service, err))
		}
	}
}

func (d *decoder) pluginPlace(p Plugin) hcl.Range {
	if p.Range != (hcl.Range{}) {
		return p.Range
	}
	for i, provider := range d.cfg.Providers {
		for _, t := range provider.Trainers {
			switch {
			case t.Service != p.Service || !t.Active():
			case t.ServiceRange != (hcl.Range{}):
				return t.ServiceRange
			default:
				return d.providers[i].service.rng
			}
		}
	}
	return d.firstAccount(p.Service).Range
}

func (d *decoder) firstAccount(service string) Account {
	for _, p := range d.cfg.Providers {
		for _, a := range p.Accounts {
			if a.Service == service {
				return a
			}
		}
	}
	return Account{}
}

// checkDomains reports mailboxes outside the master account's domains (map-4).
func (d *decoder) checkDomains(draft *providerDraft) {
	p := d.cfg.Providers[draft.index]
	byService := map[string]Account{}
	for _, a := range p.Accounts {
		byService[a.Service] = a
	}
	for _, t := range p.Trainers {
		a, ok := byService[t.Service]
		if !ok || len(a.Domains) == 0 || t.Email == "" || contains(a.Domains, domainOf(t.Email)) {
			continue
		}
		d.report(t.EmailRange, "Mailbox outside the account's domains", fmt.Sprintf(
			"The master account %s serves mailboxes of %s, and %s is in another domain. Correct the address, or add the domain to the account's \"domains\".",
			a.MasterAccount, andList(a.Domains), t.Email), related(a.Range, "the master account"))
	}
}

// checkMailboxes reports a mailbox that two active mappings share (map-6): each
// would take the other's appointments for its own trainer's.
func (d *decoder) checkMailboxes() {
	type mailbox struct{ service, address string }
	first := map[mailbox]Trainer{}
	for _, p := range d.cfg.Providers {
		for _, t := range p.Trainers {
			if !t.Active() || t.Email == "" {
				continue
			}
			key := mailbox{t.Service, strings.ToLower(t.Email)}
			other, dup := first[key]
			if !dup {
				first[key] = t
				continue
			}
			d.report(t.EmailRange, "Mailbox mapped twice", fmt.Sprintf(
				"The mailbox %s on %s belongs to trainer %s already; letter case does not matter. A mailbox has one active mapping.",
				t.Email, t.Service, other.ID), related(other.EmailRange, "the mapping of "+other.ID.String()))
		}
	}
}
