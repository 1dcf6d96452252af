package runner

import (
	"context"
	"sync"

	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// inbox routes a call's answers to the boxes they are for.
type inbox struct {
	mu        sync.Mutex
	byMailbox map[string]*box
	open      map[*box]bool
}

func newInbox(boxes []*box) *inbox {
	in := &inbox{byMailbox: map[string]*box{}, open: map[*box]bool{}}
	for _, b := range boxes {
		in.byMailbox[b.target.Mailbox.Address] = b
		in.open[b] = true
	}
	return in
}

// take runs do with the mailbox's box while no other answer is worked on.
func (in *inbox) take(mailbox string, do func(*box)) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	b, known := in.byMailbox[mailbox]
	if !known || !in.open[b] {
		return sdk.CodeInternal.New("the plugin answered for a mailbox that it was not asked about, or had done with")
	}
	do(b)
	return nil
}

// end closes the call: boxes that got no complete answer failed with its error, or
// for the lack of an answer.
func (in *inbox) end(err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for b := range in.open {
		if b.err != nil {
			continue
		}
		if b.err = asError(err); b.err == nil {
			b.err = sdk.CodeInternal.New("the plugin did not answer for the mailbox")
		}
	}
}

// find searches the calendars that must be searched, and returns the boxes that can
// go on to be read.
func (p *pass) find(ctx context.Context, account sdk.Account, boxes []*box) []*box {
	var search []*box
	for _, b := range boxes {
		if !b.mustFind() && !b.kind.whole() {
			continue
		}
		if err := p.rebind(ctx, b); err != nil {
			b.err = stateError(err, "the gateway could not note that the trainer has another calendar", "check the disk and the state file")
			continue
		}
		search = append(search, b)
	}
	if len(search) > 0 {
		in := newInbox(search)
		in.end(p.call(ctx, "Find", search, func(ctx context.Context) error {
			return account.Find(ctx, findRequests(search), in.found)
		}))
	}
	return good(boxes)
}

func findRequests(boxes []*box) []sdk.FindRequest {
	reqs := make([]sdk.FindRequest, len(boxes))
	for i, b := range boxes {
		reqs[i] = sdk.FindRequest{Mailbox: b.target.Mailbox, Since: b.window.Start}
	}
	return reqs
}

func (in *inbox) found(page sdk.FindPage) error {
	return in.take(page.Mailbox, func(b *box) {
		b.read.Found = append(b.read.Found, page.Items...)
		switch {
		case page.Err != nil:
			b.err = page.Err
		case page.Done:
			b.read.FoundAll = true
		default:
			return
		}
		delete(in.open, b)
	})
}

// readAll reads the boxes and sends each to ready as soon as its read is complete.
func (p *pass) readAll(ctx context.Context, account sdk.Account, boxes []*box, ready chan<- *box) {
	if len(boxes) == 0 {
		return
	}
	reqs := make([]sdk.ReadRequest, len(boxes))
	for i, b := range boxes {
		reqs[i] = b.readRequest()
	}
	in := newInbox(boxes)
	in.end(p.call(ctx, "Read", boxes, func(ctx context.Context) error {
		return account.Read(ctx, reqs, func(page sdk.ReadPage) error {
			return in.page(ctx, page, ready)
		})
	}))
}

// page takes a part of a mailbox's read. A mailbox that is complete goes on before
// the next page is taken, so that few are held at a time.
func (in *inbox) page(ctx context.Context, page sdk.ReadPage, ready chan<- *box) error {
	var complete *box
	err := in.take(page.Mailbox, func(b *box) {
		b.read.Changes = append(b.read.Changes, page.Changes...)
		switch {
		case page.Err != nil:
			b.err = page.Err
		case page.Complete != nil:
			b.read.Complete, b.read.Full, b.read.Covered = true, page.Complete.Full, page.Complete.Covered
			b.cursor = page.Complete.Cursor
			complete = b
		default:
			return
		}
		delete(in.open, b)
	})
	if err != nil || complete == nil {
		return err
	}
	select {
	case ready <- complete:
		return nil
	case <-ctx.Done():
		// What was read is not acted on, so its cursor must not be kept (F6).
		complete.err = asError(ctx.Err())
		return ctx.Err()
	}
}

// ask fetches the whole items that the plans need.
func (p *pass) ask(ctx context.Context, account sdk.Account, boxes []*box) {
	var (
		asking []*box
		reqs   []sdk.GetRequest
	)
	for _, b := range boxes {
		b.compared = reconcile.Compare(b.input(p.Runner))
		if ids := b.compared.Questions(); len(ids) > 0 {
			asking = append(asking, b)
			reqs = append(reqs, sdk.GetRequest{Mailbox: b.target.Mailbox, IDs: ids, Detail: b.target.Detail, Own: b.own()})
		}
	}
	if len(asking) == 0 {
		return
	}
	in := newInbox(asking)
	in.end(p.call(ctx, "Get", asking, func(ctx context.Context) error {
		return account.Get(ctx, reqs, in.got)
	}))
	for _, b := range good(asking) {
		b.compared.Answer(b.read.Got)
	}
}

func (in *inbox) got(page sdk.GetPage) error {
	return in.take(page.Mailbox, func(b *box) {
		if b.read.Got == nil {
			b.read.Got = map[calendar.ItemID]*calendar.Item{}
		}
		for i := range page.Items {
			b.read.Got[page.Items[i].ID] = &page.Items[i]
		}
		for _, id := range page.Missing {
			b.read.Got[id] = nil
		}
		switch {
		case page.Err != nil:
			b.err = page.Err
		case !page.Done:
			return
		}
		delete(in.open, b)
	})
}

// planBox asks reconcile, and leaves out what backs off.
func (p *pass) planBox(b *box) {
	b.plan = p.make(b)
	b.rest(b.started, b.impatient)
	b.done = make([]stepResult, len(b.plan.Calendar))
}
