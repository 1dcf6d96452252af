package availability

import (
	"slices"
	"time"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// State is what a trainer's time is.
type State string

// The states of a trainer's time.
const (
	Free    State = "free"
	Busy    State = "busy"
	Unknown State = "unknown"
)

// Reason says why nothing is known.
type Reason string

// The reasons of [Unknown].
const (
	// NotRead: the trainer's calendar is not read, by the direction of the mapping.
	NotRead Reason = "not_read"
	// NeverRead: it is to be read, and never was completely.
	NeverRead Reason = "never_read"
	// Stale: the last complete read is too long ago.
	Stale Reason = "stale"
	// OutsideWindow: the last read did not reach there.
	OutsideWindow Reason = "outside_window"
)

// Known is what is known of a trainer's time.
type Known struct {
	// Blocks are the times in which the trainer is busy, in any order; they may overlap.
	// Courses count as well as unavailability of either origin.
	Blocks []calendar.Window
	// Reads: the trainer's own calendar is to be read.
	Reads bool
	// Read is when that last happened completely, zero for never; Covered is which time
	// that read covers.
	Read    time.Time
	Covered calendar.Window
	// StaleAfter is how long a read holds good.
	StaleAfter time.Duration
}

// Span is a part of a timeline.
type Span struct {
	calendar.Window
	State State
	// Reason is set when State is [Unknown].
	Reason Reason
}

// Doubt says why nothing new is known of the calendar at an instant; empty when it is
// known. Since is when that began: zero where nothing was ever known.
func (k Known) Doubt(now time.Time) (why Reason, since time.Time) {
	switch {
	case !k.Reads:
		return NotRead, time.Time{}
	case k.Read.IsZero():
		return NeverRead, time.Time{}
	case now.Sub(k.Read) > k.StaleAfter:
		return Stale, k.Read
	}
	return "", time.Time{}
}

// Over answers for the whole of a span of time: busy when a block overlaps it, free when
// all of it is known and nothing does, else unknown. A span without length is the instant.
func (k Known) Over(now time.Time, w calendar.Window) (State, Reason) {
	if slices.ContainsFunc(k.Blocks, func(b calendar.Window) bool { return overlap(w, b) }) {
		return Busy, ""
	}
	if why, _ := k.Doubt(now); why != "" {
		return Unknown, why
	}
	if !k.Covered.Contains(w) {
		return Unknown, OutsideWindow
	}
	return Free, ""
}

// overlap reports whether a span, or the instant at which it starts and ends, shares time
// with a block. A block without length blocks nothing.
func overlap(w, block calendar.Window) bool {
	return block.Start.Before(block.End) && block.Overlaps(w.Start, w.End)
}

// Timeline parts a span of time into the longest pieces of one answer each, in order and
// without gaps.
func (k Known) Timeline(now time.Time, w calendar.Window) []Span {
	var spans []Span
	edges := k.edges(w)
	for i := range len(edges) - 1 {
		piece := calendar.Window{Start: edges[i], End: edges[i+1]}
		state, why := k.Over(now, piece)
		if n := len(spans) - 1; n >= 0 && spans[n].State == state && spans[n].Reason == why {
			spans[n].End = piece.End
			continue
		}
		spans = append(spans, Span{Window: piece, State: state, Reason: why})
	}
	return spans
}

// edges are the instants inside a span at which an answer may change, and its ends.
func (k Known) edges(w calendar.Window) []time.Time {
	edges := []time.Time{w.Start, w.End}
	for _, b := range append(slices.Clone(k.Blocks), k.Covered) {
		for _, t := range []time.Time{b.Start, b.End} {
			if t.After(w.Start) && t.Before(w.End) {
				edges = append(edges, t)
			}
		}
	}
	slices.SortFunc(edges, func(a, b time.Time) int { return a.Compare(b) })
	return slices.CompactFunc(edges, time.Time.Equal)
}
