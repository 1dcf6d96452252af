package exchangerun

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/plugins/exchangesim"
)

const (
	// longCycles is how many cycles a long test has, shortCycles one for every change.
	longCycles, shortCycles = 200, 40
	// faultShare is the share of requests that fail.
	faultShare = 0.05
	// pluginLife is how many cycles a plugin process lives: a server that asked it to
	// leave a mailbox alone for a year is asked again after.
	pluginLife = 10
)

// TestCyclesUnderFaults: a history under faults of every kind ends, once the server is
// well again, in the state of the same history without: per trainer by item key, content
// and owner, in the calendars and on the platform; and the run after writes nothing.
// SEED chooses the history and what fails; the failing one is in the log.
func TestCyclesUnderFaults(t *testing.T) {
	t.Parallel()
	seed, cycles := seed(t), shortCycles
	if os.Getenv("TRAINERCAL_LONG") != "" {
		cycles = longCycles
	}
	t.Logf("%d cycles: go test ./gateway/internal/exchangerun -run %s with SEED=%d", cycles, t.Name(), seed)
	trainers := []string{"ana", "ben", "cleo", "dan", "eve", "finn"}
	calm := newRig(t, exchangesim.Options{}, trainers...)
	rough := newRig(t, exchangesim.Options{Seed: seed}, trainers...)
	for _, f := range exchangesim.RandomFaults(faultShare) {
		_, err := rough.sim.AddFault(f)
		must(t, err)
	}
	h := newHistory(seed, trainers...)
	failed := 0
	for n := range cycles {
		h.cycle(calm, rough)
		calm.synced()
		if rough.run().State != store.RunOK {
			failed++
		}
		if n%pluginLife == pluginLife-1 {
			rough.restartPlugin()
		}
		calm.pass(15 * time.Minute)
		rough.pass(15 * time.Minute)
	}
	t.Logf("%d of %d runs had failing trainers; faults: %s", failed, cycles, hits(rough.sim))
	rough.sim.ClearFaults()
	rough.restartPlugin()
	rough.settle()
	for _, label := range trainers {
		if diff := cmp.Diff(calm.calendar(label), rough.calendar(label)); diff != "" {
			t.Errorf("%s's calendar (-without faults +with, SEED=%d):\n%s", label, seed, diff)
		}
		if diff := cmp.Diff(calm.pulled(label), rough.pulled(label)); diff != "" {
			t.Errorf("%s's unavailability (-without faults +with, SEED=%d):\n%s", label, seed, diff)
		}
	}
	calm.quiet()
	rough.quiet()
}

// settle runs until nothing fails: what waits for its next try is waited for.
func (r *rig) settle() {
	r.t.Helper()
	var last store.Run
	for range 5 {
		if last = r.run(); last.State == store.RunOK {
			return
		}
		r.pass(24 * time.Hour)
	}
	r.t.Fatalf("without faults the run is %s: %s", last.State, failures(last))
}

func seed(t *testing.T) uint64 {
	if text := os.Getenv("SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		must(t, err)
		return n
	}
	return uint64(time.Now().UnixNano())
}

// hits says how often each fault hit.
func hits(s *exchangesim.Server) string {
	text := ""
	for _, f := range s.Faults() {
		text += fmt.Sprintf(" %s/%d%s×%d", f.Mode, f.Status, f.Kind, f.Hits)
	}
	return text
}
