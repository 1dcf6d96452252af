package ewscalendar

import (
	"context"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// Find searches each calendar for items that carry a gateway's marker, whoever's
// installation wrote it.
func (a *Account) Find(ctx context.Context, reqs []sdk.FindRequest, emit func(sdk.FindPage) error) error {
	emit = contract.Guard(emit)
	work := func(ctx context.Context, req sdk.FindRequest) error {
		items, err := a.findMailbox(ctx, req)
		if err != nil {
			return err
		}
		return emitFound(req.Mailbox.Address, items, emit)
	}
	return contract.Each(ctx, batch, reqs, work, func(req sdk.FindRequest, err *sdk.Error) error {
		return emit(sdk.FindPage{Mailbox: req.Mailbox.Address, Err: err})
	})
}

func emitFound(mailbox string, items []calendar.Item, emit func(sdk.FindPage) error) error {
	for len(items) > changesPerPage {
		if err := emit(sdk.FindPage{Mailbox: mailbox, Items: items[:changesPerPage]}); err != nil {
			return err
		}
		items = items[changesPerPage:]
	}
	return emit(sdk.FindPage{Mailbox: mailbox, Items: items, Done: true})
}

// findMailbox lists the marked items that ended at or after req.Since. A property
// that holds something else than a marker is not ours.
func (a *Account) findMailbox(ctx context.Context, req sdk.FindRequest) ([]calendar.Item, error) {
	found, err := a.client.FindMarked(ctx, req.Mailbox.Address, "", sdk.MaxItems)
	if err != nil {
		return nil, err
	}
	view := viewOf(req.Mailbox, sdk.DetailBusy, nil)
	var items []calendar.Item
	for i := range found {
		if _, err := calendar.ParseMarker(found[i].MarkerText()); err != nil {
			continue
		}
		item, err := found[i].Calendar(view)
		if err != nil {
			return nil, err
		}
		// A series, which a trainer may have made of the item, goes on after the end of
		// its first occurrence, the only time a search tells.
		if _, end := item.When.Span(view.Zone); found[i].Type == ews.TypeSeries || !end.Before(req.Since) {
			items = append(items, item)
		}
	}
	return items, nil
}
