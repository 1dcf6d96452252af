package sqlite

import (
	"context"
	"database/sql"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Webhooks returns how far the receivers were told, by name.
func (s *Store) Webhooks(ctx context.Context) (map[string]store.WebhookState, error) {
	all := map[string]store.WebhookState{}
	_, err := list(ctx, s, func(rows *sql.Rows) (w store.WebhookState, err error) {
		var (
			name    string
			trouble sql.NullString
		)
		if err := rows.Scan(&name, &w.Event, &w.Feed, &trouble); err != nil {
			return w, err
		}
		w.Trouble, err = readOptional[store.WebhookTrouble](trouble)
		all[name] = w
		return w, err
	}, `SELECT name, event, feed, trouble FROM webhooks`)
	return all, err
}

// KeepWebhooks makes what is kept that of these webhooks.
func (s *Store) KeepWebhooks(ctx context.Context, names []string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		event, err := newestEvent(ctx, tx)
		if err != nil {
			return err
		}
		_, feed, err := bounds(ctx, tx)
		if err != nil {
			return err
		}
		for _, name := range names {
			const known = `INSERT INTO webhooks (name, event, feed) VALUES (?, ?, ?)
				ON CONFLICT DO UPDATE SET trouble = CASE WHEN trouble ->> '$.disabled' THEN NULL ELSE trouble END,
					event = min(event, excluded.event), feed = min(feed, excluded.feed)` // the state may be an older one than it was
			if err := execEach(ctx, tx, known, [][]any{{name, event, feed}}); err != nil {
				return err
			}
		}
		_, err = erase(ctx, tx, `DELETE FROM webhooks WHERE name NOT IN (SELECT value FROM json_each(?))`, listOf(notNil(names)))
		return err
	})
}

// WebhookTold stores how far a webhook's receiver was told.
func (s *Store) WebhookTold(ctx context.Context, name string, told store.Told) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		_, err := erase(ctx, tx, `UPDATE webhooks SET event = max(event, ?), feed = max(feed, ?) WHERE name = ?`, told.Event, told.Feed, name)
		return err
	})
}

// WebhookTrouble stores what keeps a webhook's receiver from hearing more.
func (s *Store) WebhookTrouble(ctx context.Context, name string, trouble *store.WebhookTrouble) error {
	text, err := optional(trouble)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx *sql.Tx) error {
		_, err := erase(ctx, tx, `UPDATE webhooks SET trouble = ? WHERE name = ?`, text, name)
		return err
	})
}
