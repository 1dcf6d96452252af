package runner

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// agreedTo has a job keep to what a plan of it shows now.
func (r *rig) agreedTo(kind Kind, change ...func(*Job)) func(*Job) {
	r.t.Helper()
	shown := ShownOf([]TrainerPlan{r.plan(kind, change...)})
	return func(j *Job) {
		for _, f := range change {
			f(j)
		}
		j.Shown = shown
	}
}

// leftForLater is how many changes a run says that it left for the next time.
func leftForLater(run store.Run) int { return run.Trainers[0].Skipped[reconcile.ReasonNotShown] }

// resync-1: a re-sync does what was shown. What has appeared since is left, and told, and
// the next run does it; what has gone since is missed by nobody.
func TestResyncDoesWhatWasShown(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Resync, ResyncInPlace} {
		r := newRig(t, "ana")
		r.course("1", 3, "ana")
		gone := r.course("2", 4, "ana")
		dentist := r.native("ana", "Dentist", 5)
		r.synced()
		agreed := r.agreedTo(kind)

		r.give(without(gone))
		r.course("3", 6, "ana")
		orphan := r.put("ana", calendar.Marker{Installation: "here", Key: "northwind/ana/course/9", Generation: "x"}, "Orphan", 8)
		r.calendar.Remove(r.target("ana").Mailbox.Address, dentist)
		r.native("ana", "Yoga", 7)
		run := r.work(kind, agreed)
		if n := leftForLater(run); n < 3 || len(run.Events) != 1 {
			t.Errorf("%s: %d changes were left, told as %v", kind, n, run.Events)
		}
		if own := r.own("ana"); own["northwind/ana/course/1"] == nil || own["northwind/ana/course/3"] != nil {
			t.Errorf("%s: ours are %v", kind, own)
		}
		if !ids(r.items("ana"))[string(orphan)] {
			t.Errorf("%s: what nobody was shown was removed", kind)
		}
		if diff := cmp.Diff([]string{"Dentist", "Yoga"}, r.pulled("ana")); diff != "" {
			t.Errorf("%s: pulled are (-want +got):\n%s", kind, diff)
		}
		r.synced()
		if own := r.own("ana"); own["northwind/ana/course/3"] == nil || own["northwind/ana/course/2"] != nil {
			t.Errorf("%s: the next run left %v", kind, own)
		}
		if diff := cmp.Diff([]string{"Yoga"}, r.pulled("ana")); diff != "" {
			t.Errorf("%s: the next run has pulled (-want +got):\n%s", kind, diff)
		}
	}
}

// move-1: an adoption takes, or removes, what was shown and nothing that came since.
func TestAdoptionDoesWhatWasShown(t *testing.T) {
	t.Parallel()
	for _, remove := range []bool{false, true} {
		r := newRig(t, "ana")
		r.course("1", 3, "ana")
		r.course("2", 4, "ana")
		mailbox := r.target("ana").Mailbox.Address
		shown := r.calendar.Put(mailbox, "", formerItem("Training: Course 1", 3))
		agreed := r.agreedTo(Adopt, subjects(remove))
		since := r.calendar.Put(mailbox, "", formerItem("Training: Course 2", 4))
		run := r.work(Adopt, agreed)
		if n := leftForLater(run); n != 1 || len(run.Events) != 1 {
			t.Errorf("%d changes were left, told as %v", n, run.Events)
		}
		there := map[string]bool{since: true}
		if !remove {
			there[shown] = true
		}
		if diff := cmp.Diff(there, ids(r.items("ana"))); diff != "" {
			t.Errorf("remove %v: the calendar holds (-want +got):\n%s", remove, diff)
		}
		marked := map[string][]string{}
		if !remove {
			marked[course1] = []string{"Training: Course 1"}
		}
		if diff := cmp.Diff(marked, r.own("ana"), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("remove %v: ours are (-want +got):\n%s", remove, diff)
		}
	}
}

// Nobody who was not in the plan has anything done.
func TestNothingWasShown(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.course("1", 3, "ana")
	r.synced()
	before := ids(r.items("ana"))
	run := r.work(Resync, func(j *Job) { j.Shown = Shown{} })
	if diff := cmp.Diff(before, ids(r.items("ana"))); diff != "" || leftForLater(run) == 0 {
		t.Errorf("the calendar changed (-before +after):\n%s", diff)
	}
}
