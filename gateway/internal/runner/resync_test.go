package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/sdktest"
)

// work makes a run of another kind than a sync.
func (r *rig) work(kind Kind, change ...func(*Job)) store.Run {
	r.t.Helper()
	run := r.tried(kind, change...)
	if run.State != store.RunOK {
		r.t.Fatalf("the run is %s: %s", run.State, failures(run))
	}
	return run
}

// tried is a run of that kind, however it ends.
func (r *rig) tried(kind Kind, change ...func(*Job)) store.Run {
	r.t.Helper()
	job := r.job()
	job.Kind, job.Impatient = kind, true
	for _, f := range change {
		f(&job)
	}
	run, err := r.runner.Run(context.Background(), job)
	must(r.t, err)
	return run
}

func (r *rig) plan(kind Kind, change ...func(*Job)) TrainerPlan {
	r.t.Helper()
	job := r.job()
	job.Kind = kind
	for _, f := range change {
		f(&job)
	}
	plans, err := r.runner.Plan(context.Background(), job)
	must(r.t, err)
	if len(plans) != 1 || plans[0].Err != nil {
		r.t.Fatalf("plans are %+v", plans)
	}
	return plans[0]
}

// put writes an item into a trainer's calendar with a marker, as a gateway would.
func (r *rig) put(label string, m calendar.Marker, subject string, n int) calendar.ItemID {
	r.t.Helper()
	start := noon.AddDate(0, 0, n)
	op := sdk.Operation{ID: "1", Kind: sdk.Create, Marker: m, Appointment: calendar.Appointment{
		Subject: subject, When: calendar.When{Start: start, End: start.Add(time.Hour), TimeZone: "Europe/London"},
		ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
	}}
	var id calendar.ItemID
	must(r.t, r.account.Account.Write(context.Background(), []sdk.WriteRequest{{Mailbox: r.target(label).Mailbox, Operations: []sdk.Operation{op}}},
		func(res sdk.WriteResult) error {
			id = res.ItemID
			if res.Err != nil {
				return res.Err
			}
			return nil
		}))
	return id
}

func ids(items []calendar.Item) map[string]bool {
	all := map[string]bool{}
	for _, i := range items {
		all[string(i.ID)] = true
	}
	return all
}

func steps(run store.Run, label string) []string {
	var all []string
	for _, out := range run.Trainers {
		if out.Trainer.Label == label {
			for _, s := range out.Steps {
				all = append(all, fmt.Sprint(s.Direction, " ", s.Op, " ", s.Reason))
			}
		}
	}
	slices.Sort(all)
	return all
}

// resync-1: everything of ours goes and is made anew, orphans and duplicates included;
// what is the trainer's own, another gateway's, or a person's copy stays, and so does
// what the trainer shows the platform at every moment (A13).
func TestResync(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Resync, ResyncInPlace} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, "ana")
			r.course("1", 3, "ana")
			own := r.native("ana", "Dentist", 5)
			r.synced()
			written := r.items("ana")
			r.put("ana", calendar.Marker{Installation: "here", Key: "northwind/ana/course/77", Generation: "x"}, "Training: Gone", 9)
			foreign := r.put("ana", calendar.Marker{Installation: "elsewhere", Key: course1, Generation: "x"}, "Theirs", 10)
			copied := r.put("ana", calendar.Marker{Installation: "here", Key: course1, Generation: r.memory("ana").Links[0].Generation}, "My copy", 11)
			r.course("1", 3, "ana") // renamed below without a trigger
			c := r.course("1", 3, "ana")
			c.Venue = &platform.Venue{Name: "Harbour House"}
			r.give(c)
			planned := r.plan(kind)
			before := ids(r.items("ana"))
			looksFree := errors.New("the trainer looks free")
			r.runner.Memory = &faultyMemory{Memory: r.store, commit: func() error {
				if pulled := r.pulled("ana"); !slices.Contains(pulled, "Dentist") {
					return looksFree
				}
				return nil
			}}
			run := r.work(kind)
			if diff := cmp.Diff(map[string][]string{course1: {"My copy", "Theirs", "Training: Course 1"}}, sorted(r.own("ana"))); diff != "" {
				t.Error(diff)
			}
			if pulled := r.pulled("ana"); !slices.Contains(pulled, "Dentist") {
				t.Errorf("pulled are %v", pulled)
			}
			after := ids(r.items("ana"))
			for _, id := range []string{own, string(foreign), string(copied)} {
				if !after[id] {
					t.Errorf("item %s, which is not ours, is gone", id)
				}
			}
			for _, item := range written {
				if item.Marker != nil && after[string(item.ID)] != (kind == ResyncInPlace) {
					t.Errorf("%s: the item that was written before is there: %v", kind, after[string(item.ID)])
				}
			}
			if got := r.items("ana"); !slices.ContainsFunc(got, func(i calendar.Item) bool { return i.Location == "Harbour House" }) {
				t.Error("what changed without a trigger was not written")
			}
			if n := len(planned.Plan.Calendar); n != countPush(run, "ana") || len(before) == len(after) && kind == ResyncInPlace {
				t.Errorf("planned were %d writes, made %d", n, countPush(run, "ana"))
			}
			if again := r.synced(); len(steps(again, "ana")) != 0 {
				t.Errorf("afterwards a sync does %v", steps(again, "ana"))
			}
		})
	}
}

