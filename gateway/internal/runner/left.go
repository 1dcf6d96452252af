package runner

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// LeftPlan is an item in a calendar that the trainer no longer has, which a run would
// remove.
type LeftPlan struct {
	store.Leftover
	// Err says why it cannot be removed.
	Err *sdk.Error
}

// leave notes what is in the calendar that the trainer had until now, and gives what is
// to be made in the new one signs of its own: the same sign found there tells that the
// mailbox moved with all that is in it (I5), and is no second item.
func (b *box) leave(r *Runner) {
	b.from = b.memory.Place
	for i := range b.memory.Links {
		l := &b.memory.Links[i]
		// What was about to be made there when a run ended may be there too.
		made := l.ItemID != "" || (l.State == reconcile.LinkIntended && b.memory.Fingerprint != "")
		if made && b.target.clearsUp() && b.from != (store.Place{}) {
			b.memory.Left = append(b.memory.Left, store.Leftover{
				Place: b.from, Binding: b.memory.Binding, Key: l.Key, Generation: l.Generation, ItemID: l.ItemID,
				When: l.Rendered.When, Since: r.Now(),
			})
		}
		l.Generation = r.NewID()
	}
}

// clearsUp reports whether what was written goes where it is no longer wanted: where the
// trainer is written to, or was and on_stop says remove.
func (t Target) clearsUp() bool { return t.Push || t.Stopped.RemovePushed }

// storeMove commits that the trainer has another calendar, before anything is written.
func (p *pass) storeMove(ctx context.Context, b *box) error {
	move := store.Move{ID: b.target.ID, Binding: b.binding, Place: b.place(p), Links: b.memory.Links, Left: b.memory.Left}
	if err := p.Memory.Move(ctx, move); err != nil {
		return err
	}
	b.memory.Binding, b.memory.Place = move.Binding, move.Place
	return nil
}

func (b *box) place(p *pass) store.Place {
	return store.Place{Account: p.batch.Account, Mailbox: b.target.Mailbox}
}

// stillLeft are the items in old calendars, but for those that the plan found again in
// the new one, and those that are over (push-14).
func (b *box) stillLeft() []LeftPlan {
	found := map[string]string{}
	for _, l := range b.memory.Links {
		if l.ItemID != "" {
			found[l.Key] = l.Generation
		}
	}
	for _, s := range b.plan.Links {
		if s.Op == reconcile.OpUpdate {
			found[s.Link.Key] = s.Link.Generation
		}
	}
	var left []LeftPlan
	for _, l := range b.memory.Left {
		if _, end := l.When.Span(b.target.Zone); found[l.Key] != l.Generation && end.After(b.started) {
			left = append(left, LeftPlan{Leftover: l})
		}
	}
	return left
}

// reach says of planned removals in old calendars which cannot be made.
func (r *Runner) reach(ctx context.Context, plans []TrainerPlan) {
	for i := range plans {
		for n := range plans[i].Left {
			l := &plans[i].Left[n]
			_, err := r.oldAccount(ctx, l.Leftover)
			l.Err = asError(err)
		}
	}
}

// oldAccount opens the account of an old calendar, as long as that reaches the calendar
// still: an account of the same name that was pointed elsewhere does not.
func (r *Runner) oldAccount(ctx context.Context, l store.Leftover) (sdk.Account, error) {
	account, err := r.Accounts.Account(ctx, l.Place.Account)
	if err != nil {
		return nil, err
	}
	if digest(account.Identity, strings.ToLower(l.Place.Mailbox.Address)) != l.Binding {
		return nil, sdk.CodeInvalidSettings.New("account %s reaches other calendars now than when this was written", l.Place.Account).
			WithAdvice("what is left there can only be removed with the former settings")
	}
	return account, nil
}

// clearLeft removes what is left in old calendars of trainers whose new calendars are
// in sync (map-5). What cannot be reached now is tried again by the next run.
func (r *Runner) clearLeft(ctx context.Context, record *record) {
	for _, t := range record.moved() {
		if ctx.Err() != nil {
			return
		}
		memory, err := r.Memory.Trainer(ctx, t.ID)
		if err != nil {
			record.event(fmt.Sprintf("%s: what is left in the old calendar could not be read from the state", t.ID))
			continue
		}
		byPlace := map[store.Place][]store.Leftover{}
		for _, l := range memory.Left {
			byPlace[l.Place] = append(byPlace[l.Place], l)
		}
		places := slices.SortedFunc(maps.Keys(byPlace), func(a, b store.Place) int { return strings.Compare(a.Account, b.Account) })
		for _, place := range places {
			r.clearPlace(ctx, record, t, memory, byPlace[place])
		}
	}
}

// clearPlace removes what is left in one old calendar.
func (r *Runner) clearPlace(ctx context.Context, record *record, t Target, memory store.Trainer, left []store.Leftover) {
	over, owed := r.sortLeft(t, memory, left)
	if len(owed) > 0 {
		removed, err := r.removeLeft(ctx, t, owed)
		record.extend(t.ID, removedSteps(t, removed))
		if trouble := asError(err); trouble != nil && trouble.Code == sdk.CodeMailboxNotFound {
			removed = owed // the calendar is gone, and what was in it
		} else if trouble != nil {
			record.event(fmt.Sprintf("%s: %d of what was written is still in the old calendar %s of %s: %s",
				t.ID, len(owed)-len(removed), left[0].Place.Mailbox.Address, left[0].Place.Account, trouble.Error()))
		}
		over = append(over, removed...)
	}
	if err := r.Memory.DropLeft(context.WithoutCancel(ctx), t.ID, over); err != nil {
		record.event(fmt.Sprintf("%s: what was removed from the old calendar could not be noted; the next run looks again", t.ID))
	}
}

