package runner

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/sdk"
)

// subjects takes over what has the title that the gateway itself would write.
func subjects(remove bool) func(*Job) {
	titles := func(w reconcile.Wanted) []string { return []string{w.Appointment.Subject} }
	return func(j *Job) { j.Former = reconcile.Former{Titles: titles, Remove: remove} }
}

// push-10, move-1: an adoption that is cut short after its write, before its result is
// stored, leaves an intention by which the next run finds the item, also where only our
// own items are read and so nothing else would tell of it.
func TestAdoptionIsCutShort(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.target("ana").Pull = false
	r.synced()
	r.course("1", 3, "ana")
	id := r.calendar.Put(r.target("ana").Mailbox.Address, "", formerItem("Training: Course 1", 3))
	r.runner.Memory = &faultyMemory{Memory: r.store, commit: func() error { return errors.New("disk full") }}
	job := r.job()
	job.Kind = Adopt
	subjects(false)(&job)
	_, err := r.runner.Run(t.Context(), job)
	must(t, err)
	r.runner.Memory = r.store
	r.account.onRead = func(p *sdk.ReadPage) error {
		p.Changes = nil // a read of our own items does not show those that it does not know of
		return nil
	}
	r.synced()
	if diff := cmp.Diff(map[string][]string{course1: {"Training: Course 1"}}, r.own("ana")); diff != "" {
		t.Error(diff)
	}
	if all := r.items("ana"); len(all) != 1 || !ids(all)[id] {
		t.Errorf("the calendar holds %+v", all)
	}
}

// move-1: what bears nobody's marker is removed as it was seen, or not at all; what is
// ours goes whatever it says by now.
func TestRemovalOfTheFormer(t *testing.T) {
	t.Parallel()
	r, f := newRig(t, "ana"), &refuser{}
	versions := map[sdk.OperationKind][]string{}
	f.refuse = func(op sdk.Operation) bool {
		versions[op.Kind] = append(versions[op.Kind], op.Version)
		return false
	}
	f.install(r)
	c := r.course("1", 3, "ana")
	r.synced()
	r.calendar.Put(r.target("ana").Mailbox.Address, "", formerItem("Training: Course 1", 3))
	r.work(Adopt, subjects(true))
	r.give(without(c))
	r.synced()
	if v := versions[sdk.Delete]; len(v) != 2 || v[0] == "" || v[1] != "" {
		t.Errorf("removed by the versions %q", v)
	}
}

// push-4, move-1: an adoption tries nothing that runs before it owed, and tells of it as
// long as it is wanted and fails: no longer of a course that was taken from the trainer, or
// that has a text by now.
func TestAdoptionTellsWhatIsOwedStill(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*rig, platform.Course){
		"it fails":  func(*rig, platform.Course) {},
		"taken off": func(r *rig, c platform.Course) { r.give(without(c)) },
		"corrected": func(r *rig, c platform.Course) {
			c.ExclusiveAccounts = []string{"acme"}
			r.give(c)
		},
		"not pushed any more": func(r *rig, _ platform.Course) { r.target("ana").Push = false },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, "ana")
			r.target("ana").Render.Templates = titles(t, `course.external_id == "x" ? course.exclusive_accounts[0] : course.label`)
			c := r.course("1", 3, "ana")
			c.ExternalID = "x"
			r.give(c)
			if out := outcome(t, r.run(), "ana"); out.Failing == nil || out.Failing.Code != CodeTemplateFailed {
				t.Fatalf("before: %+v", out.Failing)
			}
			change(r, c)
			run := r.tried(Adopt, subjects(false))
			out, memory := outcome(t, run, "ana"), r.memory("ana")
			fails := name == "it fails"
			if (out.Failing != nil) != fails || (memory.Failing != nil) != fails || (len(memory.Owed) > 0) != fails {
				t.Errorf("the run tells %+v; kept: %+v, owed %+v", out.Failing, memory.Failing, memory.Owed)
			}
		})
	}
}

// move-1: that the calendar could not be read is not over because of an adoption that
// cannot read it either, nor what is owed forgotten.
func TestAdoptionWithoutCalendarKeepsWhatIsOwed(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.target("ana").Render.Templates = titles(t, `course.exclusive_accounts[0]`)
	r.course("1", 3, "ana")
	r.run()
	r.account.onRead = func(p *sdk.ReadPage) error {
		p.Complete, p.Err = nil, sdk.CodeUnavailable.New("the server is away")
		return nil
	}
	r.tried(Adopt, subjects(false))
	if m := r.memory("ana"); m.Failing == nil || m.Failing.Code != string(sdk.CodeUnavailable) || len(m.Owed) != 1 {
		t.Errorf("kept: %+v, owed %+v", m.Failing, m.Owed)
	}
}
