package telemetry

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// forget-1: a trainer's spans go from the file, and nobody else's.
func TestForget(t *testing.T) {
	path := filepath.Join(t.TempDir(), "traces.db")
	if _, err := Forget(t.Context(), path, "northwind/ana"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a history: %v", err)
	}
	h, err := OpenHistory(t.Context(), path, DefaultHistoryBytes, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	of := func(id, trainer string) Span {
		return Span{TraceID: "t", SpanID: id, Name: SpanTrainer, Start: at, End: at, Attributes: map[string]any{string(Trainer): trainer}}
	}
	if err := h.add(t.Context(), []Span{of("1", "northwind/ana"), of("2", "northwind/ben"), of("3", "northwind/ana")}, fromHost); err != nil {
		t.Fatal(err)
	}
	if n, err := Forget(t.Context(), path, "northwind/ana"); n != 2 || err != nil {
		t.Errorf("forgot %d spans, %v", n, err)
	}
	left, err := h.Trace(t.Context(), "t")
	if err != nil || len(left) != 1 || left[0].SpanID != "2" {
		t.Errorf("left are %v, %v", left, err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{path, path + "-wal"} {
		if data, err := os.ReadFile(file); err == nil && bytes.Contains(data, []byte("northwind/ana")) {
			t.Errorf("%s holds the name still", filepath.Base(file))
		}
	}
}

// forget-1: while somebody reads the history, the log of changes beside it keeps what was
// deleted. That is said, and forgetting again empties it.
func TestForgetWhileRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "traces.db")
	h, err := OpenHistory(t.Context(), path, DefaultHistoryBytes, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	span := Span{TraceID: "t", SpanID: "1", Name: SpanTrainer, Start: noon, End: noon, Attributes: map[string]any{string(Trainer): "northwind/ana"}}
	if err := h.add(t.Context(), []Span{span}, fromHost); err != nil {
		t.Fatal(err)
	}
	reader := beginReading(t, h)
	if _, err := Forget(t.Context(), path, "northwind/ana"); err == nil {
		t.Error("the log could be emptied under a reader")
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	if _, err := Forget(t.Context(), path, "northwind/ana"); err != nil {
		t.Error(err)
	}
	if log, err := os.ReadFile(path + "-wal"); err == nil && len(log) > 0 {
		t.Errorf("the log has %d bytes still", len(log))
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
}

// beginReading looks at the history as it is now, and goes on looking at that.
func beginReading(t *testing.T, h *History) *sql.Tx {
	t.Helper()
	tx, err := h.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := tx.QueryRowContext(t.Context(), `SELECT count(*) FROM spans`).Scan(&n); err != nil || n == 0 {
		t.Fatalf("%d spans, %v", n, err)
	}
	return tx
}
