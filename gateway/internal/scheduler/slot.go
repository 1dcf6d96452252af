package scheduler

import (
	"hash/fnv"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Slot is a trainer's next turn after a time. Each trainer has a place of its own in the
// interval, so that turns are spread evenly and no trainer more or less moves the others'
// (eng-2).
func Slot(id platform.TrainerID, interval time.Duration, after time.Time) time.Time {
	place := share(id, interval)
	since := after.Sub(time.Unix(0, 0)) - place
	n := since / interval
	if since < 0 {
		n--
	}
	return time.Unix(0, 0).UTC().Add(place + (n+1)*interval)
}

// share is a trainer's part of a time, evenly spread over all trainers.
func share(id platform.TrainerID, whole time.Duration) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id.String())) // it never fails
	x := h.Sum64()
	// The sums of names that are alike differ in few bits; this spreads them.
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return time.Duration(x % uint64(whole))
}

// How turns are made up for that were missed: who is more than late behind is given a new
// turn, one trainer each pace, though all within a quarter of the interval.
const (
	tooLate = 30 * time.Second
	pace    = 20 * time.Millisecond
	quarter = 4
)

// Turns are the turns of those trainers who need another one than they have: those who
// have none, those whose interval is shorter now, those who are new and do not wait for
// theirs (map-8), and those who missed theirs by far (G8). What trainers are due for
// besides their turn is no matter of this.
func Turns(due []store.Due, isNew map[platform.TrainerID]bool, interval func(platform.TrainerID) time.Duration, now time.Time) []store.Due {
	missed := 0
	for _, d := range due {
		if !isNew[d.Trainer] && isLate(d, now) {
			missed++
		}
	}
	var turns []store.Due
	for _, d := range due {
		every := interval(d.Trainer)
		next := Slot(d.Trainer, every, now)
		switch {
		case !d.At.IsZero() && d.Cause != store.CauseInterval:
			continue
		case isNew[d.Trainer]:
			next = now
		case isLate(d, now):
			next = now.Add(share(d.Trainer, max(pace, min(time.Duration(missed)*pace, every/quarter))))
		case !d.At.IsZero() && !d.At.After(next):
			continue
		}
		turns = append(turns, Turn(d.Trainer, next))
	}
	return turns
}

func isLate(d store.Due, now time.Time) bool {
	return !d.At.IsZero() && d.Cause == store.CauseInterval && now.Sub(d.At) > tooLate
}

// Turn is a trainer's turn at a time.
func Turn(id platform.TrainerID, at time.Time) store.Due {
	return store.Due{Trainer: id, At: at, Since: at, Cause: store.CauseInterval}
}
