package config

import (
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones are the same on every machine

	"github.com/hashicorp/hcl/v2"
)

// providerDraft is a provider with what only the checks need.
type providerDraft struct {
	index int // in Config.Providers
	// service is the default of the provider's trainers.
	service value[string]
	// accounts holds the services whose account was declared, usable or not.
	accounts map[string]hcl.Range
	// unsure: an account may be among what is damaged, so nothing is said of missing ones.
	unsure   bool
	trainers map[string]hcl.Range
}

func (d *decoder) provider(block *hcl.Block, push Push, pull Pull) {
	name := block.Labels[0]
	for _, p := range d.cfg.Providers {
		if p.Name == name {
			d.report(block.LabelRanges[0], "Duplicate provider",
				fmt.Sprintf("There is a provider %q already.", name), related(p.Range, "the first one"))
			return
		}
	}
	d.name(block.LabelRanges[0], "a provider", name)
	b := d.open(block.Body, block.DefRange, "timezone service engine mode on_stop trainers",
		header("sync"), header("push"), header("pull"), header("account", "service"), header("trainer", "name"))
	draft := &providerDraft{
		index: len(d.cfg.Providers), accounts: map[string]hcl.Range{}, trainers: map[string]hcl.Range{},
		unsure: b.wrong.HasErrors(),
	}
	d.providers = append(d.providers, draft)
	p := Provider{
		Name: name, Range: block.DefRange, TimeZone: d.providerZone(b), Sync: d.syncOver(b, d.cfg.Sync),
		Pilot: b.choice("mode", "live", "live", "pilot").v == "pilot", RemoveOnStop: b.choice("on_stop", "keep", "keep", "remove").v == "remove",
		Push: d.push(b, push), Pull: d.pull(b, pull),
	}
	p.Sync.Engine = b.flag("engine", true) && p.Sync.Engine
	p.Engine = p.Sync.Engine
	d.cfg.Providers = append(d.cfg.Providers, p)
	draft.service = d.service(b)
	d.accounts(draft, b)
	d.trainers(draft, b)
}

// service reads the name of a service.
func (d *decoder) service(b *block) value[string] {
	v := get[string](b, "service")
	v.ok = v.ok && d.knownService(v.rng, v.v)
	return v
}

// providerZone reads the zone a provider must have: there is no default country
// (time-1). A zone that cannot be read is UTC, so that checks can go on.
func (d *decoder) providerZone(b *block) *time.Location {
	v := get[string](b, "timezone")
	if !v.set {
		b.missing("timezone", `the zone its courses and trainers are in, for example "Europe/London"`)
	}
	return d.zone(v, time.UTC)
}

// zonePattern is the form of IANA names. It leaves out what a machine's folder of
// zones has besides them ("localtime", "posix/…") and "Local", which would depend on
// the machine.
var zonePattern = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*)*$`)

// zone looks up a time zone by its IANA name.
func (d *decoder) zone(v value[string], fallback *time.Location) *time.Location {
	if !v.ok {
		return fallback
	}
	loc, err := time.LoadLocation(v.v)
	if err != nil || !zonePattern.MatchString(v.v) || v.v == "Local" || v.v == "Factory" {
		d.report(v.rng, "Unknown time zone", fmt.Sprintf(
			"%q is not the IANA name of a time zone; want a name such as \"Europe/London\" or \"America/New_York\".", v.v))
		return fallback
	}
	return loc
}

func (d *decoder) accounts(draft *providerDraft, b *block) {
	for _, block := range b.blocks.OfType("account") {
		service := block.Labels[0]
		if first, dup := draft.accounts[service]; dup {
			d.report(block.LabelRanges[0], "Duplicate account", fmt.Sprintf(
				"The provider has a master account for %q already; it has one for each service.", service),
				related(first, "the first one"))
			continue
		}
		if !d.knownService(block.LabelRanges[0], service) {
			draft.unsure = true
			continue
		}
		draft.accounts[service] = block.DefRange
		p := &d.cfg.Providers[draft.index]
		p.Accounts = append(p.Accounts, d.account(p.Name, block))
	}
}

func (d *decoder) account(provider string, block *hcl.Block) Account {
	a := Account{Provider: provider, Service: block.Labels[0], Range: block.DefRange}
	b := d.open(block.Body, block.DefRange, "master_account domains", header("settings"))
	master := get[string](b, "master_account")
	if !master.set {
		b.missing("master_account", `the address of the account that reads and writes the trainers' calendars`)
	}
	domains := d.domains(b)
	if domain, ok := d.address(master, "master account"); ok {
		a.MasterAccount = master.v
		a.Domains = append([]string{domain}, domains...)
	}
	if settings := b.single("settings"); settings != nil {
		a.Settings, a.SettingsRange = settings.Body, settings.DefRange
	}
	return a
}

// domainPattern takes internal domains and those with letters of any script.
var domainPattern = regexp.MustCompile(`^[\p{L}\p{N}]([\p{L}\p{N}.-]*[\p{L}\p{N}])?$`)

func (d *decoder) domains(b *block) []string {
	v := get[[]string](b, "domains")
	for i, domain := range v.v {
		if !domainPattern.MatchString(domain) {
			d.report(v.item(i), "Invalid domain", fmt.Sprintf("%q is not a mail domain; want a form such as \"northwind.example\".", domain))
		}
		v.v[i] = strings.ToLower(domain)
	}
	return slices.Clone(v.v)
}

// address checks an email address and returns its domain in lower case.
func (d *decoder) address(v value[string], what string) (domain string, ok bool) {
	if !v.ok {
		return "", false
	}
	parsed, err := mail.ParseAddress(v.v)
	if err != nil || parsed.Address != v.v {
		d.report(v.rng, "Invalid address", fmt.Sprintf("%q is not the email address of a %s; want a form such as \"ana@northwind.example\".", v.v, what))
		return "", false
	}
	return domainOf(v.v), true
}

func domainOf(address string) string {
	return strings.ToLower(address[strings.LastIndex(address, "@")+1:])
}
