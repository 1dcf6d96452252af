package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// selectPulled looks the id up under each trainer of the provider, by the table's key.
const selectPulled = selectFeedItem + ` WHERE provider = ?1 AND label IN (SELECT label FROM trainers WHERE provider = ?1) AND id = ?2`

// PulledByID returns a pulled unavailability of a provider's by its stable id.
func (s *Store) PulledByID(ctx context.Context, provider, id string) (store.FeedItem, error) {
	var found []store.FeedItem
	err := s.look(ctx, func(tx *sql.Tx) (err error) {
		found, err = collect(ctx, tx, scanFeedItem, selectPulled, provider, id)
		return err
	})
	switch {
	case err != nil:
		return store.FeedItem{}, fmt.Errorf("read an unavailability: %w", err)
	case len(found) == 0:
		return store.FeedItem{}, store.ErrNotFound
	}
	return found[0], nil
}

const selectRunsBefore = selectRun + ` WHERE ?1 = '' OR started < (SELECT started FROM runs WHERE id = ?1)
	OR started = (SELECT started FROM runs WHERE id = ?1) AND id > ?1 ORDER BY started DESC, id LIMIT ?2`

// RunsBefore returns runs after one, the newest first.
func (s *Store) RunsBefore(ctx context.Context, id string, limit int) ([]store.Run, error) {
	return s.runs(ctx, selectRunsBefore, id, limit)
}
