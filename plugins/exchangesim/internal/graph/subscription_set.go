package graph

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// Subscriptions are a server's subscriptions, the sender of their notifications, and
// what is to go wrong with both. Its methods may be called at any time.
type Subscriptions struct {
	client *http.Client
	tenant string
	limit  int
	// ctx ends the sender.
	ctx    context.Context
	cancel context.CancelFunc
	// sending are posts on their way, and those that wait for their time.
	sending sync.WaitGroup

	mu            sync.Mutex
	closed        bool
	all           map[string]*subscription
	made, renewed int
	posts         int
	writes, reads budget
	longest       time.Duration
	// lose, twice, delay: what becomes of notifications.
	lose, twice bool
	delay       time.Duration
	// queue are notifications by address that wait for the sender of that address.
	queue map[string][]map[string]any
	// refused counts posts that were not answered with success.
	refused int
}

func newSubscriptions(w *world.World, tenant string, limit int) *Subscriptions {
	if limit == 0 {
		limit = subscriptionWrites
	}
	s := &Subscriptions{
		client: &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second},
		tenant: tenant, limit: limit, longest: longestLife,
		all: map[string]*subscription{}, queue: map[string][]map[string]any{},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	w.Listen(func(box *world.Mailbox, c world.Change) { s.hear(w, box, c) })
	return s
}

// Close ends the sender, whatever it is doing.
func (s *Subscriptions) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.sending.Wait()
	s.client.CloseIdleConnections()
}

// spend takes a request from a budget.
func (s *Subscriptions) spend(b *budget, now time.Time, limit int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if wait := b.take(now, subscriptionSpan, limit); wait > 0 {
		return throttled("Application is over its limit for subscriptions.", wait)
	}
	return nil
}

func (s *Subscriptions) life() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.longest
}

// expire forgets what has ended. The caller holds the lock.
func (s *Subscriptions) expire(now time.Time) {
	for id, sub := range s.all {
		if !sub.expires.After(now) {
			delete(s.all, id)
		}
	}
}

func (s *Subscriptions) add(sub *subscription, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
	of := 0
	for _, other := range s.all {
		if other.box == sub.box {
			of++
		}
	}
	if of >= maxPerMailbox {
		return errTooManySubscriptions()
	}
	s.made++
	s.all[sub.id] = sub
	return nil
}

// lookUp finds a subscription. The caller holds the lock.
func (s *Subscriptions) lookUp(id string, now time.Time) (*subscription, error) {
	s.expire(now)
	if sub := s.all[id]; sub != nil {
		return sub, nil
	}
	return nil, errNoSubscription
}

// find returns a copy, which nobody changes.
func (s *Subscriptions) find(id string, now time.Time) (*subscription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub, err := s.lookUp(id, now)
	if err != nil {
		return nil, err
	}
	found := *sub
	return &found, nil
}

func (s *Subscriptions) list(now time.Time) []*subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
	var list []*subscription
	for _, sub := range s.all {
		found := *sub
		list = append(list, &found)
	}
	slices.SortFunc(list, func(a, b *subscription) int { return strings.Compare(a.id, b.id) })
	return list
}

func (s *Subscriptions) renew(id string, expires, now time.Time) (*subscription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub, err := s.lookUp(id, now)
	if err != nil {
		return nil, err
	}
	s.renewed++
	sub.expires, sub.unauthorized = expires, false
	renewed := *sub
	return &renewed, nil
}

func (s *Subscriptions) authorize(id string, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub, err := s.lookUp(id, now)
	if err == nil {
		sub.unauthorized = false
	}
	return err
}

func (s *Subscriptions) remove(id string, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.lookUp(id, now)
	delete(s.all, id)
	return err
}
