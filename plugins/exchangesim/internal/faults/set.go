package faults

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"
)

// Operation is what a client asks for.
type Operation struct {
	Protocol, Kind, Mailbox string
	// Batched: it is an item of a $batch.
	Batched bool
}

// Set holds the rules and the counts. The zero Set is not usable, see [New].
type Set struct {
	mu     sync.Mutex
	rules  []*Rule
	nextID int
	counts map[Operation]int
	seed   uint64
	// tries counts what met each rule with a rate, by rule and operation.
	tries map[try]uint64
}

// try is an operation that met a rule.
type try struct {
	rule int
	op   Operation
}

// New returns a set without rules; seed decides what a rule's Rate hits.
func New(seed uint64) *Set {
	return &Set{counts: map[Operation]int{}, tries: map[try]uint64{}, seed: seed}
}

// Add adds a rule and returns it with its id.
func (s *Set) Add(r Rule) (Rule, error) {
	if err := r.check(); err != nil {
		return Rule{}, fmt.Errorf("add a fault: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextID++
	r.ID, r.Hits = s.nextID, 0
	s.rules = append(s.rules, &r)
	return r, nil
}

// Remove removes a rule and reports whether there was one.
func (s *Set) Remove(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.rules)
	s.rules = slices.DeleteFunc(s.rules, func(r *Rule) bool { return r.ID == id })
	return len(s.rules) < before
}

// Rules lists the rules.
func (s *Set) Rules() []Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	rules := make([]Rule, 0, len(s.rules))
	for _, r := range s.rules {
		rules = append(rules, *r)
	}
	return rules
}

// Clear removes all rules.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

// Take counts an operation and returns the first rule that hits it, or nil. An
// operation on several mailboxes names them in also and is counted without one; a
// rule for any of them hits it.
func (s *Set) Take(op Operation, also ...string) *Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[op]++
	for _, r := range s.rules {
		if r.matches(op, also) && s.hits(r, op) {
			hit := *r
			return &hit
		}
	}
	return nil
}

// hits decides whether a matching rule applies this time.
func (s *Set) hits(r *Rule, op Operation) bool {
	switch {
	case r.Skip > 0:
		r.Skip--
		return false
	case r.Times > 0 && r.Hits >= r.Times:
		return false
	case r.Rate > 0 && s.draw(r.ID, op) >= r.Rate:
		return false
	}
	r.Hits++
	return true
}

// draw is a number from 0 to 1 for the next operation of its kind that meets a rule.
// Operations of different mailboxes do not disturb each other's draws.
func (s *Set) draw(rule int, op Operation) float64 {
	key := try{rule, op}
	s.tries[key]++
	name := fnv.New64a()
	fmt.Fprintf(name, "%d %s %s %s %v %d", rule, op.Protocol, op.Kind, op.Mailbox, op.Batched, s.tries[key])
	return rand.New(rand.NewPCG(s.seed, name.Sum64())).Float64()
}
