package soak

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The window of the gateway under test.
const (
	past   = 7 * 24 * time.Hour
	future = 365 * 24 * time.Hour
)

// model is what should be true.
type model struct {
	now      time.Time
	courses  map[string]course
	blocks   map[string]block
	trainers []*trainer
	// natives are the trainers' own items by address and name.
	natives map[string]map[string]native
	made    int
}

// course is a course date of the platform.
type course struct {
	id, name  string
	start     time.Time
	hours     int
	cancelled bool
	// cost is in the titles that an operator's template makes; of one that is
	// unworkable, the template fails.
	cost string
	// sessions is how many parts it has, of an hour each; 0 for none.
	sessions int
	trainers map[string]bool
}

// block is an unavailability made on the platform.
type block struct {
	id, trainer, text string
	start             time.Time
	hours             int
}

// trainer is a mapping.
type trainer struct {
	label      string
	address    string
	push, pull bool
	// remove: what was written goes from a direction that is off; split: sessions are
	// appointments of their own.
	remove, split bool
	// styled: the titles are made by an operator's template (push-4).
	styled bool
}

// native is an item of a trainer's own: a single, or a series of so many weeks.
type native struct {
	name, id  string
	start     time.Time
	hours     int
	free      bool
	private   bool
	weeks     int
	former    bool // what a former integration wrote
	invisible bool // private since it was made: its text must be nowhere
}

// shown is an item as one side shows it.
type shown struct {
	Text       string
	Start, End time.Time
	Free       bool
}

func newModel(start time.Time) *model {
	return &model{now: start, courses: map[string]course{}, blocks: map[string]block{}, natives: map[string]map[string]native{}}
}

// fresh is a name that was not used before.
func (m *model) fresh(prefix string) string {
	m.made++
	return fmt.Sprintf("%s%03d", prefix, m.made)
}

// title is the text that the course has in the trainer's calendar.
func (c course) title(t *trainer) string {
	text := "Training: " + c.name
	if t.styled {
		text = "Training: " + c.cost + " " + c.name
	}
	if c.cancelled {
		text = "Cancelled: " + text
	}
	return text
}

const unworkable = "unworkable"

// fails reports whether the template has no text for the course.
func (c course) fails(t *trainer) bool { return t.styled && c.cost == unworkable }

// title is the text that the unavailability has in the trainer's calendar.
func (b block) title(t *trainer) string {
	if t.styled {
		return "Away: " + b.text
	}
	return b.text
}

// fails reports whether the template has no text for the unavailability.
func (b block) fails(t *trainer) bool { return t.styled && strings.Contains(b.text, unworkable) }

// unrendered reports whether a template fails for something that is to be pushed.
func (m *model) unrendered(t *trainer) bool {
	for _, c := range m.courses {
		if t.push && c.trainers[t.label] && c.fails(t) && c.start.Add(hours(c.hours)).After(m.now) {
			return true
		}
	}
	for _, b := range m.blocks {
		if t.push && b.trainer == t.label && b.fails(t) && b.start.Add(hours(b.hours)).After(m.now) {
			return true
		}
	}
	return false
}

// pushed is what must be in the trainer's calendar, by key; what has ended is left as
// it is, and is not here. Neither is that for which a template fails.
func (m *model) pushed(t *trainer) map[string]shown {
	want := map[string]shown{}
	for _, c := range m.courses {
		end := c.start.Add(time.Duration(c.hours) * time.Hour)
		if !c.trainers[t.label] || !end.After(m.now) || c.fails(t) {
			continue
		}
		s := shown{Text: c.title(t), Start: c.start, End: end, Free: c.cancelled}
		if !t.split || c.sessions == 0 {
			want["northwind/"+t.label+"/course/"+c.id] = s
			continue
		}
		for n := range c.sessions {
			s.Start = c.start.Add(time.Duration(n) * time.Hour)
			s.End = s.Start.Add(time.Hour)
			want[fmt.Sprintf("northwind/%s/session/%s/%d", t.label, c.id, n+1)] = s
		}
	}
	for _, b := range m.blocks {
		end := b.start.Add(time.Duration(b.hours) * time.Hour)
		if b.trainer == t.label && end.After(m.now) && !b.fails(t) {
			want["northwind/"+t.label+"/unavailability/"+b.id] = shown{Text: b.title(t), Start: b.start, End: end}
		}
	}
	return want
}

// pulled is what must block the trainer's time on the platform, where it touches the
// window. What slid out of it is history, and is not here.
func (m *model) pulled(t *trainer) []shown {
	var want []shown
	for _, n := range m.natives[t.address] {
		if n.free || n.former && !n.private {
			continue // by its title a former integration's is left out of what is compared
		}
		text := n.name
		if n.private {
			text = "Unavailable"
		}
		for week := range max(1, n.weeks) {
			start := n.start.AddDate(0, 0, 7*week)
			s := shown{Text: text, Start: start, End: start.Add(time.Duration(n.hours) * time.Hour)}
			if m.inWindow(s) {
				want = append(want, s)
			}
		}
	}
	slices.SortFunc(want, byTime)
	return want
}

func (m *model) inWindow(s shown) bool {
	return s.Start.Before(m.now.Add(future)) && s.End.After(m.now.Add(-past))
}

func byTime(a, b shown) int {
	if c := a.Start.Compare(b.Start); c != 0 {
		return c
	}
	if c := a.End.Compare(b.End); c != 0 {
		return c
	}
	return slices.Compare([]byte(a.Text), []byte(b.Text))
}

func (m *model) trainer(label string) *trainer {
	return m.trainers[slices.IndexFunc(m.trainers, func(t *trainer) bool { return t.label == label })]
}
