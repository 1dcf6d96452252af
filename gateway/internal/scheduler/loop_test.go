package scheduler

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// turn is when a group ran, in time since the start.
type turn struct {
	Group string
	At    time.Duration
}

// watch runs a loop over the groups for a while; each turn takes as long as took says.
func watch(interval, whole time.Duration, took func(turn int) time.Duration, groups ...string) []turn {
	var turns []turn
	start := time.Now()
	loop := Loop[string]{Interval: interval, Do: func(_ context.Context, g []string) {
		turns = append(turns, turn{g[0], time.Since(start)})
		time.Sleep(took(len(turns)))
	}}
	for _, g := range groups {
		loop.Groups = append(loop.Groups, []string{g})
	}
	ctx, cancel := context.WithTimeout(context.Background(), whole)
	defer cancel()
	loop.Run(ctx)
	return turns
}

const minute = time.Minute

// eng-2, map-8: all at once when the loop starts, then spread over the interval.
func TestTurnsAreSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := watch(15*minute, 46*minute, func(int) time.Duration { return 0 }, "a", "b", "c")
		want := []turn{
			{"a", 0},
			{"b", 0},
			{"c", 0},
			{"a", 15 * minute},
			{"b", 20 * minute},
			{"c", 25 * minute},
			{"a", 30 * minute},
			{"b", 35 * minute},
			{"c", 40 * minute},
			{"a", 45 * minute},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// G8: turns that a long outage made impossible are not made up for: one follows, and
// then the loop is in its rhythm again.
func TestAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outage := func(turn int) time.Duration {
			if turn == 2 {
				return 2 * time.Hour
			}
			return 0
		}
		got := watch(15*minute, 3*time.Hour, outage, "a")
		late := 0
		for i, at := range got {
			if at.At >= 135*minute && at.At < 150*minute {
				late++
			}
			if i > 0 && at.At == got[i-1].At {
				t.Errorf("two turns at %s", at.At)
			}
		}
		if late != 1 {
			t.Errorf("%d turns in the first interval after the outage: %v", late, got)
		}
	})
}

// eng-2: groups that have an interval of their own keep it.
func TestIntervalsOfGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := map[string][]time.Duration{}
		start := time.Now()
		loop := Loop[string]{
			Interval: 15 * minute, Intervals: []time.Duration{0, 30 * minute}, Groups: [][]string{{"a"}, {"b"}},
			Do: func(_ context.Context, g []string) { at[g[0]] = append(at[g[0]], time.Since(start)) },
		}
		ctx, cancel := context.WithTimeout(context.Background(), 80*minute)
		defer cancel()
		loop.Run(ctx)
		want := map[string][]time.Duration{
			"a": {0, 15 * minute, 30 * minute, 45 * minute, 60 * minute, 75 * minute},
			"b": {0, 45 * minute, 75 * minute},
		}
		if diff := cmp.Diff(want, at); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// A turn that took long delays the others and leads to no burst afterwards.
func TestMissedTurnsAreSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := watch(10*minute, 61*minute, func(n int) time.Duration {
			if n == 3 {
				return 34 * minute
			}
			return 0
		}, "a", "b")
		want := []turn{
			{"a", 0},
			{"b", 0},
			{"a", 10 * minute},
			{"b", 44 * minute}, // due at 15 minutes; its later turns keep their place
			{"a", 44 * minute}, // due at 20 minutes
			{"b", 45 * minute},
			{"a", 50 * minute},
			{"b", 55 * minute},
			{"a", 60 * minute},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// A stop during a turn lets the turn end and starts no other.
func TestStopLetsTheTurnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := 0
		loop := Loop[string]{Interval: minute, Groups: [][]string{{"a"}, {"b"}}, Do: func(ctx context.Context, _ []string) {
			cancel()
			time.Sleep(minute)
			if ctx.Err() == nil {
				ended++
			}
		}}
		loop.Run(ctx)
		if ended != 1 {
			t.Errorf("%d turns ran to their end, want 1", ended)
		}
	})
}

// Without groups the loop just waits for its end.
func TestNoGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if got := watch(minute, 10*minute, func(int) time.Duration { return 0 }); len(got) != 0 {
			t.Errorf("turns %v, want none", got)
		}
	})
}

// The queue holds the groups that are due, without the one whose turn it is.
func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type seen struct {
			Groups int
			Age    time.Duration
		}
		var got []seen
		queue := &Queue{}
		look := func() {
			n, age := queue.Waiting(time.Now())
			got = append(got, seen{n, age})
		}
		look()
		loop := Loop[string]{Interval: 10 * minute, Groups: [][]string{{"a"}, {"b"}, {"c"}}, Queue: queue, Do: func(context.Context, []string) {
			look()
			time.Sleep(minute)
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 5*minute)
		defer cancel()
		loop.Run(ctx)
		look()
		time.Sleep(10 * minute) // nobody works any more: a was due at 10 minutes, b at 13:20
		look()
		want := []seen{{0, 0}, {2, 0}, {1, minute}, {0, 0}, {0, 0}, {2, 5 * minute}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
