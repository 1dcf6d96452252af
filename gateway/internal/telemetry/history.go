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
const historyVersion = 2

const historySchema = `
CREATE TABLE spans (
	trace_id TEXT NOT NULL, span_id TEXT NOT NULL, parent_id TEXT NOT NULL,
	service TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
	start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL,
	failed INTEGER NOT NULL, status TEXT NOT NULL,
	attributes TEXT NOT NULL, links TEXT NOT NULL, events TEXT NOT NULL,
	from_host INTEGER NOT NULL,
	PRIMARY KEY (trace_id, span_id)
) WITHOUT ROWID;
CREATE TABLE traces (trace_id TEXT PRIMARY KEY, seen_ns INTEGER NOT NULL, spans INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX traces_by_seen ON traces (seen_ns);`

// insertSpan lets the gateway's own span take the place of a plugin's that uses its
// id, and never the other way round.
const insertSpan = `INSERT INTO spans VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET
	parent_id = excluded.parent_id, service = excluded.service, name = excluded.name, kind = excluded.kind,
	start_ns = excluded.start_ns, end_ns = excluded.end_ns, failed = excluded.failed, status = excluded.status,
	attributes = excluded.attributes, links = excluded.links, events = excluded.events, from_host = excluded.from_host
	WHERE excluded.from_host > spans.from_host`

// DefaultHistoryBytes is how large a history may get unless it is told otherwise.
const DefaultHistoryBytes = 512 << 20

// History keeps the spans of recent traces in an SQLite file of its own. It is safe
// for concurrent use, also by several processes.
type History struct {
	db *sql.DB
	// max bounds its size in bytes.
	max int64
	now func() time.Time
}

// OpenHistory opens the history for writing, and makes it where it is missing. The
// file is readable by its owner only, and holds at most maxBytes: the traces that
// were received first go first.
func OpenHistory(ctx context.Context, path string, maxBytes int64, now func() time.Time) (*History, error) {
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
	h.max, h.now = maxBytes, now
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
	statements := "DROP TABLE IF EXISTS spans; DROP TABLE IF EXISTS traces;" + historySchema + fmt.Sprintf("PRAGMA user_version = %d;", historyVersion)
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

// Trace returns all spans of a trace by start, or [ErrNoTrace].
func (h *History) Trace(ctx context.Context, traceID string) ([]Span, error) {
	rows, err := h.db.QueryContext(ctx, `SELECT trace_id, span_id, parent_id, service, name, kind, start_ns, end_ns,
		failed, status, attributes, links, events FROM spans WHERE trace_id = ? ORDER BY start_ns, span_id`, traceID)
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
		s                         Span
		start, end                int64
		attributes, links, events string
	)
	err := rows.Scan(&s.TraceID, &s.SpanID, &s.ParentID, &s.Service, &s.Name, &s.Kind, &start, &end,
		&s.Failed, &s.Status, &attributes, &links, &events)
	if err != nil {
		return s, err
	}
	s.Start, s.End = time.Unix(0, start).UTC(), time.Unix(0, end).UTC()
	s.Links = strings.Fields(links)
	return s, errors.Join(readJSON(attributes, &s.Attributes), readJSON(events, &s.Events))
}

// readJSON keeps numbers as they are written: a count is not to become a
// floating-point number.
func readJSON(text string, into any) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(into)
}
