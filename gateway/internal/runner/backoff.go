package runner

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

// CodeTemplateFailed is the code of an item whose text could not be made.
const CodeTemplateFailed = "template_failed"

// The first and the longest pause before an item that failed is tried again (C8).
const (
	firstPause   = 15 * time.Minute
	longestPause = 6 * time.Hour
)

// pauseAfter is how long an item is left alone after so many attempts.
func pauseAfter(attempts int) time.Duration {
	const doublings = 5 // enough to be above the longest
	return min(firstPause<<min(attempts-1, doublings), longestPause)
}

// lasting reports whether what failed for one item will fail again until somebody does
// something. Other errors are tried again at every run.
func lasting(err *sdk.Error) bool {
	switch err.Code {
	case sdk.CodeInvalidItem, sdk.CodeAccessDenied, sdk.CodeUnsupported, sdk.CodeInvalidRequest, sdk.CodeInternal:
		return true
	}
	return false
}

// failedLastingly reports whether a step failed that will fail again.
func (b *box) failedLastingly() bool {
	return slices.ContainsFunc(b.done, func(d stepResult) bool { return d.err != nil && lasting(d.err) })
}

// seenInRead reports whether the need for a step is known from what a read showed, and
// not from what is remembered: to see it again takes a full read.
func seenInRead(reason reconcile.Reason) bool {
	switch reason {
	case reconcile.ReasonDrift, reconcile.ReasonDeletedInCalendar, reconcile.ReasonDuplicate:
		return true
	}
	return false
}

// stepName tells a step from any other, so that an item that changed on either side is
// not taken for the one that failed.
func stepName(s reconcile.CalendarStep) string {
	a := s.Link.Rendered
	start, end := a.When.Span(time.UTC)
	return digest(string(s.Op), s.Link.Key, fmt.Sprint(s.Link.Revision), string(s.Link.ItemID), s.Link.Version,
		a.Subject, a.Location, a.Body, start.UTC().Format(time.RFC3339Nano), end.UTC().Format(time.RFC3339Nano), a.When.TimeZone, string(a.ShowAs))
}

// rest takes the steps out of the plan that failed before and are not due.
func (b *box) rest(now time.Time, everything bool) {
	due := func(s reconcile.CalendarStep) bool {
		name := stepName(s)
		i := slices.IndexFunc(b.memory.Owed, func(o store.Owed) bool { return o.Step == name })
		if i < 0 || everything || !now.Before(b.memory.Owed[i].Next) {
			return true
		}
		b.resting = append(b.resting, b.memory.Owed[i])
		b.plan.Skipped = append(b.plan.Skipped, reconcile.Skip{Reason: reconcile.ReasonBackingOff, Key: s.Link.Key, ItemID: s.Link.ItemID})
		return false
	}
	b.plan.Calendar = slices.DeleteFunc(b.plan.Calendar, func(s reconcile.CalendarStep) bool { return !due(s) })
}

// mustReread reports whether something is to be tried again that only a full read shows,
// or met an item of which only such a read tells what it is by now.
func (b *box) mustReread() bool {
	return slices.ContainsFunc(b.memory.Owed, func(o store.Owed) bool {
		return seenInRead(o.Reason) && (b.impatient || b.conflicted || !b.started.Before(o.Next))
	})
}

// owed is what should be in the calendar after this pass and is not, for a lasting
// reason, by key.
func (b *box) owed() []store.Owed {
	if !b.wasPlanned() || b.target.Pilot || b.kind == Adopt {
		return b.stillOwed()
	}
	owed := slices.Clone(b.resting)
	for i, d := range b.done {
		switch {
		case d.sent && d.err == nil:
		case d.sent && lasting(d.err):
			owed = append(owed, b.failedStep(b.plan.Calendar[i], d.err))
		default: // it did not come to another attempt, or that told nothing new
			name := stepName(b.plan.Calendar[i])
			owed = append(owed, keep(b.memory.Owed, func(o store.Owed) bool { return o.Step == name })...)
		}
	}
	for _, s := range b.plan.Skipped {
		if s.Reason == reconcile.ReasonUnrendered {
			owed = append(owed, b.unrenderedItem(s.Key))
		}
	}
	for _, o := range b.memory.Owed {
		known := slices.ContainsFunc(owed, func(n store.Owed) bool { return n.Key == o.Key })
		// A read of changes alone does not show again what an earlier one showed.
		if !known && seenInRead(o.Reason) && !b.read.Full && b.target.Push && !b.overtook(o) {
			owed = append(owed, o)
		}
	}
	slices.SortFunc(owed, func(x, y store.Owed) int { return cmp.Or(cmp.Compare(x.Key, y.Key), cmp.Compare(x.Step, y.Step)) })
	return owed
}

