package icstest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// noUID stands for the UID of an event that has none, as the expectations write it.
const noUID = "None"

// tally counts how a mailbox was loaded.
type tally struct {
	// series are real series with a rule; givenUp are the rules that Exchange has no
	// pattern for, with the reason.
	series  int
	givenUp []string
	// exceptions and deletions are changed and deleted occurrences of real series;
	// tornOff are changes that became items of their own, because Exchange does not let
	// an occurrence past its neighbours.
	exceptions, deletions, tornOff int
	// singles are all items of their own, excluded the changes to occurrences that
	// their series excludes, startless the events without a start.
	singles, excluded, startless int
}

func (t tally) String() string {
	return fmt.Sprintf("%d real series with %d changed and %d deleted occurrences, %d single items; "+
		"%d changes torn off, %d of excluded occurrences, %d events without a start; no pattern for %d: %s",
		t.series, t.exceptions, t.deletions, t.singles, t.tornOff, t.excluded, t.startless,
		len(t.givenUp), strings.Join(t.givenUp, "; "))
}

// loader puts calendars into a mailbox, as a client of Exchange would.
type loader struct {
	box *world.Mailbox
	// zone is where days begin and floating times are read.
	zone     *time.Location
	expected expectations
	tally    tally
	// number names in each subject the UID it belongs to.
	number map[identity]int
}

// identity is a UID of a file.
type identity struct{ file, uid string }

// file loads all events of a file.
func (l *loader) file(folder, name string) error {
	events, startless, err := readEvents(folder+"/"+name, l.zone)
	if err != nil {
		return err
	}
	l.tally.startless += startless
	for _, g := range groups(events) {
		id := identity{file: name, uid: g.uid}
		if l.number[id] == 0 {
			l.number[id] = len(l.number) + 1
		}
		if err := l.group(id, g); err != nil {
			return fmt.Errorf("%s, UID %s: %w", name, g.uid, err)
		}
	}
	return nil
}

// group is what belongs to one UID: an event, and changes to its occurrences.
type group struct {
	uid     string
	master  *event
	changes []event
}

// groups sorts events by UID. Of several versions of one the newest counts; events
// without a UID have nothing to do with each other.
func groups(events []event) []*group {
	var all []*group
	byUID := map[string]*group{}
	for _, e := range events {
		g := byUID[e.uid]
		if g == nil || e.uid == noUID {
			g = &group{uid: e.uid}
			byUID[e.uid] = g
			all = append(all, g)
		}
		switch {
		case e.id != nil:
			g.changes = append(g.changes, e)
		case g.master == nil || e.sequence >= g.master.sequence:
			g.master = &e
		}
	}
	return all
}

// group loads an event with its changes. A rule that Exchange has no pattern for is
// loaded as the occurrences that the expectations list.
func (l *loader) group(id identity, g *group) error {
	if g.master == nil {
		for _, e := range g.changes {
			if err := l.single(id, e); err != nil {
				return err
			}
		}
		return nil
	}
	parts, err := split(*g.master, g.changes)
	for i := 0; err == nil && i < len(parts); i++ {
		_, err = parts[i].recurrence()
	}
	if err != nil {
		l.tally.givenUp = append(l.tally.givenUp, fmt.Sprintf("%s, UID %.20s: %v", id.file, id.uid, err))
		return l.listed(id, *g.master)
	}
	for _, part := range parts {
		if err := l.part(id, part); err != nil {
			return err
		}
	}
	return nil
}

// listed loads the occurrences that the expectations list, each as an item. It is for
// what the libraries dispute only: comparing the rest with itself would prove nothing.
func (l *loader) listed(id identity, master event) error {
	if _, agreed := l.expected.Agreed[id.file][id.uid]; agreed {
		return fmt.Errorf("an agreed series cannot be loaded: %s", l.tally.givenUp[len(l.tally.givenUp)-1])
	}
	for _, o := range l.expected.occurrences(id) {
		e, err := o.event(l.zone)
		if err != nil {
			return err
		}
		e.summary = master.summary
		if err := l.single(id, e); err != nil {
			return err
		}
	}
	return nil
}

