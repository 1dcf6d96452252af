package exchangeonline

import (
	"context"
	"errors"
	"net/http"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// Read reports each mailbox's calendar, or what changed in it. A mailbox's answer is
// collected whole before any of it is emitted: a read that fails half-way reports
// nothing but its error (A1, A2). Mailboxes that have a place to continue from are
// asked for 20 to a request, because most of them have nothing to tell.
func (a *account) Read(ctx context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
	a.noticeEnding()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := reading{account: a, emit: contract.Guard(emit)}
	var polls []*part
	var rest []sdk.ReadRequest
	for _, req := range reqs {
		from, ok := readCursor(req)
		if !ok || from.View {
			rest = append(rest, req)
			continue
		}
		polls = append(polls, r.poll(req, from.Path, func(answer partAnswer) {
			if err := r.polled(ctx, req, from.Path, answer); err != nil {
				cancel(err)
			}
		}))
	}
	if err := a.graph.batch(ctx, jobDelta, polls); err != nil {
		return contract.Final(ctx, contract.Plain(err))
	}
	if ctx.Err() != nil {
		return contract.Final(ctx, ctx.Err())
	}
	return contract.Each(ctx, mailboxBatch, rest, r.anew, r.fail)
}

// reading is a Read under way.
type reading struct {
	*account
	emit func(sdk.ReadPage) error
}

func (r reading) fail(req sdk.ReadRequest, err *sdk.Error) error {
	return r.emit(sdk.ReadPage{Mailbox: req.Mailbox.Address, Err: err})
}

func (r reading) report(req sdk.ReadRequest, got collected) error {
	return r.emit(sdk.ReadPage{Mailbox: req.Mailbox.Address, Changes: got.changes, Complete: &got.complete})
}

// poll asks what changed in a mailbox, as a part of a batch.
func (r reading) poll(req sdk.ReadRequest, path string, done func(partAnswer)) *part {
	return &part{
		mailbox: req.Mailbox.Address, method: http.MethodGet, path: path,
		headers: map[string]string{"Prefer": preferPages}, done: done,
	}
}

// polled goes on from the first page of a round to its end, and reports the mailbox.
func (r reading) polled(ctx context.Context, req sdk.ReadRequest, path string, answer partAnswer) error {
	got, stop, err := r.continued(ctx, req, path, answer)
	if stop {
		got, err = r.full(ctx, req)
	}
	if err != nil {
		return mailboxBatch.Settle(ctx, err, func(e *sdk.Error) error { return r.fail(req, e) })
	}
	return r.report(req, got)
}

// continued collects the round that the answer begins. stop tells that the mailbox
// must be read in full.
func (r reading) continued(ctx context.Context, req sdk.ReadRequest, path string, answer partAnswer) (got collected, stop bool, err *sdk.Error) {
	w := r.graph.newWalk(path, newRound(req))
	switch {
	case tooLarge(answer.err):
		return r.walked(ctx, req, w, path, false)
	case answer.err != nil:
		return collected{}, answer.lostPlace(), answer.err
	}
	p, err := readPage(answer.body)
	if err != nil {
		return collected{}, false, err
	}
	next, delta, stop, err := w.take(p)
	switch {
	case err != nil:
		return collected{}, stop, err
	case delta == "":
		return r.walked(ctx, req, w, next, false)
	}
	got, err = r.collect(ctx, req, w.round, false, newCursor(req, delta))
	return got, false, err
}

// tooLarge reports whether an answer was larger than allowed: what does not fit
// together with the other mailboxes of a batch may fit alone.
func tooLarge(err *sdk.Error) bool {
	var sent *transport.Error
	return err != nil && errors.As(err, &sent) && sent.Kind == transport.TooLarge
}

// anew reads and reports a mailbox that has no delta round to continue.
func (r reading) anew(ctx context.Context, req sdk.ReadRequest) error {
	read := r.full
	if from, ok := readCursor(req); ok && from.View {
		read = r.view
	}
	got, err := read(ctx, req)
	if err != nil {
		return err
	}
	return r.report(req, got)
}

// full collects everything in the window: by a new delta round, or by the plain view
// where such a round does not come to its end.
func (r reading) full(ctx context.Context, req sdk.ReadRequest) (collected, *sdk.Error) {
	path := deltaPath(req.Mailbox.Address, req.Window)
	got, stop, err := r.walked(ctx, req, r.graph.newWalk(path, newRound(req)), path, true)
	if !stop {
		return got, err
	}
	return r.view(ctx, req)
}

// walked follows a round from path to its end, and collects it.
func (r reading) walked(ctx context.Context, req sdk.ReadRequest, w *walk, path string, full bool) (got collected, stop bool, err *sdk.Error) {
	delta, stop, err := w.follow(ctx, req.Mailbox.Address, path)
	if err != nil {
		return collected{}, stop, err
	}
	got, err = r.collect(ctx, req, w.round, full, newCursor(req, delta))
	return got, false, err
}

// view collects the plain view of the window.
func (r reading) view(ctx context.Context, req sdk.ReadRequest) (collected, *sdk.Error) {
	round := newRound(req)
	if err := r.graph.view(ctx, req.Mailbox.Address, viewPath(req.Mailbox.Address, req.Window), round); err != nil {
		return collected{}, err
	}
	return r.collect(ctx, req, round, true, newCursor(req, ""))
}