func sorted(m map[string][]string) map[string][]string {
	for _, v := range m {
		slices.Sort(v)
	}
	return m
}

func countPush(run store.Run, label string) int {
	n := 0
	for _, out := range run.Trainers {
		if out.Trainer.Label == label {
			n += out.Counts.PushCreated + out.Counts.PushUpdated + out.Counts.PushRemoved
		}
	}
	return n
}

// resync-1: the guard does not hold it, within the direction.
func TestResyncIsNotHeld(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.runner.Guard = &reconcile.Guard{MaxRemovals: 0, MaxFraction: 0}
	gone := r.native("ana", "Dentist", 5)
	r.synced()
	r.calendar.Remove(r.target("ana").Mailbox.Address, gone)
	r.synced()
	if m := r.memory("ana").Mirrors; len(m) != 1 || !m[0].Held {
		t.Fatalf("the guard holds %+v", m)
	}
	r.target("ana").Pull = false
	r.work(Resync)
	if m := r.memory("ana").Mirrors; len(m) != 1 {
		t.Errorf("a direction that is off was touched: %+v", m)
	}
	r.target("ana").Pull = true
	r.work(Resync)
	if m := r.memory("ana").Mirrors; len(m) != 0 {
		t.Errorf("still on the platform: %+v", m)
	}
}

// resync-1, L2: a crash between the removals and what follows is healed by any later run.
func TestResyncIsCutShort(t *testing.T) {
	t.Parallel()
	for cut := range 3 {
		r := newRig(t, "ana")
		r.course("1", 3, "ana")
		r.course("2", 4, "ana")
		r.native("ana", "Dentist", 5)
		r.synced()
		n := 0
		r.runner.Memory = &faultyMemory{Memory: r.store, commit: func() error {
			if n++; n > cut {
				return errors.New("disk full")
			}
			return nil
		}}
		job := r.job()
		job.Kind = Resync
		_, err := r.runner.Run(context.Background(), job)
		must(t, err)
		r.runner.Memory = r.store
		r.native("ana", "Optician", 6)
		r.synced()
		want := map[string][]string{course1: {"Training: Course 1"}, "northwind/ana/course/2": {"Training: Course 2"}}
		if diff := cmp.Diff(want, r.own("ana")); diff != "" {
			t.Errorf("cut after %d commits: %s", cut, diff)
		}
		if diff := cmp.Diff([]string{"Dentist", "Optician"}, r.pulled("ana")); diff != "" {
			t.Errorf("cut after %d commits: %s", cut, diff)
		}
	}
}

