package telemetry

import (
	"bytes"
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
