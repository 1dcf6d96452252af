package transport

import (
	"context"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/semaphore"
)

// keyed is a set of semaphores, one a mailbox that is in use.
type keyed struct {
	limit int64
	mu    sync.Mutex
	slots map[string]*slot
}

type slot struct {
	sem   *semaphore.Weighted
	users int
}

func newKeyed(limit int64) *keyed {
	return &keyed{limit: limit, slots: map[string]*slot{}}
}

// acquire takes one slot for each name in mailboxes, at most the limit for one
// mailbox: whoever needs more has the mailbox for itself. Addresses are compared
// without letter case.
func (k *keyed) acquire(ctx context.Context, mailboxes []string) (release func(), err error) {
	weights := map[string]int64{}
	for _, m := range mailboxes {
		key := strings.ToLower(m)
		weights[key] = min(weights[key]+1, k.limit)
	}
	var taken []string
	release = func() {
		for _, key := range taken {
			k.give(key, weights[key])
		}
	}
	// One order for everybody: two requests never wait for each other.
	for _, key := range sortedKeys(weights) {
		if err := k.take(ctx, key, weights[key]); err != nil {
			release()
			return nil, err
		}
		taken = append(taken, key)
	}
	return release, nil
}

func (k *keyed) take(ctx context.Context, key string, n int64) error {
	k.mu.Lock()
	s := k.slots[key]
	if s == nil {
		s = &slot{sem: semaphore.NewWeighted(k.limit)}
		k.slots[key] = s
	}
	s.users++
	k.mu.Unlock()
	if err := s.sem.Acquire(ctx, n); err != nil {
		k.leave(key, s)
		return err
	}
	return nil
}

func (k *keyed) give(key string, n int64) {
	k.mu.Lock()
	s := k.slots[key]
	k.mu.Unlock()
	s.sem.Release(n)
	k.leave(key, s)
}

// leave forgets a mailbox that nobody uses, so that the map does not grow with
// every mailbox ever seen.
func (k *keyed) leave(key string, s *slot) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if s.users--; s.users == 0 {
		delete(k.slots, key)
	}
}

func sortedKeys(m map[string]int64) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
