package runner

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// sessional schedules a course of one session a day from day n on.
func (r *rig) sessional(id string, n int, sessions ...string) platform.Course {
	c := r.course(id, n, "ana")
	for i, s := range sessions {
		start := noon.AddDate(0, 0, n+i)
		c.Sessions = append(c.Sessions, platform.Session{ID: s, Start: start, End: start.Add(time.Hour)})
		c.End = start.Add(time.Hour)
	}
	r.give(c)
	return c
}

// keys are those of the gateway's items in ana's calendar.
func (r *rig) keys() []string { return slices.Sorted(maps.Keys(r.own("ana"))) }

// TestSplitSessions holds push-2, N8 and D11 for sessions = "split": one appointment a
// session, each with its own key; sessions come and go, and the form can be changed.
func TestSplitSessions(t *testing.T) {
	t.Parallel()
	const s1, s2, s3 = "northwind/ana/session/1/a", "northwind/ana/session/1/b", "northwind/ana/session/1/c"
	r := newRig(t, "ana")
	ana := r.target("ana")
	ana.Split = true
	c := r.sessional("1", 3, "a", "b")
	r.course("2", 5, "ana") // without sessions it is one appointment all the same
	steps := []struct {
		name   string
		change func()
		want   []string
		counts store.Counts
	}{
		{"first", func() {}, []string{"northwind/ana/course/2", s1, s2}, store.Counts{PushCreated: 3}},
		{"nothing changed", func() {}, []string{"northwind/ana/course/2", s1, s2}, store.Counts{}},
		{"a session comes, one goes", func() {
			c.Sessions[0] = platform.Session{ID: "c", Start: c.Start, End: c.End}
			r.give(c)
		}, []string{"northwind/ana/course/2", s2, s3}, store.Counts{PushCreated: 1, PushRemoved: 1}},
		{"whole again", func() { ana.Split = false }, []string{course1, "northwind/ana/course/2"}, store.Counts{PushCreated: 1, PushRemoved: 2}},
		{"split again", func() { ana.Split = true }, []string{"northwind/ana/course/2", s2, s3}, store.Counts{PushCreated: 2, PushRemoved: 1}},
	}
	for _, s := range steps {
		s.change()
		if got := outcome(t, r.synced(), "ana").Counts; got != s.counts {
			t.Errorf("%s: %+v, want %+v", s.name, got, s.counts)
		}
		if diff := cmp.Diff(s.want, r.keys()); diff != "" {
			t.Errorf("%s: %s", s.name, diff)
		}
	}
}

// TestSessionTimesAreTriggers holds push-2 and push-7: with an appointment for each
// session, a changed time is pushed at once; without, it is not.
func TestSessionTimesAreTriggers(t *testing.T) {
	t.Parallel()
	for _, split := range []bool{false, true} {
		r := newRig(t, "ana")
		r.target("ana").Split = split
		c := r.sessional("1", 3, "a", "b")
		r.synced()
		c.Sessions[1].Start = c.Sessions[1].Start.Add(-time.Hour)
		var triggers []string
		if split {
			triggers = platform.SplitTriggers(nil)
		}
		_, err := r.store.Import(t.Context(), store.Batch{
			Import: platform.Import{Courses: []platform.Course{c}}, RepushOn: map[string][]string{"northwind": triggers},
		})
		must(t, err)
		wrote := outcome(t, r.synced(), "ana").Counts.Writes() > 0
		if wrote != split {
			t.Errorf("split %v: pushed %v", split, wrote)
		}
	}
}

// TestPastSessionsStay holds push-14: what is over stays in the form in which it was
// written, whatever is configured by now.
func TestPastSessionsStay(t *testing.T) {
	t.Parallel()
	for _, split := range []bool{false, true} {
		r := newRig(t, "ana")
		now := noon
		r.runner.Now = func() time.Time { return now }
		r.target("ana").Split = split
		r.sessional("1", 1, "a", "b")
		r.synced()
		before := r.keys()
		now = noon.AddDate(0, 0, 3)
		r.target("ana").Split = !split
		if got := outcome(t, r.synced(), "ana").Counts; got.Writes() != 0 {
			t.Errorf("split %v before: %+v", split, got)
		}
		if diff := cmp.Diff(before, r.keys()); diff != "" {
			t.Errorf("split %v before: %s", split, diff)
		}
	}
}
