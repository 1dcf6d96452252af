package ews

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/winzone"
)

// getServerTimeZones lists the zones that items may name, all or those asked for.
func getServerTimeZones(c *call, e *element) *node {
	full, given := parseBool(e.attr("ReturnFullTimeZoneData"))
	full = full || !given // what Exchange does when the attribute is absent
	one := &element{children: []*element{e}}
	return c.batch("GetServerTimeZones", one, "m:TimeZoneDefinitions", func(*element) ([]*node, *failure) {
		var wanted []string
		for _, id := range e.first("Ids").elements() {
			wanted = append(wanted, strings.ToLower(strings.TrimSpace(id.content())))
		}
		list := el("m:TimeZoneDefinitions")
		for _, id := range winzone.WindowsNames() {
			if len(wanted) == 0 || slices.Contains(wanted, strings.ToLower(id)) {
				list.add(definitionNode(id, full, c.world.Now().Year()))
			}
		}
		return []*node{list}, nil
	})
}

// definitionNode is a zone with, on request, its rules of a year.
func definitionNode(id string, full bool, year int) *node {
	n := zoneNode("t:TimeZoneDefinition", id)
	loc, f := windowsZone(id)
	if f != nil || !full {
		return n
	}
	return n.add(ruleNodes(loc, year)...)
}

// ruleNodes are the rules of a zone in a year.
func ruleNodes(loc *time.Location, year int) []*node {
	z := yearOf(loc, year)
	periods := el("t:Periods", el("t:Period").with("Bias", bias(z.standard)).with("Name", "Standard").with("Id", "std"))
	group := el("t:TransitionsGroup").with("Id", "0")
	if len(z.changes) == 0 {
		group.add(el("t:Transition", textEl("t:To", "std").with("Kind", "Period")))
	} else {
		periods.add(el("t:Period").with("Bias", bias(z.daylight)).with("Name", "Daylight").with("Id", "dlt"))
	}
	for _, change := range z.changes {
		group.add(change.node(z))
	}
	return []*node{
		periods, el("t:TransitionsGroups", group),
		el("t:Transitions", el("t:Transition", textEl("t:To", "0").with("Kind", "Group"))),
	}
}

// zoneYear is how a zone's clocks go in a year. Offsets are seconds east of Greenwich.
type zoneYear struct {
	standard, daylight int
	changes            []clockChange
}

// clockChange is one jump: the wall clock just before it, and the offset after it.
type clockChange struct {
	wall   time.Time
	offset int
}

func yearOf(loc *time.Location, year int) zoneYear {
	t := time.Date(year, 1, 1, 0, 0, 0, 0, loc)
	_, standard := t.Zone()
	z := zoneYear{standard: standard, daylight: standard}
	for {
		_, end := t.ZoneBounds()
		if end.IsZero() || end.Year() > year {
			break
		}
		_, before := t.Zone()
		_, after := end.Zone()
		z.changes = append(z.changes, clockChange{wall: end.UTC().Add(time.Duration(before) * time.Second), offset: after})
		z.standard, z.daylight = min(z.standard, after), max(z.daylight, after)
		t = end
	}
	if len(z.changes) != 2 {
		// A change of law rather than summer time: a definition of one year has no word for it.
		z.changes, z.standard = nil, standard
	}
	return z
}

// node writes the jump as "the n-th weekday of a month"; the last week is -1.
func (c clockChange) node(z zoneYear) *node {
	period, occurrence := "std", (c.wall.Day()-1)/7+1
	if c.offset == z.daylight {
		period = "dlt"
	}
	if c.wall.AddDate(0, 0, 7).Month() != c.wall.Month() {
		occurrence = -1
	}
	h, m, _ := c.wall.Clock()
	return el("t:RecurringDayTransition", textEl("t:To", period).with("Kind", "Period"),
		textEl("t:TimeOffset", fmt.Sprintf("PT%dM", h*60+m)), intEl("t:Month", int(c.wall.Month())),
		textEl("t:DayOfWeek", c.wall.Weekday().String()), intEl("t:Occurrence", occurrence))
}

// bias writes an offset as the schema has it: what to add to local time to get UTC.
func bias(offset int) string {
	minutes := -offset / 60
	if minutes < 0 {
		return fmt.Sprintf("-PT%dM", -minutes)
	}
	return fmt.Sprintf("PT%dM", minutes)
}

// zoneTitle is a zone's display name.
func zoneTitle(id string) string {
	loc, f := windowsZone(id)
	if f != nil {
		return id
	}
	// Any year serves: titles show the standard offset.
	offset := yearOf(loc, 2026).standard
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	return fmt.Sprintf("(UTC%c%02d:%02d) %s", sign, offset/3600, offset/60%60, id)
}

// zones are the zones loaded so far, by Windows id in lower case: reading the rules
// from the disk for each item would cost more than all the rest.
var zones sync.Map

// windowsZone finds a zone by its Windows id: Exchange knows no other names.
func windowsZone(id string) (*time.Location, *failure) {
	key := strings.ToLower(id)
	if loc, ok := zones.Load(key); ok {
		return loc.(*time.Location), nil
	}
	_, windows := winzone.ToIANA(id)
	if windows || key == "tzone://microsoft/utc" {
		if loc, err := winzone.Load(id); err == nil {
			zones.Store(key, loc)
			return loc, nil
		}
	}
	return nil, errTimeZone(id)
}

func errTimeZone(id string) *failure {
	return fail("ErrorTimeZone", "The time zone '"+id+"' is not supported.")
}
