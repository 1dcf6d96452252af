package faults

import (
	"cmp"
	"slices"
)

// Count is how often an operation was asked for on a mailbox.
type Count struct {
	Protocol string `json:"protocol"`
	Kind     string `json:"kind"`
	// Mailbox is the address in lower case, empty where a request names none or several.
	Mailbox string `json:"mailbox,omitempty"`
	// Requests are HTTP requests, Batched items inside a $batch.
	Requests int `json:"requests"`
	Batched  int `json:"batched,omitempty"`
}

// Counts lists what was asked for, by protocol, kind and mailbox.
func (s *Set) Counts() []Count {
	s.mu.Lock()
	defer s.mu.Unlock()
	merged := map[Operation]Count{}
	for op, n := range s.counts {
		batched := op.Batched
		op.Batched = false
		c := merged[op]
		c.Protocol, c.Kind, c.Mailbox = op.Protocol, op.Kind, op.Mailbox
		if batched {
			c.Batched += n
		} else {
			c.Requests += n
		}
		merged[op] = c
	}
	var counts []Count
	for _, c := range merged {
		counts = append(counts, c)
	}
	slices.SortFunc(counts, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Mailbox, b.Mailbox))
	})
	return counts
}

// ClearCounts starts counting anew.
func (s *Set) ClearCounts() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts = map[Operation]int{}
}
