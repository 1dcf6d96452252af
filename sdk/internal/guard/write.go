package guard

import (
	"context"
	"sync"

	"github.com/trainercal/trainercal/sdk"
)

// operations are the writes of a call that have no result yet.
type operations struct {
	mu   sync.Mutex
	open map[operationID]sdk.OperationKind
	// violation is the first result to nothing that was asked.
	violation error
}

type operationID struct{ mailbox, id string }

// Write implements [sdk.Account].
func (g *guarded) Write(ctx context.Context, reqs []sdk.WriteRequest, emit func(sdk.WriteResult) error) error {
	if err := checkWrites(reqs); err != nil {
		return err
	}
	mailboxes := make([]sdk.Mailbox, len(reqs))
	ops := &operations{open: map[operationID]sdk.OperationKind{}}
	for i, r := range reqs {
		mailboxes[i] = r.Mailbox
		for _, op := range r.Operations {
			ops.open[operationID{r.Mailbox.Address, op.ID}] = op.Kind
		}
	}
	if _, err := newSession(mailboxes); err != nil {
		return err
	}
	err := g.next.Write(ctx, reqs, func(r sdk.WriteResult) error {
		kind, err := ops.take(r)
		if err != nil {
			return err
		}
		return emit(checkResult(kind, r))
	})
	return ops.end(err, emit)
}

// take crosses off the operation that the result answers.
func (o *operations) take(r sdk.WriteResult) (sdk.OperationKind, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	id := operationID{r.Mailbox, r.Operation}
	kind, asked := o.open[id]
	if !asked && o.violation == nil {
		o.violation = sdk.CodeInternal.New("the plugin answered an operation that it was not asked for, or one twice")
	}
	delete(o.open, id)
	return kind, o.violation
}

// checkResult replaces a success that does not say enough, for what was written
// must be found again.
func checkResult(kind sdk.OperationKind, r sdk.WriteResult) sdk.WriteResult {
	fail := func(text string) sdk.WriteResult {
		return sdk.WriteResult{Mailbox: r.Mailbox, Operation: r.Operation, Err: sdk.CodeOutcomeUnknown.New("%s", text)}
	}
	switch {
	case r.Err != nil:
		return sdk.WriteResult{Mailbox: r.Mailbox, Operation: r.Operation, Err: r.Err}
	case kind != sdk.Delete && r.ItemID == "":
		return fail("the plugin did not say which item it wrote")
	case len(r.ItemID) > maxIDBytes || len(r.Version) > maxIDBytes:
		return fail("the plugin answered a write with an id or version that is too long")
	case r.Item == nil:
		return r
	case checkItem(r.Item) != nil:
		return fail("the plugin answered a write with an item that breaks the contract")
	}
	item := bounded(*r.Item)
	r.Item = &item
	return r
}

// end closes the call that ended with err: what has no result has an unknown
// outcome.
func (o *operations) end(err error, emit func(sdk.WriteResult) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.violation != nil:
		return o.violation
	case err != nil:
		return err
	}
	for id := range o.open {
		unanswered := sdk.WriteResult{
			Mailbox: id.mailbox, Operation: id.id,
			Err: sdk.CodeOutcomeUnknown.New("the plugin did not answer for the operation"),
		}
		if err := emit(unanswered); err != nil {
			return err
		}
	}
	return nil
}
