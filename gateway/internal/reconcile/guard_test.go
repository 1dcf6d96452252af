package reconcile

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// guarded is a model whose plans are guarded, with n appointments pulled.
func guarded(t interface {
	Helper()
	Fatalf(string, ...any)
}, n int,
) *model {
	m := newModel(t)
	m.guard = &Guard{MaxRemovals: 5, MaxFraction: 0.1}
	for i := range n {
		m.native(calendar.Item{Appointment: appointment("Dentist", hours(base.AddDate(0, 0, 1+i), 1))})
	}
	m.run(-1)
	return m
}

// vanish deletes n of the trainer's own appointments.
func (m *model) vanish(n int) {
	for _, id := range slices.Sorted(maps.Keys(m.natives)) {
		if n--; n < 0 {
			return
		}
		delete(m.items, id)
		delete(m.natives, id)
	}
}

func (m *model) held() int {
	n := 0
	for _, mirror := range m.mirrors {
		if mirror.Held {
			n++
		}
	}
	return n
}

// approve does what an operator's approval does.
func (m *model) approve() {
	for id, mirror := range m.mirrors {
		if mirror.Held {
			delete(m.mirrors, id)
		}
	}
}

// TestGuardLimits: removals are held when there are more than both limits (hold-1).
func TestGuardLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ pulled, vanished, held int }{
		{pulled: 5, vanished: 5, held: 0}, // everything, but no more than five
		{pulled: 6, vanished: 6, held: 6}, // A4: all of it
		{pulled: 20, vanished: 5, held: 0},
		{pulled: 20, vanished: 6, held: 6},
		{pulled: 60, vanished: 6, held: 0}, // a tenth
		{pulled: 60, vanished: 7, held: 7},
	} {
		m := guarded(t, c.pulled)
		m.vanish(c.vanished)
		p := m.run(-1)
		if m.held() != c.held || len(p.Held) != c.held || len(m.mirrors) != c.pulled-c.vanished+c.held {
			t.Errorf("%+v: %d are held, %d of them in the plan, %d remembered", c, m.held(), len(p.Held), len(m.mirrors))
		}
	}
}

// TestEmptiedCalendar is A4: the trainer's time stays blocked, run after run and also
// when nothing is read anew, until it is approved; all else goes on meanwhile.
func TestEmptiedCalendar(t *testing.T) {
	t.Parallel()
	m := guarded(t, 20)
	m.vanish(20)
	m.want("k", 1, appointment("Training: k", hours(base.AddDate(0, 0, 3), 7)))
	wantReasons(t, m.run(-1), "calendar create new")
	for range 2 {
		if p := m.run(-1); !p.Empty() || len(p.Notes) > 0 || len(p.Held) != 20 {
			t.Fatalf("a run without a change: %v, %d notes, %d held", reasons(p), len(p.Notes), len(p.Held))
		}
	}
	if p := Make(m.input(delta())); !p.Empty() || len(p.Held) != 20 {
		t.Fatalf("an incremental read without a change: %v, %d held", reasons(p), len(p.Held))
	}
	m.native(calendar.Item{Appointment: appointment("New", hours(base.AddDate(0, 0, 40), 1))})
	wantReasons(t, m.run(-1), "platform create appeared")
	m.approve()
	if p := m.run(-1); !p.Empty() || len(p.Held) > 0 || len(m.mirrors) != 1 {
		t.Fatalf("after the approval: %v, %d held, %d remembered", reasons(p), len(p.Held), len(m.mirrors))
	}
}

