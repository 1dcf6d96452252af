package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// mirrorColumns are a mirror's in the order of [mirrorInto].
const mirrorColumns = `id, item_id, series_id, version, description, span, show_as, private, held, detail`

// mirrorInto is where the columns of a mirror go; its span is text that [readSpan] reads.
func mirrorInto(m *reconcile.Mirror, span *string) []any {
	return []any{&m.ID, &m.ItemID, &m.SeriesID, &m.Version, &m.Description, span, &m.ShowAs, &m.Private, &m.Held, &m.Detail}
}

const selectMirrors = `SELECT ` + mirrorColumns + ` FROM mirrors WHERE provider = ? AND label = ? ORDER BY id`

func scanMirror(rows *sql.Rows) (m reconcile.Mirror, err error) {
	var text string
	if err := rows.Scan(mirrorInto(&m, &text)...); err != nil {
		return m, err
	}
	m.When, err = readSpan(text)
	return m, err
}

func readSpan(text string) (calendar.When, error) {
	var span spanRecord
	if err := readDocument(text, &span); err != nil {
		return calendar.When{}, err
	}
	return span.when()
}

// mirrorRow is a pulled unavailability as it is stored.
type mirrorRow struct {
	// shown is what the platform sees of it: a change of anything else is not told.
	shown struct {
		description, span, showAs string
		private                   bool
	}
	held bool
	// changed is the position of its last change in the feed.
	changed int64
}

func mirrorRows(ctx context.Context, tx *sql.Tx, id platform.TrainerID) (map[string]mirrorRow, error) {
	known := map[string]mirrorRow{}
	_, err := collect(ctx, tx, func(rows *sql.Rows) (mirror string, err error) {
		var r mirrorRow
		err = rows.Scan(&mirror, &r.shown.description, &r.shown.span, &r.shown.showAs, &r.shown.private, &r.held, &r.changed)
		known[mirror] = r
		return mirror, err
	}, `SELECT id, description, span, show_as, private, held, changed FROM mirrors WHERE provider = ? AND label = ?`, id.Provider, id.Label)
	return known, err
}

// mirrorChange is what a result changes in a trainer's pulled unavailability.
type mirrorChange struct {
	trainer platform.TrainerID
	at      time.Time
	known   map[string]mirrorRow
	// put and rows are what is stored, in the order in which it came.
	put  []reconcile.Mirror
	rows []mirrorRow
	drop []string
	// entries are what the feed is told; at which of them a row's change is, by its id.
	entries []feedEntry
	told    map[string]int
}

// changeMirrors puts and drops pulled unavailability, and tells of what changed by that in
// the feed, and of held removals that were not known. What is put and dropped is dropped.
func changeMirrors(ctx context.Context, tx *sql.Tx, at time.Time, r store.Result) error {
	if len(r.PutMirrors) == 0 && len(r.DropMirrors) == 0 {
		return nil
	}
	known, err := mirrorRows(ctx, tx, r.ID)
	if err != nil {
		return err
	}
	c := mirrorChange{trainer: r.ID, at: at, known: known, told: map[string]int{}}
	before := countHeld(known)
	c.dropAll(r.DropMirrors)
	if err := c.putAll(r.PutMirrors, r.DropMirrors); err != nil {
		return err
	}
	if err := c.store(ctx, tx); err != nil {
		return err
	}
	if after := countHeld(known); after > before {
		return tellEvent(ctx, tx, store.Event{At: at, Type: store.EventRemovalsHeld, Trainer: r.ID, Data: store.EventData{Held: after}})
	}
	return nil
}

func countHeld(rows map[string]mirrorRow) int {
	n := 0
	for _, r := range rows {
		if r.held {
			n++
		}
	}
	return n
}

// dropAll notes the end of what is there.
func (c *mirrorChange) dropAll(ids []string) {
	for _, id := range ids {
		if _, there := c.known[id]; there {
			c.drop = append(c.drop, id)
			c.entries = append(c.entries, feedEntry{id, store.FeedRemove})
			delete(c.known, id)
		}
	}
}

// putAll notes what is to be stored; of two of the same id the last one counts.
func (c *mirrorChange) putAll(mirrors []reconcile.Mirror, dropped []string) error {
	last := map[string]int{}
	for i, m := range mirrors {
		last[m.ID] = i
	}
	for _, id := range dropped {
		delete(last, id)
	}
	for i, m := range mirrors {
		if at, stays := last[m.ID]; !stays || at != i {
			continue
		}
		if err := c.putOne(m); err != nil {
			return err
		}
	}
	return nil
}

func (c *mirrorChange) putOne(m reconcile.Mirror) error {
	span, err := recordSpan(m.When)
	if err != nil {
		return err
	}
	if m.Private {
		m.Description = reconcile.Unavailable // pull-3, whatever came before
	}
	row := mirrorRow{held: m.Held}
	row.shown.description, row.shown.showAs, row.shown.private = m.Description, string(m.ShowAs), m.Private
	if row.shown.span, err = document(span); err != nil {
		return err
	}
	old, there := c.known[m.ID]
	row.changed = old.changed
	switch {
	case !there:
		c.tell(m.ID, store.FeedCreate)
	case old.shown != row.shown:
		c.tell(m.ID, store.FeedUpdate)
	}
	c.known[m.ID] = row
	c.put, c.rows = append(c.put, m), append(c.rows, row)
	return nil
}

func (c *mirrorChange) tell(id string, op store.FeedOp) {
	c.told[id] = len(c.entries)
	c.entries = append(c.entries, feedEntry{id, op})
}

// store writes what was noted.
func (c *mirrorChange) store(ctx context.Context, tx *sql.Tx) error {
	first, err := tellFeed(ctx, tx, c.at, c.trainer, c.entries)
	if err != nil {
		return err
	}
	if err := dropKeys(ctx, tx, `DELETE FROM mirrors WHERE provider = ? AND label = ? AND id = ?`, c.trainer, c.drop); err != nil {
		return err
	}
	rows := make([][]any, len(c.put))
	for i, m := range c.put {
		row := c.rows[i]
		if n, told := c.told[m.ID]; told {
			row.changed = first + int64(n) + 1
		}
		rows[i] = []any{
			c.trainer.Provider, c.trainer.Label, m.ID, string(m.ItemID), string(m.SeriesID), m.Version, m.Description,
			row.shown.span, string(m.ShowAs), m.Private, m.Held, m.Detail, row.changed,
		}
	}
	return insert(ctx, tx, `INSERT INTO mirrors (provider, label, id, item_id, series_id, version, description, span, show_as, private, held, detail, changed)`,
		`ON CONFLICT DO UPDATE SET item_id = excluded.item_id, series_id = excluded.series_id, version = excluded.version,
			description = excluded.description, span = excluded.span, show_as = excluded.show_as, private = excluded.private,
			held = excluded.held, detail = excluded.detail, changed = excluded.changed`, rows)
}
