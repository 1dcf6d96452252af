package graph

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// propertyForm is the grammar of an extended property's id: "{kind} {guid} Name
// {name}", "{kind} {guid} Id 0x…" or "{kind} 0x{tag}".
var propertyForm = regexp.MustCompile(`^(\w+) (?:\{?([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\}? (?:Name (.+)|Id (0x[0-9A-Fa-f]+))|(0x[0-9A-Fa-f]+))$`)

// propertyKinds are the single-value types of MAPI properties.
var propertyKinds = []string{"Boolean", "Integer", "String", "SystemTime", "Double", "Float", "Long", "Short", "CLSID", "Binary", "Currency", "ApplicationTime"}

// parseProperty reads the id of an extended property.
func parseProperty(id string) (world.Property, error) {
	m := propertyForm.FindStringSubmatch(id)
	if m == nil || !slices.Contains(propertyKinds, m[1]) {
		return world.Property{}, fail(400, "ErrorInvalidProperty", "The extended property id '%s' is invalid.", id)
	}
	p := world.Property{Kind: m[1], Set: strings.ToLower(m[2]), Name: m[3]}
	p.ID = hex(m[4])
	p.Tag = hex(m[5])
	return p, nil
}

func hex(s string) uint32 {
	n, _ := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 32) // the form was checked
	return uint32(n)
}

// propertyID writes a property's id as Graph does.
func propertyID(p world.Property) string {
	switch {
	case p.Tag != 0:
		return fmt.Sprintf("%s 0x%x", p.Kind, p.Tag)
	case p.Name != "":
		return fmt.Sprintf("%s {%s} Name %s", p.Kind, p.Set, p.Name)
	}
	return fmt.Sprintf("%s {%s} Id 0x%x", p.Kind, p.Set, p.ID)
}

// setProperties reads singleValueExtendedProperties; a null value removes one.
func (d *draft) setProperties(data json.RawMessage) error {
	var list []struct {
		ID    string  `json:"id"`
		Value *string `json:"value"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	properties := maps.Clone(d.Properties)
	if properties == nil {
		properties = map[world.Property]string{}
	}
	for _, entry := range list {
		p, err := parseProperty(entry.ID)
		if err != nil {
			return err
		}
		if entry.Value == nil {
			delete(properties, p)
			continue
		}
		properties[p] = *entry.Value
	}
	d.Properties = properties
	return nil
}

// expandForm is the only $expand there is; further ids are joined by "or".
var (
	expandForm = regexp.MustCompile(`(?i)^singleValueExtendedProperties\(\s*\$filter\s*=\s*(.+)\)$`)
	expandID   = regexp.MustCompile(`(?i)^\s*id\s+eq\s+'((?:[^']|'')*)'\s*$`)
	expandOr   = regexp.MustCompile(`(?i)\s+or\s+id\s+eq`)
)

// parseExpand reads $expand: the properties to return.
func parseExpand(s string) ([]world.Property, error) {
	m := expandForm.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return nil, badRequest("Parsing OData Select and Expand failed: '%s' is not supported.", s)
	}
	var properties []world.Property
	for _, clause := range strings.Split(expandOr.ReplaceAllString(m[1], "\x00id eq"), "\x00") {
		id := expandID.FindStringSubmatch(clause)
		if id == nil {
			return nil, badRequest("Parsing OData Select and Expand failed: '%s' is not supported.", s)
		}
		p, err := parseProperty(unquote(id[1]))
		if err != nil {
			return nil, err
		}
		properties = append(properties, p)
	}
	return properties, nil
}
