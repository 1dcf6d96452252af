package exchangeonline

import (
	"context"
	"maps"
	"slices"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// collected is one mailbox's answer, ready to be emitted.
type collected struct {
	changes  []calendar.Change
	complete sdk.Complete
}

// collect turns a finished round into changes: what is gone, single items, and each
// series as a whole, because deleting one occurrence is only told by sending the
// others again (E1).
func (a *account) collect(ctx context.Context, req sdk.ReadRequest, r *round, full bool, next cursor) (collected, *sdk.Error) {
	out := collected{complete: sdk.Complete{Cursor: next.bytes(), Full: full, Covered: req.Window}}
	if err := a.hydrate(ctx, req, r, full); err != nil {
		return out, err
	}
	b := builder{round: r, window: req.Window, full: full}
	b.removals()
	err := b.items()
	out.changes = b.changes
	return out, err
}

// builder makes the changes of a round.
type builder struct {
	round   *round
	window  calendar.Window
	full    bool
	changes []calendar.Change
}

// removals reports what is gone. An id nobody knows is sent too for events outside
// the window that were touched (F4); the host ignores those. An event that became a
// series takes no time under its own id any more (B14).
func (b *builder) removals() {
	ids := slices.Sorted(maps.Keys(b.round.gone))
	for _, id := range append(ids, slices.Sorted(maps.Keys(b.round.masters))...) {
		b.remove(calendar.ItemID(id))
	}
}

// remove reports that an item is not in the window. In a full answer, it is enough
// not to list it.
func (b *builder) remove(id calendar.ItemID) {
	if !b.full {
		b.changes = append(b.changes, calendar.Change{Remove: id})
	}
}

// items reports what is there. Servers disagree on whether an item belongs to a
// window that it only touches; here it does not (F1).
func (b *builder) items() *sdk.Error {
	series := map[string][]calendar.Item{}
	for id := range b.round.masters {
		series[id] = nil
	}
	found := 0
	for _, id := range slices.Sorted(maps.Keys(b.round.rows)) {
		e := b.round.rows[id]
		item, err := b.round.reader.item(e, b.round.masters[e.SeriesMasterID])
		if err != nil {
			return err
		}
		_, whole := series[e.SeriesMasterID]
		inside := b.window.Overlaps(item.When.Span(b.round.reader.zone))
		if inside {
			found++
		}
		switch {
		case whole && inside:
			series[e.SeriesMasterID] = append(series[e.SeriesMasterID], item)
		case inside:
			b.changes = append(b.changes, calendar.Change{Upsert: &item})
		case !whole:
			b.remove(item.ID)
		}
	}
	if found > sdk.MaxItems {
		return tooMany()
	}
	for _, id := range slices.Sorted(maps.Keys(series)) {
		b.changes = append(b.changes, calendar.Change{ReplaceSeries: &calendar.Series{
			ID: calendar.ItemID(id), Items: series[id],
		}})
	}
	return nil
}
