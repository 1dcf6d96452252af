package reconcile

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// TestRestoredAsLastPushed holds push-9, push-12 and push-13: what a trainer deletes
// comes back as it was pushed last; an untriggered change goes out with the next trigger.
func TestRestoredAsLastPushed(t *testing.T) {
	t.Parallel()
	first, pending := appointment("Training: Forklift", monday), appointment("Training: Forklift, room 5", monday)
	m := newModel(t)
	m.want(key, 1, first)
	m.run(-1)
	m.want(key, 1, pending)
	clear(m.items)
	wantReasons(t, m.run(-1), "calendar create deleted_in_calendar")
	if got := m.own()[key][0].Subject; got != first.Subject {
		t.Errorf("push-9: restored as %q", got)
	}
	wantReasons(t, m.plan())
	clear(m.items)
	m.want(key, 2, pending)
	m.run(-1)
	if got := m.own()[key][0].Subject; got != pending.Subject {
		t.Errorf("push-12: after a trigger it is %q", got)
	}
}

// TestRepeatedCreation: an attempt whose answer was lost is repeated as it was, so that an
// item it may have made is what is remembered.
func TestRepeatedCreation(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.want(key, 1, appointment("Training: Forklift", monday))
	m.run(0)
	m.want(key, 1, appointment("Training: Forklift, room 5", monday))
	wantReasons(t, m.run(-1), "calendar create outcome_unknown")
	if got := m.own()[key][0].Subject; got != "Training: Forklift" {
		t.Errorf("repeated as %q", got)
	}
}

// TestUnrendered holds push-4's isolation: a course that no text can be made for is left
// as it is, neither made nor removed; what was pushed before is kept right; the trigger
// stays pending until it can be rendered.
func TestUnrendered(t *testing.T) {
	t.Parallel()
	other := "northwind/ana/course/2"
	fork := appointment("Training: Forklift", monday)
	m := newModel(t)
	m.want(key, 1, fork)
	m.run(-1)
	m.wanted[key] = Wanted{Key: key, Revision: 2, Appointment: fork, Unrendered: true}
	m.wanted[other] = Wanted{Key: other, Revision: 1, Appointment: fork, Unrendered: true}
	p := m.run(-1)
	wantReasons(t, p)
	if got := skipped(p, ReasonUnrendered); !slices.Equal(got, []string{key, other}) {
		t.Errorf("unrendered: %v", got)
	}
	edited := m.own()[key][0]
	edited.Subject = "mine now"
	m.put(edited)
	wantReasons(t, m.run(-1), "calendar update drift")
	if got := m.own()[key][0].Subject; got != fork.Subject {
		t.Errorf("push-9: restored as %q", got)
	}
	clear(m.items)
	wantReasons(t, m.run(-1), "calendar create deleted_in_calendar")
	if got := m.own()[key][0].Subject; got != fork.Subject {
		t.Errorf("push-9: made again as %q", got)
	}
	m.want(key, 2, appointment("Training: Forklift 2", monday))
	m.want(other, 1, fork)
	wantReasons(t, m.run(-1), "calendar update triggered", "calendar create new")
	m.wanted[key] = Wanted{Key: key, Revision: 2, Unrendered: true}
	if p := m.plan(); !p.Empty() || len(skipped(p, ReasonUnrendered)) > 0 {
		t.Errorf("push-13: without a trigger nothing is rendered: %+v", p)
	}
}

func skipped(p Plan, reason Reason) []string {
	var keys []string
	for _, s := range p.Skipped {
		if s.Reason == reason {
			keys = append(keys, s.Key)
		}
	}
	return keys
}

// TestOnStop holds map-2 and I8 for on_stop = "remove": what was written goes, in the
// direction that was switched off alone; what is over, what is not ours and what is not
// remembered stays.
func TestOnStop(t *testing.T) {
	t.Parallel()
	over := appointment("Training: Past", hours(base.AddDate(0, 0, -2), 7))
	for _, tt := range []struct {
		name       string
		push, pull bool
		want       []string
	}{
		{"both ways", false, false, []string{"calendar remove stopped", "platform remove stopped"}},
		{"push alone", false, true, []string{"calendar remove stopped"}},
		{"pull alone", true, false, []string{"platform remove stopped"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t)
			m.want(key, 1, appointment("Training: Forklift", monday))
			m.want("northwind/ana/course/2", 1, over)
			m.native(calendar.Item{Appointment: appointment("Dentist", monday)})
			m.native(calendar.Item{Appointment: appointment("Yesterday", hours(base.AddDate(0, 0, -1), 1))})
			m.run(-1)
			past := m.wanted["northwind/ana/course/2"]
			past.Ended = true
			m.wanted[past.Key] = past
			in := m.answer(m.input(m.read(nil)))
			in.Policy.Push, in.Policy.Pull = tt.push, tt.pull
			in.Policy.Stopped = Stopped{RemovePushed: !tt.push, RemovePulled: !tt.pull}
			p := Make(in)
			wantReasons(t, p, tt.want...)
			for _, s := range p.Calendar {
				if s.Link.Key != key {
					t.Errorf("removes %s", s.Link.Key)
				}
			}
			for _, s := range p.Platform {
				if s.Mirror.Description != "Dentist" {
					t.Errorf("removes %s", s.Mirror.Description)
				}
			}
			in.Read.Complete = false
			if p := Make(in); !p.Empty() {
				t.Errorf("P3: a failed read removes %v", reasons(p))
			}
		})
	}
}

