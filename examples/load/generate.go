package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// generator makes objects up.
type generator struct {
	random   *rand.Rand
	trainers int
	// monday is the day from which on everything is scheduled.
	monday time.Time
}

var zones = []*time.Location{home, zone("Europe/Paris"), zone("America/New_York")}

var states = []string{"confirmed", "confirmed", "confirmed", "provisional", cancelled}

// spread is how many days ahead objects lie.
const spread = 200

func (g *generator) trainer() string { return label(g.random.IntN(g.trainers)) }

// label is a trainer's on the platform.
func label(n int) string { return "t" + strconv.Itoa(n) }

// times are a random start and end of whole quarters of an hour in a zone.
func (g *generator) times(in *time.Location) (start, end string) {
	day := g.monday.AddDate(0, 0, g.random.IntN(spread))
	from := time.Date(day.Year(), day.Month(), day.Day(), 8+g.random.IntN(8), 15*g.random.IntN(4), 0, 0, in)
	return from.Format(time.RFC3339), from.Add(time.Duration(1+g.random.IntN(12)) * 15 * time.Minute).Format(time.RFC3339)
}

// course makes a state of a course up; the version is in its name.
func (g *generator) course(id string, version int) course {
	in := zones[g.random.IntN(len(zones))]
	c := course{
		ID: id, Name: fmt.Sprintf("Load %s state %d", id, version), Kind: "webinar", Status: states[g.random.IntN(len(states))],
		TimeZone: in.String(), Cost: strconv.Itoa(g.random.IntN(1000)), Trainers: []assigned{}, Version: strconv.Itoa(version),
	}
	c.Start, c.End = g.times(in)
	if g.random.IntN(2) == 0 {
		c.Kind, c.Venue = "class", &venue{Name: fmt.Sprintf("Room %d", g.random.IntN(50))}
	}
	taken := map[string]bool{}
	for range g.random.IntN(4) {
		if t := g.trainer(); !taken[t] {
			taken[t] = true
			c.Trainers = append(c.Trainers, assigned{t})
		}
	}
	return c
}

// quiet is a change of a course that reaches calendars with the next one alone (push-7):
// what they show stays.
func (g *generator) quiet(c course, version int) course {
	c.Version = strconv.Itoa(version)
	changed := venue{Name: "Room"}
	if c.Venue != nil {
		changed = *c.Venue
	}
	changed.Phone = fmt.Sprintf("+44 117 496 %04d", version)
	c.Venue = &changed
	return c
}

// block makes a state of an unavailability up.
func (g *generator) block(id string, version int) block {
	b := block{
		ID: id, Trainer: g.trainer(), Description: fmt.Sprintf("Block %s state %d", id, version),
		TimeZone: homeZone, Version: strconv.Itoa(version),
	}
	b.Start, b.End = g.times(home)
	if g.random.IntN(5) == 0 {
		day := g.monday.AddDate(0, 0, g.random.IntN(spread))
		b.AllDay, b.Start, b.End = true, day.Format(time.DateOnly), day.AddDate(0, 0, 1+g.random.IntN(3)).Format(time.DateOnly)
	}
	return b
}

// next makes the next state of an object up.
func (g *generator) next(s *slot, version int) object {
	if s.kind == kindBlock {
		return g.block(s.id, version)
	}
	if c, ok := s.state.(course); ok && g.random.IntN(4) == 0 {
		return g.quiet(c, version)
	}
	return g.course(s.id, version)
}
