package winzone

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrUnknown is what [Load] answers for a name without rules: one that nobody
// knows, or a server's word for rules of its own, such as "Customized Time Zone".
var ErrUnknown = errors.New("not a known time zone")

// ToWindows returns the Windows name of an IANA zone, also of one that is a link or
// an old name. It is false for names nobody knows, and for Antarctica/Troll and
// Factory, for which Windows has no match.
func ToWindows(iana string) (windows string, ok bool) {
	t := tables()
	if windows, ok = t.toWindows[iana]; ok {
		return windows, true
	}
	windows, ok = t.toWindows[t.target(iana)]
	return windows, ok
}

// ToIANA returns the IANA zone that CLDR gives as a Windows zone's best match for
// the whole world; letter case is ignored.
func ToIANA(windows string) (iana string, ok bool) {
	iana, ok = tables().toIANA[strings.ToLower(windows)]
	return iana, ok
}

// WindowsNames lists the Windows zones of today by name, as a server lists those it
// knows.
func WindowsNames() []string { return slices.Clone(tables().windows) }

// utcNames are what Exchange calls UTC beside the Windows zone of that name.
var utcNames = map[string]bool{"utc": true, "z": true, "gmt": true, "tzone://microsoft/utc": true}

// Load returns the rules behind a Windows or an IANA name, the names Exchange has
// for UTC, or a fixed offset such as "UTC+01:00". The machine's own zone is never
// meant: "Local" and the empty name are errors, as is every other name that has no
// rules; they match [ErrUnknown].
func Load(name string) (*time.Location, error) {
	if utcNames[strings.ToLower(name)] {
		return time.UTC, nil
	}
	if iana, ok := ToIANA(name); ok {
		return load(iana)
	}
	if loc, ok := fixedOffset(name); ok {
		return loc, nil
	}
	return load(name)
}

func load(iana string) (*time.Location, error) {
	if iana == "" || iana == "Local" {
		return nil, fmt.Errorf("time zone %q: %w", iana, ErrUnknown)
	}
	loc, err := time.LoadLocation(iana)
	if err != nil {
		return nil, fmt.Errorf("time zone %q: %w", iana, ErrUnknown)
	}
	return loc, nil
}

var offsetForm = regexp.MustCompile(`^(?:UTC|GMT)([+-])(\d{2}):(\d{2})$`)

// fixedOffset reads "UTC+01:00", which some clients leave on items.
func fixedOffset(name string) (*time.Location, bool) {
	m := offsetForm.FindStringSubmatch(name)
	if m == nil {
		return nil, false
	}
	hours, _ := strconv.Atoi(m[2])
	minutes, _ := strconv.Atoi(m[3])
	if hours > 14 || minutes > 59 {
		return nil, false
	}
	seconds := (hours*60 + minutes) * 60
	if m[1] == "-" {
		seconds = -seconds
	}
	return time.FixedZone(name, seconds), true
}
