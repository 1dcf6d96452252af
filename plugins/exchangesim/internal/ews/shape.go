package ews

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// itemShape is which properties of an item a client wants.
type itemShape struct {
	fields   []*field
	extended []extendedField
	// bodyType is HTML, Text or Best.
	bodyType string
}

// readItemShape reads an ItemShape.
func (c *call) readItemShape(e *element) (*itemShape, *failure) {
	s := &itemShape{bodyType: "Best"}
	if t := e.value("BodyType"); t != "" {
		s.bodyType = t
	}
	base := e.value("BaseShape")
	for i := range fields {
		f := &fields[i]
		if f.uri == "item:ItemId" || base == "Default" && f.inDefault || base == "AllProperties" && !f.onRequest && f.knownTo(c.env.version) {
			s.fields = append(s.fields, f)
		}
	}
	for _, p := range e.first("AdditionalProperties").elements() {
		if f := c.addProperty(s, p); f != nil {
			return nil, f
		}
	}
	return s, nil
}

func (c *call) addProperty(s *itemShape, path *element) *failure {
	switch path.name {
	case "ExtendedFieldURI":
		x, f := readExtendedField(path)
		if f != nil {
			return f
		}
		s.extended = append(s.extended, x)
	case "FieldURI":
		f := fieldByURI[path.attr("FieldURI")]
		if f == nil || slices.Contains(s.fields, f) {
			// A property of the schema that no item here has, or one that is there already.
			return nil
		}
		if !f.knownTo(c.env.version) {
			return errNotInVersion(f)
		}
		s.fields = append(s.fields, f)
	}
	return nil
}

// errNotInVersion refuses a property that the requested schema version lacks.
func errNotInVersion(f *field) *failure {
	return fail("ErrorInvalidPropertyRequest", fmt.Sprintf("The property %s is not valid for the requested server version.", f.uri))
}

// extendedField is a MAPI property as a client named it.
type extendedField struct {
	property world.Property
	// attrs are the client's own words for it, which the answer repeats.
	attrs []attribute
}

func (x extendedField) node() *node {
	return &node{name: "t:ExtendedFieldURI", attrs: x.attrs}
}

// propertySets are the schema's words for well-known property sets.
var propertySets = map[string]string{
	"PublicStrings":     "00020329-0000-0000-c000-000000000046",
	"Appointment":       "00062002-0000-0000-c000-000000000046",
	"Common":            "00062008-0000-0000-c000-000000000046",
	"Address":           "00062004-0000-0000-c000-000000000046",
	"Task":              "00062003-0000-0000-c000-000000000046",
	"InternetHeaders":   "00020386-0000-0000-c000-000000000046",
	"Meeting":           "6ed8da90-450b-101b-98da-00aa003f1305",
	"CalendarAssistant": "11000e07-b51b-40d6-af21-caa85edab1d0",
	"UnifiedMessaging":  "4442858e-a9e3-4e80-b900-317a210cc15b",
	"Sharing":           "00062040-0000-0000-c000-000000000046",
}

// extendedAttributes are the attributes of ExtendedFieldURI in the schema.
var extendedAttributes = []string{
	"DistinguishedPropertySetId", "PropertySetId", "PropertyTag", "PropertyName", "PropertyId", "PropertyType",
}

// readExtendedField reads an ExtendedFieldURI: a tag alone, or a set with a name or an id.
func readExtendedField(e *element) (extendedField, *failure) {
	x := extendedField{property: world.Property{Kind: e.attr("PropertyType"), Name: e.attr("PropertyName")}}
	for _, name := range extendedAttributes {
		if value, ok := e.attrs[name]; ok {
			x.attrs = append(x.attrs, attribute{name, value})
		}
	}
	invalid := fail("ErrorInvalidExtendedProperty", "The extended property attribute combination is invalid.")
	p := &x.property
	p.Set = strings.ToLower(e.attr("PropertySetId"))
	if word := e.attr("DistinguishedPropertySetId"); word != "" {
		if p.Set != "" || propertySets[word] == "" {
			return x, invalid
		}
		p.Set = propertySets[word]
	}
	var idOK, tagOK bool
	p.ID, idOK = readNumber(e.attr("PropertyId"))
	p.Tag, tagOK = readNumber(e.attr("PropertyTag"))
	named := p.Name != "" || p.ID != 0
	switch {
	case !idOK || !tagOK, p.Name != "" && p.ID != 0:
		return x, invalid
	case p.Tag != 0 && (p.Set != "" || named), p.Tag == 0 && (p.Set == "" || !named):
		return x, invalid
	case strings.HasSuffix(p.Kind, "Array"):
		return x, fail("ErrorUnsupportedPropertyDefinition", "Properties with several values are not kept by this server.")
	}
	return x, nil
}

// readNumber reads a decimal or 0x number; empty is 0.
func readNumber(s string) (uint32, bool) {
	if s == "" {
		return 0, true
	}
	n, err := strconv.ParseUint(s, 0, 32)
	return uint32(n), err == nil && n != 0
}

// readExtendedValue reads an ExtendedProperty.
func readExtendedValue(e *element) (world.Property, string, *failure) {
	x, f := readExtendedField(e.first("ExtendedFieldURI"))
	if f != nil {
		return x.property, "", f
	}
	value := e.first("Value").content()
	if !validValue(x.property.Kind, value) {
		return x.property, "", fail("ErrorInvalidExtendedPropertyValue", "The value does not fit the extended property's type.")
	}
	return x.property, value, nil
}

func validValue(kind, value string) bool {
	var err error
	switch kind {
	case "Integer", "Short", "Long":
		_, err = strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	case "Double", "Float":
		_, err = strconv.ParseFloat(strings.TrimSpace(value), 64)
	case "Boolean":
		return isBool(value)
	case "SystemTime":
		return isDateTime(value)
	case "Binary":
		_, err = base64.StdEncoding.DecodeString(value)
	}
	return err == nil
}
