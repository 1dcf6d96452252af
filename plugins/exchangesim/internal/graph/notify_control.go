package graph

import (
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// The lifecycle events that Graph sends ("Reduce missing change notifications").
const (
	ReauthorizationRequired = "reauthorizationRequired"
	SubscriptionRemoved     = "subscriptionRemoved"
	Missed                  = "missed"
)

// Made is how many subscriptions were made since the start, Renewed how often one was
// renewed, Posts how many posts the sender made, and Refused how many of them failed.
func (s *Subscriptions) Made() int    { return s.count(&s.made) }
func (s *Subscriptions) Renewed() int { return s.count(&s.renewed) }
func (s *Subscriptions) Posts() int   { return s.count(&s.posts) }
func (s *Subscriptions) Refused() int { return s.count(&s.refused) }

func (s *Subscriptions) count(n *int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *n
}

// Lose loses notifications from now on, or no longer.
func (s *Subscriptions) Lose(lose bool) { s.set(func() { s.lose = lose }) }

// Double sends every notification twice from now on, or no longer.
func (s *Subscriptions) Double(twice bool) { s.set(func() { s.twice = twice }) }

// Delay sends notifications so much later from now on.
func (s *Subscriptions) Delay(d time.Duration) { s.set(func() { s.delay = d }) }

// Shorten makes longer lives than d refused, as some clouds do.
func (s *Subscriptions) Shorten(d time.Duration) { s.set(func() { s.longest = d }) }

func (s *Subscriptions) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// Lifecycle sends a lifecycle event to the subscribers of a mailbox, and has it come true:
// a subscription that is to be authorized again gets no notifications until it is, and
// one that was removed is gone.
func (s *Subscriptions) Lifecycle(box *world.Mailbox, event string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, sub := range s.all {
		if sub.box != box {
			continue
		}
		n := sub.notification(s.tenant)
		n["lifecycleEvent"], n["resource"] = event, sub.resource
		switch event {
		case ReauthorizationRequired:
			sub.unauthorized = true
		case SubscriptionRemoved:
			delete(s.all, id)
		}
		s.enqueue(sub.lifecycleURL, n)
	}
}

// Forget removes the subscriptions of a mailbox and tells nobody.
func (s *Subscriptions) Forget(box *world.Mailbox) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, sub := range s.all {
		if sub.box == box {
			delete(s.all, id)
		}
	}
}

// Forge makes a notification of a mailbox's subscription that somebody else could send:
// everything is right but the client state.
func (s *Subscriptions) Forge(box *world.Mailbox, clientState string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sub := range s.all {
		if sub.box == box {
			n := sub.notification(s.tenant)
			n["clientState"], n["changeType"] = clientState, "updated"
			return n
		}
	}
	return nil
}
