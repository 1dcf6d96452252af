package ews

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"
)

const (
	// DefaultConnections is how many requests of an account may be in flight: what the
	// server grants an account by default (EwsMaxConcurrency, 27) less some for others who
	// use the account.
	DefaultConnections = 20
	// firstConnections is where an account begins: what the server takes is found out.
	firstConnections = 4
	// perMailbox is how many requests may be in flight for one mailbox.
	perMailbox = 3
	// patience is how long what the server complained about is not tried again.
	patience = 2 * time.Minute
)

// budget lets an account's requests go, fairly and no more at a time than the server
// takes. How many that is, is found out as TCP does it: each round of requests without a
// complaint adds one, each complaint halves it. What was too much is not tried again for a
// while, so that complaints stay rare. While requests wait, mailboxes take turns, so that
// one with ten thousand items holds nobody up.
type budget struct {
	now  func() time.Time
	most float64

	mu    sync.Mutex
	limit float64
	// flying counts the requests in flight, of all mailboxes and of each.
	flying int
	of     map[string]int
	// turns are the mailboxes with requests that wait; the first one's goes next.
	turns []*turn
	// cut is when the limit was last halved, and ceiling what it is kept below for a while
	// since.
	cut     time.Time
	ceiling float64
}

// turn is what waits for a mailbox, in the order of arrival.
type turn struct {
	mailbox string
	waiting []chan struct{}
}

func newBudget(most int, now func() time.Time) *budget {
	if most <= 0 {
		most = DefaultConnections
	}
	return &budget{now: now, most: float64(most), limit: float64(min(most, firstConnections)), of: map[string]int{}}
}

// slot is a request's place among those in flight, since when.
type slot struct {
	mailbox string
	since   time.Time
}

// acquire waits for the mailbox's turn. A request that works on no mailbox, or on many,
// names none.
func (b *budget) acquire(ctx context.Context, mailbox string) (slot, error) {
	mine := make(chan struct{})
	b.mu.Lock()
	b.join(mailbox, mine)
	b.dispatch()
	b.mu.Unlock()
	select {
	case <-mine:
		return slot{mailbox: mailbox, since: b.now()}, nil
	case <-ctx.Done():
		b.leave(mailbox, mine)
		return slot{}, cancelled(ctx)
	}
}

// release gives a place back. strained: the server complained of the load.
func (b *budget) release(s slot, strained bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case strained:
		b.halve(s.since)
	case b.flying >= int(b.limit):
		b.limit = min(b.bound(), b.limit+1/b.limit)
	}
	b.free(s.mailbox)
}

// bound is how far the limit may grow. The caller holds mu.
func (b *budget) bound() float64 {
	if b.cut.IsZero() || b.now().Sub(b.cut) >= patience {
		return b.most
	}
	return min(b.most, max(b.limit, b.ceiling))
}

// complain notes that the server complained about a request sent then.
func (b *budget) complain(since time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.halve(since)
}

// halve lowers the limit, unless the complaint is about a request from before it was
// lowered last, which says nothing of what came after. The caller holds mu.
func (b *budget) halve(since time.Time) {
	if b.cut.IsZero() || since.After(b.cut) {
		b.ceiling = max(1, math.Ceil(b.limit)-1)
		b.limit, b.cut = max(1, b.limit/2), b.now()
	}
}

// free ends a request's flight. The caller holds mu.
func (b *budget) free(mailbox string) {
	b.flying--
	if b.of[mailbox]--; b.of[mailbox] == 0 {
		delete(b.of, mailbox)
	}
	b.dispatch()
}

// join queues a request. The caller holds mu.
func (b *budget) join(mailbox string, mine chan struct{}) {
	i := slices.IndexFunc(b.turns, func(t *turn) bool { return t.mailbox == mailbox })
	if i < 0 {
		i = len(b.turns)
		b.turns = append(b.turns, &turn{mailbox: mailbox})
	}
	b.turns[i].waiting = append(b.turns[i].waiting, mine)
}

// leave takes a request back that no longer waits; if it got its turn meanwhile, the
// turn goes to the next.
func (b *budget) leave(mailbox string, mine chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, t := range b.turns {
		at := slices.Index(t.waiting, mine)
		if at < 0 {
			continue
		}
		if t.waiting = slices.Delete(t.waiting, at, at+1); len(t.waiting) == 0 {
			b.turns = slices.Delete(b.turns, i, i+1)
		}
		return
	}
	b.free(mailbox)
}

// dispatch lets requests go while there is room. The caller holds mu.
func (b *budget) dispatch() {
	for b.flying < int(b.limit) {
		i := slices.IndexFunc(b.turns, func(t *turn) bool { return t.mailbox == "" || b.of[t.mailbox] < perMailbox })
		if i < 0 {
			return
		}
		t := b.turns[i]
		b.turns = slices.Delete(b.turns, i, i+1)
		b.flying++
		b.of[t.mailbox]++
		close(t.waiting[0])
		if t.waiting = t.waiting[1:]; len(t.waiting) > 0 {
			b.turns = append(b.turns, t)
		}
	}
}
