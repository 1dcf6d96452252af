package transport

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// slow answers each request after a second, and counts how many it has at once.
type slow struct{ now, most atomic.Int32 }

func (s *slow) RoundTrip(*http.Request) (*http.Response, error) {
	n := s.now.Add(1)
	defer s.now.Add(-1)
	for m := s.most.Load(); n > m && !s.most.CompareAndSwap(m, n); m = s.most.Load() {
	}
	time.Sleep(time.Second)
	return answer(200, nil, "x"), nil
}

// An account with hundreds of requests does not keep the others waiting: while the pool
// is full, accounts take turns, and there are never more requests than it allows.
func TestPoolIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base, pool := &slow{}, NewPool(4)
		large := New(Options{Base: base, Pool: pool, PerAccount: 64})
		small := New(Options{Base: base, Pool: pool, PerAccount: 64})
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				if _, err := get(t, large, Meta{}); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(500 * time.Millisecond)
		began := time.Now()
		for range 8 {
			all.Go(func() {
				if _, err := get(t, small, Meta{}); err != nil {
					t.Error(err)
				}
				// Of every four places, two are the small account's.
				if took := time.Since(began); took > 5*time.Second {
					t.Errorf("a request of the small account took %v", took)
				}
			})
		}
		all.Wait()
		if most := base.most.Load(); most != 4 {
			t.Errorf("%d requests at once, want 4", most)
		}
		if pool.free != 4 || len(pool.turns) != 0 {
			t.Errorf("%d places free of 4, %d clients left waiting", pool.free, len(pool.turns))
		}
	})
}

// Whoever gives up waiting takes no place with it, whenever that is.
func TestPoolGivingUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.IntRange(1, 3).Draw(rt, "size")
		waits := rapid.SliceOfN(rapid.IntRange(0, 5), 1, 20).Draw(rt, "waits")
		synctest.Test(t, func(t *testing.T) {
			pool := NewPool(size)
			clients := []*Client{New(Options{}), New(Options{})}
			var all sync.WaitGroup
			for i, wait := range waits {
				all.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(wait)*time.Second)
					defer cancel()
					if err := pool.acquire(ctx, clients[i%2]); err != nil {
						if !errors.Is(err, context.DeadlineExceeded) {
							t.Errorf("err = %v", err)
						}
						return
					}
					time.Sleep(time.Second)
					pool.release()
				})
			}
			all.Wait()
			if pool.free != size || len(pool.turns) != 0 {
				t.Errorf("%d places free of %d, %d clients left waiting", pool.free, size, len(pool.turns))
			}
		})
	})
}
