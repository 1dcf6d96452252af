package ewscalendar

import (
	"context"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/plugins/internal/winzone"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

const (
	// changesPerPage is how many changes are emitted at a time.
	changesPerPage = 500
	// zoneSlack is how far the instants of a whole-day item may lie from its days in
	// the trainer's zone: between the zones furthest east and west.
	zoneSlack = 26 * time.Hour
	// slackItems is how many items the slack may add to the most a window may have.
	slackItems = 500
)

// Read reports each mailbox's calendar, or that nothing changed in it. A mailbox's
// answer is collected whole before any of it is emitted: a read that fails half-way
// reports nothing but its error (A1, A2).
func (a *Account) Read(ctx context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
	emit = contract.Guard(emit)
	work := func(ctx context.Context, req sdk.ReadRequest) error {
		changes, complete, err := a.readMailbox(ctx, req)
		if err != nil {
			return err
		}
		return emitChanges(req.Mailbox.Address, changes, complete, emit)
	}
	return contract.Each(ctx, batch, reqs, work, func(req sdk.ReadRequest, err *sdk.Error) error {
		return emit(sdk.ReadPage{Mailbox: req.Mailbox.Address, Err: err})
	})
}

func emitChanges(mailbox string, changes []calendar.Change, complete sdk.Complete, emit func(sdk.ReadPage) error) error {
	for len(changes) > changesPerPage {
		if err := emit(sdk.ReadPage{Mailbox: mailbox, Changes: changes[:changesPerPage]}); err != nil {
			return err
		}
		changes = changes[changesPerPage:]
	}
	return emit(sdk.ReadPage{Mailbox: mailbox, Changes: changes, Complete: &complete})
}

// readMailbox asks what changed since the cursor, and reads the window where
// something did. The state is taken before the window is read: what changes in
// between is read twice and not missed.
func (a *Account) readMailbox(ctx context.Context, req sdk.ReadRequest) ([]calendar.Change, sdk.Complete, error) {
	from, reported := readCursor(req)
	state, changed, err := a.sync(ctx, req.Mailbox.Address, from)
	if err != nil {
		return nil, sdk.Complete{}, err
	}
	complete := sdk.Complete{Cursor: newCursor(req, state).bytes(), Covered: req.Window}
	if reported && !changed {
		return nil, complete, nil
	}
	complete.Full = true
	changes, err := a.readWindow(ctx, req)
	return changes, complete, err
}

// sync finds out whether anything changed since the state, and what the state is
// now. A state the server no longer accepts is given up, and everything may have
// changed (F5).
func (a *Account) sync(ctx context.Context, mailbox, from string) (state string, changed bool, err error) {
	state, changed, err = a.client.Sync(ctx, mailbox, from)
	if from != "" && (ews.HasCode(err, ews.CodeInvalidSyncState) || ews.HasCode(err, ews.CodeSyncFolderGone)) {
		state, _, err = a.client.Sync(ctx, mailbox, "")
		changed = true
	}
	return state, changed, err
}

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
