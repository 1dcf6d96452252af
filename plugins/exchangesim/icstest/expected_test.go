package icstest

import (
	"encoding/json"
	"os"
	"time"
)

// expectations are the occurrences between 2000 and 2030 that foreign libraries list.
type expectations struct {
	// Agreed are those on which they agree, by file and UID.
	Agreed map[string]map[string][]occurrence
	// Disputed are, by file, UID and library, those on which they do not; nil is a
	// library that failed.
	Disputed map[string]map[string]map[string][]occurrence
}

// occurrence is a start and an end: instants with a Z, days, or floating times.
type occurrence [2]string

const (
	instantForm  = "2006-01-02T15:04:05Z"
	floatingForm = "2006-01-02T15:04:05"
)

// The libraries by the names that the expectations give them.
const (
	icalJS = "ical.js"
	rie    = "recurring_ical_events"
)

func readExpectations(file string) (expectations, error) {
	var e expectations
	data, err := os.ReadFile(file)
	if err != nil {
		return e, err
	}
	return e, json.Unmarshal(data, &e)
}

// occurrences lists the disputed ones of a UID by a library that has any.
func (x expectations) occurrences(id identity) []occurrence {
	if one := x.claim(id, rie); one != nil {
		return one
	}
	return x.claim(id, icalJS)
}

// claim is what a library says about a disputed UID. The libraries write a missing
// UID in different ways.
func (x expectations) claim(id identity, library string) []occurrence {
	uid := id.uid
	if uid == noUID && library == icalJS {
		uid = "null"
	}
	return x.Disputed[id.file][uid][library]
}

// event is the occurrence as an event; days begin in the zone.
func (o occurrence) event(zone *time.Location) (event, error) {
	start, end, err := o.span(zone)
	return event{uid: noUID, start: stamp{Time: start, date: len(o[0]) == len(time.DateOnly)}, end: end}, err
}

// span is when the occurrence takes time for somebody in the zone.
func (o occurrence) span(zone *time.Location) (start, end time.Time, err error) {
	if start, err = readTime(o[0], zone); err == nil {
		end, err = readTime(o[1], zone)
	}
	return start, end, err
}

func readTime(s string, zone *time.Location) (time.Time, error) {
	switch len(s) {
	case len(time.DateOnly):
		return time.ParseInLocation(time.DateOnly, s, zone)
	case len(instantForm):
		return time.Parse(instantForm, s)
	}
	return time.ParseInLocation(floatingForm, s, zone)
}

// absolute turns floating times into instants.
func (o occurrence) absolute(zone *time.Location) occurrence {
	for i, s := range o {
		if t, err := time.ParseInLocation(floatingForm, s, zone); err == nil {
			o[i] = t.UTC().Format(instantForm)
		}
	}
	return o
}
