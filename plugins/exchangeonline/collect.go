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
func (a *account) collect(ctx context.Context, req sdk.ReadRequest, r *round, full bool) (collected, *sdk.Error) {
	out := collected{complete: sdk.Complete{Full: full, Covered: req.Window}}
	if err := a.hydrate(ctx, req, r, full); err != nil {
		return out, err
	}
	b := builder{round: r, own: req.Scope == sdk.ScopeOwn}
	if !full {
		b.removals()
	}
	err := b.items()
	out.changes = b.changes
	return out, err
}

// builder makes the changes of a round. own leaves out everything that is not the
// gateway's (ScopeOwn).
type builder struct {
	round   *round
	own     bool
	changes []calendar.Change
}

// removals reports what is gone. An id nobody knows is sent too for events outside
// the window that were touched (F4); the host ignores those. An event that became a
// series takes no time under its own id any more (B14).
func (b *builder) removals() {
	ids := slices.Sorted(maps.Keys(b.round.gone))
	for _, id := range append(ids, slices.Sorted(maps.Keys(b.round.masters))...) {
		if b.wants(id) {
			b.changes = append(b.changes, calendar.Change{Remove: calendar.ItemID(id)})
		}
	}
}

func (b *builder) wants(id string) bool { return !b.own || b.round.reader.own[calendar.ItemID(id)] }

// items reports what is there.
func (b *builder) items() *sdk.Error {
	series := map[string][]calendar.Item{}
	for id := range b.round.masters {
		series[id] = nil
	}
	for _, id := range slices.Sorted(maps.Keys(b.round.rows)) {
		e := b.round.rows[id]
		item, err := b.round.reader.item(e, b.round.masters[e.SeriesMasterID])
		if err != nil {
			return err
		}
		if _, whole := series[e.SeriesMasterID]; whole && !b.own {
			series[e.SeriesMasterID] = append(series[e.SeriesMasterID], item)
		} else if b.wants(id) {
			b.changes = append(b.changes, calendar.Change{Upsert: &item})
		}
	}
	if b.own {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(series)) {
		b.changes = append(b.changes, calendar.Change{ReplaceSeries: &calendar.Series{
			ID: calendar.ItemID(id), Items: series[id],
		}})
	}
	return nil
}

// Pages of a read: so many items, or so many bytes of text, whatever is reached
// first.
const (
	itemsPerPage = 200
	bytesPerPage = 256 << 10
)

// emitRead sends a mailbox's changes in pages, the last one with Complete.
func emitRead(mailbox string, got collected, emit func(sdk.ReadPage) error) error {
	for chunk := range pagesOf(got.changes) {
		if err := emit(sdk.ReadPage{Mailbox: mailbox, Changes: chunk}); err != nil {
			return err
		}
	}
	return emit(sdk.ReadPage{Mailbox: mailbox, Complete: &got.complete})
}

// pagesOf cuts changes into pages. A series is never cut: it replaces what was.
func pagesOf(changes []calendar.Change) func(yield func([]calendar.Change) bool) {
	return func(yield func([]calendar.Change) bool) {
		from, items, bytes := 0, 0, 0
		for i, c := range changes {
			n, size := weight(c)
			if i > from && (items+n > itemsPerPage || bytes+size > bytesPerPage) {
				if !yield(changes[from:i]) {
					return
				}
				from, items, bytes = i, 0, 0
			}
			items, bytes = items+n, bytes+size
		}
		if from < len(changes) {
			yield(changes[from:])
		}
	}
}

// weight is how many items a change holds, and about how many bytes.
func weight(c calendar.Change) (items, bytes int) {
	switch {
	case c.Upsert != nil:
		return 1, itemBytes(*c.Upsert)
	case c.ReplaceSeries != nil:
		for _, item := range c.ReplaceSeries.Items {
			bytes += itemBytes(item)
		}
		return len(c.ReplaceSeries.Items) + 1, bytes
	}
	return 1, len(c.Remove)
}

func itemBytes(i calendar.Item) int {
	return 200 + len(i.ID) + len(i.Version) + len(i.SeriesID) + len(i.Subject) + len(i.Location) + len(i.Body)
}
