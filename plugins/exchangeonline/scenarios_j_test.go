package exchangeonline_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

const secret = "SECRET-7f3a"

// confidant is an appointment that says the secret wherever it can.
func confidant(t testing.TB, sensitivity world.Sensitivity) world.Appointment {
	start := zoned(t, "Europe/London", 2027, 3, 16, 9, 0)
	return world.Appointment{
		Subject: "Doctor " + secret, Body: world.Body{Content: "About " + secret}, Location: "Clinic " + secret, Categories: []string{secret},
		Start: start, End: start.Add(time.Hour), ShowAs: world.Busy, Sensitivity: sensitivity,
	}
}

// told is everything that calls answer about a mailbox, as text.
func told(t testing.TB, values ...any) string {
	t.Helper()
	return fmt.Sprintf("%#v %+v", values, func() []string {
		var all []string
		for _, v := range values {
			data, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(data))
		}
		return all
	}())
}

// No text of an appointment that is not of normal sensitivity leaves the plugin, by
// whichever call; its time does (J1).
func TestJ1PrivateText(t *testing.T) {
	for _, sensitivity := range []world.Sensitivity{world.Private, world.Personal, world.Confidential} {
		t.Run(string(sensitivity), func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			m := s.mailbox(t, "Europe/London")
			box, a := s.box(t, m), s.open(t)
			put(t, box, confidant(t, sensitivity))
			series := confidant(t, sensitivity)
			series.Recurrence = teamCall(t).Recurrence
			series.Recurrence.Pattern.Days = []time.Weekday{time.Tuesday}
			put(t, box, series)
			page := readOne(t, a, m, nil)
			d := diary{}.apply(page)
			if len(d) < 3 {
				t.Fatalf("%d items, want the appointment and a series", len(d))
			}
			var ids []calendar.ItemID
			for id := range d {
				ids = append(ids, id)
			}
			answers := []any{page.Changes}
			if err := a.Get(t.Context(), []sdk.GetRequest{{Mailbox: m, IDs: ids, Detail: sdk.DetailFull}}, func(p sdk.GetPage) error {
				answers = append(answers, p.Items)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if text := told(t, answers...); strings.Contains(text, secret) {
				t.Errorf("the secret left the plugin: %s", text)
			}
		})
	}
}

// An appointment made private later is told again, without its text (J2).
func TestJ2MadePrivate(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	box, a := s.box(t, m), s.open(t)
	id := put(t, box, confidant(t, world.Normal))
	page := readOne(t, a, m, nil)
	if !strings.Contains(told(t, page.Changes), secret) {
		t.Fatal("an appointment of normal sensitivity has no text")
	}
	edit(t, box, world.Ref{Item: id}, func(w *world.Appointment) { w.Sensitivity = world.Private })
	next := readOne(t, a, m, page.Complete.Cursor)
	if len(next.Changes) != 1 || next.Changes[0].Upsert == nil || strings.Contains(told(t, next.Changes), secret) {
		t.Errorf("changes = %+v, want the appointment without its text", next.Changes)
	}
}

// Whatever happens to an appointment's state, it stays one item that says its state: it
// becomes free and busy again (J3), each state is told apart (J4), a meeting called off
// or declined says so (J5), one not answered is tentative, as Exchange shows it (J6).
func TestJ3J4J5J6States(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	box, a := s.box(t, m), s.open(t)
	id := put(t, box, confidant(t, world.Normal))
	page := readOne(t, a, m, nil)
	d := diary{}.apply(page)
	for _, tt := range []struct {
		change func(*world.Appointment)
		want   calendar.Item
	}{
		{func(w *world.Appointment) { w.ShowAs = world.Free }, calendar.Item{Appointment: calendar.Appointment{ShowAs: calendar.ShowAsFree}}},
		{func(w *world.Appointment) { w.ShowAs = world.Busy }, calendar.Item{Appointment: calendar.Appointment{ShowAs: calendar.ShowAsBusy}}},
		{func(w *world.Appointment) { w.ShowAs = world.OutOfOffice }, calendar.Item{Appointment: calendar.Appointment{ShowAs: calendar.ShowAsOutOfOffice}}},
		{func(w *world.Appointment) { w.ShowAs = world.WorkingElsewhere }, calendar.Item{Appointment: calendar.Appointment{ShowAs: calendar.ShowAsWorkingElsewhere}}},
		{func(w *world.Appointment) { w.ShowAs = world.NoData }, calendar.Item{Appointment: calendar.Appointment{ShowAs: calendar.ShowAsUnknown}}},
		{
			func(w *world.Appointment) { w.ShowAs, w.Response = world.Tentative, world.NotResponded },
			calendar.Item{Appointment: calendar.Appointment{ShowAs: calendar.ShowAsTentative}},
		},
		{
			func(w *world.Appointment) { w.ShowAs, w.Response = world.Busy, world.Declined },
			calendar.Item{Appointment: calendar.Appointment{ShowAs: calendar.ShowAsBusy}, Declined: true},
		},
		{
			func(w *world.Appointment) { w.Response, w.Cancelled = world.Accepted, true },
			calendar.Item{Appointment: calendar.Appointment{ShowAs: calendar.ShowAsBusy}, Cancelled: true},
		},
	} {
		edit(t, box, world.Ref{Item: id}, func(w *world.Appointment) {
			w.Organizer = world.Address{SMTP: "boss@northwind.example"}
			tt.change(w)
		})
		page = readOne(t, a, m, page.Complete.Cursor)
		if d.apply(page); len(d) != 1 {
			t.Fatalf("%d items, want the one", len(d))
		}
		for _, i := range d {
			got := calendar.Item{Appointment: calendar.Appointment{ShowAs: i.ShowAs}, Declined: i.Declined, Cancelled: i.Cancelled}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		}
	}
}
