package reconcile

import (
	stdcmp "cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// The safety properties of a plan, under random edits on both sides, crashes and
// lost state. Named as in the list of what the engine must survive: P1 a second run
// writes nothing; P3 a failed read removes nothing; P4 an item that is not ours is
// never written; P5 the order of pages does not matter; P6 a crash and a rerun end
// like no crash. One item a wanted key, always, is push-10.

// edit changes the model in one random way.
func edit(t *rapid.T, m *model) {
	course := fmt.Sprintf("northwind/ana/course/%d", rapid.IntRange(1, 4).Draw(t, "course"))
	when := hours(base.Add(time.Duration(rapid.IntRange(-20, 400).Draw(t, "day"))*24*time.Hour), rapid.IntRange(1, 8).Draw(t, "hours"))
	switch rapid.SampledFrom([]string{
		"want", "unwant", "native", "editNative", "deleteNative", "editOwn", "deleteOwn", "copyOwn", "loseState", "free", "renameNative", "unrendered",
	}).Draw(t, "edit") {
	case "want":
		// What lies outside the window is not read: there a deletion is not seen.
		inside := hours(base.Add(time.Duration(rapid.IntRange(1, 300).Draw(t, "inside"))*24*time.Hour), 7)
		m.seq++ // no revision is used twice, also not after a deletion
		m.want(course, int64(m.seq), appointment("Training: "+course, inside))
	case "unwant":
		delete(m.wanted, course)
	case "native":
		m.native(calendar.Item{Appointment: appointment(rapid.SampledFrom([]string{"Dentist", "Training: " + course}).Draw(t, "subject"), when)})
	case "editNative":
		if item, ok := some(t, m.natives); ok {
			item.When = when
			m.native(item)
		}
	case "free":
		if item, ok := some(t, m.natives); ok {
			item.ShowAs = calendar.ShowAsFree
			m.native(item)
		}
	case "renameNative": // the same appointment under another id (B7)
		if item, ok := some(t, m.natives); ok {
			delete(m.natives, item.ID)
			delete(m.items, item.ID)
			item.ID = ""
			m.native(item)
		}
	case "unrendered": // its text cannot be made, until it is wanted again
		if w, ok := m.wanted[course]; ok {
			m.seq++
			w.Revision, w.Unrendered = int64(m.seq), true
			m.wanted[course] = w
		}
	case "deleteNative":
		if item, ok := some(t, m.natives); ok {
			delete(m.natives, item.ID)
			delete(m.items, item.ID)
		}
	case "editOwn":
		if items := m.own()[course]; len(items) > 0 {
			items[0].Subject, items[0].When = "edited", when
			m.put(items[0])
		}
	case "deleteOwn":
		if items := m.own()[course]; len(items) > 0 {
			delete(m.items, items[0].ID)
		}
	case "copyOwn":
		if items := m.own()[course]; len(items) > 0 {
			items[0].ID = ""
			m.put(items[0])
		}
	case "loseState":
		clear(m.links)
		clear(m.mirrors)
		m.foundAll = true
	}
}

func some(t *rapid.T, items map[calendar.ItemID]calendar.Item) (calendar.Item, bool) {
	ids := slices.Sorted(maps.Keys(items))
	if len(ids) == 0 {
		return calendar.Item{}, false
	}
	return items[rapid.SampledFrom(ids).Draw(t, "item")], true
}

func TestProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		m.markersInReads = rapid.Bool().Draw(t, "markersInReads")
		for range rapid.IntRange(1, 12).Draw(t, "rounds") {
			for range rapid.IntRange(0, 3).Draw(t, "edits") {
				edit(t, m)
			}
			m.run(rapid.IntRange(-2, 3).Draw(t, "crashAfter"))
		}
		m.foundAll = m.foundAll || hasIntended(m)
		m.run(-1)
		m.run(-1) // a copy at the time of ours can only be seen once ours is known
		checkConverged(t, m)
	})
}

func hasIntended(m *model) bool {
	for _, l := range m.links {
		if l.State == LinkIntended {
			return true
		}
	}
	return false
}

