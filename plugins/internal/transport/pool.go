package transport

import (
	"context"
	"slices"
	"sync"
)

// Pool bounds how many requests are in flight of all clients that share it, and shares
// them out fairly: while it is full, the clients that wait take turns, however many
// requests each of them has waiting. It is safe for concurrent use.
type Pool struct {
	mu   sync.Mutex
	free int
	// turns are the clients with requests that wait; the first one's goes next.
	turns []*queue
}

// queue is what waits of one client, in the order of arrival.
type queue struct {
	client  *Client
	waiting []chan struct{}
}

// NewPool returns a pool for so many requests at once.
func NewPool(size int) *Pool { return &Pool{free: size} }

// acquire waits for the client's turn.
func (p *Pool) acquire(ctx context.Context, c *Client) error {
	p.mu.Lock()
	if p.free > 0 {
		p.free-- // nobody waits while there is room
		p.mu.Unlock()
		return nil
	}
	mine := make(chan struct{})
	p.join(c, mine)
	p.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
		p.leave(c, mine)
		return ctx.Err()
	}
}

// join queues a request of the client. Whoever calls it holds mu.
func (p *Pool) join(c *Client, mine chan struct{}) {
	i := slices.IndexFunc(p.turns, func(q *queue) bool { return q.client == c })
	if i < 0 {
		i = len(p.turns)
		p.turns = append(p.turns, &queue{client: c})
	}
	p.turns[i].waiting = append(p.turns[i].waiting, mine)
}

// leave takes a request back that no longer waits. If it got its turn meanwhile, the
// turn goes on to the next.
func (p *Pool) leave(c *Client, mine chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, q := range p.turns {
		at := slices.Index(q.waiting, mine)
		if q.client != c || at < 0 {
			continue
		}
		q.waiting = slices.Delete(q.waiting, at, at+1)
		if len(q.waiting) == 0 {
			p.turns = slices.Delete(p.turns, i, i+1)
		}
		return
	}
	p.next()
}

// release gives a request's place to the next client in turn.
func (p *Pool) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next()
}

// next lets the next request go. Whoever calls it holds mu.
func (p *Pool) next() {
	if len(p.turns) == 0 {
		p.free++
		return
	}
	q := p.turns[0]
	p.turns = p.turns[1:]
	close(q.waiting[0])
	if q.waiting = q.waiting[1:]; len(q.waiting) > 0 {
		p.turns = append(p.turns, q)
	}
}