// part loads an event with the changes of its occurrences, then its RDATEs.
func (l *loader) part(id identity, p part) error {
	a := l.appointment(id, p.event)
	var err error
	if a.Recurrence, err = p.recurrence(); err != nil {
		return err
	}
	item, err := l.box.Create(a, world.SendNone)
	if err != nil {
		return err
	}
	if a.Recurrence == nil {
		l.tally.singles++
	} else {
		l.tally.series++
	}
	for _, day := range p.exdates {
		if err := l.exclude(item.Item, day); err != nil {
			return err
		}
	}
	for _, change := range p.changes {
		if err := l.change(id, item.Item, p, change); err != nil {
			return err
		}
	}
	return l.extra(id, item.Item, p)
}

// exclude deletes the occurrence that an EXDATE names, if there is one.
func (l *loader) exclude(series world.ItemID, at stamp) error {
	ref, ok, err := l.occurrence(series, at)
	if err != nil || !ok {
		return err
	}
	l.tally.deletions++
	return l.box.Delete(ref, world.Gone, world.Write{})
}

// change makes an exception. One that Exchange refuses, because it would pass its
// neighbours, is deleted and becomes an item of its own.
func (l *loader) change(id identity, series world.ItemID, p part, e event) error {
	if p.excludes(*e.id) {
		l.tally.excluded++
		return nil
	}
	ref, ok, err := l.occurrence(series, *e.id)
	if err != nil {
		return err
	}
	if !ok {
		return l.single(id, e)
	}
	changed := l.appointment(id, e)
	_, err = l.box.Update(ref, world.Write{}, func(a *world.Appointment) error {
		a.Subject, a.Start, a.End, a.AllDay, a.Cancelled = changed.Subject, changed.Start, changed.End, changed.AllDay, changed.Cancelled
		a.StartZone, a.EndZone = changed.StartZone, changed.EndZone
		return nil
	})
	if errors.Is(err, world.ErrOccurrenceCrossing) {
		l.tally.tornOff++
		return errors.Join(l.box.Delete(ref, world.Gone, world.Write{}), l.single(id, e))
	}
	l.tally.exceptions++
	return err
}

// extra loads the RDATEs that are no occurrences anyway.
func (l *loader) extra(id identity, series world.ItemID, p part) error {
	for _, extra := range p.rdates {
		if _, there, err := l.occurrence(series, extra.start); err != nil {
			return err
		} else if there || p.excludes(extra.start) || p.changesAt(extra.start) {
			continue
		}
		e := p.event
		e.end = extra.end
		if e.end.IsZero() {
			e.end = extra.start.Add(p.end.Sub(p.start.Time))
		}
		e.start = extra.start
		if p.start.date && extra.end.IsZero() {
			e.end = e.start.AddDate(0, 0, p.days())
		}
		e.start.date = p.start.date
		if err := l.single(id, e); err != nil {
			return err
		}
	}
	return nil
}

// occurrence finds the occurrence that the pattern puts at a time. A single item is
// its own only occurrence, and cannot be named so.
func (l *loader) occurrence(series world.ItemID, at stamp) (ref world.Ref, ok bool, err error) {
	near, err := l.box.Instances(series, at.AddDate(0, 0, -2), at.AddDate(0, 0, 2), true)
	if err != nil {
		return ref, false, err
	}
	i := slices.IndexFunc(near, func(it world.Item) bool {
		original := it.OriginalStart
		if original.IsZero() {
			original = it.Start
		}
		return at.sameAs(stamp{Time: original, date: it.AllDay})
	})
	if i < 0 {
		return ref, false, nil
	}
	return near[i].Ref, true, nil
}

func (l *loader) single(id identity, e event) error {
	l.tally.singles++
	_, err := l.box.Create(l.appointment(id, e), world.SendNone)
	return err
}

// appointment says what an event says. Its subject begins with the number of its UID.
func (l *loader) appointment(id identity, e event) world.Appointment {
	return world.Appointment{
		Subject: strings.TrimSpace(fmt.Sprintf("%d %s", l.number[id], e.summary)),
		Start:   e.start.Time, End: e.end, AllDay: e.start.date,
		StartZone: e.start.Location().String(), EndZone: e.end.Location().String(),
		Cancelled: e.cancelled, UID: e.uid,
	}
}