func checkConverged(t *rapid.T, m *model) {
	if p := m.plan(); !p.Empty() {
		t.Fatalf("P1: a run without a change writes %v", reasons(p))
	}
	if len(m.touched) > 0 {
		t.Fatalf("P4: natives were written: %v", m.touched)
	}
	for id, item := range m.natives {
		if diff := cmp.Diff(item, m.items[id]); diff != "" {
			t.Fatalf("P4: native %s changed: %s", id, diff)
		}
	}
	own := m.own()
	for key, w := range m.wanted {
		if link := m.links[key]; w.Unrendered && (link.State == "" || link.State == LinkIntended) {
			continue // it waits for its text
		}
		atTime := 0
		for _, item := range own[key] {
			if item.ID == m.links[key].ItemID {
				atTime++
				if !sameContent(item.Appointment, m.links[key].Rendered) || (!w.Unrendered && !item.When.SameTime(w.Appointment.When)) {
					t.Fatalf("%s is not as wanted: %+v", key, item.Appointment)
				}
			} else if m.markersInReads && item.When.SameTime(m.links[key].Rendered.When) {
				t.Fatalf("push-10: a second item of %s at the same time", key)
			}
		}
		if atTime != 1 {
			t.Fatalf("push-10: %s has %d linked items", key, atTime)
		}
	}
	checkMirrors(t, m)
}

// checkMirrors holds that the platform shows just what blocks the trainer's time.
func checkMirrors(t *rapid.T, m *model) {
	byItem := map[calendar.ItemID]bool{}
	for _, mirror := range m.mirrors {
		byItem[mirror.ItemID] = true
	}
	for id, item := range m.natives {
		start, end := item.When.Span(time.UTC)
		if want := item.ShowAs != calendar.ShowAsFree && window.Overlaps(start, end); want != byItem[id] {
			t.Fatalf("native %s (%s, %s): pulled %v, want %v", id, item.ShowAs, start, byItem[id], want)
		}
	}
	for _, l := range m.links {
		if byItem[l.ItemID] {
			t.Fatalf("pull-5: our own item %s was pulled", l.ItemID)
		}
	}
}

// TestOrderDoesNotMatter is P5.
func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		for range rapid.IntRange(1, 20).Draw(t, "edits") {
			edit(t, m)
			if rapid.Bool().Draw(t, "run") {
				m.run(-1)
			}
		}
		seq := m.seq
		first := Make(m.answer(m.input(m.read(nil))))
		m.seq = seq
		seed := rapid.Uint64().Draw(t, "seed")
		second := Make(m.answer(m.input(m.read(rand.New(rand.NewPCG(seed, 1))))))
		if diff := cmp.Diff(first, second, cmpopts.SortSlices(lessSkip)); diff != "" {
			t.Fatalf("P5: the plan depends on the order of pages: %s", diff)
		}
	})
}

// TestComparison holds that asking and planning on one comparison is the same as doing
// each on an input of its own.
func TestComparison(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		m.markersInReads = rapid.Bool().Draw(t, "markersInReads")
		for range rapid.IntRange(1, 20).Draw(t, "edits") {
			edit(t, m)
			if rapid.Bool().Draw(t, "run") {
				m.run(rapid.IntRange(-2, 3).Draw(t, "crashAfter"))
			}
		}
		in, seq := m.input(m.read(nil)), m.seq
		answered := m.answer(in)
		want := Make(answered)
		m.seq = seq
		c := Compare(in)
		if diff := cmp.Diff(Questions(in), c.Questions()); diff != "" {
			t.Fatalf("other questions: %s", diff)
		}
		if again := Questions(answered); len(again) > 0 {
			t.Fatalf("what was answered is asked again: %v", again)
		}
		c.Answer(answered.Read.Got)
		if diff := cmp.Diff(want, c.Plan(), cmpopts.SortSlices(lessSkip)); diff != "" {
			t.Fatalf("another plan: %s", diff)
		}
	})
}

// lessSkip orders what is skipped, which a plan has in no order.
func lessSkip(a, b Skip) bool {
	return stdcmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(string(a.ItemID), string(b.ItemID)), strings.Compare(string(a.Reason), string(b.Reason))) < 0
}

// TestFailedReads is P3: from a read that did not complete nothing follows, whatever
// it brought before it failed.
func TestFailedReads(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		for range rapid.IntRange(1, 20).Draw(t, "edits") {
			edit(t, m)
			if rapid.Bool().Draw(t, "run") {
				m.run(-1)
			}
		}
		in := m.input(m.read(nil))
		in.Read.Complete = false
		in.Read.Changes = in.Read.Changes[:rapid.IntRange(0, len(in.Read.Changes)).Draw(t, "brought")]
		if diff := cmp.Diff(Plan{}, Make(in)); diff != "" || Questions(in) != nil {
			t.Fatalf("P3: a failed read leads to %s", diff)
		}
	})
}
