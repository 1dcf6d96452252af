package exchangeonline

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// Write carries out operations, 20 to a request. Each is safe to repeat: a create
// has a transactionId made of its marker, an update says what should be, and what is
// deleted already is deleted. What is to be changed or deleted is checked first, all
// of it together, and written in a second round.
func (a *account) Write(ctx context.Context, reqs []sdk.WriteRequest, emit func(sdk.WriteResult) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	emit = contract.Guard(emit)
	var checks []*part
	var writes queue
	number := 0
	for _, req := range reqs {
		for _, op := range req.Operations {
			number++
			w := &writing{ctx: ctx, graph: a.graph, mailbox: req.Mailbox, op: op, number: number, queue: &writes, emit: func(res sdk.WriteResult) {
				if err := emit(res); err != nil {
					cancel(err)
				}
			}}
			switch p := w.start(); {
			case p == nil:
			case op.Kind == sdk.Create:
				w.follow(p)
			default:
				checks = append(checks, p)
			}
		}
	}
	if err := a.graph.batch(ctx, jobCheck, checks); err != nil {
		return contract.Final(ctx, contract.Plain(err))
	}
	if err := a.graph.batch(ctx, jobWrite, writes.parts()); err != nil {
		return contract.Final(ctx, contract.Plain(err))
	}
	return contract.Final(ctx, context.Cause(ctx))
}

// writing is one operation under way.
type writing struct {
	ctx     context.Context
	graph   *session
	mailbox sdk.Mailbox
	op      sdk.Operation
	// number is the operation's in its call.
	number int
	emit   func(sdk.WriteResult)
	// queue is where the operation's first write goes; nil after that, and for an
	// operation that is carried out alone.
	queue *queue
	// utc: the mailbox does not know the appointment's zone, or by other rules.
	utc bool
	// unsure: a create of this operation may have been carried out, whatever is
	// answered later.
	unsure bool
}

// start is the operation's first request; nil when it is answered already.
func (w *writing) start() *part {
	switch {
	case w.op.Kind == sdk.Create && w.op.MaybeDone:
		return w.search(0)
	case w.op.Kind == sdk.Create:
		return w.create(0)
	case w.op.ItemID == "":
		w.fail(sdk.CodeInvalidRequest.New("the operation names no item"))
	case w.op.Kind == sdk.Update:
		return w.update(string(w.op.ItemID), w.op.Version, w.op.Base)
	case w.op.Kind == sdk.Delete:
		return w.delete(false)
	default:
		w.fail(sdk.CodeUnsupported.New("unknown kind of operation"))
	}
	return nil
}

func (w *writing) create(attempt int) *part {
	return &part{
		mailbox: w.mailbox.Address, method: http.MethodPost, path: userPath(w.mailbox.Address, "/calendar/events"),
		body: createBody(w.op, w.mailbox, w.utc, transactionID(w.op.Marker, attempt)),
		done: func(answer partAnswer) {
			w.unsure = w.unsure || answer.unsure
			switch {
			case answer.is(codeDuplicateTransaction):
				w.unsure = true
				w.createdBefore(answer.existingID, attempt)
			case answer.is(codeUnknownZone) && !w.utc:
				w.utc = true
				w.next(w.create(attempt))
			default:
				w.finish(answer)
			}
		},
	}
}

// Codes of Graph that a write knows an answer to.
const (
	codeDuplicateTransaction = "errorduplicatetransactionid"
	codeUnknownZone          = "timezonenotsupportedexception"
)

// createdBefore goes on when the server knows the create's transactionId with other
// content: an earlier attempt was carried out, and the appointment changed since. The
// event is brought up to date. Where there is none any more, the id is used up, and
// a second one is as safe.
func (w *writing) createdBefore(existingID string, attempt int) {
	switch {
	case existingID != "":
		w.next(w.adopt(existingID, attempt))
	case attempt == 0:
		w.next(w.search(1))
	default:
		w.unsure = false
		w.fail(sdk.CodeConflict.New("the server takes the new appointment for one it had before, and has none").
			WithDetail("ErrorDuplicateTransactionId"))
	}
}

// adopt brings the event of an earlier attempt up to date. One that is gone by now
// must not end the create: its search finds what is there. The answer looked at is
// the check's; an event that goes after it leaves the outcome unknown.
func (w *writing) adopt(id string, attempt int) *part {
	p := w.update(id, "", nil)
	done := p.done
	p.done = func(answer partAnswer) {
		if answer.err != nil && answer.err.Code == sdk.CodeItemNotFound {
			w.createdBefore("", attempt)
			return
		}
		done(answer)
	}
	return p
}

// search looks for the item of a create that may have been carried out, and creates
// it only if there is none: how long a server remembers a transactionId is not
// documented.
func (w *writing) search(attempt int) *part {
	return w.searchFrom(markedPath(w.mailbox.Address, markerIs(w.op.Marker)), attempt, maxSearchPages)
}

// maxSearchPages is how many pages of a search for one marker are read.
const maxSearchPages = 20

