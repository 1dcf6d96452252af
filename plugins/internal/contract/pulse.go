package contract

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

const (
	// beatEvery leaves room for a late one.
	beatEvery = sdk.WatchBeat / 2
	// longestStep is how long a watch may take from one sign of progress to the next: no
	// request and no wait in between lasts as long.
	longestStep = 5 * time.Minute
)

// Pulse tells the host that a watch lives, for as long as its work makes progress: a
// watch that hangs falls silent.
type Pulse struct {
	// last is when there was progress, in nanoseconds since start.
	start time.Time
	last  atomic.Int64
}

// NewPulse makes the pulse of a watch that begins.
func NewPulse() *Pulse { return &Pulse{start: time.Now()} }

// Touch notes progress.
func (p *Pulse) Touch() { p.last.Store(int64(time.Since(p.start))) }

// Beat emits heartbeats until ctx ends, and none while there is no progress.
func (p *Pulse) Beat(ctx context.Context, emit func(sdk.WatchEvent) error) error {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if time.Since(p.start)-time.Duration(p.last.Load()) > longestStep {
			continue
		}
		if err := emit(sdk.WatchEvent{Heartbeat: true}); err != nil {
			return err
		}
	}
}

// Wait waits for d, which is progress too, or until ctx ends.
func (p *Pulse) Wait(ctx context.Context, d time.Duration) error {
	for d > 0 {
		step := min(d, time.Minute)
		timer := time.NewTimer(step)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		p.Touch()
		d -= step
	}
	return ctx.Err()
}

// firstPause is the first wait after a failure of a watch.
const firstPause = time.Second

// Pause is the wait before another try of a watch: what the server asks for, or one that
// doubles with each failure up to longest, with jitter, so that what failed together does
// not come back together.
func Pause(tries int, longest time.Duration, err *sdk.Error) time.Duration {
	d := min(firstPause<<min(max(tries-1, 0), 10), longest)
	return max(d/2+rand.N(d/2), err.RetryAfter)
}

// EndsWatch reports whether an error ends a watch: one of the whole account, of the
// receiver, or the watch's own end. That a server cannot be reached is none of these: a
// watch outlasts it.
func EndsWatch(ctx context.Context, err error) bool {
	var known *sdk.Error
	if ctx.Err() != nil || Received(err) || !errors.As(err, &known) {
		return true
	}
	switch known.Code.Fault() {
	case sdk.FaultCredentials, sdk.FaultConfiguration:
		return true
	}
	return false
}
