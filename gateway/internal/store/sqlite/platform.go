package sqlite

import (
	"context"
	"database/sql"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Courses returns the provider's courses by start, then id.
func (s *Store) Courses(ctx context.Context, provider string) ([]store.CourseRecord, error) {
	var all []store.CourseRecord
	err := s.look(ctx, func(tx *sql.Tx) (err error) {
		all, err = courses(ctx, tx, provider)
		return err
	})
	return all, err
}

func courses(ctx context.Context, tx *sql.Tx, provider string) ([]store.CourseRecord, error) {
	return collect(ctx, tx, func(rows *sql.Rows) (c store.CourseRecord, err error) {
		var text string
		if err := rows.Scan(&c.Revision, &text); err != nil {
			return c, err
		}
		return c, readDocument(text, &c.Course)
	}, `SELECT revision, document FROM courses WHERE provider = ? ORDER BY start, id`, provider)
}

// Unavailability returns the trainer's unavailability made on the platform, by id.
func (s *Store) Unavailability(ctx context.Context, trainer platform.TrainerID) ([]store.UnavailabilityRecord, error) {
	var all []store.UnavailabilityRecord
	err := s.look(ctx, func(tx *sql.Tx) (err error) {
		all, err = collect(ctx, tx, scanUnavailability, selectUnavailability+
			` WHERE provider = ? AND label = ? ORDER BY id`, trainer.Provider, trainer.Label)
		return err
	})
	return all, err
}

const selectUnavailability = `SELECT provider, label, id, revision, document FROM unavailability`

func scanUnavailability(rows *sql.Rows) (u store.UnavailabilityRecord, err error) {
	var text string
	if err := rows.Scan(&u.Trainer.Provider, &u.Trainer.Label, &u.ID, &u.Revision, &text); err != nil {
		return u, err
	}
	var doc unavailabilityRecord
	if err := readDocument(text, &doc); err != nil {
		return u, err
	}
	u.Description, u.Version, u.Origin = doc.Description, doc.Version, platform.OriginPlatform
	u.When, err = doc.When.when()
	return u, err
}

// Import stores courses and unavailability in one transaction.
func (s *Store) Import(ctx context.Context, batch store.Batch) (store.ImportResult, error) {
	var i importer
	err := s.change(ctx, func(tx *sql.Tx) error {
		i = importer{tx: tx}
		return i.run(ctx, batch)
	})
	if err != nil {
		return store.ImportResult{}, err
	}
	return i.result, nil
}
