package exchangeonline

import (
	"context"
	"strings"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/exchange"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// findPage is the size of a page of marked events.
const findPage = "100"

// Find searches each calendar for events that carry the marker's property, whoever's
// installation wrote it.
func (a *account) Find(ctx context.Context, reqs []sdk.FindRequest, emit func(sdk.FindPage) error) error {
	emit = contract.Guard(emit)
	work := func(ctx context.Context, req sdk.FindRequest) error { return a.findMailbox(ctx, req, emit) }
	return contract.Each(ctx, mailboxBatch, reqs, work, func(req sdk.FindRequest, err *sdk.Error) error {
		return emit(sdk.FindPage{Mailbox: req.Mailbox.Address, Err: err})
	})
}

// findMailbox emits one page of items for every page of events.
func (a *account) findMailbox(ctx context.Context, req sdk.FindRequest, emit func(sdk.FindPage) error) error {
	r := newReader(req.Mailbox, sdk.DetailBusy, nil)
	return a.graph.marked(ctx, req.Mailbox.Address, "ep/value ne null", func(events []event, last bool) error {
		items, err := r.markedItems(events, req)
		if err != nil {
			return err
		}
		return emit(sdk.FindPage{Mailbox: req.Mailbox.Address, Items: items, Done: last})
	})
}

// markedItems are the items among events that a gateway wrote, without those that
// ended too long ago.
func (r reader) markedItems(events []event, req sdk.FindRequest) ([]calendar.Item, *sdk.Error) {
	var items []calendar.Item
	for i := range events {
		e := &events[i]
		if e.marker() == nil {
			continue
		}
		r.strip(e)
		item, err := r.item(e, nil)
		if err != nil {
			return nil, err
		}
		// A master's time is that of its first occurrence, which says nothing of its last.
		if _, end := item.When.Span(r.zone); end.Before(req.Since) && e.Type != typeMaster {
			continue
		}
		items = append(items, item)
	}
	return items, nil
}

// marked walks the events whose marker property fulfils a condition, page by page.
// The filter works on /events, which lists single events and masters ("Get
// singleValueLegacyExtendedProperty").
func (s *session) marked(ctx context.Context, mailbox, condition string, take func(events []event, last bool) error) error {
	path := markedPath(mailbox, condition)
	seen := map[string]bool{}
	for !seen[path] && len(seen) < maxPages {
		seen[path] = true
		var p page
		if _, err := s.get(ctx, "find", mailbox, s.link(path), prefer, &p); err != nil {
			return err
		}
		if err := p.check(); err != nil {
			return err
		}
		if err := take(*p.Value, p.NextLink == ""); err != nil || p.NextLink == "" {
			return err
		}
		next, err := s.relative(p.NextLink)
		if err != nil {
			return err
		}
		path = next
	}
	return badAnswer("the pages of a search go in circles")
}

// markedPath asks for the events whose marker property fulfils a condition.
func markedPath(mailbox, condition string) string {
	filter := "singleValueExtendedProperties/Any(ep: ep/id eq '" + exchange.GraphMarkerProperty + "' and " + condition + ")"
	return userPath(mailbox, "/events"+query("$filter", filter, "$top", findPage, "$expand", markerExpansion))
}

// markerIs is the condition that the marker is this one. Quotes are doubled, as
// OData wants it.
func markerIs(m calendar.Marker) string {
	return "ep/value eq '" + strings.ReplaceAll(m.String(), "'", "''") + "'"
}

// withMarker is the event of the page that carries exactly this marker, nil when
// none does. The filter ignores letter case, markers do not.
func (p page) withMarker(m calendar.Marker) *event {
	for i := range *p.Value {
		if got := (*p.Value)[i].marker(); got != nil && *got == m {
			return &(*p.Value)[i]
		}
	}
	return nil
}
