package runner

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/sdktest"
)

// Scenarios of a training company's life, by the ids of the list of what the engine
// must survive.

// held are the gateway's items in the trainer's calendar, by key.
func (r *rig) held(label string) map[string]sdktest.Held {
	r.t.Helper()
	held := map[string]sdktest.Held{}
	for _, i := range r.calendar.Items(r.target(label).Mailbox.Address) {
		if i.Marker == nil {
			continue
		}
		if _, twice := held[i.Marker.Key]; twice {
			r.t.Fatalf("%s has %s twice", label, i.Marker.Key)
		}
		held[i.Marker.Key] = i
	}
	return held
}

// TestVenueChanges is N1 and N2: by default a changed venue or webinar waits for the
// next trigger, and then goes out with it (push-7, push-12, push-13).
func TestVenueChanges(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	c := r.course("1", 3, "ana")
	r.synced()
	c.Venue = &platform.Venue{Name: "Room 7", Address: "Mill Lane 1"}
	r.give(c)
	if n := outcome(t, r.synced(), "ana").Counts.Writes(); n != 0 {
		t.Errorf("an untriggered change made %d writes", n)
	}
	c.Name = "Course one"
	r.give(c)
	r.synced()
	if got := r.held("ana")[course1].Entry; got.Location != "Room 7, Mill Lane 1" || got.Subject != "Training: Course one" {
		t.Errorf("the next trigger wrote %q at %q", got.Subject, got.Location)
	}
}

// TestVenueChangesAtOnce is N1 with repush_on = "all".
func TestVenueChangesAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	c := r.course("1", 3, "ana")
	r.synced()
	c.Venue = &platform.Venue{Name: "Room 7"}
	_, err := r.store.Import(t.Context(), store.Batch{
		Import: platform.Import{Courses: []platform.Course{c}}, RepushOn: map[string][]string{"northwind": platform.CourseFields()},
	})
	must(t, err)
	r.synced()
	if got := r.held("ana")[course1].Entry.Location; got != "Room 7" {
		t.Errorf("the location is %q", got)
	}
}

// TestCancelledAndReopened is N3: the item stays, says so and frees its time; reopened,
// it is as before, in the same item (push-5).
func TestCancelledAndReopened(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	c := r.course("1", 3, "ana")
	r.synced()
	before := r.held("ana")[course1]
	c.Status = platform.StatusCancelled
	r.give(c)
	r.synced()
	cancelled := r.held("ana")[course1]
	if cancelled.ID != before.ID || cancelled.Entry.Subject != "Cancelled: Training: Course 1" || cancelled.Entry.ShowAs != calendar.ShowAsFree {
		t.Errorf("cancelled: %+v", cancelled)
	}
	c.Status = platform.StatusConfirmed
	r.give(c)
	r.synced()
	if diff := cmp.Diff(before, r.held("ana")[course1]); diff != "" {
		t.Errorf("reopened: %s", diff)
	}
}

// TestTrainerSwapped is N4: one run takes the course from one trainer and gives it to
// the other (push-8).
func TestTrainerSwapped(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana", "ben")
	r.course("1", 3, "ana")
	r.synced()
	r.course("1", 3, "ben")
	r.synced()
	if ana, ben := r.own("ana"), r.own("ben"); len(ana) != 0 || len(ben) != 1 {
		t.Errorf("ana has %v, ben has %v", ana, ben)
	}
}

