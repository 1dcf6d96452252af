package runner

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/platform"
)

// TestProvidersAreApart holds map-3: providers share a gateway and no data, also where
// their trainers and their courses have the same names.
func TestProvidersAreApart(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	other := *r.target("ana")
	other.ID.Provider, other.Mailbox = "contoso", r.calendar.AddMailbox("Europe/London")
	r.native("ana", "Dentist", 3)
	r.course("1", 3, "ana")
	c := r.course("1", 3, "ana")
	c.Provider, c.Name = "contoso", "Welding"
	r.give(c)
	both := Job{Cause: "test", Batches: []Batch{{Account: "northwind/memory", Targets: r.targets}, {Account: "contoso/memory", Targets: []Target{other}}}}
	for range 2 {
		if _, err := r.runner.Run(t.Context(), both); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[string][]string{course1: {"Training: Course 1"}}, r.own("ana")); diff != "" {
		t.Errorf("northwind: %s", diff)
	}
	m, err := r.store.Trainer(t.Context(), other.ID)
	must(t, err)
	if len(m.Mirrors) != 0 || len(m.Links) != 1 || m.Links[0].Key != "contoso/ana/course/1" || m.Links[0].Rendered.Subject != "Training: Welding" {
		t.Errorf("contoso: %+v, pulled %+v", m.Links, m.Mirrors)
	}
}

// TestUnmappedTrainerIsKept holds map-10 and map-8: a course that names a trainer without
// a mapping is kept, and pushed when the mapping comes.
func TestUnmappedTrainerIsKept(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.course("1", 3, "ana", "zoe")
	r.synced()
	courses, err := r.store.Courses(t.Context(), "northwind")
	must(t, err)
	want := []platform.CourseTrainer{{ID: "ana"}, {ID: "zoe"}}
	if diff := cmp.Diff(want, courses[0].Trainers); diff != "" {
		t.Error(diff)
	}
	r.addTrainer("zoe")
	r.synced()
	if diff := cmp.Diff(map[string][]string{"northwind/zoe/course/1": {"Training: Course 1"}}, r.own("zoe")); diff != "" {
		t.Error(diff)
	}
}
