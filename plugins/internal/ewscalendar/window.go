package ewscalendar

import (
	"context"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/plugins/internal/winzone"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

const (
	// zoneSlack is how far the instants of a whole-day item may lie from its days in
	// the trainer's zone: between the zones furthest east and west.
	zoneSlack = 26 * time.Hour
	// slackItems is how many items the slack may add to the most a window may have.
	slackItems = 500
)

// readWindow lists everything in the window. The server's rule for what overlaps a
// window differs from ours at its start, and for whole days that were made in
// another zone at both ends; so more is asked for, and what does not belong is left
// out (F1).
func (a *Account) readWindow(ctx context.Context, req sdk.ReadRequest) ([]calendar.Change, error) {
	asked := calendar.Window{Start: req.Window.Start.Add(-zoneSlack), End: req.Window.End.Add(zoneSlack)}
	found, err := a.client.CalendarView(ctx, req.Mailbox.Address, asked, sdk.MaxItems+slackItems)
	if err != nil {
		return nil, err
	}
	// What a view lists lies in the calendar, so its folder need not be asked for.
	if len(found) > 0 && found[0].ParentFolder.ID != "" {
		a.folders.put(req.Mailbox.Address, found[0].ParentFolder.ID)
	}
	if err := a.resolveZones(ctx, req.Mailbox.Address, found); err != nil {
		return nil, err
	}
	view := viewOf(req.Mailbox, req.Detail, req.Own)
	changes := make([]calendar.Change, 0, len(found))
	for i := range found {
		item, err := found[i].Calendar(view)
		if err != nil {
			return nil, err
		}
		if start, end := item.When.Span(view.Zone); !req.Window.Overlaps(start, end) || !wanted(item, req.Scope, view) {
			continue
		}
		changes = append(changes, calendar.Change{Upsert: &item})
	}
	if len(changes) > sdk.MaxItems {
		return nil, sdk.CodeTooManyItems.New("more than %d items in the window", sdk.MaxItems).
			WithAdvice("make the window shorter")
	}
	return changes, nil
}

// wanted reports whether the read may report the item.
func wanted(item calendar.Item, scope sdk.Scope, view ews.View) bool {
	return scope == sdk.ScopeAll || item.Marker != nil || view.Own[item.ID]
}

// viewOf is how a mailbox's items are shown to the host.
func viewOf(m sdk.Mailbox, detail sdk.Detail, own []calendar.ItemID) ews.View {
	view := ews.View{Zone: zoneOf(m), Detail: detail, Own: make(map[calendar.ItemID]bool, len(own))}
	for _, id := range own {
		view.Own[id] = true
	}
	return view
}

// zoneOf is the zone of a mailbox's trainer, UTC when the host named none that is
// known.
func zoneOf(m sdk.Mailbox) *time.Location {
	if loc, err := winzone.Load(m.TimeZone); err == nil {
		return loc
	}
	return time.UTC
}
