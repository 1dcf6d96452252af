package contract

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// Batch says how a call works on its mailboxes.
type Batch struct {
	// AtOnce is how many mailboxes are worked on at a time. It bounds memory: a read is
	// collected whole before it is reported.
	AtOnce int
	// Stops reports whether an error of one mailbox's request is one of the account,
	// which every other mailbox would meet too; [StopsAccount], or more than that.
	Stops func(*sdk.Error) bool
}

// received carries an error of the call's receiver out of the call, whatever its type.
type received struct{ cause error }

// Error is the receiver's.
func (e *received) Error() string { return e.cause.Error() }

// Unwrap returns the receiver's error.
func (e *received) Unwrap() error { return e.cause }

// Guard marks the errors of emit, so that they are told from those of the work.
func Guard[T any](emit func(T) error) func(T) error {
	return func(v T) error {
		if err := emit(v); err != nil {
			return &received{err}
		}
		return nil
	}
}

// Received reports whether an error is the receiver's, as [Guard] marks it.
func Received(err error) bool {
	var stop *received
	return errors.As(err, &stop)
}

// Each does the work for every request, a few at a time. An error of one request is
// reported by fail; one of the account or of the receiver ends the call. What it returns
// is [Final] already.
func Each[R any](ctx context.Context, b Batch, reqs []R, work func(context.Context, R) error, fail func(R, *sdk.Error) error) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(b.AtOnce)
	for _, req := range reqs {
		group.Go(func() error {
			if groupCtx.Err() != nil {
				return groupCtx.Err()
			}
			return b.Settle(groupCtx, work(groupCtx, req), func(e *sdk.Error) error { return fail(req, e) })
		})
	}
	return Final(ctx, group.Wait())
}

// Settle reports the error of one request's work by fail, and returns one that ends the
// call. Errors met while the call is ending are nobody's.
func (b Batch) Settle(ctx context.Context, err error, fail func(*sdk.Error) error) error {
	var known *sdk.Error
	var stop *received
	switch {
	case err == nil:
		return nil
	case errors.As(err, &stop), ctx.Err() != nil, !errors.As(err, &known), b.Stops(known):
		return err
	}
	return fail(known)
}

// Final is the error a call returns: the receiver's own as it was, everything else in
// the contract's terms. The receiver's goes before everything. A call that was ended
// from outside says so, whatever its requests failed with as they were cut off; one that
// was cancelled from inside with a cause ends with that cause.
func Final(ctx context.Context, err error) error {
	var stop *received
	var known *sdk.Error
	cause := context.Cause(ctx)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &stop), errors.As(cause, &stop):
		return stop.cause
	case errors.As(cause, &known):
		return known
	case ctx.Err() != nil:
		return sdk.CodeUnavailable.Wrap(cause, "the call was ended")
	case errors.As(err, &known):
		return known
	}
	return sdk.CodeInternal.Wrap(err, "the call failed")
}

// StopsAccount reports whether an error is one of the account: refused credentials, a
// wrong setting, or a server that cannot be reached at all.
func StopsAccount(e *sdk.Error) bool {
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

// AsError is err in the contract's terms.
func AsError(err error) *sdk.Error {
	var known *sdk.Error
	if errors.As(err, &known) {
		return known
	}
	return sdk.CodeInternal.Wrap(err, "the plugin failed")
}

// Plain keeps a nil *sdk.Error a nil error.
func Plain(e *sdk.Error) error {
	if e == nil {
		return nil
	}
	return e
}
