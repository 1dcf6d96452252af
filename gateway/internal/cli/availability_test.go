package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/availability"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// TestPrintOwed holds C8 and avail-1 for people: an item that backs off is shown with its
// reason, since when, when next and what to do; who was not read lately is unknown.
func TestPrintOwed(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	ana := platform.TrainerID{Provider: "northwind", Label: "ana"}
	owed := store.Owed{
		Key: "northwind/ana/course/4711", Op: reconcile.OpRemove, Code: "access_denied", Message: "403", Advice: "grant it",
		Since: now.Add(-5 * time.Hour), Next: now.Add(3 * time.Hour), Attempts: 4,
	}
	unrendered := store.Owed{Key: "northwind/ana/session/9/1", Op: reconcile.OpUpdate, Code: "template_failed", Message: "at gateway.hcl:3:4", Since: now, Attempts: 1}
	var out strings.Builder
	page := statusPage{out: &writer{out: &out}, now: now, names: names{courses: map[string]string{"northwind/course/4711": "Go basics"}}}
	status := app.TrainerStatus{
		Trainer: ana, Owed: []store.Owed{owed, unrendered},
		Availability: app.Availability{Now: availability.Unknown, Reason: availability.Stale, StaleSince: now.Add(-2 * time.Hour)},
	}
	page.owed(status, page.names)
	page.availability(status)
	want := `    - course 4711 "Go basics": 403 (access_denied), for 5h, 4 tries, next in 3h
      what to do: grant it
    ~ session 9/1: at gateway.hcl:3:4 (template_failed), for 0s, 1 try, next at the next run
  ana: the calendar was last read whole 2h ago: what was busy then is kept, the rest is unknown, not free
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// TestPrintMissed holds F9 for people.
func TestPrintMissed(t *testing.T) {
	var out strings.Builder
	run := store.Run{ID: "r", State: store.RunOK, Trainers: []store.RunTrainer{{State: store.RunOK, Counts: store.Counts{PullCreated: 2, Missed: 2}}}}
	printTotals(&writer{out: &out}, run)
	if !strings.Contains(out.String(), "2 missed changes were found by the daily full read") {
		t.Errorf("printed %q", out.String())
	}
}

// TestPlannedAvailability: a plan that could not read says since when nothing is known.
func TestPlannedAvailability(t *testing.T) {
	read := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		pulls, failed bool
		last          store.Reading
		want          availabilityJSON
	}{
		{true, false, store.Reading{}, availabilityJSON{}},
		{true, true, store.Reading{}, availabilityJSON{Reason: availability.NeverRead}},
		{true, true, store.Reading{At: read}, availabilityJSON{Reason: availability.Stale, StaleSince: &read}},
		{false, false, store.Reading{}, availabilityJSON{Reason: availability.NotRead}},
	} {
		if diff := cmp.Diff(tt.want, plannedAvailability(tt.pulls, tt.failed, tt.last)); diff != "" {
			t.Errorf("%+v: %s", tt, diff)
		}
	}
}
