package ews

import (
	"strings"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// maxResolutions is how many names one answer holds.
const maxResolutions = 100

// resolveNames looks a name up in the address list: it is found by the beginning of
// its address, by the beginning of a word of its name, and by "smtp:address".
func resolveNames(c *call, e *element) *node {
	entry := strings.ToLower(e.value("UnresolvedEntry"))
	one := &element{children: []*element{e}}
	return c.batch("ResolveNames", one, "", func(*element) ([]*node, *failure) {
		var found []world.Profile
		for _, box := range c.world.Mailboxes() {
			if p := box.Profile(); resolves(p, strings.TrimPrefix(entry, "smtp:")) {
				found = append(found, p)
			}
		}
		if len(found) == 0 {
			return nil, fail("ErrorNameResolutionNoResults", "No results were found.")
		}
		full, _ := parseBool(e.attr("ReturnFullContactData"))
		last := len(found) <= maxResolutions
		found = found[:min(len(found), maxResolutions)]
		set := page{to: len(found), total: len(found)}
		if !last {
			set.total++
		}
		list := el("m:ResolutionSet")
		for _, p := range found {
			list.add(resolutionNode(p, full))
		}
		return []*node{set.mark(list)}, nil
	})
}

func resolves(p world.Profile, entry string) bool {
	for _, address := range append([]string{p.SMTP}, p.Aliases...) {
		if strings.HasPrefix(strings.ToLower(address), entry) {
			return true
		}
	}
	name := strings.ToLower(p.Name)
	return strings.HasPrefix(name, entry) || strings.Contains(name, " "+entry)
}

func resolutionNode(p world.Profile, full bool) *node {
	box := mailboxNode(world.Address{Name: p.Name, SMTP: p.SMTP}).add(textEl("t:MailboxType", "Mailbox"))
	n := el("t:Resolution", box)
	if full {
		address := textEl("t:Entry", "SMTP:"+p.SMTP).with("Key", "EmailAddress1")
		n.add(el("t:Contact", textEl("t:DisplayName", p.Name), el("t:EmailAddresses", address),
			textEl("t:ContactSource", "ActiveDirectory")))
	}
	return n
}
