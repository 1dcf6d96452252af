package ews

import "github.com/trainercal/trainercal/plugins/exchangesim/world"

// Made is how many subscriptions were made since the start.
func (s *Streams) Made() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.made
}

// Open is how many connections are open, and how many subscriptions they read.
func (s *Streams) Open() (connections, subscriptions int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		subscriptions += len(c.subs)
	}
	return len(s.open), subscriptions
}

// Lose forgets the subscriptions of a mailbox, or all of them for nil, as a fail-over
// of a database or a server does.
func (s *Streams) Lose(box *world.Mailbox) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sub := range s.subs {
		if box == nil || sub.box == box {
			s.remove(sub)
		}
	}
}

// Miss makes the subscriptions of a mailbox say that they have missed events.
func (s *Streams) Miss(box *world.Mailbox) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sub := range s.byBox[box] {
		sub.missed, sub.events = true, nil
		sub.wake()
	}
}

// Break cuts all connections, without a word.
func (s *Streams) Break() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		select {
		case <-c.broken:
		default:
			close(c.broken)
		}
	}
}

// Silence makes connections say nothing, heartbeats included, or speak again.
func (s *Streams) Silence(silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = silent
	for c := range s.open {
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
}

// Deafen makes changes lead to no events, or to events again. What happened meanwhile is
// lost, and nobody is told.
func (s *Streams) Deafen(deaf bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deaf = deaf
}
