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
	return collect(ctx, tx, scanCourse, selectCourse+` WHERE provider = ? ORDER BY start, id`, provider)
}

const selectCourse = `SELECT revision, etag, document FROM courses`

func scanCourse(rows *sql.Rows) (c store.CourseRecord, err error) {
	var (
		text string
		etag int64
	)
	if err := rows.Scan(&c.Revision, &etag, &text); err != nil {
		return c, err
	}
	c.ETag = etagOf(etag)
	return c, readDocument(text, &c.Course)
}

// Course returns a course, or store.ErrNotFound.
func (s *Store) Course(ctx context.Context, provider, id string) (store.CourseRecord, error) {
	return only(ctx, s, scanCourse, selectCourse+` WHERE provider = ? AND id = ?`, provider, id)
}

// CoursesAfter returns courses of the provider by id, those after an id.
func (s *Store) CoursesAfter(ctx context.Context, provider, after string, limit int) ([]store.CourseRecord, error) {
	return list(ctx, s, scanCourse, selectCourse+` WHERE provider = ? AND id > ? ORDER BY id LIMIT ?`, provider, after, limit)
}

// UnavailabilityOf returns an unavailability made on the platform, or store.ErrNotFound.
func (s *Store) UnavailabilityOf(ctx context.Context, provider, id string) (store.UnavailabilityRecord, error) {
	return only(ctx, s, scanUnavailability, selectUnavailability+` WHERE provider = ? AND id = ?`, provider, id)
}

// UnavailabilityAfter returns what the platform made of the provider by id, after an id.
func (s *Store) UnavailabilityAfter(ctx context.Context, provider, after string, limit int) ([]store.UnavailabilityRecord, error) {
	return list(ctx, s, scanUnavailability, selectUnavailability+` WHERE provider = ? AND id > ? ORDER BY id LIMIT ?`, provider, after, limit)
}

// list reads all rows of a query in a transaction of its own.
func list[T any](ctx context.Context, s *Store, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	var all []T
	err := s.look(ctx, func(tx *sql.Tx) (err error) {
		all, err = collect(ctx, tx, scan, query, args...)
		return err
	})
	return all, err
}

// only reads the one row of a query; store.ErrNotFound where there is none.
func only[T any](ctx context.Context, s *Store, scan func(*sql.Rows) (T, error), query string, args ...any) (one T, err error) {
	all, err := list(ctx, s, scan, query, args...)
	switch {
	case err != nil:
		return one, err
	case len(all) == 0:
		return one, store.ErrNotFound
	}
	return all[0], nil
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

const selectUnavailability = `SELECT provider, label, id, revision, etag, document FROM unavailability`

func scanUnavailability(rows *sql.Rows) (u store.UnavailabilityRecord, err error) {
	var (
		text string
		etag int64
	)
	if err := rows.Scan(&u.Trainer.Provider, &u.Trainer.Label, &u.ID, &u.Revision, &etag, &text); err != nil {
		return u, err
	}
	u.ETag = etagOf(etag)
	var doc unavailabilityRecord
	if err := readDocument(text, &doc); err != nil {
		return u, err
	}
	u.Description, u.Wall, u.Version, u.Origin = doc.Description, doc.Wall, doc.Version, platform.OriginPlatform
	u.When, err = doc.When.when()
	return u, err
}
