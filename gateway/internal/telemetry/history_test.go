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
	"github.com/google/go-cmp/cmp/cmpopts"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// span makes a span of trace id that ran from start to end milliseconds after noon.
func span(trace, id, parent, name string, start, end int) Span {
	at := func(ms int) time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }
	return Span{TraceID: trace, SpanID: id, ParentID: parent, Service: ServiceName, Name: name, Start: at(start), End: at(end)}
}

func open(t *testing.T, path string) *History {
	t.Helper()
	h, err := OpenHistory(t.Context(), path, DefaultHistoryBytes, func() time.Time { return noon })
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
	if err := h.add(t.Context(), []Span{want, span("t2", "a", "", SpanRun, 0, 10)}, fromHost); err != nil {
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
	if err := reader.add(t.Context(), []Span{want}, fromHost); err == nil {
		t.Error("a reader could write")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, error %v; want 0600", info.Mode(), err)
	}
}

// A trace is kept or pruned as a whole, by when something of it was last received.
func TestHistoryPrune(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "traces.db"))
	received := func(ms int, spans ...Span) {
		t.Helper()
		h.now = func() time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }
		if err := h.add(t.Context(), spans, fromHost); err != nil {
			t.Fatal(err)
		}
	}
	received(10, span("old", "a", "", SpanRun, 0, 10), span("old", "b", "a", SpanBatch, 1, 9))
	received(10, span("across", "a", "", SpanRun, 0, 200))
	received(160, span("across", "b", "a", SpanBatch, 150, 160))
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

// The history stays below its size: the traces received first go, whatever times their
// spans claim.
func TestHistoryIsBoundedBySize(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "traces.db"))
	empty, err := h.size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.max = empty + 200_000
	const traces, spans = 60, 50
	for i := range traces {
		h.now = func() time.Time { return noon.Add(time.Duration(i) * time.Second) }
		var trace []Span
		for j := range spans {
			// The later the trace, the older it says it is.
			trace = append(trace, span(fmt.Sprintf("trace %02d", i), fmt.Sprintf("span %02d", j), "", SpanRun, -i*1000, -i*1000+1))
		}
		if err := h.add(t.Context(), trace, fromPlugin); err != nil {
			t.Fatal(err)
		}
		if size, err := h.size(t.Context()); err != nil || size > h.max {
			t.Fatalf("%d bytes, error %v; want at most %d", size, err, h.max)
		}
	}
	if got, err := h.Trace(t.Context(), fmt.Sprintf("trace %02d", traces-1)); err != nil || len(got) != spans {
		t.Errorf("the last trace has %d spans, error %v; want %d", len(got), err, spans)
	}
	if _, err := h.Trace(t.Context(), "trace 00"); !errors.Is(err, ErrNoTrace) {
		t.Errorf("the first trace: %v; want that it went", err)
	}
}

// A plugin that uses the id of another span changes nothing: neither of one that is
// stored, nor of the gateway's own that is still running when the plugin sends.
func TestPluginCannotReplaceSpans(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "traces.db"))
	forged := span("t", "call", "", "forged", 0, 1)
	forged.Service, forged.Attributes = "gateway-plugin-hostile", map[string]any{"x": true}
	own := span("t", "call", "batch", SpanCall+" Read", 0, 9)
	batch := span("t", "batch", "", SpanBatch, 0, 10)
	other := span("t", "other", "call", "graph delta", 1, 2)
	for _, step := range []struct {
		spans []Span
		from  origin
	}{
		{[]Span{forged, other}, fromPlugin},
		{[]Span{own, batch}, fromHost},
		{[]Span{forged, {TraceID: "t", SpanID: "batch", Name: "forged"}, {TraceID: "t", SpanID: "other", Name: "forged"}}, fromPlugin},
	} {
		if err := h.add(t.Context(), step.spans, step.from); err != nil {
			t.Fatal(err)
		}
	}
	got, err := h.Trace(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Span{batch, own, other}, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHistoryOfAnotherVersionIsThrownAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "traces.db")
	h := open(t, path)
	if _, err := h.db.Exec("DROP TABLE spans; CREATE TABLE spans (x); PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	h.Close()
	if err := open(t, path).add(t.Context(), []Span{span("t", "a", "", SpanRun, 0, 1)}, fromHost); err != nil {
		t.Error(err)
	}
}

func TestHistoryMissing(t *testing.T) {
	if _, err := OpenHistoryReadOnly(filepath.Join(t.TempDir(), "none.db")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that the file does not exist", err)
	}
}
