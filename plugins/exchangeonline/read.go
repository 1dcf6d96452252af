package exchangeonline

import (
	"context"

	"github.com/trainercal/trainercal/sdk"
)

// Read reports each mailbox's calendar, or what changed in it. A mailbox's answer is
// collected whole before any of it is emitted: a read that fails half-way reports
// nothing but its error (A1, A2).
func (a *account) Read(ctx context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
	emit = guarded(emit)
	work := func(ctx context.Context, req sdk.ReadRequest) error {
		got, err := a.readMailbox(ctx, req)
		if err != nil {
			return err
		}
		return emit(sdk.ReadPage{Mailbox: req.Mailbox.Address, Changes: got.changes, Complete: &got.complete})
	}
	return each(ctx, reqs, work, func(req sdk.ReadRequest, err *sdk.Error) error {
		return emit(sdk.ReadPage{Mailbox: req.Mailbox.Address, Err: err})
	})
}

// readMailbox continues from the request's cursor, or reads in full where there is
// none, where the server does not know it any more, or where it was made for
// something else.
func (a *account) readMailbox(ctx context.Context, req sdk.ReadRequest) (collected, *sdk.Error) {
	from, ok := readCursor(req)
	switch {
	case ok && from.View:
		return a.readView(ctx, req)
	case ok:
		got, stop, err := a.readDelta(ctx, req, from.Path, false)
		if !stop {
			return got, err
		}
	}
	got, stop, err := a.readDelta(ctx, req, deltaPath(req.Mailbox.Address, req.Window), true)
	if !stop {
		return got, err
	}
	return a.readView(ctx, req)
}

// readDelta collects a delta round from path. stop tells that another way of
// reading must be taken.
func (a *account) readDelta(ctx context.Context, req sdk.ReadRequest, path string, full bool) (got collected, stop bool, err *sdk.Error) {
	r := newRound(req)
	delta, stop, err := a.graph.follow(ctx, req.Mailbox.Address, path, r)
	if err != nil {
		return collected{}, stop, err
	}
	got, err = a.collect(ctx, req, r, full)
	got.complete.Cursor = newCursor(req, delta).bytes()
	return got, false, err
}

// readView collects the plain view of the window, for mailboxes whose delta rounds
// do not end.
func (a *account) readView(ctx context.Context, req sdk.ReadRequest) (collected, *sdk.Error) {
	r := newRound(req)
	if err := a.graph.view(ctx, req.Mailbox.Address, viewPath(req.Mailbox.Address, req.Window), r); err != nil {
		return collected{}, err
	}
	got, err := a.collect(ctx, req, r, true)
	got.complete.Cursor = newCursor(req, "").bytes()
	return got, err
}
