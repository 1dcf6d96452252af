package world_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// newMailbox makes a mailbox in a world whose clock moves a second at each look.
func newMailbox(t testing.TB) (*world.World, *world.Mailbox) {
	t.Helper()
	now := time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	w := world.New(world.Options{Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}})
	m, err := w.AddMailbox(world.Profile{SMTP: "Ana@x.example", Aliases: []string{"a.ortiz@x.example"}, Name: "Ana Ortiz"})
	if err != nil {
		t.Fatal(err)
	}
	return w, m
}

func create(t testing.TB, m *world.Mailbox, a world.Appointment) world.Item {
	t.Helper()
	it, err := m.Create(a, world.SendAll)
	if err != nil {
		t.Fatal(err)
	}
	return it
}

// weekly is a meeting on five Tuesdays from 20 October 2026, 09:00 in Berlin; summer
// time ends between the first and the second.
func weekly(t testing.TB) world.Appointment {
	start := time.Date(2026, 10, 20, 9, 0, 0, 0, zone(t, "Europe/Berlin"))
	return world.Appointment{
		Subject: "Weekly", Start: start, End: start.Add(time.Hour),
		Recurrence: &world.Recurrence{
			Pattern: world.Pattern{Kind: world.Weekly, Days: []time.Weekday{time.Tuesday}, FirstDayOfWeek: time.Monday},
			Range:   world.Range{Count: 5},
		},
	}
}

func starts(items []world.Item) []string {
	var all []string
	for _, it := range items {
		all = append(all, string(it.Type)+" "+it.Start.UTC().Format("01-02 15:04"))
	}
	return all
}

func year(t testing.TB, m *world.Mailbox) []world.Item {
	t.Helper()
	return m.View(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC), false)
}

func on(month time.Month, d int) world.Date { return world.Date{Year: 2026, Month: month, Day: d} }

func at(t testing.TB, name string, day world.Date, hour int) time.Time {
	return time.Date(day.Year, day.Month, day.Day, hour, 0, 0, 0, zone(t, name))
}

func TestViewBoundaries(t *testing.T) {
	_, m := newMailbox(t)
	create(t, m, world.Appointment{Start: at(t, "UTC", on(10, 1), 9), End: at(t, "UTC", on(10, 1), 10)})
	create(t, m, world.Appointment{Start: at(t, "UTC", on(10, 1), 12), End: at(t, "UTC", on(10, 1), 12)})
	for _, tc := range []struct {
		from, to int
		touching bool
		want     int
	}{
		{8, 9, false, 0},
		{8, 10, false, 1},
		{10, 11, false, 0},
		{10, 11, true, 1},
		{11, 12, false, 0},
		{12, 13, false, 1},
		{12, 13, true, 1},
		{11, 12, true, 0},
	} {
		got := m.View(at(t, "UTC", on(10, 1), tc.from), at(t, "UTC", on(10, 1), tc.to), tc.touching)
		if len(got) != tc.want {
			t.Errorf("from %d to %d, touching %v: %d items, want %d", tc.from, tc.to, tc.touching, len(got), tc.want)
		}
	}
}

func TestRefusedAppointments(t *testing.T) {
	start := at(t, "Europe/Berlin", on(10, 20), 9)
	for _, tc := range []struct {
		name string
		a    world.Appointment
		want error
	}{
		{"no times", world.Appointment{}, world.ErrInvalidProperty},
		{"end before start", world.Appointment{Start: start, End: start.Add(-time.Minute)}, world.ErrEndBeforeStart},
		{"six years", world.Appointment{Start: start, End: start.AddDate(6, 0, 0)}, world.ErrTooLong},
		{"whole days by the clock", world.Appointment{Start: start, End: start.AddDate(0, 0, 1), AllDay: true}, world.ErrNotMidnight},
		{"whole days in another zone", world.Appointment{Start: at(t, "UTC", on(10, 20), 0), End: at(t, "Europe/Berlin", on(10, 21), 0), AllDay: true}, world.ErrNotMidnight},
		{"no pattern", world.Appointment{Start: start, End: start, Recurrence: &world.Recurrence{}}, world.ErrRecurrence},
	} {
		_, m := newMailbox(t)
		if _, err := m.Create(tc.a, world.SendNone); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
		if items := m.Items(world.Calendar); len(items) != 0 {
			t.Errorf("%s: it was stored", tc.name)
		}
	}
}

