package reconcile

import (
	"fmt"
	"testing"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// TestManyCopies is B11: 700 copies of one appointment that an older tool left do not
// stop a plan; each blocks time as it is (B10), and adoption makes one ours and offers
// to take the others away, touching nothing else.
func TestManyCopies(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	course := appointment("Training: Forklift", hours(base.AddDate(0, 0, 3), 7))
	for range 700 {
		m.native(calendar.Item{Appointment: course})
	}
	m.native(calendar.Item{Appointment: appointment("Dentist", course.When)})
	m.want("northwind/ana/course/1", 1, course)
	p := m.run(-1)
	if len(p.Calendar) != 1 || p.Calendar[0].Op != OpCreate || len(p.Platform) != 701 {
		t.Fatalf("the plan has %d steps for the calendar, %d for the platform", len(p.Calendar), len(p.Platform))
	}
	m.foundAll = true
	titles := func(w Wanted) []string { return []string{w.Appointment.Subject} }
	in := m.answer(m.input(m.read(nil)))
	if kept := Adopt(in, Former{Titles: titles}); !kept.Empty() || len(kept.Findings) != 700 {
		t.Errorf("beside ours: %d steps, %d findings", len(kept.Calendar), len(kept.Findings))
	}
	gone := Adopt(in, Former{Titles: titles, Remove: true})
	ops := map[string]int{}
	for _, s := range gone.Calendar {
		ops[fmt.Sprint(s.Op, " ", s.Reason)]++
	}
	if len(ops) != 1 || ops["remove taken_over"] != 700 || len(gone.Platform) != 700 {
		t.Errorf("the offer: %v, and %d of the platform's", ops, len(gone.Platform))
	}
}

// TestTwoInstallations is C7: two gateways that work on one calendar by mistake leave
// each other's items alone, and each says that it found them.
func TestTwoInstallations(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.markersInReads = true
	other := calendar.Marker{Installation: "there", Key: "northwind/ana/course/1", Generation: "theirs"}
	course := appointment("Training: Forklift", hours(base.AddDate(0, 0, 3), 7))
	theirs := m.put(calendar.Item{Appointment: course, Marker: &other})
	m.want(other.Key, 1, course)
	p := m.run(-1)
	if len(p.Calendar) != 1 || p.Calendar[0].Op != OpCreate {
		t.Fatalf("the plan: %v", reasons(p))
	}
	if len(p.Findings) != 1 || p.Findings[0] != (Finding{ReasonOtherInstallation, theirs.ID}) {
		t.Errorf("findings: %+v", p.Findings)
	}
	delete(m.wanted, other.Key)
	m.run(-1)
	if now := m.items[theirs.ID]; now.Version != theirs.Version {
		t.Errorf("their item was touched: %+v", now)
	}
}

// TestCopyOfWhatWasIntended is B5 where nobody has heard yet what became of a create: the
// item at the time that was intended is the one, and a person's copy of it, marker and
// generation included, is left as it is, whichever of them comes first.
func TestCopyOfWhatWasIntended(t *testing.T) {
	t.Parallel()
	const key = "northwind/ana/course/1"
	course := appointment("Training: Forklift", hours(base.AddDate(0, 0, 3), 7))
	elsewhere := appointment("Training: Forklift", hours(base.AddDate(0, 0, 1), 7))
	for _, ids := range [][2]calendar.ItemID{{"a", "b"}, {"b", "a"}} {
		m := newModel(t)
		m.want(key, 1, course)
		marker := calendar.Marker{Installation: "here", Key: key, Generation: "first"}
		m.links[key] = Link{Key: key, Generation: marker.Generation, Rendered: course, Revision: 1, State: LinkIntended}
		ours := m.put(calendar.Item{ID: ids[0], Appointment: course, Marker: &marker})
		copied := m.put(calendar.Item{ID: ids[1], Appointment: elsewhere, Marker: &marker})
		p := m.plan()
		if len(p.Calendar) != 0 || len(p.Links) != 1 || p.Links[0].Link.ItemID != ours.ID {
			t.Errorf("with %s made and %s copied: %v, links %+v", ours.ID, copied.ID, reasons(p), p.Links)
		}
	}
}