// TestMovedByBothSides is N6 and N9: the platform wins over what the trainer edited,
// and an unavailability that ends on the platform goes from the calendar.
func TestMovedByBothSides(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.course("1", 3, "ana")
	leave := platform.Unavailability{
		ID: "u", Trainer: r.target("ana").ID, Description: "Leave", Origin: platform.OriginPlatform,
		When: calendar.When{Start: noon.AddDate(0, 0, 9), End: noon.AddDate(0, 0, 10), TimeZone: "UTC"},
	}
	tell := func(u ...platform.Unavailability) {
		t.Helper()
		_, err := r.store.Import(t.Context(), store.Batch{
			Import: platform.Import{Unavailability: u, UnavailabilityOf: []string{"northwind"}}, Replace: true,
		})
		must(t, err)
	}
	tell(leave)
	r.synced()
	r.calendar.Move(r.target("ana").Mailbox.Address, r.held("ana")[course1].ID, noon.AddDate(0, 0, 5))
	moved := r.course("1", 4, "ana")
	leave.Description = "Parental leave"
	tell(leave)
	r.synced()
	if got := r.held("ana")[course1].Entry.When.Start; !got.Equal(moved.Start) {
		t.Errorf("N6: the course starts %s, want %s", got, moved.Start)
	}
	if got := r.held("ana")["northwind/ana/unavailability/u"].Entry.Subject; got != "Parental leave" {
		t.Errorf("N9: the unavailability says %q", got)
	}
	tell()
	r.synced()
	if _, there := r.held("ana")["northwind/ana/unavailability/u"]; there {
		t.Error("N9: the unavailability that ended is still in the calendar")
	}
}

// TestDeletedByTheTrainer is N7 and B12: what the trainer deletes comes back as a new
// item with a new generation, so that no server takes it for the deleted one, and the
// course is as it was.
func TestDeletedByTheTrainer(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.course("1", 3, "ana")
	r.synced()
	courses, err := r.store.Courses(t.Context(), "northwind")
	must(t, err)
	before := r.held("ana")[course1]
	r.calendar.Remove(r.target("ana").Mailbox.Address, before.ID)
	r.synced()
	after := r.held("ana")[course1]
	if after.ID == before.ID || after.Marker.Generation == before.Marker.Generation {
		t.Errorf("before %+v, after %+v", before, after)
	}
	again, err := r.store.Courses(t.Context(), "northwind")
	must(t, err)
	if diff := cmp.Diff(courses, again); diff != "" {
		t.Errorf("the course changed: %s", diff)
	}
}

// TestUnreachableForLong is A10: a month without a successful read removes nothing on
// either side, and the trainer is failing since the first day.
func TestUnreachableForLong(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.course("1", 3, "ana")
	r.native("ana", "Dentist", 40)
	r.synced()
	now := noon
	r.runner.Now = func() time.Time { return now }
	away := sdk.CodeUnavailable.New("the server is away")
	r.account.before = func(context.Context, string) error { return away }
	for range 30 {
		now = now.AddDate(0, 0, 1)
		r.run()
	}
	r.account.before = nil
	if diff := cmp.Diff([]string{"Dentist"}, r.pulled("ana")); diff != "" {
		t.Errorf("the platform's side: %s", diff)
	}
	if got := r.own("ana"); len(got) != 1 {
		t.Errorf("the calendar's side: %v", got)
	}
	m := r.memory("ana")
	if m.Failing == nil || !m.Failing.Since.Equal(noon.AddDate(0, 0, 1)) || !m.Proven.Equal(noon) {
		t.Errorf("failing %+v, proven %s", m.Failing, m.Proven)
	}
}

// TestClockJumps is L6: a clock that jumps back a day and forth again damages nothing,
// and writes nothing.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.course("1", 3, "ana")
	r.native("ana", "Dentist", 3)
	now := noon
	r.runner.Now = func() time.Time { return now }
	r.synced()
	for _, jump := range []time.Duration{-24 * time.Hour, 48 * time.Hour, -24 * time.Hour} {
		now = now.Add(jump)
		if n := outcome(t, r.synced(), "ana").Counts.Writes(); n != 0 {
			t.Errorf("a jump of %s made %d writes", jump, n)
		}
	}
}

