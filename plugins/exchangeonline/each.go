package exchangeonline

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/trainercal/trainercal/sdk"
)

// mailboxesAtOnce is how many mailboxes of a call are worked on at a time. It bounds
// memory: a read is collected whole before it is reported.
const mailboxesAtOnce = 6

// ended carries an error of the receiver's out of a call, whatever its type.
type ended struct{ cause error }

// Error is the receiver's.
func (e *ended) Error() string { return e.cause.Error() }

// Unwrap returns the receiver's error.
func (e *ended) Unwrap() error { return e.cause }

// guarded marks the errors of emit, so that they are told from those of the work.
func guarded[T any](emit func(T) error) func(T) error {
	return func(v T) error {
		if err := emit(v); err != nil {
			return &ended{err}
		}
		return nil
	}
}

// each does the work for every request, a few at a time. An error of one request is
// reported by fail; one of the account or of the receiver ends the call.
func each[R any](ctx context.Context, reqs []R, work func(context.Context, R) error, fail func(R, *sdk.Error) error) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(mailboxesAtOnce)
	for _, req := range reqs {
		group.Go(func() error {
			if groupCtx.Err() != nil {
				return groupCtx.Err()
			}
			return settle(groupCtx, work(groupCtx, req), func(e *sdk.Error) error { return fail(req, e) })
		})
	}
	return final(ctx, group.Wait())
}

// settle reports the error of one request's work by fail, and returns one that ends
// the call.
func settle(ctx context.Context, err error, fail func(*sdk.Error) error) error {
	var known *sdk.Error
	var stop *ended
	switch {
	case err == nil:
		return nil
	case errors.As(err, &stop), ctx.Err() != nil, !errors.As(err, &known), stopsAccount(known):
		return err
	}
	return fail(known)
}

// final is the error a call returns: the receiver's own as it was, everything else
// in the contract's terms. Where the call was cancelled from inside, the cause says
// why.
func final(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	var stop *ended
	var known *sdk.Error
	switch {
	case errors.As(err, &stop):
		return stop.cause
	case errors.As(err, &known):
		return known
	case ctx.Err() != nil:
		return sdk.CodeUnavailable.Wrap(ctx.Err(), "the call was ended")
	}
	return sdk.CodeInternal.Wrap(err, "the call failed")
}

// plain keeps a nil *sdk.Error a nil error.
func plain(e *sdk.Error) error {
	if e == nil {
		return nil
	}
	return e
}
