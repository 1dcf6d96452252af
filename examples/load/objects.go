package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// provider is the only one there is.
const provider = "northwind"

// The kinds of objects, as bulk lines name them.
const (
	kindCourse = "course"
	kindBlock  = "unavailability"
)

// object is a course or an unavailability as the platform writes it.
type object interface {
	// canonical is the same text for the same object, however times are written.
	canonical() string
	// appointments are those that calendars should hold, by trainer.
	appointments() map[string]appointment
}

// appointment is what a calendar shows of an object.
type appointment struct {
	subject    string
	start, end time.Time
	free       bool
}

func (a appointment) String() string {
	text := fmt.Sprintf("%q from %s to %s", a.subject, a.start.UTC().Format(time.RFC3339), a.end.UTC().Format(time.RFC3339))
	if a.free {
		text += " shown as free"
	}
	return text
}

type course struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	Kind     string     `json:"kind"`
	Status   string     `json:"status"`
	Start    string     `json:"start"`
	End      string     `json:"end"`
	TimeZone string     `json:"timezone"`
	Trainers []assigned `json:"trainers"`
	Venue    *venue     `json:"venue,omitempty"`
	Cost     string     `json:"cost,omitempty"`
	Version  string     `json:"version"`
}

type assigned struct {
	ID string `json:"id"`
}

type venue struct {
	Name  string `json:"name"`
	Phone string `json:"phone,omitempty"`
}

type block struct {
	ID          string `json:"id"`
	Trainer     string `json:"trainer"`
	Description string `json:"description"`
	Start       string `json:"start"`
	End         string `json:"end"`
	AllDay      bool   `json:"all_day,omitempty"`
	TimeZone    string `json:"timezone"`
	Version     string `json:"version"`
}

const cancelled = "cancelled"

func (c course) canonical() string {
	c.Start, c.End = instant(c.Start), instant(c.End)
	return canonical(c)
}

func (b block) canonical() string {
	b.Trainer = trainerOf(b.Trainer)
	b.Start, b.End = instant(b.Start), instant(b.End)
	return canonical(b)
}

func canonical(o any) string {
	text, _ := json.Marshal(o) // of text and numbers alone
	return string(text)
}

// instant writes a time in UTC; a day stays one.
func instant(text string) string {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC().Format(time.RFC3339)
	}
	return text
}

func (c course) appointments() map[string]appointment {
	a := appointment{subject: "Training: " + c.Name, start: clock(c.Start), end: clock(c.End)}
	if c.Status == cancelled {
		a.subject, a.free = "Cancelled: "+a.subject, true
	}
	out := map[string]appointment{}
	for _, t := range c.Trainers {
		out[t.ID] = a
	}
	return out
}

func (b block) appointments() map[string]appointment {
	return map[string]appointment{b.Trainer: {subject: b.Description, start: clock(b.Start), end: clock(b.End)}}
}

// clock reads an instant, or a day in the provider's zone.
func clock(text string) time.Time {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC()
	}
	t, _ := time.ParseInLocation(time.DateOnly, text, home)
	return t.UTC()
}

// home is the provider's and the trainers' zone.
var home = zone(homeZone)

const homeZone = "Europe/London"

func zone(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // the program brings its own zones
	}
	return loc
}

// decode reads an object of a kind as GET answers it.
func decode(kind string, data []byte) (object, error) {
	if kind == kindCourse {
		return as[course](data)
	}
	return as[block](data)
}

func as[T object](data []byte) (object, error) {
	var o T
	if err := json.Unmarshal(data, &o); err != nil {
		return nil, fmt.Errorf("read an object: %w", err)
	}
	return o, nil
}

// ours reports whether the gateway wrote an item: trainers' own have no extended property.
func ours(item world.Item) bool { return len(item.Properties) > 0 }

func shown(item world.Item) appointment {
	return appointment{subject: item.Subject, start: item.Start.UTC(), end: item.End.UTC(), free: item.ShowAs == world.Free}
}

// trainerOf is a trainer's label, which answers put the provider in front of.
func trainerOf(name string) string { return strings.TrimPrefix(name, provider+"/") }
