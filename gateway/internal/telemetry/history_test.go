package telemetry

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// span makes a span of trace id that ran from start to end milliseconds after noon.
func span(trace, id, parent, name string, start, end int) Span {
	at := func(ms int) time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }
	return Span{TraceID: trace, SpanID: id, ParentID: parent, Service: ServiceName, Name: name, Start: at(start), End: at(end)}
}

func open(t *testing.T, path string) *History {
	t.Helper()
	h, err := OpenHistory(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func TestHistoryKeepsSpans(t *testing.T) {
	path := filepath.Join(t.TempDir(), "traces ?#%.db")
	h := open(t, path)
	want := span("t1", "a", "", SpanRun, 0, 10)
	want.Failed, want.Status, want.Links = true, "partial", []string{"b", "c"}
	want.Attributes = map[string]any{"s": "x", "n": int64(1 << 60), "b": true}
	if err := h.add(t.Context(), []Span{want, span("t2", "a", "", SpanRun, 0, 10)}); err != nil {
		t.Fatal(err)
	}
	reader, err := OpenHistoryReadOnly(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	got, err := reader.Trace(t.Context(), "t1")
	if err != nil {
		t.Fatal(err)
	}
	want.Attributes["n"] = json.Number(fmt.Sprint(1 << 60))
	if diff := cmp.Diff([]Span{want}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := reader.Trace(t.Context(), "t3"); !errors.Is(err, ErrNoTrace) {
		t.Errorf("an unknown trace: %v", err)
	}
	if err := reader.add(t.Context(), []Span{want}); err == nil {
		t.Error("a reader could write")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, error %v; want 0600", info.Mode(), err)
	}
}

// A trace is kept or pruned as a whole.
func TestHistoryPrune(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "traces.db"))
	err := h.add(t.Context(), []Span{
		span("old", "a", "", SpanRun, 0, 10), span("old", "b", "a", SpanBatch, 1, 9),
		span("across", "a", "", SpanRun, 0, 200), span("across", "b", "a", SpanBatch, 150, 160),
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := h.Prune(t.Context(), noon.Add(100*time.Millisecond)); err != nil || n != 2 {
		t.Errorf("pruned %d spans, error %v; want 2", n, err)
	}
	if _, err := h.Trace(t.Context(), "old"); !errors.Is(err, ErrNoTrace) {
		t.Errorf("the old trace: %v", err)
	}
	if spans, err := h.Trace(t.Context(), "across"); err != nil || len(spans) != 2 {
		t.Errorf("the trace across the limit has %d spans, error %v", len(spans), err)
	}
}

func TestHistoryOfAnotherVersionIsThrownAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "traces.db")
	h := open(t, path)
	if _, err := h.db.Exec("DROP TABLE spans; CREATE TABLE spans (x); PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	h.Close()
	if err := open(t, path).add(t.Context(), []Span{span("t", "a", "", SpanRun, 0, 1)}); err != nil {
		t.Error(err)
	}
}

func TestHistoryMissing(t *testing.T) {
	if _, err := OpenHistoryReadOnly(filepath.Join(t.TempDir(), "none.db")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that the file does not exist", err)
	}
}
