package ewscalendar

import (
	"testing"

	"github.com/trainercal/trainercal/plugins/internal/ews"
)

// What two looks at a calendar say of its marks: only an item that was changed, and
// nothing else, between two exact looks proves anything; a change that moved nothing
// refutes it.
func TestObserved(t *testing.T) {
	before := cursor{State: "s", Mark: ews.Mark{Folder: "f", Commit: "1"}, Exact: true, Settled: true}
	moved := ews.Mark{Folder: "f", Commit: "2"}
	passing := moved
	passing.Deleted++
	loose, fresh := before, before
	loose.Exact, fresh.Settled = false, false
	changed := ews.Changes{Updated: 1}
	for name, c := range map[string]struct {
		before  cursor
		now     ews.Mark
		exact   bool
		changes ews.Changes
		want    verdict
	}{
		"an item changed, and the mark moved":        {before, moved, true, changed, proven},
		"an item changed, and it did not":            {before, before.Mark, true, changed, refuted},
		"an item was deleted, and it did not":        {before, before.Mark, true, ews.Changes{Deleted: 1}, refuted},
		"an item was made":                           {before, moved, true, ews.Changes{Created: 1}, unknown},
		"an item changed and another was deleted":    {before, moved, true, ews.Changes{Updated: 1, Deleted: 1}, unknown},
		"an item changed, and another came and went": {before, passing, true, changed, unknown},
		"nothing happened":                           {before, before.Mark, true, ews.Changes{}, unknown},
		"the mark alone moved":                       {before, moved, true, ews.Changes{}, unknown},
		"something may have happened before":         {loose, before.Mark, true, changed, unknown},
		"the last change was a moment before":        {fresh, before.Mark, true, changed, unknown},
		"something happened while looking":           {before, before.Mark, false, changed, unknown},
	} {
		if got := observed(c.before, c.now, c.exact, c.changes); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// What was learnt is kept by the server's version, outlives the process in cursors, and a
// refutation outweighs every proof but an experiment.
func TestTrust(t *testing.T) {
	first := newTrust()
	first.learn("15.1", proven)
	var c cursor
	first.sign(&c, "15.1")
	later := newTrust()
	later.remember("15.2", []cursor{c})
	later.remember("15.1", []cursor{{}, c})
	if later.in("15.2") != unknown || later.in("15.1") != proven {
		t.Errorf("another version %d, the same %d", later.in("15.2"), later.in("15.1"))
	}
	later.learn("15.1", refuted)
	later.learn("15.1", proven)
	var against cursor
	later.sign(&against, "15.1")
	if later.in("15.1") != refuted || against.Refuted != "15.1" || against.Proven != "" {
		t.Errorf("refuted: %d, %+v", later.in("15.1"), against)
	}
	last := newTrust()
	last.remember("15.1", []cursor{c, against, c})
	if last.in("15.1") != refuted {
		t.Errorf("one against two: %d", last.in("15.1"))
	}
	last.decide("15.1", proven)
	if last.in("15.1") != proven {
		t.Errorf("after an experiment: %d", last.in("15.1"))
	}
}
