package ewscalendar

import (
	"context"
	"strings"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/sdk"
)

// itemsPerWrite is how many operations travel in one request. A server ends a request
// that takes it more than a minute.
const itemsPerWrite = 50

// send is one request for some operations, with one outcome for each.
type send func(ctx context.Context, tasks []task) ([]outcome, error)

// batches sends operations of one kind, a few at a time.
func (w *writing) batches(ctx context.Context, tasks []task, send send) error {
	one := func(ctx context.Context, chunk []task) error { return w.batch(ctx, chunk, send) }
	return contract.Each(ctx, batch, chunks(tasks), one, unexpected[[]task])
}

// batch sends operations until each is answered. Those that the server did not come to,
// because an earlier one stopped it, are sent again without that one; what is left of
// the stopping one's mailbox goes by itself, so that it stops nobody else's.
func (w *writing) batch(ctx context.Context, tasks []task, send send) error {
	for len(tasks) > 0 {
		outcomes, err := send(ctx, tasks)
		if err != nil {
			return w.failed(ctx, tasks, send, err)
		}
		left, culprit, err := w.settle(ctx, tasks, outcomes)
		if err != nil {
			return err
		}
		own, others := where(left, func(t task) bool { return strings.EqualFold(t.mailbox.Address, culprit) })
		if len(own) > 0 && len(others) > 0 {
			if err := w.batch(ctx, others, send); err != nil {
				return err
			}
			left = own
		}
		tasks = left
	}
	return nil
}

// failed deals with a request that failed as a whole. Where that may be one mailbox's
// doing, each mailbox's operations are sent by themselves.
func (w *writing) failed(ctx context.Context, tasks []task, send send, err error) error {
	known := contract.AsError(err)
	if contract.StopsAccount(known) {
		return err
	}
	groups := byMailbox(tasks)
	if len(groups) == 1 || !mayBeOnes(known) {
		return w.answerAll(tasks, known)
	}
	for _, group := range groups {
		if err := w.batch(ctx, group, send); err != nil {
			return err
		}
	}
	return nil
}

// settle answers the operations that have an outcome, and returns those that are to be
// sent again: those not carried out, with the mailbox of the operation that stopped them,
// and those whose zone the server does not know. When the server carried out none, it
// makes no progress, and they are answered too.
func (w *writing) settle(ctx context.Context, tasks []task, outcomes []outcome) (left []task, culprit string, err error) {
	stuck := true
	for _, out := range outcomes {
		stuck = stuck && isStopped(out)
	}
	for i, t := range tasks {
		switch out := outcomes[i]; {
		case isStopped(out) && !stuck:
			if culprit == "" && i > 0 {
				culprit = tasks[i-1].mailbox.Address
			}
			left = append(left, t)
		case ews.HasCode(contract.Plain(out.err), ews.CodeTimeZone) && !t.byInstant:
			w.account.warnZone(ctx, t)
			t.byInstant = true
			left = append(left, t)
		default:
			if err := w.answer(t, w.judge(ctx, t, out)); err != nil {
				return nil, "", err
			}
		}
	}
	return left, culprit, nil
}

func isStopped(out outcome) bool { return ews.HasCode(contract.Plain(out.err), ews.CodeBatchStopped) }

// judge looks twice at an outcome that may mean something else than it says.
func (w *writing) judge(ctx context.Context, t task, out outcome) outcome {
	switch {
	case out.err == nil:
		return out
	case out.err.Code == sdk.CodeItemNotFound:
		return w.gone(ctx, t, out)
	case out.err.Code == sdk.CodeConflict && t.Kind == sdk.Update:
		return w.conflict(ctx, t, out)
	}
	return out
}
