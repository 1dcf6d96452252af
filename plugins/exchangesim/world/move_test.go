package world_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// An item in the other calendar has left the first, keeps its id, and can come back.
func TestMoveToOther(t *testing.T) {
	_, m := newMailbox(t)
	it := create(t, m, weekly(t))
	if err := m.MoveToOther(it.Item, false); err != nil {
		t.Fatal(err)
	}
	if n := len(m.Items(world.Calendar)); n != 0 || len(m.Items(world.OtherCalendar)) != 1 {
		t.Errorf("%d items are in the calendar still", n)
	}
	if err := m.MoveToOther(it.Item, false); !errors.Is(err, world.ErrItemNotFound) {
		t.Errorf("moved twice: %v", err)
	}
	if err := m.MoveToOther(it.Item, true); err != nil {
		t.Fatal(err)
	}
	changes, _, err := m.Changes(world.Position{})
	if err != nil || len(changes) != 1 || changes[0].Kind != world.Created {
		t.Errorf("changes = %+v, %v, want the item as created", changes, err)
	}
}

// An item with another identity is the old one gone and a new one come, of the same
// content.
func TestRekey(t *testing.T) {
	_, m := newMailbox(t)
	it := create(t, m, weekly(t))
	before := m.Position()
	id, err := m.Rekey(it.Item)
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Get(world.Ref{Item: id})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(it.Appointment, got.Appointment); diff != "" {
		t.Error(diff)
	}
	changes, _, err := m.Changes(before)
	if err != nil || len(changes) != 2 || changes[0].Kind != world.Removed || changes[1].Item != id {
		t.Errorf("changes = %+v, %v, want one gone and one come", changes, err)
	}
	if _, err := m.Rekey(it.Item); !errors.Is(err, world.ErrItemNotFound) {
		t.Errorf("the old id: %v", err)
	}
}
