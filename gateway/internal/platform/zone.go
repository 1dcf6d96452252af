package platform

import (
	"fmt"
	"sync"
	"time"
	_ "time/tzdata" // for machines without a zone database
)

// LoadZone returns the zone of an IANA name, for example "Europe/London". "Local"
// and the empty name, which would depend on the machine, are errors.
func LoadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("time zone %q: want an IANA name such as \"Europe/London\"", name)
	}
	if loc, known := zones.Load(name); known {
		return loc.(*time.Location), nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time zone %q is not known: want an IANA name such as \"Europe/London\"", name)
	}
	zones.Store(name, loc)
	return loc, nil
}

// zones are those that were loaded, by name: each is unpacked from the database once.
var zones sync.Map

// AtLocal returns the instant at which the clocks of loc show what wall shows (its
// own zone is not looked at). A time that the clocks skip in spring is read with
// the offset before the change, so that 02:30 means what was 02:30 without it, shown
// as 03:30; of a time that they show twice in autumn the first is meant. Both are
// the rules of RFC 5545, section 3.3.5.
func AtLocal(wall time.Time, loc *time.Location) time.Time {
	fields := func(loc *time.Location) time.Time {
		return time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), loc)
	}
	asUTC, t := fields(time.UTC), fields(loc)
	if used := asUTC.Sub(t); used != offset(t) {
		// The clocks skip it. time.Date used one of the two offsets and t lies where
		// the other holds; that of before the change is the smaller.
		return asUTC.Add(-min(used, offset(t))).In(loc)
	}
	changed, _ := t.ZoneBounds()
	if changed.IsZero() {
		return t
	}
	if earlier := asUTC.Add(-offset(changed.Add(-1))); earlier.Before(changed) {
		return earlier.In(loc)
	}
	return t
}

// offset is how far the clocks of t's zone are ahead of UTC at t.
func offset(t time.Time) time.Duration {
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second
}
