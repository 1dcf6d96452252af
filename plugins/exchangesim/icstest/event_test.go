package icstest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/trainercal/trainercal/plugins/internal/winzone"
)

// stamp is a DATE or a DATE-TIME. A DATE is midnight in the zone of whoever reads the
// file; so is a floating time, one without a zone, that reader's time.
type stamp struct {
	time.Time
	date, floating bool
}

// sameAs reports whether both name the same instant, or, where one is a DATE, the
// same day, each in its own zone.
func (s stamp) sameAs(o stamp) bool {
	if s.date || o.date {
		return s.Format(time.DateOnly) == o.Format(time.DateOnly)
	}
	return s.Equal(o.Time)
}

// period is one entry of an RDATE; end is zero where the entry does not say.
type period struct {
	start stamp
	end   time.Time
}

// event is a VEVENT.
type event struct {
	uid, summary string
	start        stamp
	end          time.Time
	rule         map[string]string
	rdates       []period
	exdates      []stamp
	// id is the RECURRENCE-ID, future its RANGE=THISANDFUTURE.
	id        *stamp
	future    bool
	cancelled bool
	sequence  int
}

// brokenFold begins a line that a careless writer folded without the blank that
// RFC 5545, 3.1 asks for.
var brokenFold = regexp.MustCompile(`(\r?\n)([A-Za-z0-9-]+[^A-Za-z0-9:;\r\n-][^\r\n]*)`)

// readEvents reads the events of a file. Those that start nowhere are left out and
// counted. Times without a zone, and days, are read in the given zone.
func readEvents(file string, zone *time.Location) (events []event, startless int, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, 0, err
	}
	cal, err := ics.ParseCalendar(bytes.NewReader(brokenFold.ReplaceAll(data, []byte("$1 $2"))))
	if err != nil {
		return nil, 0, fmt.Errorf("read %s: %w", file, err)
	}
	for _, component := range cal.Events() {
		if component.GetProperty(ics.ComponentPropertyDtStart) == nil {
			startless++
			continue
		}
		e, err := readEvent(component, zone)
		if err != nil {
			return nil, 0, fmt.Errorf("read %s: %w", file, err)
		}
		events = append(events, e)
	}
	return events, startless, nil
}

func readEvent(component *ics.VEvent, zone *time.Location) (event, error) {
	e := event{uid: noUID}
	ends := false
	for _, p := range byName(component) {
		var err error
		switch p.IANAToken {
		case "UID":
			e.uid = p.Value
		case "SUMMARY":
			e.summary = p.Value
		case "STATUS":
			e.cancelled = p.Value == "CANCELLED"
		case "SEQUENCE":
			e.sequence, err = strconv.Atoi(p.Value)
		case "DTSTART":
			// There is one; where there are two, the first counts.
			if e.start.IsZero() {
				e.start, err = readStamp(p, p.Value, zone)
			}
		case "DTEND":
			var end stamp
			end, err = readStamp(p, p.Value, zone)
			e.end, ends = end.Time, true
		case "DURATION":
			// It cannot stand next to DTEND (RFC 5545, 3.6.1); where it does, DTEND counts.
			if component.GetProperty(ics.ComponentPropertyDtEnd) == nil {
				e.end, err = later(e.start.Time, p.Value)
				ends = true
			}
		case "RRULE":
			e.rule = readRule(p.Value)
		case "RDATE":
			err = e.addRDates(p, zone)
		case "EXDATE":
			err = e.addEXDates(p, zone)
		case "RECURRENCE-ID":
			var id stamp
			id, err = readStamp(p, p.Value, zone)
			e.id, e.future = &id, slices.Contains(p.ICalParameters["RANGE"], "THISANDFUTURE")
		}
		if err != nil {
			return e, fmt.Errorf("%s %q: %w", p.IANAToken, p.Value, err)
		}
	}
	if !ends {
		e.end = defaultEnd(e.start)
	}
	return e, nil
}

