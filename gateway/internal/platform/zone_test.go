package platform

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestAtLocal holds D3: a local time that the clocks skip or show twice is one
// defined instant.
func TestAtLocal(t *testing.T) {
	t.Parallel()
	tests := []struct{ zone, wall, want string }{
		{"Europe/Paris", "2026-07-01T09:00:00", "2026-07-01T07:00:00Z"},
		{"Europe/Paris", "2026-01-15T09:00:00", "2026-01-15T08:00:00Z"},
		{"Europe/London", "2026-03-29T01:30:00", "2026-03-29T01:30:00Z"},    // skipped: shown as 02:30
		{"Europe/London", "2026-10-25T01:30:00", "2026-10-25T00:30:00Z"},    // twice: the first
		{"Europe/London", "2026-10-25T02:00:00", "2026-10-25T02:00:00Z"},    // once again
		{"America/New_York", "2026-03-08T02:30:00", "2026-03-08T07:30:00Z"}, // skipped: shown as 03:30
		{"America/New_York", "2026-11-01T01:30:00", "2026-11-01T05:30:00Z"},
		{"Australia/Lord_Howe", "2026-04-05T01:45:00", "2026-04-04T14:45:00Z"}, // half an hour twice
		{"Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-10-03T15:45:00Z"}, // half an hour skipped
		{"Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T22:00:00Z"},        // a day skipped
		{"UTC", "2026-03-29T01:30:00", "2026-03-29T01:30:00Z"},
	}
	for _, tt := range tests {
		loc, err := LoadZone(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		wall, err := time.Parse("2006-01-02T15:04:05", tt.wall)
		if err != nil {
			t.Fatal(err)
		}
		if got := AtLocal(wall, loc).UTC().Format(time.RFC3339); got != tt.want {
			t.Errorf("%s in %s is %s, want %s", tt.wall, tt.zone, got, tt.want)
		}
	}
}

// TestAtLocalShowsTheWall: a time that the clocks show is the one that is meant, and
// no earlier instant shows it.
func TestAtLocalShowsTheWall(t *testing.T) {
	t.Parallel()
	zones := []string{"Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "America/Sao_Paulo"}
	rapid.Check(t, func(t *rapid.T) {
		loc, err := LoadZone(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		instant := time.Unix(rapid.Int64Range(0, 2e9).Draw(t, "seconds")/900*900, 0).In(loc)
		got := AtLocal(instant, loc)
		const wall = "2006-01-02T15:04:05"
		if got.Format(wall) != instant.Format(wall) || got.After(instant) {
			t.Fatalf("%s became %s", instant, got)
		}
	})
}

func TestLoadZoneRefuses(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Local", "Europe/Lodnon", "../etc/passwd", "GMT Standard Time"} {
		if _, err := LoadZone(name); err == nil {
			t.Errorf("LoadZone(%q) succeeded", name)
		}
	}
}
