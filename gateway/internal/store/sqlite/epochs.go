package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// maxEpochs is how many epochs are kept, whatever is left of the feed: a reader who is so
// many starts of the gateway behind begins anew.
const maxEpochs = 10_000

// beginEpoch begins the feed's epoch of this opening of the state.
func beginEpoch(ctx context.Context, tx *sql.Tx) error {
	id := strings.ToLower(rand.Text()[:12])
	if _, err := erase(ctx, tx, `INSERT INTO feed_epochs (id, first) SELECT ?, newest FROM feed_state`, id); err != nil {
		return err
	}
	_, err := erase(ctx, tx, `DELETE FROM feed_epochs WHERE seq <= (SELECT max(seq) FROM feed_epochs) - ?`, maxEpochs)
	return err
}

// pruneEpochs forgets epochs that ended before a position that is no longer kept.
func pruneEpochs(ctx context.Context, tx *sql.Tx, pruned int64) error {
	_, err := erase(ctx, tx, `DELETE FROM feed_epochs WHERE seq < (SELECT max(seq) FROM feed_epochs WHERE first < ?)`, pruned)
	return err
}

// FeedEpoch is the epoch in which positions are given out now.
func (s *Store) FeedEpoch(ctx context.Context) (string, error) {
	var id string
	err := s.look(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT id FROM feed_epochs ORDER BY seq DESC LIMIT 1`).Scan(&id)
	})
	if err != nil {
		return "", fmt.Errorf("read the feed's epoch: %w", err)
	}
	return id, nil
}

// InFeed answers store.ErrGone for a position that this state has not given out.
func (s *Store) InFeed(ctx context.Context, epoch string, position int64) error {
	const end = `SELECT coalesce((SELECT min(n.first) FROM feed_epochs n WHERE n.seq > e.seq), newest)
		FROM feed_epochs e, feed_state WHERE e.id = ?`
	var last int64
	err := s.look(ctx, func(tx *sql.Tx) error { return tx.QueryRowContext(ctx, end, epoch).Scan(&last) })
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && position > last:
		return fmt.Errorf("position %d of an epoch of another state: %w", position, store.ErrGone)
	case err != nil:
		return fmt.Errorf("look up a position of the feed: %w", err)
	}
	return nil
}
