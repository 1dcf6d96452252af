package icstest

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// part is an event that Exchange can hold as one item, with the changes to its
// occurrences.
type part struct {
	event
	changes []event
}

// recurrence is the part's rule in Exchange's words, nil without one. A series that
// does not start on its pattern is no series in Exchange.
func (p part) recurrence() (*world.Recurrence, error) {
	if p.rule == nil {
		return nil, nil
	}
	r, err := recurrence(p.rule, p.start)
	if err != nil {
		return nil, err
	}
	if !startsOnPattern(r.Pattern, world.DateOf(p.start.Time)) {
		return nil, errors.New("its start is not on its pattern")
	}
	return r, nil
}

func startsOnPattern(p world.Pattern, day world.Date) bool {
	switch p.Kind {
	case world.Weekly:
		return slices.Contains(p.Days, day.Weekday())
	case world.RelativeMonthly, world.RelativeYearly:
		nth := (day.Day + 6) / 7
		last := day.AddDays(7).Month != day.Month
		return p.Days[0] == day.Weekday() && (p.Index == nth || p.Index == world.LastWeek && last)
	}
	return true
}

func (e event) excludes(at stamp) bool { return slices.ContainsFunc(e.exdates, at.sameAs) }

func (p part) changesAt(at stamp) bool {
	return slices.ContainsFunc(p.changes, func(c event) bool { return c.id.sameAs(at) })
}

// days is how many days a whole-day event lasts.
func (e event) days() int {
	n := 0
	for day := e.start.Time; day.Before(e.end); day = day.AddDate(0, 0, 1) {
		n++
	}
	return n
}

// split takes an event apart at the changes that concern an occurrence and all later
// ones, as Outlook does: Exchange has no such changes, only series that end and
// others that begin.
func split(master event, changes []event) ([]part, error) {
	changes = newest(changes)
	futures := slices.DeleteFunc(slices.Clone(changes), func(e event) bool { return !e.future })
	changes = slices.DeleteFunc(changes, func(e event) bool { return e.future })
	if len(futures) == 0 {
		return []part{{event: master, changes: changes}}, nil
	}
	if master.rule["FREQ"] != "DAILY" || master.rule["COUNT"] != "" || master.start.date {
		return nil, errors.New("only a daily rule without a count is split")
	}
	begins := []event{master}
	begins[0].id = &master.start
	begins = append(begins, futures...)
	var parts []part
	for i, from := range begins {
		until := ""
		if i+1 < len(begins) {
			until = begins[i+1].id.Add(-time.Second).UTC().Format("20060102T150405Z")
		}
		p, err := between(master, changes, from, until)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// newest keeps the newest version of each change, in the order of their occurrences.
func newest(changes []event) []event {
	var kept []event
	for _, e := range changes {
		same := slices.IndexFunc(kept, func(k event) bool { return k.id.sameAs(*e.id) })
		switch {
		case same < 0:
			kept = append(kept, e)
		case e.sequence >= kept[same].sequence:
			kept[same] = e
		}
	}
	slices.SortStableFunc(kept, func(a, b event) int { return a.id.Compare(b.id.Time) })
	return kept
}

// between is the part of an event from a change on to until, or to the event's own
// end. All of it moves with the change.
func between(master event, changes []event, from event, until string) (part, error) {
	if until == "" {
		until = master.rule["UNTIL"]
	}
	shift := from.start.Sub(from.id.Time)
	p := part{event: from}
	p.id, p.rule, p.exdates, p.rdates = nil, maps.Clone(master.rule), nil, nil
	last := world.Date{Year: 9000, Month: time.January, Day: 1}
	if until != "" {
		var err error
		if last, err = lastDay(until, master.start); err != nil {
			return p, err
		}
		end := last.At(master.start.Time, master.start.Location()).Add(shift)
		p.rule["UNTIL"] = end.UTC().Format("20060102T150405Z")
	}
	inside := func(at stamp) bool {
		return !at.Before(from.id.Time) && !at.After(last.At(master.start.Time, master.start.Location()))
	}
	moved := func(at stamp) stamp { return stamp{Time: at.Add(shift), date: at.date, floating: at.floating} }
	for _, at := range master.exdates {
		if inside(at) {
			p.exdates = append(p.exdates, moved(at))
		}
	}
	for _, at := range master.rdates {
		if inside(at.start) {
			p.rdates = append(p.rdates, period{start: moved(at.start)})
		}
	}
	for _, e := range changes {
		if inside(*e.id) {
			id := moved(*e.id)
			e.id = &id
			p.changes = append(p.changes, e)
		}
	}
	return p, nil
}
