package exchangeonline_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// What the server makes of our text is reported, and is the same at every later look:
// nothing would be written again (C5).
func TestC5CanonicalForm(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	a := s.open(t)
	r := write(t, a, m, course(1))["course-1"]
	if r.Err != nil || r.Item == nil || r.Item.Incomplete {
		t.Fatalf("result = %+v", r)
	}
	req := wanted(m, nil)
	req.Own = []calendar.ItemID{r.ItemID}
	page := read(t, a, req)[m.Address]
	if len(page.Changes) != 1 || page.Changes[0].Upsert == nil {
		t.Fatalf("changes = %v, want our item", starts(page))
	}
	seen := *page.Changes[0].Upsert
	if diff := cmp.Diff(r.Item.Appointment, seen.Appointment); diff != "" || seen.Version != r.Version {
		t.Errorf("version %s after %s\n%s", seen.Version, r.Version, diff)
	}
	if !strings.Contains(seen.Body, "Room 4 <upstairs> & left") {
		t.Errorf("body = %q", seen.Body)
	}
}