// TestSlowAccount is G4: an account that answers late does not keep the trainers of
// others waiting.
func TestSlowAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana", "ben")
	r.course("1", 3, "ana", "ben")
	done, waiting := make(chan struct{}), make(chan struct{})
	slow := &account{Account: r.account.Account, calls: map[string]int{}, before: func(context.Context, string) error {
		select {
		case <-done:
		case <-time.After(time.Minute): // the test fails then
		}
		return nil
	}}
	r.runner.Accounts = accountsByName{"northwind/slow": slow, "northwind/quick": r.account}
	r.runner.Progress = func(out store.RunTrainer) {
		if out.Trainer.Label == "ben" {
			close(done)
		}
	}
	go func() {
		defer close(waiting)
		run, err := r.runner.Run(context.Background(), Job{Cause: "test", Batches: []Batch{
			{Account: "northwind/slow", Targets: r.targets[:1]}, {Account: "northwind/quick", Targets: r.targets[1:]},
		}})
		if err != nil || run.State != store.RunOK {
			t.Errorf("the run: %v, %+v", err, run)
		}
	}()
	<-waiting
	select {
	case <-done:
	default:
		t.Error("the quick account's trainer had to wait")
	}
}

// accountsByName are opened accounts.
type accountsByName map[string]sdk.Account

func (a accountsByName) Account(_ context.Context, name string) (Account, error) {
	return Account{Account: a[name], Identity: name}, nil
}

// TestCopyInDirectionOut is B5 where only our own items are read, and what is read are
// those that are known, as over Graph: the copy is found with the next day's full read.
func TestCopyInDirectionOut(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.account.bare = true
	r.target("ana").Pull = false
	r.course("1", 3, "ana")
	now := noon
	r.runner.Now = func() time.Time { return now }
	r.synced()
	item := r.held("ana")[course1]
	copied := r.calendar.Copy(r.target("ana").Mailbox.Address, item.ID, item.Entry.When.Start)
	r.account.onRead = func(p *sdk.ReadPage) error {
		p.Changes = slices.DeleteFunc(p.Changes, func(c calendar.Change) bool {
			return c.Upsert != nil && string(c.Upsert.ID) == copied
		})
		return nil
	}
	now = now.AddDate(0, 0, 1)
	r.synced()
	if got := r.held("ana"); len(got) != 1 {
		t.Errorf("the calendar has %+v", got)
	}
}

// TestShowAsChoosesLess is A8: what leaves the filter goes from the platform, and stays
// in the calendar (pull-8).
func TestShowAsChoosesLess(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.native("ana", "Dentist", 3)
	r.synced()
	r.target("ana").ShowAs = []calendar.ShowAs{calendar.ShowAsOutOfOffice}
	r.synced()
	if got := r.pulled("ana"); len(got) != 0 {
		t.Errorf("the platform still shows %v", got)
	}
	if got := r.items("ana"); len(got) != 1 || got[0].Subject != "Dentist" {
		t.Errorf("the calendar has %+v", got)
	}
}

// TestLinksChange is N11: when all courses get other links and those are triggers, plan
// shows the wave first, and each item is rewritten once.
func TestLinksChange(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	const courses = 20
	change := func(base string) {
		var all []platform.Course
		for i := range courses {
			c := r.course(fmt.Sprint(i), 3+i, "ana")
			c.Details = base + c.ID
			all = append(all, c)
		}
		_, err := r.store.Import(t.Context(), store.Batch{
			Import: platform.Import{Courses: all}, RepushOn: map[string][]string{"northwind": {"details_url"}},
		})
		must(t, err)
	}
	change("https://old.example/")
	r.synced()
	change("https://new.example/")
	plans, err := r.runner.Plan(t.Context(), r.job())
	must(t, err)
	if n := len(plans[0].Plan.Calendar); n != courses {
		t.Errorf("plan shows %d writes, want %d", n, courses)
	}
	if got := outcome(t, r.synced(), "ana").Counts; got != (store.Counts{PushUpdated: courses}) {
		t.Errorf("the wave: %+v", got)
	}
	if n := outcome(t, r.synced(), "ana").Counts.Writes(); n != 0 {
		t.Errorf("a second run writes %d", n)
	}
}
