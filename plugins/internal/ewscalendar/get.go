package ewscalendar

import (
	"context"
	"slices"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// itemsPerGet is how many items are fetched and emitted at a time.
const itemsPerGet = 50

// Get fetches whole items by id. With full access, items of several mailboxes that want
// few travel in one request.
func (a *Account) Get(ctx context.Context, reqs []sdk.GetRequest, emit func(sdk.GetPage) error) error {
	g := getting{account: a, emit: contract.Guard(emit)}
	return contract.Each(ctx, batch, a.packs(reqs), g.pack, unexpected[[]sdk.GetRequest])
}

// getting is a Get on its way.
type getting struct {
	account *Account
	emit    func(sdk.GetPage) error
}

// packs puts requests together that fit into one. Each mailbox's items stay together.
func (a *Account) packs(reqs []sdk.GetRequest) (packs [][]sdk.GetRequest) {
	left := 0
	for _, req := range reqs {
		req.IDs = unique(req.IDs)
		if n := len(req.IDs); left < n || len(packs) == 0 || a.client.Impersonates() {
			packs, left = append(packs, nil), itemsPerGet
		}
		left -= len(req.IDs)
		packs[len(packs)-1] = append(packs[len(packs)-1], req)
	}
	return packs
}

// pack answers requests that fit into one. Where that one fails for what may be one
// mailbox's doing, each is sent by itself.
func (g getting) pack(ctx context.Context, reqs []sdk.GetRequest) error {
	if len(reqs) == 1 {
		return g.alone(ctx, reqs[0])
	}
	results, homes, err := g.fetch(ctx, reqs)
	if err != nil {
		known := contract.AsError(err)
		if contract.StopsAccount(known) || ctx.Err() != nil {
			return err
		}
		return g.each(reqs, func(req sdk.GetRequest) error {
			if mayBeOnes(known) {
				return g.alone(ctx, req)
			}
			return g.fail(req, known)
		})
	}
	return g.each(reqs, func(req sdk.GetRequest) error {
		mine := results[:len(req.IDs)]
		results = results[len(req.IDs):]
		if slices.ContainsFunc(mine, func(r ews.Result[ews.Item]) bool { return ews.HasCode(contract.Plain(r.Err), ews.CodeBatchStopped) }) {
			return g.alone(ctx, req)
		}
		page, err := g.page(ctx, req, homes(req.Mailbox.Address), req.IDs, mine)
		if err != nil {
			return batch.Settle(ctx, err, func(e *sdk.Error) error { return g.fail(req, e) })
		}
		page.Done = true
		return g.emit(page)
	})
}

func (getting) each(reqs []sdk.GetRequest, work func(sdk.GetRequest) error) error {
	for _, req := range reqs {
		if err := work(req); err != nil {
			return err
		}
	}
	return nil
}

// fail ends a mailbox's answer with its error.
func (g getting) fail(req sdk.GetRequest, err *sdk.Error) error {
	return g.emit(sdk.GetPage{Mailbox: req.Mailbox.Address, Err: err})
}

// alone answers one mailbox's request, as many items at a time as one request of ours may
// name.
func (g getting) alone(ctx context.Context, req sdk.GetRequest) error {
	ids := req.IDs
	for {
		part := req
		part.IDs = ids[:min(itemsPerGet, len(ids))]
		ids = ids[len(part.IDs):]
		results, homes, err := g.fetch(ctx, []sdk.GetRequest{part})
		var page sdk.GetPage
		if err == nil {
			page, err = g.page(ctx, part, homes(part.Mailbox.Address), part.IDs, results)
		}
		if err != nil {
			return batch.Settle(ctx, err, func(e *sdk.Error) error { return g.fail(req, e) })
		}
		page.Done = len(ids) == 0
		if err := g.emit(page); err != nil || page.Done {
			return err
		}
	}
}

// fetch sends one request for all that requests want, and tells where the calendars are.
func (g getting) fetch(ctx context.Context, reqs []sdk.GetRequest) ([]ews.Result[ews.Item], func(string) home, error) {
	var ids, mailboxes []string
	bodies := false
	for _, req := range reqs {
		for _, id := range req.IDs {
			ids = append(ids, string(id))
		}
		mailboxes = append(mailboxes, req.Mailbox.Address)
		bodies = bodies || req.Detail == sdk.DetailFull || len(req.Own) > 0
	}
	if len(ids) == 0 {
		return nil, func(string) home { return home{} }, nil
	}
	homes, err := g.account.calendarIDs(ctx, mailboxes)
	if err != nil {
		return nil, nil, err
	}
	results, err := g.account.client.GetItems(ctx, mailboxes, ids, bodies)
	return results, homes, err
}

// page is the answer for some ids. What is not found is missing only if the calendar
// itself can be seen.
func (g getting) page(ctx context.Context, req sdk.GetRequest, in home, ids []calendar.ItemID, results []ews.Result[ews.Item]) (sdk.GetPage, error) {
	page := sdk.GetPage{Mailbox: req.Mailbox.Address}
	if in.err != nil {
		return page, in.err
	}
	view := viewOf(req.Mailbox, req.Detail, req.Own)
	view.Whole = true
	for i, res := range results {
		if err := addResult(&page, string(ids[i]), in.id, res, view); err != nil {
			return page, err
		}
	}
	if len(page.Missing) == 0 {
		return page, nil
	}
	_, err := g.account.probe(ctx, req.Mailbox.Address)
	return page, err
}

// addResult puts the answer for one id on the page. The id asked for is the one
// answered with: it is what the host knows the item by.
func addResult(page *sdk.GetPage, id, home string, res ews.Result[ews.Item], view ews.View) error {
	switch {
	case res.Err != nil && res.Err.Code != sdk.CodeItemNotFound:
		return res.Err
	case res.Err != nil, elsewhere(res.Value, home):
		page.Missing = append(page.Missing, calendar.ItemID(id))
		return nil
	}
	res.Value.ItemID.ID = id
	item, err := res.Value.Calendar(view)
	if err != nil {
		return err
	}
	page.Items = append(page.Items, item)
	return nil
}

// elsewhere reports whether an item lies in another folder than the calendar: in the
// deleted items, most often.
func elsewhere(item ews.Item, home string) bool {
	return item.ParentFolder.ID != "" && item.ParentFolder.ID != home
}

func unique(ids []calendar.ItemID) []calendar.ItemID {
	seen := make(map[calendar.ItemID]bool, len(ids))
	list := make([]calendar.ItemID, 0, len(ids))
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			list = append(list, id)
		}
	}
	return list
}