// byName lists the properties with DTSTART before what is counted from it.
func byName(component *ics.VEvent) []ics.IANAProperty {
	all := slices.Clone(component.Properties)
	slices.SortStableFunc(all, func(a, b ics.IANAProperty) int {
		return cmp.Compare(btoi(a.IANAToken != "DTSTART"), btoi(b.IANAToken != "DTSTART"))
	})
	return all
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// defaultEnd is the end of an event without DTEND and DURATION (RFC 5545, 3.6.1).
func defaultEnd(start stamp) time.Time {
	if start.date {
		return start.AddDate(0, 0, 1)
	}
	return start.Time
}

func (e *event) addRDates(p ics.IANAProperty, zone *time.Location) error {
	for _, value := range strings.Split(p.Value, ",") {
		from, to, isPeriod := strings.Cut(value, "/")
		start, err := readStamp(p, from, zone)
		if err != nil {
			return err
		}
		entry := period{start: start}
		switch {
		case isPeriod && strings.HasPrefix(to, "P"):
			entry.end, err = later(start.Time, to)
		case isPeriod:
			var end stamp
			end, err = readStamp(p, to, zone)
			entry.end = end.Time
		}
		if err != nil {
			return err
		}
		e.rdates = append(e.rdates, entry)
	}
	return nil
}

func (e *event) addEXDates(p ics.IANAProperty, zone *time.Location) error {
	for _, value := range strings.Split(p.Value, ",") {
		s, err := readStamp(p, value, zone)
		if err != nil {
			return err
		}
		e.exdates = append(e.exdates, s)
	}
	return nil
}

// readStamp reads a DATE or DATE-TIME in the zone of its property's TZID. Some
// writers mark a day as UTC ("20131210Z"); it is a day.
func readStamp(p ics.IANAProperty, value string, zone *time.Location) (stamp, error) {
	if t, err := time.ParseInLocation("20060102", strings.TrimSuffix(value, "Z"), zone); err == nil {
		return stamp{Time: t, date: true}, nil
	}
	if t, err := time.Parse("20060102T150405Z", value); err == nil {
		return stamp{Time: t}, nil
	}
	named, known := zoneOf(p.ICalParameters["TZID"])
	if known {
		zone = named
	}
	t, err := time.ParseInLocation("20060102T150405", value, zone)
	return stamp{Time: t, floating: !known}, err
}

// customZones are the zones that the files define by themselves, under names of
// their own, by the rules in their VTIMEZONE.
var customZones = map[string]string{
	"Eastern":              "America/New_York",
	"(UTC-03:00) Brasília": "America/Sao_Paulo",
	"IndianReunion":        "Indian/Reunion",
	"custom_Pacific/Fiji":  "Pacific/Fiji",
	"Europe_Amsterdam":     "Europe/Amsterdam",
	"Europe_Berlin":        "Europe/Berlin",
	"Europe_London":        "Europe/London",
	"America_Bogota":       "America/Bogota",
	"America_New_York":     "America/New_York",
}

// zoneOf is the zone of a TZID, if it has rules that are known.
func zoneOf(tzid []string) (zone *time.Location, known bool) {
	if len(tzid) == 0 {
		return nil, false
	}
	name := strings.Trim(tzid[0], `"`)
	if custom, ok := customZones[name]; ok {
		name = custom
	}
	zone, err := winzone.Load(name)
	return zone, err == nil
}

// readRule takes an RRULE apart.
func readRule(value string) map[string]string {
	rule := map[string]string{}
	for _, part := range strings.Split(strings.ToUpper(value), ";") {
		if name, v, ok := strings.Cut(part, "="); ok {
			rule[name] = v
		}
	}
	return rule
}

var durationForm = regexp.MustCompile(`^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$`)

// later adds a duration of RFC 5545: days by the calendar, the rest by the clock.
func later(start time.Time, duration string) (time.Time, error) {
	m := durationForm.FindStringSubmatch(duration)
	if m == nil {
		return time.Time{}, errors.New("not a duration")
	}
	n := make([]int, len(m))
	for i := range m {
		n[i], _ = strconv.Atoi(m[i]) // an absent part is none
	}
	clock := time.Duration(n[3])*time.Hour + time.Duration(n[4])*time.Minute + time.Duration(n[5])*time.Second
	return start.AddDate(0, 0, 7*n[1]+n[2]).Add(clock), nil
}
