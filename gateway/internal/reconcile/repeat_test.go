package reconcile

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// TestRepeatedCreate is B1: what was intended and is nowhere to be found is made under
// the same generation, and the backend is told that it may be there all the same.
func TestRepeatedCreate(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	const key = "northwind/ana/course/1"
	course := appointment("Training: one", hours(base.AddDate(0, 0, 3), 7))
	m.want(key, 1, course)
	m.links[key] = Link{Key: key, Generation: "first", Rendered: course, Revision: 1, State: LinkIntended}
	p := m.plan()
	if len(p.Calendar) != 1 || !p.Calendar[0].MaybeDone || p.Calendar[0].Link.Generation != "first" {
		t.Errorf("the plan is %+v", p.Calendar)
	}
}

// TestPrivateWithoutText is pull-11 where privacy changes nothing that is read: the
// platform is told all the same.
func TestPrivateWithoutText(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	item := m.native(calendar.Item{Appointment: appointment("", hours(base.AddDate(0, 0, 3), 1))})
	m.run(-1)
	item.Sensitivity = calendar.SensitivityPrivate
	m.native(item)
	wantReasons(t, m.plan(), "platform update changed")
}

// TestSameVersion: an item whose version is known is as it was, whatever a read that
// brings less of it shows.
func TestSameVersion(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	const key = "northwind/ana/course/1"
	m.want(key, 1, appointment("Training: one", hours(base.AddDate(0, 0, 3), 7)))
	m.run(-1)
	in := m.input(m.read(nil))
	for _, c := range in.Read.Changes {
		c.Upsert.Subject = ""
	}
	if p := Make(in); !p.Empty() {
		t.Errorf("the plan is %v", reasons(p))
	}
}

// TestEqualCandidatesInAnyOrder is P5 where two appointments that say the same take the
// place of one that is gone (B7): which of them keeps its unavailability does not depend
// on the order in which they are read.
func TestEqualCandidatesInAnyOrder(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	dentist := calendar.Item{Appointment: appointment("Dentist", hours(base.AddDate(0, 0, 3), 1))}
	gone := m.native(dentist)
	m.run(-1)
	delete(m.items, gone.ID)
	m.native(dentist)
	m.native(dentist)
	forth := m.read(nil)
	back := forth
	back.Changes = slices.Clone(forth.Changes)
	slices.Reverse(back.Changes)
	first, second := Make(m.answer(m.input(forth))), Make(m.answer(m.input(back)))
	if len(first.Notes) != 1 || len(first.Platform) != 1 {
		t.Fatalf("one keeps its unavailability and one is new, not %+v", first)
	}
	if diff := cmp.Diff(first, second, cmpopts.SortSlices(lessSkip)); diff != "" {
		t.Errorf("the order of pages matters (-forth +back):\n%s", diff)
	}
}
