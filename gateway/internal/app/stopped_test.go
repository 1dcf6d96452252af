package app

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/availability"
	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// remembered gives a trainer a calendar with an appointment until the given time.
func remembered(t *testing.T, state store.Store, id platform.TrainerID, service string, until time.Time) {
	t.Helper()
	when := calendar.When{Start: until.Add(-time.Hour), End: until, TimeZone: "Europe/Paris"}
	err := state.Commit(t.Context(), store.Result{
		ID: id, Place: store.Place{Account: id.Provider + "/" + service, Mailbox: sdk.Mailbox{Address: id.Label + "@old.example", TimeZone: "Europe/Paris"}},
		PutLinks: []reconcile.Link{{Key: id.String() + "/course/1", ItemID: "x", State: reconcile.LinkWritten, Rendered: calendar.Appointment{When: when}}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestStoppedTrainersArePicked holds map-2 and I8: with on_stop = "remove", a trainer who
// was switched off or taken out is worked on in the calendar that is remembered, until
// nothing is left; with on_stop = "keep" never.
func TestStoppedTrainersArePicked(t *testing.T) {
	t.Parallel()
	a := newApp(t, t.TempDir(), "v1")
	state, err := a.own(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := &a.Config().Providers[0]
	p.Trainers = append(p.Trainers, config.Trainer{ID: platform.TrainerID{Provider: p.Name, Label: "off"}, Service: p.Accounts[0].Service, Email: "off@new.example", TimeZone: time.UTC})
	soon, over := time.Now().Add(24*time.Hour), time.Now().Add(-24*time.Hour)
	for label, until := range map[string]time.Time{"off": soon, "left": soon, "over": over} {
		remembered(t, state, platform.TrainerID{Provider: p.Name, Label: label}, p.Accounts[0].Service, until)
	}
	picked := func(f Filter) []string {
		t.Helper()
		trainers, err := a.pick(t.Context(), state, f)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, tr := range trainers {
			if !tr.Active() {
				out = append(out, tr.ID.Label+" "+tr.Email+" "+tr.TimeZone.String())
			}
		}
		slices.Sort(out)
		return out
	}
	if got := picked(Filter{}); got != nil {
		t.Errorf("on_stop = keep: %v", got)
	}
	p.RemoveOnStop = true
	want := []string{"left left@old.example Europe/Paris", "off off@old.example Europe/Paris"}
	if diff := cmp.Diff(want, picked(Filter{})); diff != "" {
		t.Error(diff)
	}
	if got := picked(Filter{Provider: a.Config().Providers[1].Name}); got != nil {
		t.Errorf("another provider: %v", got)
	}
	p.Engine = false
	if got := picked(Filter{Automatic: true}); got != nil {
		t.Errorf("eng-1 with the engine off: %v", got)
	}
	trainers, err := a.pick(t.Context(), state, Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range jobOf(a.Config(), "", trainers).Batches {
		for _, target := range b.Targets {
			off := !target.Push && !target.Pull
			if target.Stopped != (reconcile.Stopped{RemovePushed: off, RemovePulled: off}) && target.ID.Provider == p.Name {
				t.Errorf("%s: %+v", target.ID, target.Stopped)
			}
		}
	}
}

// TestAssignments holds eng-1, eng-2 and map-8: everybody whose engine is on has a turn
// within the interval of the provider, who is new has it now, and who is switched off none.
// Switched on again, everybody has a turn at once: what changed meanwhile is applied.
func TestAssignments(t *testing.T) {
	t.Parallel()
	a := newApp(t, t.TempDir(), "v1")
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	a.opts.Now = func() time.Time { return now }
	state, err := a.own(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.Config().Providers {
		a.Config().Providers[i].Engine = true
	}
	a.Config().Providers[0].Sync.Interval = time.Hour
	due := func() []store.Due {
		t.Helper()
		if err := a.assign(t.Context(), state); err != nil {
			t.Fatal(err)
		}
		due, err := state.Dues(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return due
	}
	first := due()
	if want := len(a.automatic(t.Context(), state)); len(first) != want || want == 0 {
		t.Fatalf("%d trainers have a turn, want %d", len(first), want)
	}
	for _, d := range first {
		if !d.At.Equal(now) || d.Cause != store.CauseInterval {
			t.Errorf("%s is new, and due at %s for %q", d.Trainer, d.At, d.Cause)
		}
		leases, err := state.Claim(t.Context(), store.Claim{Owner: "x", Now: now, Until: now.Add(time.Minute), Trainers: []platform.TrainerID{d.Trainer}, Due: true})
		if err != nil || len(leases) != 1 {
			t.Fatalf("leases %v, %v", leases, err)
		}
		if err := state.Unlease(t.Context(), now, leases, a.turnOf(d.Trainer)); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range due() {
		every := a.interval(d.Trainer)
		if wait := d.At.Sub(now); wait <= 0 || wait > every {
			t.Errorf("%s has the next turn after %s, with an interval of %s", d.Trainer, wait, every)
		}
	}
	a.Config().Providers[0].Engine = false
	for _, d := range due() {
		if d.Trainer.Provider == a.Config().Providers[0].Name {
			t.Errorf("%s is due, and the engine is off", d.Trainer)
		}
	}
	a.Config().Providers[0].Engine = true
	again := map[platform.TrainerID]bool{}
	for _, d := range due() {
		again[d.Trainer] = !d.At.After(now)
	}
	for _, d := range first {
		if d.Trainer.Provider == a.Config().Providers[0].Name && !again[d.Trainer] {
			t.Errorf("the engine is on again, and %s is not due", d.Trainer)
		}
	}
}

// TestAvailability holds avail-1, A7 and A10: who was not read lately is unknown, since
// when it says, and never free; what is known to be busy stays busy.
func TestAvailability(t *testing.T) {
	t.Parallel()
	a := newApp(t, t.TempDir(), "v1")
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	a.opts.Now = func() time.Time { return now }
	state, err := a.own(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tr := a.Config().Providers[0].Trainers[0]
	read := store.Reading{At: now, Covered: calendar.Window{Start: now.Add(-time.Hour), End: now.Add(100 * time.Hour)}}
	result := store.Result{ID: tr.ID, Read: read, PutMirrors: []reconcile.Mirror{
		{ID: "m", ItemID: "i", Description: "Dentist", When: calendar.When{Start: now.Add(2 * time.Hour), End: now.Add(3 * time.Hour)}},
	}}
	course := platform.Course{Provider: tr.ID.Provider, ID: "1", Name: "C", Start: now.Add(4 * time.Hour), End: now.Add(5 * time.Hour), TimeZone: "UTC", Trainers: []platform.CourseTrainer{{ID: tr.ID.Label}}}
	off := course
	off.ID, off.Status, off.Start, off.End = "2", platform.StatusCancelled, now.Add(6*time.Hour), now.Add(7*time.Hour)
	_, err = state.Import(t.Context(), store.Batch{Import: platform.Import{Courses: []platform.Course{course, off}}})
	if err != nil {
		t.Fatal(err)
	}
	status := func() TrainerStatus {
		t.Helper()
		all, err := a.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return all[slices.IndexFunc(all, func(s TrainerStatus) bool { return s.Trainer == tr.ID })]
	}
	if got := status().Availability; got.Now != availability.Unknown || got.Reason != availability.NeverRead {
		t.Errorf("never read: %+v", got)
	}
	if err := state.Commit(t.Context(), result); err != nil {
		t.Fatal(err)
	}
	if got := status().Availability; got != (Availability{Now: availability.Free, Until: read.Covered.End}) {
		t.Errorf("just read: %+v", got)
	}
	k, err := a.KnownTime(t.Context(), tr.ID)
	if err != nil {
		t.Fatal(err)
	}
	for hour, want := range []availability.State{0: availability.Free, 2: availability.Busy, 4: availability.Busy, 6: availability.Free} {
		w := calendar.Window{Start: now.Add(time.Duration(hour) * time.Hour), End: now.Add(time.Duration(hour+1) * time.Hour)}
		if got, _ := k.Over(now, w); want != "" && got != want {
			t.Errorf("in %d hours: %s, want %s", hour, got, want)
		}
	}
	now = now.Add(2 * time.Hour)
	if got := status().Availability; got.Now != availability.Busy || got.Reason != availability.Stale || !got.StaleSince.Equal(read.At) {
		t.Errorf("A10 stale and busy: %+v", got)
	}
	now = now.Add(time.Hour)
	if got := status().Availability; got.Now != availability.Unknown || !got.StaleSince.Equal(read.At) || !got.Until.IsZero() {
		t.Errorf("A7 stale: %+v", got)
	}
}
