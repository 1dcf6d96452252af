package runner

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// box is one trainer's way through a pass: what is remembered and wanted, what was
// read, what is planned, and how its writes ended.
type box struct {
	target Target
	memory store.Trainer
	// recalled: memory and wanted are known. Otherwise nothing is stored.
	recalled bool
	wanted   []reconcile.Wanted
	// unrendered says, by key, why what is wanted could not be rendered.
	unrendered map[string]error
	window     calendar.Window
	started    time.Time
	// binding identifies account and mailbox: when it is another than the remembered
	// one, the calendar is searched for our markers first.
	binding string
	// moved: the trainer had another calendar before, from.
	moved bool
	from  store.Place
	kind  Kind
	// phase is what this turn is for.
	phase phase
	// impatient: what backs off is tried now. resting are the steps that were left out
	// of the plan because they back off.
	impatient bool
	resting   []store.Owed
	// conflicted: in this run an item was found to be another one than was read.
	conflicted bool
	// clearing are the removals with which a planned re-sync would begin; half says that
	// plan is those of a real one.
	clearing []reconcile.CalendarStep
	half     bool
	// unshown is what was left out because nobody was shown it.
	unshown []reconcile.Skip

	read   reconcile.Read
	cursor []byte
	// compared is what was read and remembered, put in order; nil where a plan needs no
	// questions.
	compared *reconcile.Comparison
	plan     reconcile.Plan
	// done holds the result of each step of plan.Calendar, by index.
	done []stepResult
	// err is what stopped the trainer as a whole.
	err *sdk.Error
	// again is when a server that asked to wait wants to be asked again; zero where none
	// did.
	again time.Time
	// settled: the result is stored, and the box is empty.
	settled bool
	// calls are the spans of the plugin calls that served the trainer.
	calls []trace.SpanContext
}

// stepResult is how a calendar step ended. The zero value means that it was not
// carried out.
type stepResult struct {
	sent bool
	// answered: the plugin told how it ended; otherwise it may have been carried out,
	// whatever ended the call.
	answered bool
	link     reconcile.Link
	err      *sdk.Error
	// whole says that link.Canonical is what the server holds.
	whole bool
}

// input is what reconcile needs to know.
func (b *box) input(r *Runner) reconcile.Input {
	in := reconcile.Input{
		Trainer: b.target.ID.String(),
		Wanted:  b.wanted,
		Links:   b.memory.Links,
		Moved:   b.moved || len(b.memory.Left) > 0,
		Mirrors: b.memory.Mirrors,
		Read:    b.read,
		Policy: reconcile.Policy{
			Installation: r.Installation,
			Push:         b.target.Push,
			Pull:         b.target.Pull,
			ShowAs:       b.target.ShowAs,
			Window:       b.window,
			Zone:         b.target.Zone,
			Guard:        r.limits(b.target).Guard,
			Detail:       string(b.target.Detail),
			Stopped:      b.stopping(),
			Now:          b.started,
		},
		Generation: r.NewID,
	}
	if b.kind.resync() {
		return reconcile.ForResync(in)
	}
	return in
}

// stopping is what this turn removes because a direction was switched off: without the
// calendar, nothing of it.
func (b *box) stopping() reconcile.Stopped {
	stopped := b.target.Stopped
	if b.phase == phaseWithdraw {
		stopped.RemovePushed = false
	}
	return stopped
}

// mustFind reports whether the calendar must be searched for our markers before
// anything is written: it is another calendar than the remembered one, or was never
// brought into sync since it became the trainer's, or an earlier creation's outcome is
// unknown. Where only our own items are read, a copy of
// one shows up in a search alone (B5): there one is made with each full read.
func (b *box) mustFind() bool {
	if b.memory.Binding != b.binding || b.memory.Fingerprint == "" {
		return true
	}
	if b.scope() == sdk.ScopeOwn && b.memory.Fingerprint != b.fingerprint() {
		return true
	}
	for _, l := range b.memory.Links {
		if l.State == reconcile.LinkIntended {
			return true
		}
	}
	return false
}

// rebind forgets what was learnt from another calendar, and notes what is left there.
// Here our items are found by their markers, or made.
func (p *pass) rebind(ctx context.Context, b *box) error {
	if b.memory.Binding == b.binding {
		return nil
	}
	if b.moved = b.memory.Binding != ""; b.moved {
		b.leave(p.Runner)
	}
	for i := range b.memory.Links {
		l := &b.memory.Links[i]
		l.State, l.ItemID, l.Version, l.Canonical = reconcile.LinkIntended, "", "", nil
	}
	b.memory.Cursor, b.memory.Fingerprint = nil, ""
	if b.moved && p.dry == nil && !b.target.Pilot {
		return p.storeMove(ctx, b)
	}
	return nil
}

// fingerprint says what a cursor was made for; another one means a full read.
func (b *box) fingerprint() string { return b.fingerprintFor(b.window) }

func (b *box) fingerprintFor(w calendar.Window) string {
	parts := []string{
		b.binding, w.Start.UTC().Format(time.RFC3339), w.End.UTC().Format(time.RFC3339),
		string(b.target.Detail), string(b.scope()), b.target.Mailbox.TimeZone,
	}
	for _, s := range b.target.ShowAs {
		parts = append(parts, string(s))
	}
	return digest(parts...)
}

func (b *box) scope() sdk.Scope {
	if b.target.Pull || b.kind == Adopt {
		return sdk.ScopeAll
	}
	return sdk.ScopeOwn
}

// own are the ids of the items the gateway wrote, as far as it remembers or found out:
// of those a read brings the whole text, markers or not.
func (b *box) own() []calendar.ItemID {
	ids := make([]calendar.ItemID, 0, len(b.memory.Links)+len(b.read.Found))
	for _, l := range b.memory.Links {
		if l.ItemID != "" {
			ids = append(ids, l.ItemID)
		}
	}
	for _, item := range b.read.Found {
		ids = append(ids, item.ID)
	}
	return ids
}

func (b *box) readRequest() sdk.ReadRequest {
	req := sdk.ReadRequest{
		Mailbox: b.target.Mailbox, Window: b.window, Detail: b.target.Detail, Scope: b.scope(), Own: b.own(),
	}
	if !b.kind.whole() && b.memory.Fingerprint == b.fingerprint() && !b.mustReread() {
		req.Cursor = b.memory.Cursor
	}
	return req
}

// windowFor is the trainer's window now. It moves once a day, at a time of day of
// the trainer's own, so that the full reads which follow are spread over the day.
func (r *Runner) windowFor(now time.Time, t Target) calendar.Window {
	limits := r.limits(t)
	sum := sha256.Sum256([]byte(t.ID.String()))
	offset := time.Duration(binary.BigEndian.Uint64(sum[:8]) % uint64(day))
	start := now.UTC().Add(-offset).Truncate(day).Add(offset)
	return calendar.Window{Start: start.Add(-limits.Past), End: start.Add(day + limits.Future)}
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s|", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// asError turns any error of a call into the contract's. Text of other errors may
// hold addresses, so it stays inside.
func asError(err error) *sdk.Error {
	var known *sdk.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.Canceled):
		return sdk.CodeUnavailable.Wrap(err, "the run was stopped")
	case errors.Is(err, context.DeadlineExceeded):
		return sdk.CodeUnavailable.Wrap(err, "the call took too long")
	}
	return sdk.CodeInternal.Wrap(err, "the call failed")
}
