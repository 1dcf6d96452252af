package exchangerun

import (
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/plugins/exchangesim"
)

// G1: a server that asks to wait for a minute is left alone for a minute, and neither the
// plugin nor the run sleeps through it: the others' calendars are brought in sync, and the
// trainer's is when the server wants to be asked again.
func TestServerAsksToWait(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]string{"reading": "", "writing": "CreateEvent"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, exchangesim.Options{}, "ana", "ben")
			r.give(course("1", 3, "ana", "ben"))
			r.fault(exchangesim.Fault{Protocol: "graph", Kind: kind, Mailbox: r.target("ana").Mailbox.Address, Mode: exchangesim.FaultStatus, Status: 429, RetryAfter: "60"})
			again := map[string]time.Time{}
			r.runner.Done = func(id platform.TrainerID, at time.Time) { again[id.Label] = at }
			began := time.Now()
			r.run()
			if slept := time.Since(began); slept > 50*time.Second {
				t.Errorf("the run slept %s", slept)
			}
			if wait := again["ana"].Sub(r.now()); wait <= 50*time.Second || wait > time.Minute {
				t.Errorf("ana is taken up again after %s", wait)
			}
			if len(again) != 2 || !again["ben"].IsZero() || len(r.ours("ben")) != 1 {
				t.Errorf("ben is not in sync: %v", again)
			}
			r.sim.ClearFaults()
		})
	}
}
