package exchangeonline

import (
	"context"
	"net/http"
	"sync"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/exchange"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// markerExpansion brings the gateway's marker along with an event; extended
// properties are only answered when asked for by their exact id.
const markerExpansion = "singleValueExtendedProperties($filter=id eq '" + exchange.GraphMarkerProperty + "')"

var expandMarker = query("$expand", markerExpansion)

// itemsPerGetPage is how many items are held back until they are emitted.
const itemsPerGetPage = 50

// Get fetches items by id, 20 to a request, whatever mailboxes they are of.
func (a *account) Get(ctx context.Context, reqs []sdk.GetRequest, emit func(sdk.GetPage) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	emit = contract.Guard(emit)
	var parts []*part
	for _, req := range reqs {
		g := &getting{req: req, reader: newReader(req.Mailbox, req.Detail, req.Own), emit: emit, cancel: cancel}
		parts = append(parts, g.parts()...)
	}
	if err := a.graph.batch(ctx, jobGet, parts); err != nil {
		return contract.Final(ctx, contract.Plain(err))
	}
	return contract.Final(ctx, context.Cause(ctx))
}

// getting is one mailbox's part of a Get.
type getting struct {
	req    sdk.GetRequest
	reader reader
	emit   func(sdk.GetPage) error
	cancel context.CancelCauseFunc

	mu   sync.Mutex
	left int
	page sdk.GetPage
	// closed: the mailbox's last page is out.
	closed bool
}

// parts are the requests for the mailbox's items. A mailbox that is asked for
// nothing is answered at once.
func (g *getting) parts() []*part {
	g.page = sdk.GetPage{Mailbox: g.req.Mailbox.Address}
	var parts []*part
	asked := map[calendar.ItemID]bool{}
	for _, id := range g.req.IDs {
		if asked[id] {
			continue
		}
		asked[id] = true
		parts = append(parts, &part{
			mailbox: g.req.Mailbox.Address, method: http.MethodGet,
			path: eventPath(g.req.Mailbox.Address, string(id)) + expandMarker,
			done: func(answer partAnswer) { g.took(id, answer) },
		})
	}
	g.left = len(parts)
	if g.left == 0 {
		g.send(true)
	}
	return parts
}

func (g *getting) took(id calendar.ItemID, answer partAnswer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return
	}
	if err := g.add(id, answer); err != nil {
		g.page = sdk.GetPage{Mailbox: g.req.Mailbox.Address, Err: err}
		g.send(true)
		return
	}
	if g.left--; g.left == 0 || len(g.page.Items) >= itemsPerGetPage {
		g.send(g.left == 0)
	}
}

// add notes one answer. The id asked for is the one answered with: it is what the
// host knows the item by.
func (g *getting) add(id calendar.ItemID, answer partAnswer) *sdk.Error {
	switch {
	case answer.err != nil && answer.err.Code == sdk.CodeItemNotFound:
		g.page.Missing = append(g.page.Missing, id)
		return nil
	case answer.err != nil:
		return answer.err
	}
	e, err := readEvent(answer.body)
	if err != nil {
		return err
	}
	e.ID = string(id)
	g.reader.strip(e)
	item, err := g.reader.item(e, nil)
	if err != nil {
		return err
	}
	item.Incomplete = false // there is no more to be had
	g.page.Items = append(g.page.Items, item)
	return nil
}

// send emits what was collected. Whoever calls it holds mu, or is alone.
func (g *getting) send(last bool) {
	g.closed = last
	g.page.Done = last && g.page.Err == nil
	if err := g.emit(g.page); err != nil {
		g.closed = true
		g.cancel(err)
	}
	g.page = sdk.GetPage{Mailbox: g.req.Mailbox.Address}
}
