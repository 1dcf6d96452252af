package exchangeonprem

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// mailboxesAtOnce is how many mailboxes of a call are worked on at a time. It bounds
// memory: a read is collected whole before it is reported.
const mailboxesAtOnce = 4

// received is an error of the call's receiver, which ends the call.
type received struct{ cause error }

// Error is the receiver's.
func (e *received) Error() string { return e.cause.Error() }

// guarded marks the errors of emit, to tell them from those of the work.
func guarded[T any](emit func(T) error) func(T) error {
	return func(v T) error {
		if err := emit(v); err != nil {
			return &received{err}
		}
		return nil
	}
}

// each does the work for every request, a few at a time. The error of one mailbox is
// reported by fail; one of the account or of the receiver ends the call.
func each[R any](ctx context.Context, reqs []R, work func(context.Context, R) error, fail func(R, *sdk.Error) error) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(mailboxesAtOnce)
	for _, req := range reqs {
		group.Go(func() error {
			if groupCtx.Err() != nil {
				return groupCtx.Err()
			}
			err := work(groupCtx, req)
			var known *sdk.Error
			if err == nil || groupCtx.Err() != nil || !errors.As(err, &known) || stopsAccount(known) {
				return err
			}
			return fail(req, known)
		})
	}
	return final(ctx, group.Wait())
}

// final is the error a call returns: the receiver's own as it was, everything else
// in the contract's terms.
func final(ctx context.Context, err error) error {
	var stop *received
	var known *sdk.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &stop):
		return stop.cause
	case ctx.Err() != nil:
		return sdk.CodeUnavailable.Wrap(ctx.Err(), "the call was ended")
	case errors.As(err, &known):
		return known
	}
	return sdk.CodeInternal.Wrap(err, "the call failed")
}

// stopsAccount reports whether an error of one mailbox's request is one of the
// account, which every other mailbox would meet too.
func stopsAccount(e *sdk.Error) bool {
	switch e.Code.Fault() {
	case sdk.FaultCredentials, sdk.FaultConfiguration:
		return true
	}
	var sent *transport.Error
	if !errors.As(e, &sent) {
		return false
	}
	switch sent.Kind {
	case transport.Resolve, transport.Connect, transport.TLS:
		return true
	}
	return false
}

// asError is err in the contract's terms.
func asError(err error) *sdk.Error {
	var known *sdk.Error
	if errors.As(err, &known) {
		return known
	}
	return sdk.CodeInternal.Wrap(err, "the plugin failed")
}
