package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

// failAccount fails every box with what is wrong with the account, said once.
func (p *pass) failAccount(ctx context.Context, boxes []*box, err *sdk.Error) {
	if ctx.Err() == nil {
		p.record.event(fmt.Sprintf("%s: %s", p.batch.Account, err.Error()))
	}
	p.accountErr = err
	for _, b := range boxes {
		b.err = err
		p.settle(ctx, b, true)
	}
}

// settle stores a box's result in one transaction and records its outcome. A box
// that will be taken up again is stored too: what was done is done.
func (p *pass) settle(ctx context.Context, b *box, final bool) {
	if p.dry != nil {
		if final {
			p.dry(b.tell(p.Now()))
		}
		return
	}
	outcome := b.outcome(p.Runner)
	if ctx.Err() != nil && outcome.State != store.RunOK {
		// A stop is no failure of the trainer's.
		outcome.State, outcome.Failing = store.RunCanceled, b.memory.Failing
	}
	// A run that is being stopped still stores what it did.
	ctx = context.WithoutCancel(ctx)
	if b.recalled {
		res := b.result(p.Runner, outcome.Failing)
		res.Conflicts = b.conflicts(res, p.Now())
		if b.binding != "" && res.Binding == b.binding {
			res.Place = b.place(p) // where a later move has to clear up (map-5)
		}
		switch err := p.Memory.Commit(ctx, res); {
		case errors.Is(err, store.ErrLost): // whoever has the trainer now tells how it is
			outcome.State, outcome.Failing = store.RunCanceled, b.memory.Failing
		case err != nil:
			outcome.State = store.RunFailed
			outcome.Failing = b.failing(p.Runner, sdk.CodeInternal.Wrap(err, "the gateway could not store the result").
				WithAdvice("check the disk and the state file; the next run repeats the work"))
		}
	}
	if final {
		p.tellUnshown(b)
	}
	p.observe(ctx, b, outcome, final)
	p.record.add(outcome, final)
	if final && p.Done != nil && outcome.State != store.RunCanceled && !p.record.hasMoved(b.target.ID) {
		p.Done(b.target.ID, b.again)
	}
}

// result is what the pass changes in the trainer's memory.
func (b *box) result(r *Runner, failing *store.Failing) store.Result {
	res := store.Result{
		ID: b.target.ID, Binding: b.memory.Binding, Cursor: b.memory.Cursor, Fingerprint: b.memory.Fingerprint,
		Failing: failing, Owed: b.owed(),
	}
	if (b.err != nil && !b.read.Complete) || b.target.Pilot {
		return res
	}
	b.addLinks(&res, r.NewID)
	b.addMirrors(&res)
	if b.phase == phaseWithdraw {
		return res
	}
	if b.target.Pull && !b.half && b.kind != Adopt { // those leave what was pulled as it was
		res.Read = store.Reading{At: r.Now(), Covered: b.read.Covered}
	}
	// A step that failed or was left out must be seen again: the cursor stays where it was.
	switch {
	case b.trouble() != nil || len(b.unshown) > 0:
	case b.half || b.kind == Adopt:
		if len(res.Owed) == 0 && !b.failsForItems() {
			res.Failing = b.memory.Failing // this turn does not tell whether that is over
		}
	default:
		res.Binding, res.Cursor, res.Fingerprint = b.binding, b.cursor, b.fingerprint()
		if len(res.Owed) == 0 {
			res.Proven = r.Now()
		}
	}
	return res
}

// addLinks puts what is now known of our items, in the order adoption, then writes.
func (b *box) addLinks(res *store.Result, newID func() string) {
	for _, s := range b.plan.Links {
		if s.Op == reconcile.OpRemove {
			res.DropLinks = append(res.DropLinks, s.Link.Key)
		} else {
			res.PutLinks = append(res.PutLinks, s.Link)
		}
	}
	for i, d := range b.done {
		s := b.plan.Calendar[i]
		switch {
		case !d.sent || s.Duplicate:
		case d.err != nil:
			b.addFailed(res, s, d, newID)
		case s.Op == reconcile.OpRemove:
			res.DropLinks = append(res.DropLinks, s.Link.Key)
		default:
			res.PutLinks = append(res.PutLinks, d.link)
		}
	}
}

// addFailed puts what a failed write teaches: a create that certainly made nothing
// is no longer intended; an item that was not where we knew it is searched by its
// marker, and made anew if it is nowhere (B6).
func (b *box) addFailed(res *store.Result, s reconcile.CalendarStep, d stepResult, newID func() string) {
	switch {
	case s.Op == reconcile.OpCreate && d.answered && refused(d.err):
		res.DropLinks = append(res.DropLinks, s.Link.Key)
	case s.Op == reconcile.OpUpdate && d.err.Code == sdk.CodeItemNotFound:
		lost := s.Link
		lost.State, lost.Generation = reconcile.LinkIntended, newID()
		lost.ItemID, lost.Version, lost.Canonical = "", "", nil
		res.PutLinks = append(res.PutLinks, lost)
	}
}

// refused reports whether a create certainly made nothing.
func refused(err *sdk.Error) bool {
	switch err.Code {
	case sdk.CodeInvalidItem, sdk.CodeAccessDenied, sdk.CodeMailboxNotFound, sdk.CodeMailboxUnavailable,
		sdk.CodeCredentials, sdk.CodeAccountBlocked, sdk.CodeUnsupported, sdk.CodeInvalidRequest:
		return true
	}
	return false
}

func (b *box) addMirrors(res *store.Result) {
	for _, s := range b.plan.Platform {
		if s.Op == reconcile.OpRemove {
			res.DropMirrors = append(res.DropMirrors, s.Mirror.ID)
		} else {
			res.PutMirrors = append(res.PutMirrors, s.Mirror)
		}
	}
	res.PutMirrors = append(res.PutMirrors, b.plan.Notes...)
}

// failing is what keeps the trainer out of sync, and since when.
func (b *box) failing(r *Runner, err *sdk.Error) *store.Failing {
	if err == nil {
		return nil
	}
	f := &store.Failing{Code: string(err.Code), Message: messageOf(err), Advice: err.Advice, Since: r.Now(), Attempts: 1}
	if last := b.memory.Failing; last != nil {
		f.Attempts = last.Attempts + 1
		f.Since = last.Since
	}
	if err.RetryAfter > 0 {
		b.again = r.Now().Add(waitFor(err.RetryAfter, f.Attempts))
		f.Next = b.again
	}
	return f
}

// How long a trainer waits whose server asked for patience: at least leastWait, twice as
// long with each attempt in vain up to mostGrown, and never longer than mostWait.
const (
	leastWait = 30 * time.Second
	mostGrown = 15 * time.Minute
	mostWait  = time.Hour
)

// waitFor is how long to wait after an attempt whose server asked for a time. A server
// that always asks for a second is not asked every second (G1, G8).
func waitFor(asked time.Duration, attempts int) time.Duration {
	grown := leastWait << min(attempts-1, 10)
	return min(max(asked, min(grown, mostGrown)), mostWait)
}
