package runner

import (
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// conflicts are the trainer's as they are once a result is stored (conflict-1). Only
// this trainer's courses and appointments are looked at. A conflict that was known
// keeps its time.
func (b *box) conflicts(res store.Result, now time.Time) []store.Conflict {
	if !b.recalled {
		return b.memory.Conflicts
	}
	type pair struct{ key, other string }
	since := map[pair]time.Time{}
	for _, c := range b.memory.Conflicts {
		since[pair{c.Key, c.Other}] = c.Since
	}
	var all []store.Conflict
	for _, c := range reconcile.Conflicts(b.bookings(), b.mirrorsAfter(res), b.target.Zone) {
		found := store.Conflict{Conflict: c, Since: now}
		if known, ok := since[pair{c.Key, c.Other}]; ok {
			found.Since = known
		}
		all = append(all, found)
	}
	return all
}

// bookings are the courses that take the trainer's time: not what is over, and not what
// is shown as free, as a cancelled course is.
func (b *box) bookings() []reconcile.Booking {
	rendered := map[string]calendar.Appointment{}
	for _, l := range b.memory.Links {
		rendered[l.Key] = l.Rendered
	}
	var all []reconcile.Booking
	for _, w := range b.wanted {
		course := courseOf(strings.TrimPrefix(w.Key, b.target.ID.String()+"/"))
		shows := w.Appointment
		if w.Unrendered {
			shows = rendered[w.Key] // what is in the calendar takes the time
		}
		if course == "" || w.Ended || shows.ShowAs == calendar.ShowAsFree {
			continue
		}
		start, end := shows.When.Span(b.target.Zone)
		all = append(all, reconcile.Booking{Key: w.Key, Course: course, Start: start, End: end})
	}
	return all
}

// courseOf is the id, as it is in keys, of the course that a key without its trainer
// stands for; empty for another thing.
func courseOf(key string) string {
	kind, id, _ := strings.Cut(key, "/")
	switch kind {
	case "course":
		return id
	case "session":
		course, _, _ := strings.Cut(id, "/")
		return course
	}
	return ""
}

// mirrorsAfter is the pulled unavailability once a result is stored.
func (b *box) mirrorsAfter(res store.Result) []reconcile.Mirror {
	changed := map[string]bool{}
	for _, m := range res.PutMirrors {
		changed[m.ID] = true
	}
	for _, id := range res.DropMirrors {
		changed[id] = true
	}
	kept := slices.DeleteFunc(slices.Clone(b.memory.Mirrors), func(m reconcile.Mirror) bool { return changed[m.ID] })
	for _, m := range res.PutMirrors {
		if !slices.Contains(res.DropMirrors, m.ID) {
			kept = append(kept, m)
		}
	}
	return kept
}

// tell is what a dry pass says of the box.
func (b *box) tell(now time.Time) TrainerPlan {
	plan := TrainerPlan{Trainer: b.target.ID, Plan: b.plan, Err: b.err, Left: b.stillLeft(), Known: b.memory.Read}
	if b.moved {
		from := b.from
		plan.Moved = &from
	}
	var res store.Result
	b.addMirrors(&res)
	plan.Conflicts = b.conflicts(res, now)
	if b.kind == Look {
		plan.Memory, plan.Wanted, plan.Read = b.memory, b.wanted, b.read
	}
	return plan
}
