package platform

import (
	"slices"
	"strings"
	"unicode"
)

// named returns the label of the configured trainer whom a cell means by label, name or
// address, and empty for nobody: then it is read as an id, as trainers need no mapping
// (map-10). A name that several have, or that has spaces and nobody has, is reported.
func (o *object) named(field, provider string) string {
	n, _ := o.get(field)
	s, _ := n.value.(string)
	if !n.cell || s == "" {
		return ""
	}
	var found, names []string
	for _, t := range o.d.options.Trainers {
		switch {
		case t.ID.Provider != provider:
		case t.ID.Label == s:
			return s
		case strings.EqualFold(t.Name, s), strings.EqualFold(t.Email, s):
			found = append(found, t.ID.Label)
		default:
			names = append(names, t.Name)
		}
	}
	switch {
	case len(found) == 1:
		return found[0]
	case len(found) > 1:
		slices.Sort(found) // the mistake reads the same each time
		o.report(field, "%q is the name of several trainers: write which, %s", s, quoted(found))
		return found[0]
	case strings.ContainsFunc(s, unicode.IsSpace):
		o.report(field, "no trainer of %s has the name %q.%s Write the label, the name or the address in the configuration", provider, s, suggest(s, names))
		return s
	}
	return ""
}