// searchFrom is search from one of its pages on: an empty page may have another
// behind it.
func (w *writing) searchFrom(path string, attempt, pages int) *part {
	return &part{
		mailbox: w.mailbox.Address, method: http.MethodGet, path: path,
		done: func(answer partAnswer) {
			if answer.err != nil {
				w.fail(answer.err)
				return
			}
			found, next, err := w.found(answer.body)
			switch {
			case err != nil:
				w.fail(err)
			case found != nil:
				w.unsure = true // it is there, whatever becomes of the update
				w.next(w.update(found.ID, "", nil))
			case next == "":
				w.unsure = false // there is none
				w.next(w.create(attempt))
			case pages <= 1:
				w.fail(badAnswer("the pages of a search have no end"))
			default:
				w.next(w.searchFrom(next, attempt, pages-1))
			}
		},
	}
}

// found reads a page of a search: the operation's event, or where the search goes on.
func (w *writing) found(body []byte) (found *event, next string, err *sdk.Error) {
	p, err := readPage(body)
	if err != nil {
		return nil, "", err
	}
	if found = p.withMarker(w.op.Marker); found != nil || p.NextLink == "" {
		return found, "", nil
	}
	next, err = w.graph.relative(p.NextLink)
	return nil, next, err
}

// update changes an event to which nobody is invited.
func (w *writing) update(id, version string, base *calendar.Appointment) *part {
	return w.check(id, version, func(version string) *part { return w.patch(id, version, base) })
}

// patch is the update itself. Only a check leads to it.
func (w *writing) patch(id, version string, base *calendar.Appointment) *part {
	p := &part{
		mailbox: w.mailbox.Address, method: http.MethodPatch, path: eventPath(w.mailbox.Address, id),
		headers: map[string]string{"If-Match": version},
		body:    updateBody(w.op.Appointment, base, w.op.Marker, w.mailbox, w.utc),
	}
	p.done = func(answer partAnswer) {
		switch {
		case answer.status == http.StatusPreconditionFailed:
			w.conflict(p, id, version)
		case answer.is(codeUnknownZone) && !w.utc:
			w.utc = true
			w.next(w.patch(id, version, base))
		default:
			w.finish(answer)
		}
	}
	return p
}

// conflict looks at an item whose version was not the expected one. It may be our
// own update whose answer was lost, or a refusal that Exchange is known to give
// without cause; otherwise somebody changed the item.
func (w *writing) conflict(refused *part, id, version string) {
	w.next(&part{
		mailbox: w.mailbox.Address, method: http.MethodGet, path: eventPath(w.mailbox.Address, id) + expandMarker,
		done: func(answer partAnswer) {
			item, err := w.item(answer)
			switch {
			case err != nil:
				w.fail(err)
			case itemSays(item, w.op.Appointment) && item.Marker != nil && *item.Marker == w.op.Marker:
				w.succeed(item)
			case item.Version == version:
				again := *refused
				again.attempts, again.done = 0, w.finish
				w.next(&again)
			default:
				w.fail(sdk.CodeConflict.New("the item changed meanwhile").WithDetail(statusDetail(http.StatusPreconditionFailed)))
			}
		},
	})
}

// next sends a follow-up request.
func (w *writing) next(p *part) {
	if err := w.graph.batch(w.ctx, jobWrite, []*part{p}); err != nil {
		w.fail(err)
	}
}

// finish ends the operation with the event that the server answered with.
func (w *writing) finish(answer partAnswer) {
	item, err := w.item(answer)
	switch {
	case err != nil:
		w.fail(err)
		return
	case !w.utc && moved(item.When, w.op.Appointment.When):
		w.utc, w.unsure = true, w.op.Kind == sdk.Create
		w.next(w.update(string(item.ID), "", nil))
		return
	}
	item.Marker = &w.op.Marker // the answer to a write does not repeat it
	w.succeed(item)
}

// moved reports whether the server understood other instants than were meant: its
// rules of the zone are not ours. Fractions of a second are not written.
func moved(got, meant calendar.When) bool {
	return !meant.AllDay && !got.AllDay && (!got.Start.Equal(meant.Start.Truncate(time.Second)) || !got.End.Equal(laterOf(meant).Truncate(time.Second)))
}

// item reads the operation's item from an answer. Its text is the gateway's own.
func (w *writing) item(answer partAnswer) (calendar.Item, *sdk.Error) {
	if answer.err != nil {
		return calendar.Item{}, answer.err
	}
	e, err := readEvent(answer.body)
	if err != nil {
		return calendar.Item{}, err
	}
	r := newReader(w.mailbox, sdk.DetailFull, []calendar.ItemID{calendar.ItemID(e.ID)})
	r.strip(e)
	return r.item(e, nil)
}

func (w *writing) succeed(item calendar.Item) {
	w.emit(sdk.WriteResult{
		Mailbox: w.mailbox.Address, Operation: w.op.ID, ItemID: item.ID, Version: item.Version, Item: &item,
	})
}

// fail ends the operation. Where the server may have carried it out all the same,
// that is what the error says.
func (w *writing) fail(err *sdk.Error) {
	var sent *transport.Error
	lost := errors.As(err, &sent) && sent.MaybeDone()
	if lost || w.unsure || err.Code == sdk.CodeUnavailable || err.Code == sdk.CodeBadAnswer {
		unknown := sdk.CodeOutcomeUnknown.Wrap(err, "the answer to a write was lost: %s", err.Message)
		unknown.Detail, unknown.Advice, unknown.RetryAfter = err.Detail, err.Advice, err.RetryAfter
		err = unknown
	}
	w.refuse(err)
}

// refuse ends the operation with an error as it is.
func (w *writing) refuse(err *sdk.Error) {
	w.emit(sdk.WriteResult{Mailbox: w.mailbox.Address, Operation: w.op.ID, Err: err})
}
