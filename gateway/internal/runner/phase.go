package runner

import (
	"context"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// phase is what a trainer's turn is for. Most need one turn a run, a normal one.
type phase int

const (
	phaseNormal phase = iota
	// phaseCatchUp: the window has moved on since the last read. What has changed since
	// is read for the window of before, with its cursor, so that the next phase can tell
	// what such reads have missed.
	phaseCatchUp
	// phaseBackstop: the daily full read, right after catching up (F9).
	phaseBackstop
	// phaseWithdraw: pulled unavailability of a trainer who was switched off is taken off
	// the platform, for which no calendar is needed.
	phaseWithdraw
)

// begin decides what the trainer's turn is for, once the calendar is known.
func (p *pass) begin(b *box) {
	switch {
	case b.phase == phaseWithdraw:
	case p.behind[b.target.ID] == phaseCatchUp:
		b.phase = phaseBackstop
	case p.dry == nil && p.job.Kind == Sync && !b.target.Pilot && b.readYesterday():
		b.phase, b.window = phaseCatchUp, yesterday(b.window)
	}
}

// yesterday is the window that held a day ago.
func yesterday(w calendar.Window) calendar.Window {
	return calendar.Window{Start: w.Start.Add(-day), End: w.End.Add(-day)}
}

// readYesterday reports whether the last read was of the same calendar, for yesterday's
// window, and can be continued.
func (b *box) readYesterday() bool {
	return len(b.memory.Cursor) > 0 && b.memory.Binding == b.binding && b.memory.Fingerprint == b.fingerprintFor(yesterday(b.window))
}

// another reports whether the trainer has another turn in this run after one that went
// well, and notes which one is behind.
func (p *pass) another(b *box) bool {
	switch b.phase {
	case phaseNormal, phaseBackstop:
		return false
	case phaseWithdraw:
		if !b.removesPushed() {
			return false
		}
	case phaseCatchUp:
	}
	p.behind[b.target.ID] = b.phase
	return true
}

// missed counts the changes that a full read showed in the time that the reads of
// changes before it covered as well: those had missed them.
func (b *box) missed() int {
	if b.phase != phaseBackstop {
		return 0
	}
	before := yesterday(b.window)
	both := calendar.Window{Start: b.window.Start, End: before.End}
	n := 0
	count := func(reason reconcile.Reason, when calendar.When) {
		if start, end := when.Span(b.target.Zone); readReasons[reason] && both.Overlaps(start, end) {
			n++
		}
	}
	for _, s := range b.plan.Calendar {
		count(s.Reason, s.Link.Rendered.When)
	}
	for _, s := range b.plan.Platform {
		count(s.Reason, s.Mirror.When)
	}
	return n
}

// readReasons are those of steps that follow from what a read showed.
var readReasons = map[reconcile.Reason]bool{
	reconcile.ReasonDrift: true, reconcile.ReasonDeletedInCalendar: true, reconcile.ReasonDuplicate: true,
	reconcile.ReasonAppeared: true, reconcile.ReasonChanged: true, reconcile.ReasonVanished: true, reconcile.ReasonFree: true,
	reconcile.ReasonNotBlocking: true, reconcile.ReasonCancelled: true, reconcile.ReasonDeclined: true,
}

// stopped reports whether nothing is synchronised any more, in neither direction.
func (t Target) stopped() bool { return !t.Push && !t.Pull }

// removesPushed reports whether something that was pushed is still to be removed because
// pushing was switched off.
func (b *box) removesPushed() bool {
	if !b.target.Stopped.RemovePushed {
		return false
	}
	over := map[string]bool{}
	for _, w := range b.wanted {
		over[w.Key] = w.Ended
	}
	for _, l := range b.memory.Links {
		_, end := l.Rendered.When.Span(b.target.Zone)
		if ended, wanted := over[l.Key]; !ended && (wanted || end.After(b.started)) {
			return true
		}
	}
	return false
}

// removesPulled is the same for what was pulled.
func (b *box) removesPulled() bool {
	for _, m := range b.memory.Mirrors {
		if _, end := m.When.Span(b.target.Zone); b.target.Stopped.RemovePulled && end.After(b.started) {
			return true
		}
	}
	return false
}

// withdraw gives those boxes their turn that need no calendar, and returns the others.
func (p *pass) withdraw(ctx context.Context, boxes []*box) []*box {
	var rest []*box
	for _, b := range boxes {
		switch {
		case b.err != nil || !b.target.stopped():
			rest = append(rest, b)
		case b.removesPulled() && p.behind[b.target.ID] != phaseWithdraw:
			b.phase, b.read.Complete = phaseWithdraw, true
			p.planBox(b)
			p.settleAll(ctx, []*box{b})
		case b.removesPushed():
			rest = append(rest, b)
		default:
			b.settled = true // nothing is left to do
		}
	}
	return rest
}

const day = 24 * time.Hour
