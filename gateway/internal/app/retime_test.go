package app

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// D8: what was stored under older rules of its zone is planned at its local time by the
// rules of now, as a trigger whatever the platform's triggers are, and once.
func TestRetime(t *testing.T) {
	state, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "gateway.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = state.Close() }()
	nine := time.Date(2027, time.July, 1, 9, 0, 0, 0, time.UTC) // as if London had no summer time
	wall := &platform.Wall{Start: nine, End: nine.Add(time.Hour)}
	course := platform.Course{
		Provider: "northwind", Name: "Forklift", Kind: platform.KindClass, Status: platform.StatusConfirmed, Version: "7",
		Start: nine, End: nine.Add(time.Hour), TimeZone: "Europe/London", Trainers: []platform.CourseTrainer{{ID: "ana"}},
	}
	fixed, local := course, course
	fixed.ID, local.ID, local.Wall = "fixed", "local", wall
	block := platform.Unavailability{
		ID: "u", Trainer: platform.TrainerID{Provider: "northwind", Label: "ana"}, Origin: platform.OriginPlatform, Wall: wall,
		When: calendar.When{Start: nine, End: nine.Add(time.Hour), TimeZone: "Europe/London"},
	}
	changes := []store.Change{{Provider: "northwind", Course: &fixed}, {Provider: "northwind", Course: &local}, {Provider: "northwind", Unavailability: &block}}
	if _, err := state.Apply(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	before, err := state.Course(t.Context(), "northwind", "local")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2, 0} {
		if n, err := retime(t.Context(), state, []string{"northwind", "southbank"}); n != want || err != nil {
			t.Errorf("%d objects, %v; want %d", n, err, want)
		}
	}
	after, err := state.Course(t.Context(), "northwind", "local")
	if err != nil || !after.Start.Equal(nine.Add(-time.Hour)) || after.Revision == before.Revision || after.Version != "7" {
		t.Errorf("%v: the course is at %s, revision %d after %d, version %q", err, after.Start, after.Revision, before.Revision, after.Version)
	}
	if still, err := state.Course(t.Context(), "northwind", "fixed"); err != nil || !still.Start.Equal(nine) {
		t.Errorf("%v: the instant was moved to %s", err, still.Start)
	}
	if moved, err := state.UnavailabilityOf(t.Context(), "northwind", "u"); err != nil || !moved.When.Start.Equal(nine.Add(-time.Hour)) {
		t.Errorf("%v: the unavailability is at %s", err, moved.When.Start)
	}
}
