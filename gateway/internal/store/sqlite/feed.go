package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// feedPoll is how often those who wait look for what other processes stored.
const feedPoll = time.Second

// feedEntry is a change that is about to be told.
type feedEntry struct {
	id string
	op store.FeedOp
}

// tellFeed writes changes of a trainer's pulled unavailability and returns the position
// before the first of them.
func tellFeed(ctx context.Context, tx *sql.Tx, at time.Time, trainer platform.TrainerID, entries []feedEntry) (int64, error) {
	if len(entries) == 0 {
		return 0, nil
	}
	var newest int64
	err := tx.QueryRowContext(ctx, `UPDATE feed_state SET newest = newest + ? RETURNING newest`, len(entries)).Scan(&newest)
	if err != nil {
		return 0, fmt.Errorf("give out positions of the feed: %w", err)
	}
	first := newest - int64(len(entries))
	rows := make([][]any, len(entries))
	for i, e := range entries {
		rows[i] = []any{first + int64(i) + 1, nanos(at), trainer.Provider, trainer.Label, e.id, string(e.op)}
	}
	return first, insert(ctx, tx, `INSERT INTO feed (position, at, provider, label, id, op)`, ``, rows)
}

// bounds are the last position that is no longer kept, and the newest.
func bounds(ctx context.Context, tx *sql.Tx) (pruned, newest int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT pruned, newest FROM feed_state`).Scan(&pruned, &newest)
	if err != nil {
		err = fmt.Errorf("read where the feed is: %w", err)
	}
	return pruned, newest, err
}

// inFeed refuses a position after which not everything is kept: it is too old, or of a
// state that was newer than this one.
func inFeed(after, pruned, newest int64) error {
	if after < pruned || after > newest {
		return fmt.Errorf("position %d of the feed: %w", after, store.ErrGone)
	}
	return nil
}

// FeedPosition is the newest position.
func (s *Store) FeedPosition(ctx context.Context) (int64, error) {
	var newest int64
	err := s.look(ctx, func(tx *sql.Tx) (err error) {
		_, newest, err = bounds(ctx, tx)
		return err
	})
	return newest, err
}

// FeedPositionOf is the newest position of a change of the providers, nil for all.
func (s *Store) FeedPositionOf(ctx context.Context, after int64, providers []string) (int64, error) {
	if providers == nil {
		return s.FeedPosition(ctx)
	}
	var newest sql.NullInt64
	err := s.look(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT max(position) FROM feed WHERE position > ?`+ofProviders, after, listOf(providers)).Scan(&newest)
	})
	if err != nil {
		return 0, fmt.Errorf("read where the feed is: %w", err)
	}
	return max(after, newest.Int64), nil
}

// ofProviders picks rows by a list that [listOf] made.
const ofProviders = ` AND (?2 IS NULL OR provider IN (SELECT value FROM json_each(?2)))`

// listOf is a list as a parameter; nil is NULL.
func listOf[T ~string](list []T) any {
	if list == nil {
		return nil
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings can always be written
	}
	return string(text)
}

const selectChanges = `SELECT f.position, f.at, f.provider, f.label, f.id, f.op, m.id IS NOT NULL,
		coalesce(m.item_id, ''), coalesce(m.series_id, ''), coalesce(m.version, ''), coalesce(m.description, ''),
		coalesce(m.span, ''), coalesce(m.show_as, ''), coalesce(m.private, 0), coalesce(m.held, 0), coalesce(m.detail, '')
	FROM (SELECT * FROM feed WHERE position > ?1` + ofProviders + ` ORDER BY position LIMIT ?3) f
	LEFT JOIN mirrors m USING (provider, label, id) ORDER BY f.position`

// Changes returns changes after a position.
func (s *Store) Changes(ctx context.Context, after int64, limit int, providers []string) (store.FeedPage, error) {
	var page store.FeedPage
	err := s.look(ctx, func(tx *sql.Tx) error {
		pruned, newest, err := bounds(ctx, tx)
		if err != nil {
			return err
		}
		if err := inFeed(after, pruned, newest); err != nil {
			return err
		}
		page.Changes, err = collect(ctx, tx, scanChange, selectChanges, after, listOf(providers), limit)
		page.Next, page.Newest = newest, newest
		if n := len(page.Changes); n > 0 && n == limit {
			page.Next = page.Changes[n-1].Position
		}
		return err
	})
	if err != nil {
		return store.FeedPage{}, err
	}
	return page, nil
}

func scanChange(rows *sql.Rows) (c store.FeedChange, err error) {
	var (
		at    sql.NullInt64
		there bool
		text  string
		m     reconcile.Mirror
	)
	err = rows.Scan(&c.Position, &at, &c.Trainer.Provider, &c.Trainer.Label, &c.ID, &c.Op, &there,
		&m.ItemID, &m.SeriesID, &m.Version, &m.Description, &text, &m.ShowAs, &m.Private, &m.Held, &m.Detail)
	if err != nil {
		return c, err
	}
	c.At, c.Version = timeOf(at), c.Position
	if !there || c.Op == store.FeedRemove {
		return c, nil
	}
	m.ID, c.Mirror = c.ID, &m
	m.When, err = readSpan(text)
	return c, err
}