// sortLeft parts what needs no removal, because it came along into the new calendar or
// is over (push-14), from what does. What is not written in the new calendar yet waits,
// also where that refuses it.
func (r *Runner) sortLeft(t Target, memory store.Trainer, left []store.Leftover) (over, owed []store.Leftover) {
	byKey := map[string]reconcile.Link{}
	for _, l := range memory.Links {
		byKey[l.Key] = l
	}
	refused := map[string]bool{}
	for _, o := range memory.Owed {
		refused[o.Key] = true
	}
	for _, l := range left {
		link, linked := byKey[l.Key]
		_, end := l.When.Span(t.Zone)
		switch {
		case linked && link.ItemID != "" && link.Generation == l.Generation, !end.After(r.Now()):
			over = append(over, l)
		case refused[l.Key], link.State == reconcile.LinkIntended:
		default:
			owed = append(owed, l)
		}
	}
	return over, owed
}

// removeLeft removes items from one old calendar: those that still carry our marker and
// are the ones that were left there. It returns those that are gone now.
func (r *Runner) removeLeft(ctx context.Context, t Target, left []store.Leftover) ([]store.Leftover, error) {
	account, err := r.oldAccount(ctx, left[0])
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	found, err := findAll(ctx, account, sdk.FindRequest{Mailbox: left[0].Place.Mailbox, Since: r.windowFor(r.Now(), t).Start})
	if err != nil {
		return nil, err
	}
	var gone []store.Leftover
	req := sdk.WriteRequest{Mailbox: left[0].Place.Mailbox}
	byOperation := map[string]store.Leftover{}
	for i, l := range left {
		at := slices.IndexFunc(found, func(item calendar.Item) bool { return r.isLeft(item, l) })
		if at < 0 {
			gone = append(gone, l)
			continue
		}
		op := sdk.Operation{ID: t.ID.String() + "#left" + strconv.Itoa(i), Kind: sdk.Delete, Marker: *found[at].Marker, ItemID: found[at].ID}
		req.Operations, byOperation[op.ID] = append(req.Operations, op), l
	}
	if len(req.Operations) == 0 {
		return gone, nil
	}
	var failed *sdk.Error
	err = account.Write(ctx, []sdk.WriteRequest{req}, func(res sdk.WriteResult) error {
		if l, asked := byOperation[res.Operation]; asked && res.Err == nil {
			gone = append(gone, l)
		} else if res.Err != nil {
			failed = res.Err
		}
		return nil
	})
	if err == nil && failed != nil {
		err = failed
	}
	return gone, err
}

// isLeft reports whether an item is the one that was left: our marker, and the id it had
// or the time. A copy that a person made has neither (B5).
func (r *Runner) isLeft(item calendar.Item, l store.Leftover) bool {
	m := item.Marker
	return m != nil && m.Installation == r.Installation && m.Key == l.Key && m.Generation == l.Generation &&
		(item.ID == l.ItemID || item.When.SameTime(l.When))
}

// findAll collects everything marked in one mailbox.
func findAll(ctx context.Context, account sdk.Account, req sdk.FindRequest) ([]calendar.Item, error) {
	var (
		found []calendar.Item
		whole bool
		fault *sdk.Error
	)
	err := account.Find(ctx, []sdk.FindRequest{req}, func(page sdk.FindPage) error {
		found = append(found, page.Items...)
		whole, fault = whole || page.Done, page.Err
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case fault != nil:
		return nil, fault
	case !whole:
		return nil, sdk.CodeInternal.New("the plugin did not answer for the mailbox")
	}
	return found, nil
}

func removedSteps(t Target, removed []store.Leftover) []store.RunStep {
	var steps []store.RunStep
	for _, l := range removed {
		start, end := l.When.Span(t.Zone)
		steps = append(steps, store.RunStep{
			Direction: store.Push, Op: reconcile.OpRemove, Reason: reconcile.ReasonMoved, Item: l.Key, Start: start, End: end,
		})
	}
	return steps
}

// moved are the trainers whose new calendars are in sync while something may be left in
// old ones.
func (r *record) moved() []Target {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.left
}

// noteMoved keeps a trainer for later.
func (r *record) noteMoved(t Target) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = append(r.left, t)
}

// hasMoved reports whether a trainer was kept for later.
func (r *record) hasMoved(id platform.TrainerID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.left, func(t Target) bool { return t.ID == id })
}

// extend adds steps to a trainer's outcome.
func (r *record) extend(id platform.TrainerID, steps []store.RunStep) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i, known := r.at[id]; known {
		out := &r.run.Trainers[i]
		out.Steps = append(out.Steps, steps...)
		out.Counts.PushRemoved += len(steps)
	}
}
