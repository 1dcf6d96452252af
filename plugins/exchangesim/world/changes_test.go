package world_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

func TestPositionsExpire(t *testing.T) {
	_, m := newMailbox(t)
	before := m.Position()
	m.ExpirePositions()
	if _, _, err := m.Changes(before); !errors.Is(err, world.ErrStaleToken) {
		t.Errorf("changes from an expired position: %v", err)
	}
	if _, _, err := m.Changes(world.Position{}); err != nil {
		t.Errorf("changes from the beginning: %v", err)
	}
}

// A reader that follows the change log from any position to the next always holds the
// calendar's items, at their versions.
func TestChangesLeadToTheCalendar(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		_, m := newMailbox(t)
		held, position := map[world.ItemID]uint64{}, world.Position{}
		start := at(t, "Europe/Berlin", on(10, 20), 9)
		rt.Repeat(map[string]func(*rapid.T){
			"create": func(rt *rapid.T) {
				create(t, m, world.Appointment{Start: start, End: start.Add(time.Hour)})
			},
			"create series": func(rt *rapid.T) { create(t, m, weekly(t)) },
			"change": func(rt *rapid.T) {
				if it, ok := draw(rt, m); ok {
					if _, err := m.Update(it.Ref, world.Write{}, func(a *world.Appointment) error { a.Subject += "x"; return nil }); err != nil {
						rt.Fatal(err)
					}
				}
			},
			"delete": func(rt *rapid.T) {
				if it, ok := draw(rt, m); ok {
					where := rapid.SampledFrom([]world.Disposal{world.ToDeletedItems, world.Gone}).Draw(rt, "where")
					if err := m.Delete(it.Ref, where, world.Write{}); err != nil {
						rt.Fatal(err)
					}
				}
			},
			"follow": func(rt *rapid.T) {
				changes, next, err := m.Changes(position)
				if err != nil {
					rt.Fatal(err)
				}
				follow(held, changes)
				position = next
				now := map[world.ItemID]uint64{}
				for _, it := range m.Items(world.Calendar) {
					now[it.Item] = it.Version
				}
				if diff := cmp.Diff(now, held, cmpopts.EquateEmpty()); diff != "" {
					rt.Fatalf("the calendar and what the log led to (-calendar +log):\n%s", diff)
				}
			},
		})
	})
}

func draw(rt *rapid.T, m *world.Mailbox) (world.Item, bool) {
	items := m.Items(world.Calendar)
	if len(items) == 0 {
		return world.Item{}, false
	}
	return rapid.SampledFrom(items).Draw(rt, "item"), true
}

func follow(held map[world.ItemID]uint64, changes []world.Change) {
	for _, c := range changes {
		if c.Kind == world.Removed {
			delete(held, c.Item)
			continue
		}
		held[c.Item] = c.Version
	}
}
