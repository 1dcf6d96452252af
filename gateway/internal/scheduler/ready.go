package scheduler

import (
	"time"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// How a burst becomes one run: a trainer who was worked on recently is taken up again
// when nothing was asked for in the last quiet, and after longest in any case.
const (
	recently = 2 * time.Second
	quiet    = time.Second
	longest  = 10 * time.Second
)

// Ready is when a trainer that is due is taken up. A first change is not waited with; what
// follows while that is worked on, or right after, waits for what else follows (H2).
func Ready(d store.Due) time.Time {
	if d.Cause == store.CauseInterval || d.Served.IsZero() || d.Since.Sub(d.Served) >= recently {
		return d.At
	}
	at := d.Asked.Add(quiet)
	if last := d.Since.Add(longest); last.Before(at) {
		at = last
	}
	if at.Before(d.At) {
		return d.At
	}
	return at
}