// TestDetail holds pull-8: how much text crosses is the operator's choice, and a change of
// it reaches what was pulled before, also where the read brings no bodies.
func TestDetail(t *testing.T) {
	t.Parallel()
	dentist := calendar.Item{Appointment: appointment("Dentist", monday)}
	dentist.Body = "bring the card"
	want := map[string]string{DetailFull: "Dentist\nbring the card", DetailSubject: "Dentist", DetailBusy: Unavailable}
	for before, text := range want {
		for after, next := range want {
			for _, bare := range []bool{false, true} {
				m := newModel(t)
				item := m.native(dentist)
				mirror := Mirror{ID: "cal", ItemID: item.ID, Version: item.Version, Description: text, When: item.When, ShowAs: item.ShowAs, Detail: before}
				m.mirrors[mirror.ID] = mirror
				in := m.input(m.read(nil))
				in.Policy.Detail = after
				for i, c := range in.Read.Changes {
					if bare {
						row := *c.Upsert
						row.Body, row.Incomplete = "", true
						in.Read.Changes[i].Upsert = &row
					}
				}
				p := Make(m.answer(in))
				m.commit(p, nil)
				if got := m.mirrors["cal"]; got.Description != next || got.Detail != after {
					t.Errorf("%s to %s, bare %v: %q (%s)", before, after, bare, got.Description, got.Detail)
				}
			}
		}
	}
}

// TestSameAppointmentNewIdentity holds B7 and B10 for pulled appointments: another id
// alone is no change for the platform, whose stable id stays; equal ones are counted, not
// merged; a removal that was held is not any more when its appointment is there again.
func TestSameAppointmentNewIdentity(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		copies := rapid.IntRange(1, 3).Draw(t, "copies")
		for range copies {
			m.native(calendar.Item{Appointment: appointment("Lunch", monday)})
		}
		m.native(calendar.Item{Appointment: appointment("Other", monday)})
		m.run(-1)
		ids := mirrorIDs(m)
		if len(ids) != copies+1 {
			t.Fatalf("B10: %d equal appointments became %d", copies+1, len(ids))
		}
		for round := range 3 {
			renamed := map[calendar.ItemID]calendar.Item{}
			for id, item := range m.items {
				if rapid.Bool().Draw(t, "renamed") {
					item.ID = calendar.ItemID("moved-") + id
				}
				item.Version = m.next("v")
				renamed[item.ID] = item
			}
			m.items, m.natives = renamed, renamed
			if rapid.Bool().Draw(t, "held") {
				for id, mirror := range m.mirrors {
					mirror.Held = true
					m.mirrors[id] = mirror
				}
			}
			if p := m.run(-1); !p.Empty() || len(p.Held) > 0 {
				t.Fatalf("round %d: another id alone leads to %v, held %v", round, reasons(p), p.Held)
			}
			if diff := cmp.Diff(ids, mirrorIDs(m)); diff != "" {
				t.Fatalf("B7: the stable ids changed: %s", diff)
			}
		}
		m.native(calendar.Item{Appointment: appointment("Lunch", monday)})
		if p := m.run(-1); len(p.Platform) != 1 || p.Platform[0].Op != OpCreate {
			t.Fatalf("one more appointment leads to %v", reasons(p))
		}
		checkMirrors(t, m)
	})
}

func mirrorIDs(m *model) []string {
	var ids []string
	for id := range m.mirrors {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// TestIdentityIsNotReused: an appointment that comes back under an id that went on to
// another one gets an unavailability of its own.
func TestIdentityIsNotReused(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.native(calendar.Item{ID: "a", Appointment: appointment("Lunch", monday)})
	m.run(-1)
	lunch := m.items["a"]
	delete(m.items, "a")
	lunch.ID = "b"
	m.native(lunch)
	m.run(-1)
	m.native(calendar.Item{ID: "a", Appointment: appointment("Dentist", monday)})
	wantReasons(t, m.run(-1), "platform create appeared")
	if len(m.mirrors) != 2 {
		t.Errorf("%d unavailabilities for two appointments", len(m.mirrors))
	}
}

// TestWindowMoves holds pull-7 and F2: what slides in is pulled, what slides out is left.
func TestWindowMoves(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.native(calendar.Item{Appointment: appointment("Old", hours(window.Start.Add(time.Hour), 1))})
	m.native(calendar.Item{Appointment: appointment("Far", hours(window.End.Add(time.Hour), 1))})
	m.run(-1)
	in := m.input(m.read(nil))
	in.Policy.Window = calendar.Window{Start: window.Start.AddDate(0, 0, 1), End: window.End.AddDate(0, 0, 1)}
	in.Read.Covered, in.Read.Changes = in.Policy.Window, nil
	for _, item := range m.items {
		if start, end := item.When.Span(time.UTC); in.Policy.Window.Overlaps(start, end) {
			in.Read.Changes = append(in.Read.Changes, upsert(item))
		}
	}
	p := Make(in)
	wantReasons(t, p, "platform create appeared")
	if p.Platform[0].Mirror.Description != "Far" {
		t.Errorf("pulled %q", p.Platform[0].Mirror.Description)
	}
}
