package ewscalendar

import (
	"context"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// itemsPerGet is how many items are fetched and emitted at a time.
const itemsPerGet = 50

// Get fetches whole items by id.
func (a *Account) Get(ctx context.Context, reqs []sdk.GetRequest, emit func(sdk.GetPage) error) error {
	emit = contract.Guard(emit)
	work := func(ctx context.Context, req sdk.GetRequest) error { return a.getMailbox(ctx, req, emit) }
	return contract.Each(ctx, batch, reqs, work, func(req sdk.GetRequest, err *sdk.Error) error {
		return emit(sdk.GetPage{Mailbox: req.Mailbox.Address, Err: err})
	})
}

func (a *Account) getMailbox(ctx context.Context, req sdk.GetRequest, emit func(sdk.GetPage) error) error {
	ids := unique(req.IDs)
	for len(ids) > itemsPerGet {
		page, err := a.getPage(ctx, req, ids[:itemsPerGet])
		if err != nil {
			return err
		}
		if err := emit(page); err != nil {
			return err
		}
		ids = ids[itemsPerGet:]
	}
	page, err := a.getPage(ctx, req, ids)
	if err != nil {
		return err
	}
	page.Done = true
	return emit(page)
}

// getPage fetches some items. What is not found is missing only if the calendar
// itself can be seen.
func (a *Account) getPage(ctx context.Context, req sdk.GetRequest, ids []string) (sdk.GetPage, error) {
	page := sdk.GetPage{Mailbox: req.Mailbox.Address}
	if len(ids) == 0 {
		return page, nil
	}
	home, err := a.calendarID(ctx, req.Mailbox.Address)
	if err != nil {
		return page, err
	}
	bodies := req.Detail == sdk.DetailFull || len(req.Own) > 0
	results, err := a.client.GetItems(ctx, []string{req.Mailbox.Address}, ids, bodies)
	if err != nil {
		return page, err
	}
	view := viewOf(req.Mailbox, req.Detail, req.Own)
	view.Whole = true
	for i, res := range results {
		if err := addResult(&page, ids[i], home, res, view); err != nil {
			return page, err
		}
	}
	if len(page.Missing) > 0 {
		_, err = a.probe(ctx, req.Mailbox.Address)
	}
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

func unique(ids []calendar.ItemID) []string {
	seen := make(map[calendar.ItemID]bool, len(ids))
	list := make([]string, 0, len(ids))
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			list = append(list, string(id))
		}
	}
	return list
}
