package runner

import (
	"context"

	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/sdk"
)

// Kind is what a run does with the calendars.
type Kind string

// The kinds of a [Job].
const (
	// Sync brings both sides together by what changed.
	Sync Kind = ""
	// Resync removes what the gateway wrote and builds everything afresh (resync-1).
	Resync Kind = "resync"
	// ResyncInPlace does so by difference.
	ResyncInPlace Kind = "resync_in_place"
	// Adopt takes over what a former integration wrote, and does nothing else (move-1).
	Adopt Kind = "adopt"
	// Look reads everything. It is for plans, which then say what was seen.
	Look Kind = "look"
)

// whole reports whether the calendars are searched for markers and read in full.
func (k Kind) whole() bool { return k != Sync }

// resync reports whether everything is built afresh.
func (k Kind) resync() bool { return k == Resync || k == ResyncInPlace }

// newBox is a trainer's box for this job.
func (p *pass) newBox(t Target) *box {
	if p.job.Kind == Adopt {
		t.Detail = sdk.DetailSubject // titles tell what was written, also of who is only written to
	}
	return &box{target: t, kind: p.job.Kind, started: p.Now(), window: p.windowFor(p.Now(), t)}
}

// make is what the job wants done for the box.
func (p *pass) make(b *box) reconcile.Plan {
	switch {
	case p.job.Kind == Adopt:
		return p.agreedPlan(b, reconcile.Adopt(b.input(p.Runner), p.job.Former))
	case p.job.Kind.resync():
		plan := p.agreedPlan(b, reconcile.Rebuild(b.input(p.Runner), p.job.Kind == ResyncInPlace))
		plan.Calendar = append(b.clearing, plan.Calendar...)
		return plan
	case b.compared == nil:
		b.compared = reconcile.Compare(b.input(p.Runner))
	}
	plan := b.compared.Plan()
	b.compared = nil
	if p.dry != nil && p.job.Former.Titles != nil {
		plan.Findings = append(plan.Findings, reconcile.Lookalikes(b.input(p.Runner), p.job.Former.Titles)...)
	}
	return plan
}

// clear begins a re-sync: it removes what is there of ours and stores that, before
// anything is made anew. Who is taken up again is not cleared a second time, so that
// what was made since is kept.
func (p *pass) clear(ctx context.Context, account sdk.Account, boxes []*box) {
	if !p.job.Kind.resync() {
		return
	}
	var clearing []*box
	for _, b := range good(boxes) {
		if p.cleared[b.target.ID] {
			continue
		}
		in := b.input(p.Runner)
		steps := p.agreed(b, reconcile.Clear(in, p.job.Kind == ResyncInPlace))
		switch {
		case len(steps) == 0:
		case p.dry != nil || b.target.Pilot:
			b.clearing = steps
			b.without(in, steps)
		default:
			b.plan, b.done, b.half = reconcile.Plan{Calendar: steps}, make([]stepResult, len(steps)), true
			clearing = append(clearing, b)
		}
	}
	p.write(ctx, account, clearing)
	for _, b := range clearing {
		if b.trouble() != nil || b.failedLastingly() {
			continue // it is settled as half done
		}
		p.settle(ctx, b, false)
		p.cleared[b.target.ID] = true
		in, steps := b.input(p.Runner), b.succeeded()
		b.plan, b.done, b.half = reconcile.Plan{}, nil, false
		b.without(in, steps)
	}
}

// succeeded are the steps that were carried out. What failed lastingly stays, and is
// brought up to date in place.
func (b *box) succeeded() []reconcile.CalendarStep {
	var steps []reconcile.CalendarStep
	for i, d := range b.done {
		if d.err == nil {
			steps = append(steps, b.plan.Calendar[i])
		}
	}
	return steps
}

// without goes on as if steps had been carried out.
func (b *box) without(in reconcile.Input, steps []reconcile.CalendarStep) {
	in = reconcile.Cleared(in, steps)
	b.memory.Links, b.read = in.Links, in.Read
}
