package telemetry

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// ErrNoTrace: the history has no such trace.
var ErrNoTrace = errors.New("no such trace in the history")

// historyVersion is that of the history's tables. The history of another version is
// thrown away: it is only a convenience.
const historyVersion = 1

const historySchema = `
CREATE TABLE spans (
	trace_id TEXT NOT NULL, span_id TEXT NOT NULL, parent_id TEXT NOT NULL,
	service TEXT NOT NULL, name TEXT NOT NULL,
	start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL,
	failed INTEGER NOT NULL, status TEXT NOT NULL,
	attributes TEXT NOT NULL, links TEXT NOT NULL,
	PRIMARY KEY (trace_id, span_id)
) WITHOUT ROWID;
CREATE INDEX spans_by_start ON spans (start_ns);`

// History keeps the spans of recent traces in an SQLite file of its own. It is safe
// for concurrent use, also by several processes.
type History struct {
	db *sql.DB
}

// OpenHistory opens the history for writing, and makes it where it is missing. The
// file is readable by its owner only.
func OpenHistory(ctx context.Context, path string) (*History, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the trace history: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("open the trace history: %w", err)
	}
	h, err := openDatabase(path, "_pragma=journal_mode(wal)&_pragma=synchronous(off)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	if err := h.migrate(ctx); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// OpenHistoryReadOnly opens an existing history for reading. Where there is none the
// error matches [os.ErrNotExist].
func OpenHistoryReadOnly(path string) (*History, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open the trace history: %w", err)
	}
	return openDatabase(path, "mode=ro")
}

func openDatabase(path, options string) (*History, error) {
	address := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: options + "&_pragma=busy_timeout(5000)"}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return nil, fmt.Errorf("open the trace history: %w", err)
	}
	db.SetMaxOpenConns(1)
	return &History{db: db}, nil
}

func (h *History) migrate(ctx context.Context) error {
	var version int
	if err := h.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("read the version of the trace history: %w", err)
	}
	if version == historyVersion {
		return nil
	}
	statements := "DROP TABLE IF EXISTS spans;" + historySchema + fmt.Sprintf("PRAGMA user_version = %d;", historyVersion)
	if _, err := h.db.ExecContext(ctx, statements); err != nil {
		return fmt.Errorf("make the tables of the trace history: %w", err)
	}
	return nil
}

// Close releases the file. It is safe to call twice.
func (h *History) Close() error {
	if err := h.db.Close(); err != nil {
		return fmt.Errorf("close the trace history: %w", err)
	}
	return nil
}

// add stores spans in one transaction. A span that is stored already is replaced.
func (h *History) add(ctx context.Context, spans []Span) error {
	tx, err := h.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store spans: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // does nothing after Commit
	insert, err := tx.PrepareContext(ctx, `INSERT OR REPLACE INTO spans VALUES (?,?,?,?,?,?,?,?,?,?,?)`)
	if err != nil {
		return fmt.Errorf("store spans: %w", err)
	}
	defer insert.Close() //nolint:errcheck // closed with the transaction
	for _, s := range spans {
		attributes, err := json.Marshal(s.Attributes)
		if err != nil {
			return fmt.Errorf("store the attributes of a span: %w", err)
		}
		_, err = insert.ExecContext(ctx, s.TraceID, s.SpanID, s.ParentID, s.Service, s.Name,
			s.Start.UnixNano(), s.End.UnixNano(), s.Failed, s.Status, string(attributes), strings.Join(s.Links, " "))
		if err != nil {
			return fmt.Errorf("store a span: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("store spans: %w", err)
	}
	return nil
}

// Trace returns all spans of a trace by start, or [ErrNoTrace].
func (h *History) Trace(ctx context.Context, traceID string) ([]Span, error) {
	rows, err := h.db.QueryContext(ctx, `SELECT trace_id, span_id, parent_id, service, name, start_ns, end_ns,
		failed, status, attributes, links FROM spans WHERE trace_id = ? ORDER BY start_ns, span_id`, traceID)
	if err != nil {
		return nil, fmt.Errorf("read trace %s: %w", traceID, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var spans []Span
	for rows.Next() {
		span, err := scanSpan(rows)
		if err != nil {
			return nil, fmt.Errorf("read trace %s: %w", traceID, err)
		}
		spans = append(spans, span)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read trace %s: %w", traceID, err)
	}
	if len(spans) == 0 {
		return nil, ErrNoTrace
	}
	return spans, nil
}

func scanSpan(rows *sql.Rows) (Span, error) {
	var (
		s                 Span
		start, end        int64
		attributes, links string
	)
	err := rows.Scan(&s.TraceID, &s.SpanID, &s.ParentID, &s.Service, &s.Name, &start, &end,
		&s.Failed, &s.Status, &attributes, &links)
	if err != nil {
		return s, err
	}
	s.Start, s.End = time.Unix(0, start).UTC(), time.Unix(0, end).UTC()
	s.Links = strings.Fields(links)
	decoder := json.NewDecoder(strings.NewReader(attributes))
	decoder.UseNumber() // a count is not to become a floating-point number
	return s, decoder.Decode(&s.Attributes)
}

// Prune deletes the traces whose last span started before t and returns how many
// spans went.
func (h *History) Prune(ctx context.Context, before time.Time) (int, error) {
	result, err := h.db.ExecContext(ctx, `DELETE FROM spans WHERE trace_id IN (
		SELECT trace_id FROM spans GROUP BY trace_id HAVING max(start_ns) < ?)`, before.UnixNano())
	if err != nil {
		return 0, fmt.Errorf("prune the trace history: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("prune the trace history: %w", err)
	}
	return int(n), nil
}
