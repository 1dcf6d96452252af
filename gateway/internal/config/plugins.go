package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

var (
	servicePattern  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	sha256Pattern   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	variablePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// plugins decodes the plugin blocks. They come before everything that names a
// service, because they make services known.
func (d *decoder) plugins(b *block) {
	seen := map[string]hcl.Range{}
	for _, block := range b.blocks.OfType("plugin") {
		service := block.Labels[0]
		if first, dup := seen[service]; dup {
			d.report(block.LabelRanges[0], "Duplicate plugin",
				fmt.Sprintf("The service %q has a plugin block already.", service), related(first, "the first one"))
			continue
		}
		seen[service] = block.DefRange
		if !servicePattern.MatchString(service) {
			d.report(block.LabelRanges[0], "Invalid name", fmt.Sprintf(
				"%q cannot be the name of a service: want lower-case letters, digits and hyphens, for example \"exchange-online\".", service))
			continue
		}
		d.cfg.Plugins = append(d.cfg.Plugins, d.plugin(block))
	}
}

func (d *decoder) plugin(block *hcl.Block) Plugin {
	p := Plugin{Service: block.Labels[0], Range: block.DefRange}
	b := d.open(block.Body, block.DefRange, "command sha256 env")
	if command := get[string](b, "command"); command.ok {
		if command.v == "" {
			d.report(command.rng, "Empty command", "Name the plugin's program, or leave the argument out for the one beside the gateway.")
		} else {
			p.Command = resolve(d.cfg.Dir, command.v)
		}
	}
	if sum := get[string](b, "sha256"); sum.ok {
		p.SHA256 = strings.ToLower(sum.v)
		if !sha256Pattern.MatchString(p.SHA256) {
			d.report(sum.rng, "Invalid checksum", "Want the 64 hexadecimal digits that sha256sum prints for the program.")
		}
	}
	env := get[[]string](b, "env")
	for i, name := range env.v {
		if !variablePattern.MatchString(name) {
			d.report(env.item(i), "Invalid variable name", fmt.Sprintf("%q is not the name of an environment variable.", name))
		}
	}
	p.Env = env.v
	return p
}

// defaultPlugins adds the program beside the gateway for every service in use that
// no plugin block names.
func (d *decoder) defaultPlugins() {
	for _, p := range d.cfg.Providers {
		for _, a := range p.Accounts {
			named := func(p Plugin) bool { return p.Service == a.Service }
			if !slices.ContainsFunc(d.cfg.Plugins, named) {
				d.cfg.Plugins = append(d.cfg.Plugins, Plugin{Service: a.Service})
			}
		}
	}
}

// services are all that may be named.
func (d *decoder) services() []string {
	known := slices.Concat(StandardServices, d.opts.KnownServices)
	for _, p := range d.cfg.Plugins {
		known = append(known, p.Service)
	}
	slices.Sort(known)
	return slices.Compact(known)
}

// knownService reports a name that is no service.
func (d *decoder) knownService(at hcl.Range, service string) bool {
	known := d.services()
	if slices.Contains(known, service) {
		return true
	}
	d.report(at, "Unknown service", fmt.Sprintf("There is no service %q.%s Known are %s; a plugin block makes another one known.",
		service, suggest(service, known), andList(known)))
	return false
}
