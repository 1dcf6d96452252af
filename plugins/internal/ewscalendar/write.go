package ewscalendar

import (
	"context"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/sdk"
)

// itemsPerWrite is how many operations travel in one request. A server ends a
// request that takes it more than a minute.
const itemsPerWrite = 25

// Write carries out operations, each mailbox's in batches. Each is safe to repeat: a
// create is searched for when it may have happened, an update says what should be,
// and what is deleted already is deleted.
func (a *Account) Write(ctx context.Context, reqs []sdk.WriteRequest, emit func(sdk.WriteResult) error) error {
	emit = contract.Guard(emit)
	work := func(ctx context.Context, req sdk.WriteRequest) error {
		w := &writer{account: a, mailbox: req.Mailbox, emit: emit}
		return w.run(ctx, req.Operations)
	}
	// What concerns one operation is answered for it, so nothing is left for fail.
	return contract.Each(ctx, batch, reqs, work, func(_ sdk.WriteRequest, err *sdk.Error) error { return err })
}

// writer carries out the operations of one mailbox.
type writer struct {
	account *Account
	mailbox sdk.Mailbox
	emit    func(sdk.WriteResult) error
	// visible is whether the calendar can be seen, once that was asked.
	visible *probed
}

type probed struct{ err error }

// outcome is how one operation ended.
type outcome struct {
	id  ews.ItemID
	err *sdk.Error
}

// run does the deletions first, so that a full mailbox has room for the rest.
func (w *writer) run(ctx context.Context, ops []sdk.Operation) error {
	byKind := map[sdk.OperationKind][]sdk.Operation{}
	for _, op := range ops {
		if refused := refuse(op); refused != nil {
			if err := w.answer(op, outcome{err: refused}); err != nil {
				return err
			}
			continue
		}
		byKind[op.Kind] = append(byKind[op.Kind], op)
	}
	if err := w.batches(ctx, byKind[sdk.Delete], w.delete); err != nil {
		return err
	}
	if err := w.updates(ctx, byKind[sdk.Update]); err != nil {
		return err
	}
	return w.creates(ctx, byKind[sdk.Create])
}

// refuse returns what is wrong with an operation in itself.
func refuse(op sdk.Operation) *sdk.Error {
	switch op.Kind {
	case sdk.Create:
		return nil
	case sdk.Update, sdk.Delete:
		if op.ItemID == "" {
			return sdk.CodeInvalidRequest.New("the operation names no item")
		}
		return nil
	}
	return sdk.CodeUnsupported.New("unknown kind of operation")
}

// answer emits the result of an operation.
func (w *writer) answer(op sdk.Operation, out outcome) error {
	res := sdk.WriteResult{Mailbox: w.mailbox.Address, Operation: op.ID, Err: out.err}
	if out.err == nil && op.Kind != sdk.Delete {
		res.ItemID, res.Version = calendarID(out.id.ID), out.id.ChangeKey
	}
	return w.emit(res)
}

// send is one request for some operations, with one outcome for each.
type send func(ctx context.Context, ops []sdk.Operation) ([]outcome, error)

// batches sends operations a few at a time. Those that the server did not come to,
// because an earlier one of the batch stopped it, are sent again without that one.
func (w *writer) batches(ctx context.Context, ops []sdk.Operation, send send) error {
	for len(ops) > 0 {
		n := min(itemsPerWrite, len(ops))
		part, rest := ops[:n], ops[n:]
		outcomes, err := send(ctx, part)
		if err != nil {
			if contract.StopsAccount(contract.AsError(err)) {
				return err
			}
			outcomes = everyone(n, contract.AsError(err))
		}
		stopped, err := w.settle(ctx, part, outcomes)
		if err != nil {
			return err
		}
		ops = append(stopped, rest...)
	}
	return nil
}

// settle answers the operations that have an outcome, and returns those that were
// not carried out. When that is all of them, the server makes no progress, and they
// are answered too.
func (w *writer) settle(ctx context.Context, ops []sdk.Operation, outcomes []outcome) (stopped []sdk.Operation, err error) {
	for i, op := range ops {
		if ews.HasCode(contract.Plain(outcomes[i].err), ews.CodeBatchStopped) {
			stopped = append(stopped, op)
		}
	}
	stuck := len(stopped) == len(ops)
	for i, op := range ops {
		if ews.HasCode(contract.Plain(outcomes[i].err), ews.CodeBatchStopped) && !stuck {
			continue
		}
		if err := w.answer(op, w.judge(ctx, op, outcomes[i])); err != nil {
			return nil, err
		}
	}
	if stuck {
		return nil, nil
	}
	return stopped, nil
}

// judge looks twice at an outcome that may mean something else than it says.
func (w *writer) judge(ctx context.Context, op sdk.Operation, out outcome) outcome {
	switch {
	case out.err == nil:
		return out
	case out.err.Code == sdk.CodeItemNotFound:
		return w.gone(ctx, op, out)
	case out.err.Code == sdk.CodeConflict && op.Kind == sdk.Update:
		return w.conflict(ctx, op, out)
	}
	return out
}

// gone: an item that is not found is gone only while the calendar itself can be
// seen; then a deletion has reached its goal.
func (w *writer) gone(ctx context.Context, op sdk.Operation, out outcome) outcome {
	if w.visible == nil {
		_, err := w.account.probe(ctx, w.mailbox.Address)
		w.visible = &probed{err}
	}
	switch {
	case w.visible.err != nil:
		return outcome{err: contract.AsError(w.visible.err)}
	case op.Kind == sdk.Delete:
		return outcome{}
	}
	return out
}

// conflict: an item of another version than expected may have got it from this very
// update, whose answer was lost.
func (w *writer) conflict(ctx context.Context, op sdk.Operation, out outcome) outcome {
	results, err := w.account.client.GetItems(ctx, w.mailbox.Address, []string{string(op.ItemID)}, true)
	if err != nil || results[0].Err != nil {
		return out
	}
	view := viewOf(w.mailbox, sdk.DetailFull, nil)
	view.Whole = true
	item, err := results[0].Value.Calendar(view)
	if err != nil || item.Marker == nil || *item.Marker != op.Marker || !says(item.Appointment, op.Appointment) {
		return out
	}
	return outcome{id: results[0].Value.ItemID}
}

func (w *writer) delete(ctx context.Context, ops []sdk.Operation) ([]outcome, error) {
	ids := make([]string, len(ops))
	for i, op := range ops {
		ids[i] = string(op.ItemID)
	}
	results, err := w.account.client.DeleteItems(ctx, w.mailbox.Address, ids, false)
	outcomes := make([]outcome, len(results))
	for i, res := range results {
		outcomes[i].err = res.Err
	}
	return outcomes, err
}

// everyone gives all operations of a request the same outcome.
func everyone(n int, err *sdk.Error) []outcome {
	outcomes := make([]outcome, n)
	for i := range outcomes {
		outcomes[i].err = err
	}
	return outcomes
}
