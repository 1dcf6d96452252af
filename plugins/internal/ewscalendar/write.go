package ewscalendar

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// Write carries out operations in batches: with full access those of many mailboxes
// together, but for creates, which name one calendar; as the mailboxes' owners each
// mailbox's. Each is safe to repeat: a create is searched for when it may have happened,
// an update says what should be, and what is deleted already is deleted.
func (a *Account) Write(ctx context.Context, reqs []sdk.WriteRequest, emit func(sdk.WriteResult) error) error {
	w := &writing{account: a, emit: contract.Guard(emit), visible: map[string]error{}}
	if a.client.Impersonates() {
		one := func(ctx context.Context, req sdk.WriteRequest) error { return w.run(ctx, tasksOf(req)) }
		// What concerns one operation is answered for it, so nothing is left for fail.
		return contract.Each(ctx, batch, reqs, one, unexpected[sdk.WriteRequest])
	}
	var all []task
	for _, req := range reqs {
		all = append(all, tasksOf(req)...)
	}
	return contract.Final(ctx, w.run(ctx, all))
}

// unexpected ends a call with an error that should have been answered already.
func unexpected[T any](_ T, err *sdk.Error) error { return err }

// task is an operation on a mailbox.
type task struct {
	mailbox sdk.Mailbox
	sdk.Operation
	// byInstant: the server does not know the appointment's zone.
	byInstant bool
}

func tasksOf(req sdk.WriteRequest) []task {
	tasks := make([]task, len(req.Operations))
	for i, op := range req.Operations {
		tasks[i] = task{mailbox: req.Mailbox, Operation: op}
	}
	return tasks
}

// mailboxesOf are the addresses that tasks work on, each once.
func mailboxesOf(tasks []task) []string {
	var list []string
	seen := make(map[string]bool, len(tasks))
	for _, t := range tasks {
		if key := strings.ToLower(t.mailbox.Address); !seen[key] {
			seen[key] = true
			list = append(list, t.mailbox.Address)
		}
	}
	return list
}

// byMailbox are the tasks of each mailbox, in their order.
func byMailbox(tasks []task) [][]task {
	places := map[string]int{}
	var groups [][]task
	for _, t := range tasks {
		key := strings.ToLower(t.mailbox.Address)
		i, known := places[key]
		if !known {
			i = len(groups)
			places[key] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], t)
	}
	return groups
}

// writing is a Write on its way.
type writing struct {
	account *Account
	emit    func(sdk.WriteResult) error

	mu sync.Mutex
	// visible is whether each calendar can be seen, once that was asked.
	visible map[string]error
}

// outcome is how one operation ended.
type outcome struct {
	id  ews.ItemID
	err *sdk.Error
}

// run does the deletions first, so that a full mailbox has room for the rest.
func (w *writing) run(ctx context.Context, tasks []task) error {
	byKind := map[sdk.OperationKind][]task{}
	for _, t := range tasks {
		if refused := refuse(t.Operation); refused != nil {
			if err := w.answer(t, outcome{err: refused}); err != nil {
				return err
			}
			continue
		}
		byKind[t.Kind] = append(byKind[t.Kind], t)
	}
	if err := w.batches(ctx, byKind[sdk.Delete], w.delete); err != nil {
		return err
	}
	if err := w.updates(ctx, byKind[sdk.Update]); err != nil {
		return err
	}
	return contract.Each(ctx, batch, byMailbox(byKind[sdk.Create]), w.creates, unexpected[[]task])
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
func (w *writing) answer(t task, out outcome) error {
	res := sdk.WriteResult{Mailbox: t.mailbox.Address, Operation: t.ID, Err: out.err}
	if out.err == nil && t.Kind != sdk.Delete {
		res.ItemID, res.Version = calendar.ItemID(out.id.ID), out.id.ChangeKey
	}
	return w.emit(res)
}

func (w *writing) answerAll(tasks []task, err *sdk.Error) error {
	for _, t := range tasks {
		if err := w.answer(t, outcome{err: err}); err != nil {
			return err
		}
	}
	return nil
}

func (w *writing) delete(ctx context.Context, tasks []task) ([]outcome, error) {
	ids := make([]string, len(tasks))
	for i, t := range tasks {
		ids[i] = string(t.ItemID)
	}
	results, err := w.account.client.DeleteItems(ctx, mailboxesOf(tasks), ids, false)
	outcomes := make([]outcome, len(results))
	for i, res := range results {
		outcomes[i].err = res.Err
	}
	return outcomes, err
}

// gone: an item that is not found is gone only while the calendar itself can be seen;
// then a deletion has reached its goal.
func (w *writing) gone(ctx context.Context, t task, out outcome) outcome {
	switch err := w.see(ctx, t.mailbox.Address); {
	case err != nil:
		return outcome{err: contract.AsError(err)}
	case t.Kind == sdk.Delete:
		return outcome{}
	}
	return out
}

// see asks once whether a mailbox's calendar can be seen.
func (w *writing) see(ctx context.Context, mailbox string) error {
	key := strings.ToLower(mailbox)
	w.mu.Lock()
	err, asked := w.visible[key]
	w.mu.Unlock()
	if !asked {
		_, err = w.account.probe(ctx, mailbox)
		w.mu.Lock()
		w.visible[key] = err
		w.mu.Unlock()
	}
	return err
}

// where splits tasks in those for which the condition holds, and the others.
func where(tasks []task, condition func(task) bool) (those, others []task) {
	for _, t := range tasks {
		if condition(t) {
			those = append(those, t)
		} else {
			others = append(others, t)
		}
	}
	return those, others
}

// chunks are the tasks, as many at a time as travel in one request.
func chunks(tasks []task) [][]task { return slices.Collect(slices.Chunk(tasks, itemsPerWrite)) }
