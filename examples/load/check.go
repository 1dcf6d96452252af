package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// The checks compare what should be with what is, and return every difference in words.

// checkObject compares what was accepted last of an object, empty for none, with what
// GET returns.
func checkObject(id, want, got string) []string {
	if want == got {
		return nil
	}
	return []string{fmt.Sprintf("GET %s returns %s, accepted was %s", id, orNone(got), orNone(want))}
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// checkSets compares two collections, in which the same may be several times, of a place.
func checkSets(where string, want, got []string) []string {
	rest := map[string]int{}
	for _, text := range want {
		rest[text]++
	}
	for _, text := range got {
		rest[text]--
	}
	var wrong []string
	for _, text := range slices.Sorted(maps.Keys(rest)) {
		switch n := rest[text]; {
		case n > 0:
			wrong = append(wrong, fmt.Sprintf("%s lacks %d of %s", where, n, text))
		case n < 0:
			wrong = append(wrong, fmt.Sprintf("%s has %d of %s that should not be", where, -n, text))
		}
	}
	return wrong
}

// wantedIn are the appointments that the objects should have in calendars, by trainer.
func wantedIn(objects []object) map[string][]string {
	out := map[string][]string{}
	for _, o := range objects {
		for trainer, a := range o.appointments() {
			out[trainer] = append(out[trainer], a.String())
		}
	}
	return out
}

// checkCalendar compares the items that the gateway wrote with what is scheduled.
func checkCalendar(trainer string, want []string, items []world.Item) []string {
	_, written := parted(items)
	var got []string
	for _, item := range written {
		got = append(got, shown(item).String())
	}
	return checkSets("the calendar of "+trainer, want, got)
}

// blockedBy are the blocks of time that a trainer's own items make (pull-1, pull-2, pull-3).
func blockedBy(trainer string, items []world.Item) []string {
	own, _ := parted(items)
	var out []string
	for _, item := range own {
		if item.ShowAs == world.Free {
			continue
		}
		a := shown(item)
		if item.Sensitivity != world.Normal {
			a.subject = "Unavailable"
		}
		out = append(out, trainer+" "+a.String())
	}
	return out
}

// told is a pulled unavailability in the words of [blockedBy].
func (b block) told() string {
	a := appointment{subject: b.Description, start: clock(b.Start), end: clock(b.End)}
	return trainerOf(b.Trainer) + " " + a.String()
}

// checkFeed checks a whole feed, from its first change: positions grow, and each
// unavailability is created, updated and removed in turn.
func checkFeed(entries []entry) []string {
	var wrong []string
	there := map[string]bool{}
	last := int64(0)
	for _, e := range entries {
		if e.Position <= last {
			wrong = append(wrong, fmt.Sprintf("the feed goes from position %d to %d", last, e.Position))
		}
		last = e.Position
		if known := there[e.key()]; e.Op != "create" && e.Op != "update" && e.Op != "remove" || known == (e.Op == "create") {
			wrong = append(wrong, fmt.Sprintf("at %d the feed has %s of %s, known: %t", e.Position, e.Op, e.key(), known))
		}
		there[e.key()] = e.Op != "remove"
	}
	return wrong
}

// checkFollowed compares what a follower read while the feed grew with what the feed is:
// the same changes in the same order. An entry that appeared behind a position that the
// follower had passed would be missing.
func checkFollowed(followed, whole []entry) []string {
	for i := range max(len(followed), len(whole)) {
		switch {
		case i >= len(followed):
			return []string{fmt.Sprintf("the follower missed the change at %d and %d after it", whole[i].Position, len(whole)-i-1)}
		case i >= len(whole):
			return []string{fmt.Sprintf("the follower read a change at %d that is in the feed no more", followed[i].Position)}
		}
		f, w := followed[i], whole[i]
		if f.Position != w.Position || f.Op != w.Op || f.key() != w.key() {
			return []string{fmt.Sprintf("the follower read %d %s %s where the feed has %d %s %s", f.Position, f.Op, f.key(), w.Position, w.Op, w.key())}
		}
	}
	return nil
}

// replay applies changes to what is known, as a platform does, and returns what is known
// then. A change may be older than what a snapshot told: the higher version stays.
func replay(known, changes []entry) (map[string]block, []string) {
	var wrong []string
	latest := map[string]entry{}
	for _, e := range slices.Concat(known, changes) {
		old, ok := latest[e.key()]
		if !ok || e.Version >= old.Version {
			latest[e.key()] = e
		}
	}
	out := map[string]block{}
	for key, e := range latest {
		switch {
		case e.Op == "remove":
		case e.Is == nil:
			wrong = append(wrong, fmt.Sprintf("the last change of %s, at %d, is %s, and tells nothing of it", key, e.Position, e.Op))
		default:
			out[key] = *e.Is
		}
	}
	return out, wrong
}

// checkReplayed compares what a replay of the feed leads to with what is listed.
func checkReplayed(how string, replayed map[string]block, list []block) []string {
	var want, got []string
	for _, b := range list {
		want = append(want, b.canonical())
	}
	for _, b := range replayed {
		got = append(got, b.canonical())
	}
	return checkSets(how, want, got)
}
