package winzone

import (
	_ "embed" // for the tables
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed windowsZones.xml
var windowsZones []byte

//go:embed links.txt
var linkLines string

// world is the territory whose zone CLDR names as a Windows zone's best match.
const world = "001"

// supplement are names that neither table can place. The first ones were added to
// the IANA database after CLDR's edition; the others are links in today's IANA
// database but zones of their own in the fuller edition that links.txt comes from.
var supplement = map[string]string{
	"America/Ciudad_Juarez": "America/Denver",
	"America/Coyhaique":     "America/Punta_Arenas",

	"Africa/Asmara":    "Africa/Nairobi",
	"America/Atikokan": "America/Panama",
	"Pacific/Chuuk":    "Pacific/Port_Moresby",
	"Pacific/Pohnpei":  "Pacific/Guadalcanal",
	"CET":              "Europe/Brussels",
	"MET":              "Europe/Brussels",
	"EET":              "Europe/Athens",
	"WET":              "Europe/Lisbon",
	"EST":              "America/Panama",
	"MST":              "America/Phoenix",
	"HST":              "Pacific/Honolulu",
}

// retired are Windows zones that items may still carry and that CLDR dropped.
var retired = map[string]string{
	"Kamchatka Standard Time":    "Asia/Kamchatka",
	"Mid-Atlantic Standard Time": "Atlantic/South_Georgia",
}

// table is both directions, ready to look up.
type table struct {
	// toIANA is keyed by the Windows name in lower case.
	toIANA map[string]string
	// windows are the Windows names of today, sorted.
	windows []string
	// toWindows is keyed by IANA names: those of CLDR, and the target of each one's
	// links.
	toWindows map[string]string
	links     map[string]string
}

// tables are read once, when first needed. The embedded data is checked by the
// tests, so that damage to it is a defect and not an error of the caller's.
var tables = sync.OnceValue(func() table {
	t, err := readTables(windowsZones, linkLines)
	if err != nil {
		panic("winzone: the embedded tables are damaged: " + err.Error())
	}
	return t
})

// cldr is the shape of windowsZones.xml.
type cldr struct {
	Maps []struct {
		Windows   string `xml:"other,attr"`
		Territory string `xml:"territory,attr"`
		Names     string `xml:"type,attr"`
	} `xml:"windowsZones>mapTimezones>mapZone"`
}

func readTables(zones []byte, lines string) (table, error) {
	var doc cldr
	if err := xml.Unmarshal(zones, &doc); err != nil {
		return table{}, fmt.Errorf("read windowsZones.xml: %w", err)
	}
	t := table{toIANA: map[string]string{}, toWindows: map[string]string{}, links: readLinks(lines)}
	for _, m := range doc.Maps {
		if m.Territory == world {
			t.toIANA[strings.ToLower(m.Windows)] = m.Names
			t.windows = append(t.windows, m.Windows)
		}
		for _, name := range strings.Fields(m.Names) {
			t.toWindows[name] = m.Windows
			t.toWindows[t.target(name)] = m.Windows
		}
	}
	slices.Sort(t.windows)
	for windows, name := range retired {
		t.toIANA[strings.ToLower(windows)] = name
	}
	return t, nil
}

func readLinks(lines string) map[string]string {
	links := map[string]string{}
	for line := range strings.Lines(lines) {
		if name, target, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			links[name] = target
		}
	}
	for name, target := range supplement {
		links[name] = target
	}
	return links
}

// target follows a name's links to their end. The database has no circles; the
// bound makes sure.
func (t table) target(name string) string {
	for range 8 {
		next, linked := t.links[name]
		if !linked {
			break
		}
		name = next
	}
	return name
}
