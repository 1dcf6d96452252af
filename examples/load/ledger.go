package main

import (
	"fmt"
	"net/url"
)

// slot is one object of the platform through its lives. Only one request at a time is
// about it, so what was accepted last is certain.
type slot struct {
	kind, id string
	// state is what was accepted last; nil: there is none.
	state object
	// etag is the state's, empty where it is not known.
	etag string
	// version is the highest that was sent.
	version int
}

// path is the object's address.
func (s *slot) path() string {
	plural := s.kind
	if s.kind == kindCourse {
		plural = "courses"
	}
	return "/v1/providers/" + provider + "/" + plural + "/" + url.PathEscape(s.id)
}

// accept notes what was accepted; nil for a deletion.
func (s *slot) accept(state object, etag string) { s.state, s.etag = state, etag }

// wants is the slot's state as text; empty for none.
func (s *slot) wants() string { return text(s.state) }

func text(o object) string {
	if o == nil {
		return ""
	}
	return o.canonical()
}

// newSlots are those of a writer: two courses for each unavailability.
func newSlots(writer, n int) []*slot {
	slots := make([]*slot, n)
	for i := range slots {
		slots[i] = &slot{kind: kindCourse, id: fmt.Sprintf("C-%d-%d", writer, i)}
		if i%3 == 2 {
			slots[i].kind, slots[i].id = kindBlock, fmt.Sprintf("U-%d-%d", writer, i)
		}
	}
	return slots
}
