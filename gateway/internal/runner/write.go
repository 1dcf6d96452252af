package runner

import (
	"context"
	"fmt"
	"strconv"

	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// write commits what is intended, then sends the boxes' calendar steps in one call.
func (p *pass) write(ctx context.Context, account sdk.Account, boxes []*box) {
	var writing []*box
	for _, b := range boxes {
		if len(b.plan.Calendar) == 0 {
			continue
		}
		if err := p.intend(ctx, b); err != nil {
			b.err = stateError(err, "the gateway could not note what it is about to write", "check the disk and the state file")
			continue
		}
		writing = append(writing, b)
	}
	if len(writing) == 0 {
		return
	}
	reqs := make([]sdk.WriteRequest, len(writing))
	for i, b := range writing {
		reqs[i] = sdk.WriteRequest{Mailbox: b.target.Mailbox, Operations: p.operations(b)}
	}
	in := newInbox(writing)
	err := p.call(ctx, "Write", writing, func(ctx context.Context) error {
		return account.Write(ctx, reqs, in.written)
	})
	for _, b := range writing {
		b.endWrites(asError(err))
	}
}

// intend stores the links of items about to be made ours or removed, so that a crash
// before the result is stored is recovered from (B2).
func (p *pass) intend(ctx context.Context, b *box) error {
	var links []reconcile.Link
	for _, s := range b.plan.Calendar {
		if link, ok := intention(s); ok {
			links = append(links, link)
		}
	}
	if len(links) == 0 {
		return nil
	}
	if err := p.Memory.Intend(ctx, b.target.ID, links); err != nil {
		return fmt.Errorf("store %d intentions of %s: %w", len(links), b.target.ID, err)
	}
	return nil
}

// intention is what is remembered of a step before it is sent: of a creation and of a
// removal, and of an item that gets our marker by an update, which is then found by it.
func intention(s reconcile.CalendarStep) (reconcile.Link, bool) {
	link := s.Link
	switch {
	case s.Duplicate:
		return link, false
	case s.Op == reconcile.OpUpdate && s.Reason == reconcile.ReasonTakenOver:
		link.State, link.ItemID, link.Version = reconcile.LinkIntended, "", ""
		return link, true
	}
	return link, s.Op != reconcile.OpUpdate
}

// operations turns the plan's steps into the contract's; the operation's id is the
// step's index.
func (p *pass) operations(b *box) []sdk.Operation {
	ops := make([]sdk.Operation, len(b.plan.Calendar))
	for i, s := range b.plan.Calendar {
		ops[i] = sdk.Operation{
			ID:   b.target.ID.String() + "#" + strconv.Itoa(i),
			Kind: operationKinds[s.Op],
			Marker: calendar.Marker{
				Installation: p.Installation, Key: s.Link.Key, Generation: s.Link.Generation,
			},
			ItemID: s.Link.ItemID, Version: s.Link.Version,
			Appointment: s.Link.Rendered, Base: s.Base, MaybeDone: s.MaybeDone,
		}
		if s.Op == reconcile.OpRemove && s.Reason != reconcile.ReasonTakenOver {
			// It goes whatever it says by now. What bears nobody's marker goes as it was seen.
			ops[i].Version = ""
		}
		b.done[i] = stepResult{sent: true, err: sdk.CodeOutcomeUnknown.New("the plugin did not answer for the operation")}
	}
	return ops
}

var operationKinds = map[reconcile.Op]sdk.OperationKind{
	reconcile.OpCreate: sdk.Create,
	reconcile.OpUpdate: sdk.Update,
	reconcile.OpRemove: sdk.Delete,
}

func (in *inbox) written(res sdk.WriteResult) error {
	return in.take(res.Mailbox, func(b *box) {
		prefix := b.target.ID.String() + "#"
		if len(res.Operation) <= len(prefix) {
			return
		}
		i, err := strconv.Atoi(res.Operation[len(prefix):])
		if err != nil || i < 0 || i >= len(b.done) {
			return // an answer to nothing we asked: the step stays unanswered
		}
		b.done[i] = resultOf(b.plan.Calendar[i], res)
	})
}

// resultOf is how a step ended by the plugin's word.
func resultOf(s reconcile.CalendarStep, res sdk.WriteResult) stepResult {
	done := stepResult{sent: true, answered: true, link: s.Link, err: res.Err}
	if res.Err != nil || s.Op == reconcile.OpRemove {
		return done
	}
	done.link.State = reconcile.LinkWritten
	done.link.ItemID, done.link.Version = res.ItemID, res.Version
	done.link.Canonical = nil
	if res.Item != nil {
		content := res.Item.Appointment
		done.link.Canonical, done.whole = &content, !res.Item.Incomplete
	}
	return done
}

// endWrites gives the steps without an answer the error that ended the call. What it
// says of the account says nothing of them: they may have been carried out.
func (b *box) endWrites(err *sdk.Error) {
	if err == nil {
		return
	}
	for i := range b.done {
		if b.done[i].sent && !b.done[i].answered {
			b.done[i].err = err
		}
	}
}

// readBack fetches what the server made of the items that were written, where the
// answer to the write did not say: later differences to it are drift.
func (p *pass) readBack(ctx context.Context, account sdk.Account, boxes []*box) {
	var (
		asking []*box
		reqs   []sdk.GetRequest
	)
	for _, b := range boxes {
		if ids := b.unread(); len(ids) > 0 {
			asking = append(asking, b)
			reqs = append(reqs, sdk.GetRequest{Mailbox: b.target.Mailbox, IDs: ids, Detail: sdk.DetailFull, Own: ids})
		}
	}
	if len(asking) == 0 {
		return
	}
	in := newInbox(asking)
	// A failure here costs nothing but a later comparison with what was sent; the end
	// of a plugin is told all the same.
	p.noteTrouble(asError(p.call(ctx, "Get", asking, func(ctx context.Context) error {
		return account.Get(ctx, reqs, in.readBack)
	})))
}

// unread are the ids of written items whose content on the server is not known.
func (b *box) unread() []calendar.ItemID {
	var ids []calendar.ItemID
	for i, d := range b.done {
		if d.sent && d.err == nil && !d.whole && b.plan.Calendar[i].Op != reconcile.OpRemove {
			ids = append(ids, d.link.ItemID)
		}
	}
	return ids
}

func (in *inbox) readBack(page sdk.GetPage) error {
	return in.take(page.Mailbox, func(b *box) {
		for _, item := range page.Items {
			for i := range b.done {
				if d := &b.done[i]; d.sent && d.err == nil && d.link.ItemID == item.ID {
					content := item.Appointment
					d.link.Version, d.link.Canonical, d.whole = item.Version, &content, true
				}
			}
		}
	})
}
