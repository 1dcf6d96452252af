package reconcile

import (
	"testing"

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
