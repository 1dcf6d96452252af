package calendar

import (
	"testing"
	"time"
	_ "time/tzdata" // zones are the same on every machine
)

// TestDateIn: every day begins somewhere, also where the clocks skip midnight or
// the whole day, and also a day that no calendar has.
func TestDateIn(t *testing.T) {
	t.Parallel()
	tests := []struct {
		day  Date
		zone string
		want string
	}{
		{Date{2026, 11, 24}, "Europe/London", "2026-11-24T00:00:00Z"},
		{Date{2026, 7, 1}, "Europe/London", "2026-06-30T23:00:00Z"},
		{Date{2018, 11, 4}, "America/Sao_Paulo", "2018-11-04T03:00:00Z"}, // midnight is skipped
		{Date{2011, 12, 30}, "Pacific/Apia", "2011-12-30T10:00:00Z"},     // the day is skipped
		{Date{2026, 1, 32}, "UTC", "2026-02-01T00:00:00Z"},
		{Date{}, "UTC", "-0001-11-30T00:00:00Z"},
	}
	for _, tt := range tests {
		loc, err := time.LoadLocation(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := tt.day.In(loc).UTC().Format(time.RFC3339); got != tt.want {
			t.Errorf("%s begins in %s at %s, want %s", tt.day, tt.zone, got, tt.want)
		}
	}
}
