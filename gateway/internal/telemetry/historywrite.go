package telemetry

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// add stores spans of one origin in one transaction. A span that is stored already
// stays as it is; but the gateway's own word on its spans goes before a plugin's.
func (h *History) add(ctx context.Context, spans []Span, from origin) error {
	if len(spans) == 0 {
		return nil
	}
	tx, err := h.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store spans: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // does nothing after Commit
	insert, err := tx.PrepareContext(ctx, insertSpan)
	if err != nil {
		return fmt.Errorf("store spans: %w", err)
	}
	defer insert.Close() //nolint:errcheck // closed with the transaction
	traces := map[string]int{}
	for _, s := range spans {
		if err := insertOne(ctx, insert, s, from); err != nil {
			return err
		}
		traces[s.TraceID]++
	}
	for id, n := range traces {
		_, err := tx.ExecContext(ctx, `INSERT INTO traces VALUES (?,?,?)
			ON CONFLICT DO UPDATE SET seen_ns = excluded.seen_ns, spans = spans + excluded.spans`, id, h.now().UnixNano(), n)
		if err != nil {
			return fmt.Errorf("store a trace: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("store spans: %w", err)
	}
	return h.limit(ctx)
}

func insertOne(ctx context.Context, insert *sql.Stmt, s Span, from origin) error {
	attributes, err := json.Marshal(s.Attributes)
	if err != nil {
		return fmt.Errorf("store the attributes of a span: %w", err)
	}
	events, err := json.Marshal(s.Events)
	if err != nil {
		return fmt.Errorf("store the events of a span: %w", err)
	}
	_, err = insert.ExecContext(ctx, s.TraceID, s.SpanID, s.ParentID, s.Service, s.Name, s.Kind,
		s.Start.UnixNano(), s.End.UnixNano(), s.Failed, s.Status, string(attributes), strings.Join(s.Links, " "),
		string(events), from == fromHost)
	if err != nil {
		return fmt.Errorf("store a span: %w", err)
	}
	return nil
}

// Prune deletes the traces of which nothing was received since t, and returns how
// many spans went.
func (h *History) Prune(ctx context.Context, before time.Time) (int, error) {
	return h.drop(ctx, `SELECT trace_id FROM traces WHERE seen_ns < ?`, before.UnixNano())
}

// drop deletes the traces that a query selects.
func (h *History) drop(ctx context.Context, query string, args ...any) (int, error) {
	tx, err := h.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("prune the trace history: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // does nothing after Commit
	result, err := tx.ExecContext(ctx, `DELETE FROM spans WHERE trace_id IN (`+query+`)`, args...)
	if err != nil {
		return 0, fmt.Errorf("prune the trace history: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("prune the trace history: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM traces WHERE trace_id IN (`+query+`)`, args...); err != nil {
		return 0, fmt.Errorf("prune the trace history: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("prune the trace history: %w", err)
	}
	return int(n), nil
}

// limit deletes the traces received first while the history is larger than it may be.
// The trace received last stays, whatever its size: what a plugin can add to one is
// bounded elsewhere.
func (h *History) limit(ctx context.Context) error {
	for {
		size, err := h.size(ctx)
		if err != nil || size <= h.max {
			return err
		}
		n, err := h.drop(ctx, `SELECT trace_id FROM traces WHERE seen_ns < (SELECT max(seen_ns) FROM traces)
			ORDER BY seen_ns LIMIT max(1, (SELECT count(*) FROM traces) / 10)`)
		if err != nil || n == 0 {
			return err
		}
	}
}

// size is how many bytes of the file are in use.
func (h *History) size(ctx context.Context) (int64, error) {
	var bytes int64
	err := h.db.QueryRowContext(ctx, `SELECT (p.page_count - f.freelist_count) * s.page_size
		FROM pragma_page_count() p, pragma_freelist_count() f, pragma_page_size() s`).Scan(&bytes)
	if err != nil {
		return 0, fmt.Errorf("measure the trace history: %w", err)
	}
	return bytes, nil
}