// AwaitChanges returns when there are changes after a position.
func (s *Store) AwaitChanges(ctx context.Context, after int64) error {
	_, err := s.await(ctx, func(tx *sql.Tx) (int64, bool, error) {
		pruned, newest, err := bounds(ctx, tx)
		if err != nil {
			return 0, false, err
		}
		return newest, newest > after, inFeed(after, pruned, newest)
	})
	return err
}

// await looks at a number again and again until look says that it is the one that is
// waited for: at once when this process stored something, and each [feedPoll].
func (s *Store) await(ctx context.Context, look func(*sql.Tx) (n int64, there bool, err error)) (int64, error) {
	for {
		moved := s.moved.wait()
		var (
			n     int64
			there bool
		)
		err := s.look(ctx, func(tx *sql.Tx) (err error) {
			n, there, err = look(tx)
			return err
		})
		if err != nil || there {
			return n, err
		}
		timer := time.NewTimer(feedPoll)
		select {
		case <-moved:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return n, ctx.Err()
		}
		timer.Stop()
	}
}

const selectFeedItem = `SELECT provider, label, changed, ` + mirrorColumns + ` FROM mirrors`

const selectSnapshot = selectFeedItem + ` WHERE (provider, label, id) > (?3, ?4, ?5)
	AND (?1 IS NULL OR provider IN (SELECT value FROM json_each(?1))) ORDER BY provider, label, id LIMIT ?2`

// FeedSnapshot returns what is pulled, and the position that the list is of.
func (s *Store) FeedSnapshot(ctx context.Context, providers []string, after store.FeedKey, limit int) ([]store.FeedItem, int64, error) {
	var (
		items  []store.FeedItem
		newest int64
	)
	err := s.look(ctx, func(tx *sql.Tx) (err error) {
		if _, newest, err = bounds(ctx, tx); err != nil {
			return err
		}
		items, err = collect(ctx, tx, scanFeedItem, selectSnapshot,
			listOf(providers), limit, after.Trainer.Provider, after.Trainer.Label, after.ID)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	return items, newest, nil
}

func scanFeedItem(rows *sql.Rows) (i store.FeedItem, err error) {
	var text string
	m := &i.Mirror
	into := append([]any{&i.Trainer.Provider, &i.Trainer.Label, &i.Version}, mirrorInto(m, &text)...)
	if err = rows.Scan(into...); err != nil {
		return i, err
	}
	i.ID = m.ID
	m.When, err = readSpan(text)
	return i, err
}

// PruneFeed deletes changes that are older than a time, the oldest first: what follows one
// that is kept is kept as well.
func (s *Store) PruneFeed(ctx context.Context, before time.Time) (int, error) {
	n := 0
	err := s.change(ctx, func(tx *sql.Tx) error {
		var last int64
		const find = `SELECT coalesce((SELECT min(position) FROM feed WHERE at >= ?), newest + 1) - 1 FROM feed_state`
		err := tx.QueryRowContext(ctx, find, nanos(before)).Scan(&last)
		if err != nil {
			return fmt.Errorf("find old changes: %w", err)
		}
		if _, err := erase(ctx, tx, `UPDATE feed_state SET pruned = max(pruned, ?)`, last); err != nil {
			return err
		}
		if n, err = erase(ctx, tx, `DELETE FROM feed WHERE position <= ?`, last); err != nil {
			return err
		}
		return pruneEpochs(ctx, tx, last)
	})
	return n, err
}

// forgetFeed takes a trainer's changes out of the feed, and tells that the trainer's
// unavailability is gone: only its ids (forget-1).
func forgetFeed(ctx context.Context, tx *sql.Tx, at time.Time, id platform.TrainerID) error {
	const told = `SELECT id FROM mirrors WHERE provider = ?1 AND label = ?2
		UNION SELECT id FROM feed WHERE provider = ?1 AND label = ?2 ORDER BY id`
	ids, err := collect(ctx, tx, func(rows *sql.Rows) (id string, err error) { return id, rows.Scan(&id) }, told, id.Provider, id.Label)
	if err != nil {
		return err
	}
	if _, err := erase(ctx, tx, `DELETE FROM feed WHERE provider = ? AND label = ?`, id.Provider, id.Label); err != nil {
		return err
	}
	entries := make([]feedEntry, len(ids))
	for i, gone := range ids {
		entries[i] = feedEntry{id: gone, op: store.FeedRemove}
	}
	_, err = tellFeed(ctx, tx, at, id, entries)
	return err
}
