package ews

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/plugins/internal/winzone"
)

// parseZone reads a definition.
func parseZone(t testing.TB, text string) zoneDefinition {
	t.Helper()
	var z zoneDefinition
	if err := xml.Unmarshal([]byte(text), &z); err != nil {
		t.Fatal(err)
	}
	return z
}

// A zone like central Europe's under a name that says nothing, with other rules before.
const customEurope = `<StartTimeZone Id="Customized Time Zone" Name="x">
<Periods><Period Bias="-PT60M" Name="Standard" Id="std"/><Period Bias="-PT2H" Name="Daylight" Id="dlt"/><Period Bias="PT5H30M" Name="Old" Id="old"/></Periods>
<TransitionsGroups>
<TransitionsGroup Id="0"><Transition><To Kind="Period">old</To></Transition></TransitionsGroup>
<TransitionsGroup Id="1">
<RecurringDayTransition><To Kind="Period">dlt</To><TimeOffset>PT2H</TimeOffset><Month>3</Month><DayOfWeek>Sunday</DayOfWeek><Occurrence>-1</Occurrence></RecurringDayTransition>
<RecurringDayTransition><To Kind="Period">std</To><TimeOffset>P0DT3H0M0.0S</TimeOffset><Month>10</Month><DayOfWeek>Sunday</DayOfWeek><Occurrence>-1</Occurrence></RecurringDayTransition>
</TransitionsGroup></TransitionsGroups>
<Transitions><Transition><To Kind="Group">0</To></Transition><AbsoluteDateTransition><To Kind="Group">1</To><DateTime>2000-01-01T00:00:00</DateTime></AbsoluteDateTransition></Transitions>
</StartTimeZone>`

// D7: a zone's own rules say what its clock shows, to the second of each change.
func TestZoneRules(t *testing.T) {
	berlin, err := winzone.Load("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	z := parseZone(t, customEurope)
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(time.Date(2001, 1, 1, 0, 0, 0, 0, utc).Unix(), time.Date(2035, 1, 1, 0, 0, 0, 0, utc).Unix()).Draw(t, "at"), 0)
		if rapid.Bool().Draw(t, "edge") {
			_, end := at.In(berlin).ZoneBounds()
			at = end.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "beside")) * time.Second)
		}
		r, ok := z.rulesAt(at)
		if !ok {
			t.Fatal("no rules")
		}
		if got, want := r.in(at).Format(time.DateTime), at.In(berlin).Format(time.DateTime); got != want {
			t.Errorf("%s is %s, want %s", at.UTC(), got, want)
		}
	})
	old := time.Date(1999, 6, 1, 0, 0, 0, 0, utc)
	if r, ok := z.rulesAt(old); !ok || r.in(old).Format(time.DateTime) != "1999-05-31 18:30:00" {
		t.Errorf("the older rules: %v %v", r, ok)
	}
}

// Rules that cannot be read are none: nothing is guessed.
func TestZoneWithoutRules(t *testing.T) {
	for name, text := range map[string]string{
		"an id alone":         `<Z Id="Customized Time Zone"/>`,
		"no such group":       `<Z><Periods><Period Id="s" Bias="PT0S"/></Periods><TransitionsGroups><TransitionsGroup Id="0"><Transition><To>s</To></Transition></TransitionsGroup></TransitionsGroups><Transitions><Transition><To>7</To></Transition></Transitions></Z>`,
		"no such period":      `<Z><Periods><Period Id="s" Bias="PT0S"/></Periods><TransitionsGroups><TransitionsGroup Id="0"><Transition><To>d</To></Transition></TransitionsGroup></TransitionsGroups><Transitions><Transition><To>0</To></Transition></Transitions></Z>`,
		"an odd bias":         `<Z><Periods><Period Id="s" Bias="one hour"/></Periods></Z>`,
		"a bias beyond a day": `<Z><Periods><Period Id="s" Bias="PT90H"/></Periods></Z>`,
		"an odd month":        `<Z><Periods><Period Id="s" Bias="PT0S"/></Periods><TransitionsGroups><TransitionsGroup Id="0"><RecurringDateTransition><To>s</To><TimeOffset>PT0S</TimeOffset><Month>13</Month><Day>1</Day></RecurringDateTransition></TransitionsGroup></TransitionsGroups><Transitions><Transition><To>0</To></Transition></Transitions></Z>`,
	} {
		if r, ok := parseZone(t, text).rulesAt(time.Date(2026, 6, 1, 0, 0, 0, 0, utc)); ok {
			t.Errorf("%s: %+v", name, r)
		}
	}
	fixed := parseZone(t, `<Z><Periods><Period Id="s" Bias="-PT5H45M"/></Periods></Z>`)
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, utc)
	if r, ok := fixed.rulesAt(at); !ok || r.in(at).Format(time.TimeOnly) != "05:45:00" {
		t.Errorf("one period alone: %+v, %v", r, ok)
	}
}

// The published definitions of Windows zones, read by their rules, show the same clock as
// the zones of those names.
func TestPublishedZones(t *testing.T) {
	oracles := os.Getenv("TRAINERCAL_ORACLES")
	if oracles == "" {
		t.Skip("TRAINERCAL_ORACLES is not set: no published time zones to read")
	}
	body, err := os.ReadFile(filepath.Join(oracles, "samples", "ews", "exchangelib-tests", "GetServerTimeZonesResponse__test_protocol_L274.xml"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Zones []zoneDefinition `xml:"Body>GetServerTimeZonesResponse>ResponseMessages>GetServerTimeZonesResponseMessage>TimeZoneDefinitions>TimeZoneDefinition"`
	}
	if err := xml.Unmarshal(body, &doc); err != nil || len(doc.Zones) == 0 {
		t.Fatalf("%d zones, %v", len(doc.Zones), err)
	}
	for _, z := range doc.Zones {
		loc, err := winzone.Load(z.ID)
		if err != nil {
			t.Logf("%s: %v", z.ID, err)
			continue
		}
		for month := range 12 {
			at := time.Date(2012, time.Month(month+1), 15, 12, 0, 0, 0, utc)
			r, ok := z.rulesAt(at)
			if got, want := r.in(at).Format(time.DateTime), at.In(loc).Format(time.DateTime); !ok || got != want {
				t.Errorf("%s: %s is %s (%v), want %s", z.ID, at, got, ok, want)
			}
		}
	}
}

// Whatever a definition holds, its clock is at most a day away, or there is none.
func FuzzZone(f *testing.F) {
	f.Add([]byte(customEurope), int64(1_774_000_000))
	f.Add([]byte(`<Z><Periods><Period Id="s" Bias="-PT5H45M"/></Periods></Z>`), int64(0))
	f.Add([]byte(`<Z><Transitions><Transition><To>0</To></Transition></Transitions></Z>`), int64(-1))
	f.Fuzz(func(t *testing.T, text []byte, unix int64) {
		var z zoneDefinition
		at := time.Unix(unix%(1<<33), 0)
		if xml.Unmarshal(text, &z) != nil {
			return
		}
		r, ok := z.rulesAt(at)
		if !ok {
			return
		}
		if _, offset := r.in(at).Zone(); time.Duration(offset)*time.Second > 24*time.Hour || time.Duration(offset)*time.Second < -24*time.Hour {
			t.Errorf("an offset of %d seconds", offset)
		}
	})
}
