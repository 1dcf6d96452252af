package exchangerun

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// A create that was carried out before its account was refused is known again by its
// marker when the account is back: one item, and none of it is pulled (B1, B2).
func TestB1B2CreatedBeforeTheRefusal(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana")
	r.synced()
	r.give(course("1", 3, "ana"))
	r.fault(exchangesim.Fault{Protocol: "graph", Kind: "CreateEvent", Mode: exchangesim.FaultLost, Times: 1})
	// The poll's batch and the one whose answer is lost pass.
	r.fault(exchangesim.Fault{Protocol: "graph", Kind: "Batch", Mode: exchangesim.FaultStatus, Status: 401, Skip: 2})
	if run := r.run(); run.State == store.RunOK {
		t.Error("a run whose account is refused is well")
	}
	r.sim.ClearFaults()
	r.restartPlugin()
	r.synced()
	r.one("ana", "Training: Course 1")
	r.quiet()
}

// A gateway that died between the create and its own commit adopts what it made (B2).
func TestB2KilledBeforeTheCommit(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana")
	r.synced()
	r.give(course("1", 3, "ana"))
	r.runner.Memory = noCommit{r.store}
	r.run()
	r.stop()
	r.start()
	r.synced()
	r.one("ana", "Training: Course 1")
	r.quiet()
}

// noCommit is a store of a process that dies before it commits.
type noCommit struct{ runner.Memory }

func (noCommit) Commit(context.Context, store.Result) error { return errors.New("killed") }

// A lost state is built again from the markers: nothing is made twice, nothing of the
// trainers' own goes (B3).
func TestB3StateLost(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana")
	courses := []platform.Course{course("1", 3, "ana"), course("2", 4, "ana")}
	r.give(courses...)
	r.put("ana", native("Dentist", 3))
	r.synced()
	before, pulled := r.calendar("ana"), r.pulled("ana")
	r.lose()
	r.give(courses...)
	r.synced()
	if diff := cmp.Diff(before, r.calendar("ana")); diff != "" {
		t.Errorf("calendar: %s", diff)
	}
	if diff := cmp.Diff(pulled, r.pulled("ana")); diff != "" {
		t.Errorf("pulled: %s", diff)
	}
	r.quiet()
}

// A copy of our appointment at the same times is our duplicate and goes; one at other
// times is the trainer's own: it stays, and its time is taken (B5).
func TestB5Copies(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana")
	r.give(course("1", 3, "ana"))
	r.synced()
	same := r.our("ana").Appointment
	same.UID = ""
	r.put("ana", same)
	elsewhen := r.marked("ana")[0].Appointment
	elsewhen.UID, elsewhen.Start, elsewhen.End = "", same.Start.Add(24*time.Hour), same.End.Add(24*time.Hour)
	r.put("ana", elsewhen)
	r.synced()
	if got := r.marked("ana"); len(got) != 2 {
		t.Errorf("%d items carry our marker, want the one and the copy at another time", len(got))
	}
	if diff := cmp.Diff([]string{elsewhen.Start.UTC().Format("01-02T15:04")}, r.busy("ana")); diff != "" {
		t.Errorf("taken time: %s", diff)
	}
	r.quiet()
}

// An appointment of ours that is moved to another calendar of the mailbox is made again
// in the trainer's calendar, once; moved back, there is still one (B6).
func TestB6AnotherCalendar(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana")
	r.give(course("1", 3, "ana"))
	r.synced()
	moved := r.our("ana").Item
	must(t, r.box("ana").MoveToOther(moved, false))
	r.synced()
	r.one("ana", "Training: Course 1")
	r.quiet()
	must(t, r.box("ana").MoveToOther(moved, true))
	r.synced()
	r.one("ana", "Training: Course 1")
	r.quiet()
}

// New ids for the same content, as after an export and import of the mailbox, change
// nothing in the calendar and nothing that is told to the platform (B7).
func TestB7NewIDs(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana")
	r.give(course("1", 3, "ana"))
	own := r.put("ana", native("Dentist", 3))
	r.synced()
	before, pulled := r.calendar("ana"), r.pulled("ana")
	for _, id := range []world.ItemID{r.our("ana").Item, own.Item} {
		_, err := r.box("ana").Rekey(id)
		must(t, err)
	}
	r.synced()
	if diff := cmp.Diff(before, r.calendar("ana")); diff != "" {
		t.Errorf("calendar: %s", diff)
	}
	if diff := cmp.Diff(pulled, r.pulled("ana")); diff != "" {
		t.Errorf("pulled: %s", diff)
	}
	r.one("ana", "Training: Course 1")
	r.quiet()
}

// The version of an item of ours that was touched without a change of content is taken
// note of, and nothing is written (B7).
func TestB7NewVersion(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana")
	r.give(course("1", 3, "ana"))
	r.put("ana", native("Dentist", 3))
	r.synced()
	for _, i := range r.box("ana").Items(world.Calendar) {
		r.change("ana", i.Ref, func(a *world.Appointment) { a.Categories = []string{"Seen"} })
	}
	r.sim.ClearCounts()
	r.quiet()
	if n := r.asked("UpdateEvent") + r.asked("CreateEvent") + r.asked("DeleteEvent"); n != 0 {
		t.Errorf("%d writes where no content changed", n)
	}
}

// The same meeting in two trainers' mailboxes is taken time of each; called off in one,
// it stays the other's (B8).
func TestB8SharedMeeting(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana", "ben")
	meeting := native("Board", 3)
	meeting.UID = "040000008200E00074C5B7101A82E008FEEDFEEDFEEDFEED"
	anas := r.put("ana", meeting)
	r.put("ben", meeting)
	r.synced()
	r.remove("ana", anas.Ref)
	r.synced()
	if len(r.busy("ana")) != 0 || len(r.busy("ben")) != 1 {
		t.Errorf("Ana is taken at %v and Ben at %v, want Ben alone", r.busy("ana"), r.busy("ben"))
	}
}

// Occurrences share their series' UID and are told apart all the same: a moved one
// keeps its identity on the platform (B9).
func TestB9Occurrences(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana")
	series := r.put("ana", weekly("Team call", 3, 3))
	r.synced()
	before := r.mirrorIDs("ana")
	r.change("ana", world.Ref{Item: series.Item, Occurrence: world.DateOf(series.Start).AddDays(7)}, func(a *world.Appointment) {
		a.Start, a.End = a.Start.Add(time.Hour), a.End.Add(time.Hour)
	})
	r.synced()
	if diff := cmp.Diff(before, r.mirrorIDs("ana")); diff != "" || len(before) != 3 {
		t.Errorf("ids of %d occurrences: %s", len(before), diff)
	}
	if diff := cmp.Diff([]string{"11-27T09:00", "12-04T10:00", "12-11T09:00"}, r.busy("ana")); diff != "" {
		t.Error(diff)
	}
}
