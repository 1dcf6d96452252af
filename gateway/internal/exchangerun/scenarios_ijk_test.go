package exchangerun

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// A permission that one mailbox loses is told of that trainer alone, with the reason;
// what was pulled stays, and all is well again when it is given back (I4).
func TestI4PermissionOfOneMailbox(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana", "ben")
	r.put("ana", native("Dentist", 3))
	r.synced()
	r.sim.World().LimitApplication("ben@northwind.example")
	r.put("ben", native("Doctor", 3))
	run := r.run()
	if run.State != store.RunPartial || len(r.busy("ana")) != 1 || len(r.busy("ben")) != 1 {
		t.Errorf("the run is %s; Ana is taken at %v and Ben at %v", run.State, r.busy("ana"), r.busy("ben"))
	}
	if f := r.memory("ana").Failing; f == nil || f.Code != string(sdk.CodeAccessDenied) || f.Advice == "" {
		t.Errorf("Ana is failing with %+v, want no access and an advice", f)
	}
	if f := r.memory("ben").Failing; f != nil {
		t.Errorf("Ben is failing with %+v", f)
	}
	r.sim.World().LimitApplication()
	r.settle()
	if f := r.memory("ana").Failing; f != nil {
		t.Errorf("given back, Ana is failing with %+v", f)
	}
}

// A trainer whose mailbox was served on premises moves to Exchange Online: until the
// move Graph knows no mailbox, which is said with what to do; after it, what EWS pushed
// is adopted by its marker: nothing is doubled, nothing made anew (I5, map-5).
func TestI5MovedToTheCloud(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana")
	r.box("ana").SetState(world.OnPremises)
	online := r.account
	r.account = r.onPremises()
	r.give(course("1", 3, "ana"))
	r.put("ana", native("Dentist", 3))
	r.synced()
	before, item := r.calendar("ana"), r.our("ana")

	must(t, r.account.Close())
	r.account, r.identity = online, "northwind's tenant"
	if run := r.run(); run.State == store.RunOK {
		t.Error("a run over Graph is well before the move")
	}
	if f := r.memory("ana").Failing; f == nil || f.Code != string(sdk.CodeMailboxUnavailable) || !strings.Contains(f.Advice, "exchange-onprem") {
		t.Errorf("failing with %+v, want advice on the service", f)
	}
	r.box("ana").SetState(world.OK)
	r.settle()
	if diff := cmp.Diff(before, r.calendar("ana")); diff != "" {
		t.Errorf("calendar: %s", diff)
	}
	if got := r.our("ana"); got.Item != item.Item || !got.Created.Equal(item.Created) {
		t.Error("the appointment was made anew")
	}
	if diff := cmp.Diff([]string{"11-27T09:00"}, r.busy("ana")); diff != "" {
		t.Errorf("taken time: %s", diff)
	}
	r.quiet()
}

// Text of private appointments is nowhere in the state, whatever becomes of them (J1);
// made private later, the platform's text goes too, from the state's files as well (J2).
func TestJ1J2PrivateText(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana")
	private := native("SECRET-alpha", 3)
	private.Sensitivity, private.Location = world.Private, "SECRET-alpha"
	r.put("ana", private)
	later := r.put("ana", native("SECRET-beta", 4))
	r.synced()
	if got := r.descriptions("ana"); !slices.Equal(got, []string{"Unavailable", "SECRET-beta\nNotes on SECRET-beta"}) {
		t.Errorf("pulled %q", got)
	}
	r.change("ana", later.Ref, func(a *world.Appointment) { a.Sensitivity = world.Private })
	r.synced()
	if got := r.descriptions("ana"); !slices.Equal(got, []string{"Unavailable", "Unavailable"}) {
		t.Errorf("pulled %q, want time alone", got)
	}
	must(t, r.store.Close())
	for _, text := range []string{"SECRET-alpha", "SECRET-beta"} {
		if r.remembers(text) {
			t.Errorf("the state's files hold %s", text)
		}
	}
	var err error
	r.store, err = sqlite.Open(context.Background(), filepath.Join(r.dir, "gateway.db"))
	must(t, err)
}

// An appointment that becomes free, and busy again, takes its time accordingly, and is
// never left over (J3); meetings called off or declined take none (J5), one not yet
// answered does by the default rule, and does not where tentative blocks nothing (J6).
func TestJ3J5J6WhatTakesTime(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana")
	meeting := native("Board", 3)
	meeting.Organizer = world.Address{Name: "Boss", SMTP: "boss@northwind.example"}
	meeting.Response = world.Accepted
	item := r.put("ana", meeting)
	for _, step := range []struct {
		name   string
		change func(*world.Appointment)
		taken  int
	}{
		{"accepted", func(*world.Appointment) {}, 1},
		{"free", func(a *world.Appointment) { a.ShowAs = world.Free }, 0},
		{"busy again", func(a *world.Appointment) { a.ShowAs = world.Busy }, 1},
		{"declined", func(a *world.Appointment) { a.Response = world.Declined }, 0},
		{"not answered", func(a *world.Appointment) { a.Response, a.ShowAs = world.NotResponded, world.Tentative }, 1},
		{"called off", func(a *world.Appointment) { a.Cancelled = true }, 0},
	} {
		r.change("ana", item.Ref, step.change)
		r.synced()
		if got := r.busy("ana"); len(got) != step.taken {
			t.Errorf("%s: taken at %v, want %d", step.name, got, step.taken)
		}
	}
	r.change("ana", item.Ref, func(a *world.Appointment) { a.Cancelled = false })
	r.target("ana").ShowAs = []calendar.ShowAs{calendar.ShowAsBusy, calendar.ShowAsOutOfOffice}
	r.synced()
	if got := r.busy("ana"); len(got) != 0 {
		t.Errorf("not answered, where tentative blocks nothing: taken at %v", got)
	}
}

// A meeting to which the trainer is invited is read and never written, whatever runs
// over it; nobody gets mail (K1, K3).
func TestK3InvitedTrainer(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana")
	meeting := native("Board", 3)
	meeting.Organizer, meeting.Response = world.Address{SMTP: "boss@northwind.example"}, world.Accepted
	meeting.Attendees = []world.Attendee{{Address: world.Address{SMTP: "ana@northwind.example"}, Kind: "required"}}
	before := r.put("ana", meeting)
	c := course("1", 3, "ana")
	c.Start, c.End = meeting.Start, meeting.End
	r.give(c)
	r.synced()
	r.lose()
	r.give(c)
	r.synced()
	r.give() // nobody gives the course now: it goes, the meeting stays
	r.synced()
	after := r.box("ana").Items(world.Calendar)
	if len(after) != 1 || after[0].Item != before.Item || after[0].Version != before.Version {
		t.Errorf("calendar = %+v, want the meeting as it was", after)
	}
}

// The repair of an edited appointment changes it in its place (K4, push-9).
func TestK4RepairInPlace(t *testing.T) {
	t.Parallel()
	r := newRig(t, exchangesim.Options{}, "ana")
	r.give(course("1", 3, "ana"))
	r.synced()
	before := r.our("ana")
	r.change("ana", before.Ref, func(a *world.Appointment) { a.Subject, a.Body.Content = "My own title", "My own words" })
	r.synced()
	after := r.our("ana")
	if after.Item != before.Item || after.Subject != before.Subject || after.Body.AsText() != before.Body.AsText() {
		t.Errorf("repaired to %+v, want what was pushed, in its place", after)
	}
	r.quiet()
}
