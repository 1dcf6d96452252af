package exchangeonline_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// Creating, changing and deleting mails nobody, and what is written has no attendees and
// no meeting (K1, K2); a repair changes the item in its place (K4).
func TestK1K2K4Etiquette(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	box, a := s.box(t, m), s.open(t)
	made := write(t, a, m, course(1))["course-1"]
	edit(t, box, marked(box)[0].Ref, func(w *world.Appointment) { w.Subject = "My own title" })
	before := marked(box)[0]
	repair := course(1)
	repair.Kind, repair.ItemID = sdk.Update, made.ItemID
	if r := write(t, a, m, repair)["course-1"]; r.Err != nil || r.ItemID != made.ItemID {
		t.Errorf("repaired: %+v, want the same item", r)
	}
	after := marked(box)
	if len(after) != 1 || after[0].Item != before.Item || !after[0].Created.Equal(before.Created) || after[0].Subject != repair.Appointment.Subject {
		t.Errorf("repaired: %+v, want the item in its place", after)
	}
	if len(after[0].Attendees) != 0 || after[0].OnlineMeeting {
		t.Errorf("item = %+v, want no attendees and no meeting", after[0])
	}
	gone := sdk.Operation{ID: "gone", Kind: sdk.Delete, ItemID: made.ItemID}
	if r := write(t, a, m, gone)["gone"]; r.Err != nil {
		t.Error(r.Err)
	}
	noMail(t, s)
}

// A meeting to which the trainer is invited is neither ours to find nor to change: the
// other attendees' mail protects it even from an operation that names it (K3).
func TestK3InvitedTrainer(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	box, a := s.box(t, m), s.open(t)
	meeting := teamCall(t)
	meeting.Recurrence, meeting.Start = nil, zoned(t, "Europe/London", 2027, 3, 16, 9, 0)
	meeting.End = meeting.Start.Add(time.Hour)
	meeting.Organizer, meeting.Response = world.Address{SMTP: "boss@northwind.example"}, world.Accepted
	for _, address := range []string{m.Address, "guest@elsewhere.example"} {
		meeting.Attendees = append(meeting.Attendees, world.Attendee{Address: world.Address{SMTP: address}, Kind: "required"})
	}
	put(t, box, meeting)
	before := box.Items(world.Calendar)
	var found []calendar.Item
	if err := a.Find(t.Context(), []sdk.FindRequest{{Mailbox: m}}, func(p sdk.FindPage) error {
		found = append(found, p.Items...)
		return nil
	}); err != nil || len(found) != 0 {
		t.Errorf("found %v, %v, want nothing of ours", found, err)
	}
	id := readOne(t, a, m, nil).Changes[0].Upsert.ID
	change := course(1)
	change.Kind, change.ItemID = sdk.Update, id
	remove := sdk.Operation{ID: "gone", Kind: sdk.Delete, ItemID: id}
	for name, r := range write(t, a, m, change, remove) {
		if !errors.Is(r.Err, sdk.ErrInvalidItem) {
			t.Errorf("%s: %v, want a refusal", name, r.Err)
		}
	}
	if diff := cmp.Diff(before, box.Items(world.Calendar)); diff != "" {
		t.Errorf("the meeting changed: %s", diff)
	}
}