// move-1: what a former integration wrote becomes ours where it is, and no second one is
// made; until then a plan warns of it, and afterwards it is no longer unavailability.
func TestAdoptFormer(t *testing.T) {
	t.Parallel()
	titles := reconcile.Former{Titles: func(w reconcile.Wanted) []string { return []string{w.Appointment.Subject} }}
	former := func(job *Job) { job.Former = titles }
	for _, bare := range []bool{false, true} {
		r := newRig(t, "ana")
		r.account.bare = bare
		r.course("1", 3, "ana")
		id := r.calendar.Put(r.target("ana").Mailbox.Address, "", formerItem("Training: Course 1", 3))
		r.native("ana", "Dentist", 3)
		warned := r.plan(Sync, former)
		if want := []reconcile.Finding{{Reason: reconcile.ReasonLookalike, ItemID: calendar.ItemID(id)}}; cmp.Diff(want, warned.Plan.Findings) != "" {
			t.Errorf("bare %v: the plan finds %+v", bare, warned.Plan.Findings)
		}
		if n := len(r.plan(Adopt, former).Plan.Calendar); n != 1 {
			t.Errorf("bare %v: %d items would be adopted", bare, n)
		}
		run := r.work(Adopt, former)
		if diff := cmp.Diff([]string{"push update taken_over"}, steps(run, "ana")); diff != "" {
			t.Errorf("bare %v: %s", bare, diff)
		}
		r.synced()
		if after := r.items("ana"); len(after) != 2 || !ids(after)[id] {
			t.Errorf("bare %v: the calendar holds %+v", bare, after)
		}
		if diff := cmp.Diff([]string{"Dentist"}, r.pulled("ana")); diff != "" {
			t.Errorf("bare %v: %s", bare, diff)
		}
		if diff := cmp.Diff(map[string][]string{course1: {"Training: Course 1"}}, r.own("ana")); diff != "" {
			t.Errorf("bare %v: %s", bare, diff)
		}
		if again := r.synced(); len(steps(again, "ana")) != 0 {
			t.Errorf("bare %v: afterwards a sync does %v", bare, steps(again, "ana"))
		}
	}
}

func formerItem(subject string, n int) sdktest.Entry {
	start := noon.AddDate(0, 0, n)
	return sdktest.Entry{
		Subject: subject, When: calendar.When{Start: start, End: start.Add(time.Hour), TimeZone: "Europe/London"},
		ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
	}
}

// move-1: what was pulled before it was adopted, or is removed beside ours.
func TestAdoptLate(t *testing.T) {
	t.Parallel()
	titles := func(w reconcile.Wanted) []string { return []string{w.Appointment.Subject} }
	r := newRig(t, "ana")
	r.course("1", 3, "ana")
	r.calendar.Put(r.target("ana").Mailbox.Address, "", formerItem("Training: Course 1", 3))
	r.synced()
	if diff := cmp.Diff([]string{"Training: Course 1"}, r.pulled("ana")); diff != "" {
		t.Fatal(diff)
	}
	cursor := r.memory("ana").Cursor
	run := r.work(Adopt, func(j *Job) { j.Former = reconcile.Former{Titles: titles} })
	if diff := cmp.Diff([]string(nil), steps(run, "ana"), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("beside ours it was not left alone: %s", diff)
	}
	if diff := cmp.Diff(cursor, r.memory("ana").Cursor); diff != "" {
		t.Errorf("an adoption moved the cursor: %s", diff)
	}
	r.work(Adopt, func(j *Job) { j.Former = reconcile.Former{Titles: titles, Remove: true} })
	if len(r.items("ana")) != 1 || len(r.pulled("ana")) != 0 {
		t.Errorf("the calendar holds %+v, pulled are %v", r.items("ana"), r.pulled("ana"))
	}
	if again := r.synced(); len(steps(again, "ana")) != 0 {
		t.Errorf("afterwards a sync does %v", steps(again, "ana"))
	}
}

