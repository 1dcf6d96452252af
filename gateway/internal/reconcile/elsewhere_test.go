package reconcile

import (
	"testing"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// TestMovedToAnotherCalendar holds B6: an item of ours that the read saw leave, and that
// is still there by its id at a time that the read covers, is in another calendar of the
// mailbox, and made anew; one that is there at another time was only moved.
func TestMovedToAnotherCalendar(t *testing.T) {
	t.Parallel()
	forklift := appointment("Training: Forklift", monday)
	far := forklift
	far.When = hours(window.End.AddDate(0, 1, 0), 1)
	for name, tt := range map[string]struct {
		there calendar.Appointment
		want  string
	}{
		"at its time, elsewhere":     {forklift, "calendar create deleted_in_calendar"},
		"in its calendar, far ahead": {far, "calendar update drift"},
	} {
		m := newModel(t)
		m.want(key, 1, forklift)
		m.links[key] = Link{Key: key, Generation: "g", ItemID: "1", Version: "1", Revision: 1, Rendered: forklift, State: LinkWritten}
		in := m.input(Read{Complete: true, Covered: window, Changes: []calendar.Change{{Remove: "1"}}})
		in.Read.Got = map[calendar.ItemID]*calendar.Item{"1": {ID: "1", Version: "2", Appointment: tt.there}}
		t.Run(name, func(t *testing.T) { wantReasons(t, Make(in), tt.want) })
	}
}
