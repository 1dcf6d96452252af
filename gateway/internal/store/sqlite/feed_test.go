package sqlite

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// What was pulled before there was a feed is in it from the start, and the versions that
// items have are those that the feed tells.
func TestFeedOfAnOlderState(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gateway.db")
	if err := create(path); err != nil {
		t.Fatal(err)
	}
	const before = 5 // the schema that had no feed
	db := connect(path, 1, "_txlock=immediate")
	err := within(t.Context(), db, func(tx *sql.Tx) error {
		if err := climb(t.Context(), tx, 0, steps()[:before]); err != nil {
			return err
		}
		_, err := tx.ExecContext(t.Context(), `INSERT INTO mirrors (provider, label, id, item_id, series_id, version, description, span, show_as, private)
			VALUES ('northwind', 'ana', 'b', 'i', '', '1', 'Dentist', '{"start":"2026-11-24T12:00:00Z","end":"2026-11-24T13:00:00Z"}', 'busy', 0),
				('northwind', 'ana', 'a', 'j', '', '1', 'Leave', '{"start":"2026-11-24T12:00:00Z","end":"2026-11-24T13:00:00Z"}', 'busy', 0);
			INSERT INTO courses VALUES ('northwind', '1', 0, 7, '{"provider": "northwind", "id": "1"}');
			UPDATE last_revision SET revision = 9`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	page, err := s.Changes(t.Context(), 0, 10, nil)
	if err != nil || len(page.Changes) != 2 || page.Newest != 2 {
		t.Fatalf("the feed is %+v, %v", page, err)
	}
	items, position, err := s.FeedSnapshot(t.Context(), nil, store.FeedKey{}, 10)
	if err != nil || len(items) != 2 || position != 2 {
		t.Fatalf("the snapshot is %+v at %d, %v", items, position, err)
	}
	for i, c := range page.Changes {
		if c.Op != store.FeedCreate || c.FeedKey != items[i].FeedKey || c.Version != items[i].Version || c.Mirror == nil || c.At.IsZero() {
			t.Errorf("change %+v of %+v", c, items[i])
		}
	}
	c, err := s.Course(t.Context(), "northwind", "1")
	if err != nil || c.ETag != etagOf(7) {
		t.Errorf("the course is %+v, %v", c, err)
	}
}
