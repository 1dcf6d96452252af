package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// selectStandings counts per trainer without reading more of a row than who fails and why.
const selectStandings = `SELECT t.provider, t.label, t.failing IS NOT NULL, coalesce(t.failing ->> '$.Code', ''),
		coalesce(t.failing ->> '$.Since', ''), t.proven, t.read, coalesce(h.n, 0), coalesce(c.n, 0)
	FROM trainers t
	LEFT JOIN (SELECT provider, label, count(*) n FROM mirrors WHERE held GROUP BY provider, label) h USING (provider, label)
	LEFT JOIN (SELECT provider, label, count(*) n FROM conflicts GROUP BY provider, label) c USING (provider, label)`

// Standings returns where every trainer stands of whom something is remembered.
func (s *Store) Standings(ctx context.Context) (map[platform.TrainerID]store.Standing, error) {
	all := map[platform.TrainerID]store.Standing{}
	err := s.look(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, selectStandings)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err tells
		for rows.Next() {
			var (
				id           platform.TrainerID
				one          store.Standing
				since        string
				proven, read sql.NullInt64
			)
			if err := rows.Scan(&id.Provider, &id.Label, &one.Failing, &one.FailingCode, &since, &proven, &read, &one.Held, &one.Conflicts); err != nil {
				return err
			}
			one.FailingSince, _ = time.Parse(time.RFC3339Nano, since) // nobody fails since the zero time
			one.Proven, one.Read = timeOf(proven), timeOf(read)
			all[id] = one
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read where the trainers stand: %w", err)
	}
	return all, nil
}