// stillOwed is what earlier runs owe, where this one does not try it: what is no longer
// wanted is not owed, nor what has a text by now. The next run sees to that.
func (b *box) stillOwed() []store.Owed {
	if !b.recalled {
		return b.memory.Owed
	}
	wanted := map[string]bool{}
	for _, w := range b.wanted {
		wanted[w.Key] = b.target.Push && !w.Ended
	}
	return keep(b.memory.Owed, func(o store.Owed) bool {
		hasText := o.Code == CodeTemplateFailed && b.unrendered[o.Key] == nil
		return o.Op == reconcile.OpRemove || (wanted[o.Key] && !hasText)
	})
}

// failsForItems reports whether the trainer is told to fail because items are owed.
func (b *box) failsForItems() bool {
	f := b.memory.Failing
	return f != nil && slices.ContainsFunc(b.memory.Owed, func(o store.Owed) bool { return o.Code == f.Code })
}

// overtook reports whether the item that something is owed to was written or removed for
// another reason: then it is as it should be.
func (b *box) overtook(o store.Owed) bool {
	for i, d := range b.done {
		if s := b.plan.Calendar[i]; s.Link.Key == o.Key && !s.Duplicate && d.sent && d.err == nil {
			return o.Reason != reconcile.ReasonDuplicate
		}
	}
	return false
}

func keep(all []store.Owed, is func(store.Owed) bool) []store.Owed {
	return slices.DeleteFunc(slices.Clone(all), func(o store.Owed) bool { return !is(o) })
}

// wasPlanned reports whether the box came to be planned.
func (b *box) wasPlanned() bool { return b.done != nil }

func (b *box) failedStep(s reconcile.CalendarStep, err *sdk.Error) store.Owed {
	o := b.nextAttempt(store.Owed{
		Key: s.Link.Key, Op: s.Op, Reason: s.Reason, Step: stepName(s),
		Code: string(err.Code), Message: messageOf(err), Advice: err.Advice,
	})
	o.Next = b.started.Add(pauseAfter(o.Attempts))
	return o
}

// unrenderedItem is tried again at every run, as that costs the calendar nothing.
func (b *box) unrenderedItem(key string) store.Owed {
	o := store.Owed{Key: key, Op: reconcile.OpUpdate, Reason: reconcile.ReasonUnrendered, Code: CodeTemplateFailed, Step: CodeTemplateFailed}
	var failed *platform.TemplateError
	if errors.As(b.unrendered[key], &failed) {
		o.Message = failed.Error()
	}
	o.Advice = "correct the template; the appointment is brought up to date by the next run"
	return b.nextAttempt(o)
}

// nextAttempt counts the attempts at the same step.
func (b *box) nextAttempt(o store.Owed) store.Owed {
	o.Since, o.Attempts = b.started, 1
	for _, last := range b.memory.Owed {
		if last.Key == o.Key && last.Step == o.Step {
			o.Since, o.Attempts = last.Since, last.Attempts+1
		}
	}
	return o
}

// failingItems says of a trainer whose calendar is well that items are owed to it.
func (b *box) failingItems(owed []store.Owed) *store.Failing {
	first := owed[0]
	what := strings.TrimPrefix(first.Key, b.target.ID.String()+"/")
	f := &store.Failing{Code: first.Code, Advice: first.Advice, Since: first.Since, Attempts: first.Attempts, Next: first.Next}
	f.Message = fmt.Sprintf("%s: %s", what, first.Message)
	if more := len(owed) - 1; more > 0 {
		f.Message = fmt.Sprintf("%s, and %d more: %s", what, more, first.Message)
	}
	for _, o := range owed[1:] {
		if o.Since.Before(f.Since) {
			f.Since = o.Since
		}
		if o.Next.Before(f.Next) {
			f.Next = o.Next
		}
		f.Attempts = max(f.Attempts, o.Attempts)
	}
	return f
}

// messageOf is what an error says to people.
func messageOf(err *sdk.Error) string {
	if err.Detail == "" {
		return err.Message
	}
	return err.Message + " (" + err.Detail + ")"
}
