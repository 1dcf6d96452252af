package soak

import (
	"flag"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

// lasting is how long the histories go on, in all.
var lasting = flag.Duration("soak", time.Minute, "how long random histories are tried")

func TestMain(m *testing.M) {
	flag.Parse()
	// The time is looked at after so many histories. A replay by seed needs the same.
	if err := flag.Set("rapid.checks", "10"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// TestSoak lives random histories until the time is over. A failure prints the seed
// and the command that replays it.
func TestSoak(t *testing.T) {
	kinds := []struct {
		name  string
		kind  func(testing.TB) calendars
		share int // in percent of the time
	}{
		{"memory", newMemory, 50},
		{"exchange-online", newGraph, 25},
		{"exchange-onprem", newEWS, 25},
	}
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			until := time.Now().Add(*lasting * time.Duration(k.share) / 100)
			histories := 0
			for time.Now().Before(until) {
				rapid.Check(t, func(rt *rapid.T) {
					histories++
					live(t, rt, k.kind)
				})
			}
			t.Logf("%d histories", histories)
		})
	}
}

func hours(n int) time.Duration { return time.Duration(n) * time.Hour }
