// Package exchange holds what both Exchange plugins must agree on, whichever of
// the two protocols they speak: the named property that carries the gateway's
// marker. An item pushed over one protocol is found over the other by it.
//
// Neighbours: plugins/exchangeonline and plugins/exchangeonprem write and read the
// property; sdk/calendar defines the marker it holds.
package exchange

// The MAPI named property of the gateway's marker. Both values are for ever: a
// change would orphan every item in every calendar.
const (
	// MarkerPropertySet is the property set's GUID, without braces as EWS wants it.
	MarkerPropertySet = "8f3c2b8e-5d0a-4f0e-9a63-7b1c5e2d9a41"
	// MarkerPropertyName is the property's case-sensitive name.
	MarkerPropertyName = "TrainerCalendarMarker"
)

// GraphMarkerProperty is the property's id in Microsoft Graph's
// singleValueExtendedProperties: "{type} {guid} Name {name}".
const GraphMarkerProperty = "String {" + MarkerPropertySet + "} Name " + MarkerPropertyName