// Whole days work where a day has no midnight, because the clock jumps over it.
func TestWholeDaysWithoutMidnight(t *testing.T) {
	_, m := newMailbox(t)
	cairo := zone(t, "Africa/Cairo")
	a := world.Appointment{
		Start: time.Date(2026, 4, 24, 9, 0, 0, 0, cairo), End: time.Date(2026, 4, 24, 10, 0, 0, 0, cairo), AllDay: true,
	}
	a.SnapToDays()
	it := create(t, m, a)
	if got := it.Start.Format(time.RFC3339) + " " + it.End.Format(time.RFC3339); got != "2026-04-24T01:00:00+03:00 2026-04-25T00:00:00+03:00" {
		t.Errorf("the day lasts %s", got)
	}
}

func TestTransactionIDs(t *testing.T) {
	_, m := newMailbox(t)
	a := world.Appointment{Subject: "Course", Start: at(t, "UTC", on(10, 20), 9), End: at(t, "UTC", on(10, 20), 10)}
	first, made, err := m.CreateOnce("t1", a, world.SendNone)
	if err != nil || !made {
		t.Fatalf("first: made %v, %v", made, err)
	}
	again, made, err := m.CreateOnce("t1", a, world.SendNone)
	if err != nil || made || again.Item != first.Item {
		t.Errorf("same id, same content: item %d, made %v, %v; want item %d", again.Item, made, err, first.Item)
	}
	other := a
	other.Subject = "Another course"
	var refused *world.TransactionError
	if _, _, err := m.CreateOnce("t1", other, world.SendNone); !errors.As(err, &refused) || refused.Existing != first.Item {
		t.Errorf("same id, other content: %v", err)
	}
	if err := m.Delete(first.Ref, world.ToDeletedItems, world.Write{}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.CreateOnce("t1", a, world.SendNone); !errors.Is(err, world.ErrTransaction) {
		t.Errorf("same id after the item was deleted: %v", err)
	}
	if n := len(m.Items(world.Calendar)); n != 0 {
		t.Errorf("%d items in the calendar", n)
	}
}

func TestVersionsAndDisposal(t *testing.T) {
	_, m := newMailbox(t)
	it := create(t, m, world.Appointment{Subject: "One", Start: at(t, "UTC", on(10, 20), 9), End: at(t, "UTC", on(10, 20), 10)})
	rename := func(a *world.Appointment) error { a.Subject = "Two"; return nil }
	if _, err := m.Update(it.Ref, world.Write{IfVersion: it.Version + 1}, rename); !errors.Is(err, world.ErrConflict) {
		t.Errorf("update of another version: %v", err)
	}
	changed, err := m.Update(it.Ref, world.Write{IfVersion: it.Version}, rename)
	if err != nil || changed.Version <= it.Version {
		t.Errorf("update: version %d after %d, %v", changed.Version, it.Version, err)
	}
	if err := m.Delete(it.Ref, world.ToDeletedItems, world.Write{IfVersion: it.Version}); !errors.Is(err, world.ErrConflict) {
		t.Errorf("delete of another version: %v", err)
	}
	if err := m.Delete(it.Ref, world.ToDeletedItems, world.Write{IfVersion: changed.Version}); err != nil {
		t.Error(err)
	}
	if _, err := m.Get(it.Ref); !errors.Is(err, world.ErrItemNotFound) {
		t.Errorf("get after deletion: %v", err)
	}
	deleted := m.Items(world.DeletedItems)
	if len(deleted) != 1 || deleted[0].Subject != "Two" || deleted[0].Item == it.Item {
		t.Fatalf("Deleted Items has %+v", deleted)
	}
	if err := m.Delete(deleted[0].Ref, world.ToDeletedItems, world.Write{}); err != nil || len(m.Items(world.DeletedItems)) != 0 {
		t.Errorf("deleting from Deleted Items: %v", err)
	}
	if f, err := m.Folder(world.Calendar); err != nil || f.Items != 0 || f.Removed != 1 {
		t.Errorf("the calendar has %d items and lost %d, %v", f.Items, f.Removed, err)
	}
}

// What Exchange would have mailed, by the way of sending (push-11 is about none).
func TestOutbox(t *testing.T) {
	bob := world.Attendee{Address: world.Address{SMTP: "bob@y.example"}, Kind: "required"}
	cleo := world.Attendee{Address: world.Address{SMTP: "cleo@y.example"}, Kind: "optional"}
	ana := world.Attendee{Address: world.Address{SMTP: "ana@x.example"}, Kind: "required"}
	meeting := world.Appointment{
		Subject: "Meeting", Start: at(t, "UTC", on(10, 20), 9), End: at(t, "UTC", on(10, 20), 10), Attendees: []world.Attendee{ana, bob},
	}
	for _, tc := range []struct {
		name string
		send world.Send
		want []string
	}{
		{"none", world.SendNone, nil},
		{"all", world.SendAll, []string{"invitation bob@y.example", "cancellation bob@y.example", "update cleo@y.example", "cancellation cleo@y.example"}},
		{"changed", world.SendChanged, []string{"invitation bob@y.example", "cancellation bob@y.example", "invitation cleo@y.example", "cancellation cleo@y.example"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, m := newMailbox(t)
			it, err := m.Create(meeting, tc.send)
			if err != nil {
				t.Fatal(err)
			}
			how := world.Write{Send: tc.send}
			if _, err := m.Update(it.Ref, how, func(a *world.Appointment) error {
				a.Attendees = []world.Attendee{ana, cleo}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if err := m.Delete(it.Ref, world.Gone, how); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, mail := range w.Outbox() {
				for _, to := range mail.To {
					got = append(got, string(mail.Kind)+" "+to)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("mails (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOthersMeetingsSendNothing(t *testing.T) {
	w, m := newMailbox(t)
	it := create(t, m, world.Appointment{
		Start: at(t, "UTC", on(10, 20), 9), End: at(t, "UTC", on(10, 20), 10), Response: world.Accepted,
		Organizer: world.Address{SMTP: "boss@y.example"}, Attendees: []world.Attendee{{Address: world.Address{SMTP: "ana@x.example"}}},
	})
	if err := m.Delete(it.Ref, world.Gone, world.Write{Send: world.SendAll}); err != nil {
		t.Fatal(err)
	}
	if mails := w.Outbox(); len(mails) != 0 {
		t.Errorf("mails: %+v", mails)
	}
}

func TestMailboxesAndAccounts(t *testing.T) {
	w, m := newMailbox(t)
	for _, name := range []string{"ana@x.example", "ANA@X.EXAMPLE", "A.Ortiz@x.example", m.UserID()} {
		if got, err := w.Mailbox(name); err != nil || got != m {
			t.Errorf("mailbox %s: %v", name, err)
		}
	}
	if _, err := w.AddMailbox(world.Profile{SMTP: "b@x.example", Aliases: []string{"ana@x.example"}}); err == nil {
		t.Error("an address was given twice")
	}
	for state, want := range map[world.State]error{
		world.OK: nil, world.NoPermission: world.ErrAccessDenied, world.Disabled: world.ErrMailboxDisabled,
		world.Moved: world.ErrMailboxMoved, world.Moving: world.ErrMailboxMoving,
	} {
		m.SetState(state)
		if err := m.Usable(); !errors.Is(err, want) {
			t.Errorf("state %s: %v", state, err)
		}
	}
	w.SetAccount(world.Account{User: "svc@x.example", Aliases: []string{`X\svc`}, Password: "pw", Mailboxes: map[string]world.Access{"ana@x.example": {Delegate: true}}})
	if _, ok := w.Authenticate("svc@x.example", "wrong"); ok {
		t.Error("a wrong password was accepted")
	}
	if _, ok := w.Authenticate("nobody", ""); ok {
		t.Error("an unknown user was accepted")
	}
	account, ok := w.Authenticate(`x\SVC`, "pw")
	if !ok || account.AccessTo(m) != (world.Access{Delegate: true}) {
		t.Errorf("signed in %v with access %+v", ok, account.AccessTo(m))
	}
	if !w.RemoveMailbox("a.ortiz@x.example") || w.RemoveMailbox("ana@x.example") {
		t.Error("the mailbox could not be removed exactly once")
	}
}

func TestQuota(t *testing.T) {
	_, m := newMailbox(t)
	m.SetMaxItems(1)
	a := world.Appointment{Start: at(t, "UTC", on(10, 20), 9), End: at(t, "UTC", on(10, 20), 10)}
	create(t, m, a)
	if _, err := m.Create(a, world.SendNone); !errors.Is(err, world.ErrQuota) {
		t.Errorf("second item: %v", err)
	}
}