// conflict-1, N10: overlaps are kept with each trainer's result, and go when they end.
func TestConflictsAreKeptCurrent(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana", "ben")
	r.course("1", 3, "ana", "ben")
	r.synced()
	if c := r.memory("ana").Conflicts; len(c) != 0 {
		t.Fatalf("there are %+v", c)
	}
	id := r.calendar.Put(r.target("ana").Mailbox.Address, "", formerItem("Dentist", 3)) // from the calendar's side
	r.synced()
	found := r.memory("ana").Conflicts
	want := store.Conflict{Since: noon, Conflict: reconcile.Conflict{
		Key: course1, Other: r.memory("ana").Mirrors[0].ID, Pulled: true, Start: noon.AddDate(0, 0, 3), End: noon.AddDate(0, 0, 3).Add(time.Hour),
	}}
	if diff := cmp.Diff([]store.Conflict{want}, found); diff != "" {
		t.Error(diff)
	}
	if c := r.memory("ben").Conflicts; len(c) != 0 {
		t.Errorf("another trainer has %+v", c)
	}
	r.runner.Now = func() time.Time { return noon.Add(time.Minute) }
	r.course("2", 3, "ana") // from the platform's side
	planned := r.plan2("ana").Conflicts
	r.synced()
	after := r.memory("ana").Conflicts
	if len(after) != 3 || !after[0].Since.Equal(noon) {
		t.Errorf("with a second course: %+v", after)
	}
	if diff := cmp.Diff(after, planned); diff != "" {
		t.Errorf("the plan foresaw other conflicts: %s", diff)
	}
	if r.own("ana")[course1] == nil || len(r.pulled("ana")) != 1 {
		t.Error("a conflict changed something")
	}
	r.calendar.Remove(r.target("ana").Mailbox.Address, id)
	r.course("2", 5, "ana")
	r.synced()
	if c := r.memory("ana").Conflicts; len(c) != 0 {
		t.Errorf("left are %+v", c)
	}
}

// plan2 is the plan of one of several trainers.
func (r *rig) plan2(label string) TrainerPlan {
	r.t.Helper()
	plans, err := r.runner.Plan(context.Background(), r.job())
	must(r.t, err)
	i := slices.IndexFunc(plans, func(p TrainerPlan) bool { return p.Trainer.Label == label })
	return plans[i]
}

// A paused trainer is not touched, and the run says why.
func TestPausedIsLeftAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana", "ben")
	r.course("1", 3, "ana", "ben")
	job := r.job()
	pause := store.Pause{Provider: "northwind", Label: "ben", Since: noon, Reason: "on leave"}
	job.Paused = []Paused{{Trainer: r.target("ben").ID, Pause: pause}}
	job.Batches[0].Targets = r.targets[:1]
	run, err := r.runner.Run(context.Background(), job)
	must(t, err)
	stored, err := r.store.Run(context.Background(), run.ID)
	must(t, err)
	if stored.State != store.RunOK || len(r.items("ben")) != 0 || len(r.items("ana")) != 1 {
		t.Errorf("the run is %s, ben has %d items", stored.State, len(r.items("ben")))
	}
	if out := outcome(t, stored, "ben"); out.State != store.RunPaused || out.Paused == nil || *out.Paused != pause {
		t.Errorf("ben's outcome is %+v", out)
	}
}

// Trouble of a whole account is kept with its time until a calendar is read again.
func TestAccountTroubleIsKept(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana", "ben")
	r.refused = sdk.CodeCredentials.New("the server refused the credentials").WithDetail("LockMeOut").WithAdvice("enter the right password")
	r.run()
	r.runner.Now = func() time.Time { return noon.Add(time.Hour) }
	r.run()
	got, err := r.store.AccountTroubles(context.Background())
	must(t, err)
	want := map[string]store.Failing{"northwind/memory": {
		Code: "credentials_refused", Message: "the server refused the credentials (LockMeOut)", Advice: "enter the right password", Since: noon, Attempts: 2,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	r.refused = nil
	r.synced()
	if got, err := r.store.AccountTroubles(context.Background()); len(got) != 0 || err != nil {
		t.Errorf("afterwards: %v, %v", got, err)
	}
}