// TestSeenAgain: what a later read shows again is no longer held, and what it shows
// as free goes at once: that is proven, not inferred.
func TestSeenAgain(t *testing.T) {
	t.Parallel()
	m := guarded(t, 20)
	before := m.natives
	m.natives = map[calendar.ItemID]calendar.Item{}
	clear(m.items)
	m.run(-1)
	free := 0
	for _, id := range slices.Sorted(maps.Keys(before)) {
		item := before[id]
		if free++; free <= 8 {
			item.ShowAs = calendar.ShowAsFree
		}
		m.items[id], m.natives[id] = item, item
	}
	p := m.run(-1)
	if len(p.Platform) != 8 || m.held() != 0 || len(m.mirrors) != 12 {
		t.Errorf("%d steps, %d held, %d remembered; want 8, 0, 12", len(p.Platform), m.held(), len(m.mirrors))
	}
}

// TestSeriesCountsOnce: a series that its owner ended is one removal.
func TestSeriesCountsOnce(t *testing.T) {
	t.Parallel()
	m := guarded(t, 1)
	for i := range 30 {
		id := fmt.Sprint("occurrence", i)
		m.mirrors[id] = Mirror{ID: id, ItemID: calendar.ItemID(id), SeriesID: "s", When: hours(base.AddDate(0, 0, 7*i), 1)}
	}
	p := Make(m.input(delta(replaced("s"))))
	if len(p.Platform) != 30 || len(p.Held) != 0 {
		t.Errorf("%d steps, %d held; want 30, 0", len(p.Platform), len(p.Held))
	}
}

// TestHeldSlidesOut: what is before the window is history, and waits for nobody
// (pull-7).
func TestHeldSlidesOut(t *testing.T) {
	t.Parallel()
	m := guarded(t, 0)
	m.mirrors["old"] = Mirror{ID: "old", ItemID: "old", When: hours(window.Start.AddDate(0, 0, -2), 1), Held: true}
	p := m.run(-1)
	if len(p.Held) != 0 || m.held() != 0 || len(m.mirrors) != 1 || !p.Empty() {
		t.Errorf("%d in the plan, %d held, %d remembered", len(p.Held), m.held(), len(m.mirrors))
	}
}

// TestPlatformRemovalsAreExempt: what the platform no longer schedules goes, however
// much it is.
func TestPlatformRemovalsAreExempt(t *testing.T) {
	t.Parallel()
	m := guarded(t, 0)
	for i := range 20 {
		m.want(fmt.Sprint("k", i), 1, appointment("Training", hours(base.AddDate(0, 0, 1+i), 7)))
	}
	m.run(-1)
	clear(m.wanted)
	if p := m.run(-1); len(p.Calendar) != 20 || len(m.own()) != 0 {
		t.Errorf("%d steps, left %v", len(p.Calendar), m.own())
	}
}

// TestGuardProperties: under whatever edits and crashes, no plan infers more removals
// than one of the limits allows, P1 and P2 hold with removals held, and approving them
// leaves just what the calendar shows.
func TestGuardProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := guarded(t, rapid.IntRange(0, 30).Draw(t, "pulled"))
		m.markersInReads = true
		for range rapid.IntRange(1, 8).Draw(t, "rounds") {
			m.vanish(rapid.IntRange(0, 12).Draw(t, "vanish"))
			for range rapid.IntRange(0, 3).Draw(t, "edits") {
				edit(t, m)
			}
			pulled, inferred := len(m.mirrors), 0
			p := m.run(rapid.IntRange(-2, 3).Draw(t, "crashAfter"))
			for _, s := range p.Platform {
				if s.Reason == ReasonVanished {
					inferred++
				}
			}
			if inferred > 5 && 10*inferred > pulled {
				t.Fatalf("%d of %d are removed because a read lacks them", inferred, pulled)
			}
		}
		m.foundAll = m.foundAll || hasIntended(m)
		m.run(-1)
		m.run(-1)
		held := m.held()
		if p := m.run(-1); !p.Empty() || len(p.Held) != held || len(p.Notes) > 0 {
			t.Fatalf("P1: a run without a change does %v, holds %d of %d", reasons(p), len(p.Held), held)
		}
		m.approve()
		m.run(-1)
		checkConverged(t, m)
	})
}
