package calendar

import (
	"fmt"
	"net/url"
	"strings"
)

// Marker is the gateway's sign on an item it wrote. It travels as one string in
// one named property of the item, so that any later gateway process finds it,
// also after its own state was lost.
type Marker struct {
	// Installation is the gateway's `installation` of its configuration.
	Installation string
	// Key names the thing the item stands for, for example
	// "northwind/ana/course/4711". One key has at most one item in a mailbox.
	Key string
	// Generation tells intended creations of the same key apart: random, and
	// committed to the gateway's state before the item is created.
	Generation string
}

// MaxMarkerBytes is the longest marker. Exchange cuts string properties in
// FindItem at 255 characters, so a longer one would not be recognised.
const MaxMarkerBytes = 255

const markerPrefix = "tc1"

// String returns the marker's one-line form: "tc1|installation|generation|key",
// each part percent-escaped.
func (m Marker) String() string {
	return strings.Join([]string{
		markerPrefix, url.PathEscape(m.Installation), url.PathEscape(m.Generation), escapeKey(m.Key),
	}, "|")
}

// escapeKey keeps the slashes of a key readable.
func escapeKey(key string) string {
	return strings.ReplaceAll(url.PathEscape(key), "%2F", "/")
}

// ParseMarker reads the form that [Marker.String] writes. Text that no gateway
// wrote is an error.
func ParseMarker(s string) (Marker, error) {
	parts := strings.SplitN(s, "|", 4)
	if len(parts) != 4 || parts[0] != markerPrefix {
		return Marker{}, fmt.Errorf("not a gateway marker: want %q and three parts", markerPrefix)
	}
	for i := range parts {
		decoded, err := url.PathUnescape(parts[i])
		if err != nil || decoded == "" {
			return Marker{}, fmt.Errorf("not a gateway marker: part %d is damaged", i+1)
		}
		parts[i] = decoded
	}
	return Marker{Installation: parts[1], Generation: parts[2], Key: parts[3]}, nil
}
