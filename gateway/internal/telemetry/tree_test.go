package telemetry

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Whatever parents a trace names, also missing ones and rings, each span is in the
// tree once.
func TestTreeHasEverySpanOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(1, 12).Draw(t, "spans")
		spans := make([]Span, count)
		for i := range spans {
			parent := ""
			if p := rapid.IntRange(-1, count+1).Draw(t, "parent"); p >= 0 {
				parent = fmt.Sprint(p)
			}
			spans[i] = span("t", fmt.Sprint(i), parent, "s", rapid.IntRange(0, 5).Draw(t, "start"), 9)
		}
		seen := map[string]int{}
		walk(Tree(spans), func(n *Node) { seen[n.SpanID]++ })
		for _, s := range spans {
			if seen[s.SpanID] != 1 {
				t.Errorf("span %s is in the tree %d times", s.SpanID, seen[s.SpanID])
			}
		}
		if len(seen) != count {
			t.Errorf("%d spans in the tree, want %d", len(seen), count)
		}
	})
}

// sample is a run over two accounts, one of which died on the way.
func sample() []Span {
	spans := []Span{
		span("t", "1", "", SpanRun, 0, 4200),
		span("t", "2", "1", SpanBatch, 1, 2100),
		span("t", "3", "2", "plugin Read", 3, 900),
		span("t", "4", "3", "trainercal.calendar.v1.Calendar/Read", 4, 899),
		span("t", "5", "4", "trainercal.calendar.v1.Calendar/Read", 5, 890),
		span("t", "6", "5", "graph delta", 10, 400),
		span("t", "7", "5", "graph delta", 410, 880),
		span("t", "8", "2", "plugin Write", 900, 2000),
		span("t", "9", "2", SpanTrainer, 3, 2050),
		span("t", "a", "1", SpanBatch, 2, 4100),
		span("t", "b", "gone", "ews FindItem", 300, 301),
	}
	for i, attributes := range []map[string]any{
		{string(RunCause): "sync", string(PushCreated): 3, string(PullCreated): 2},
		{string(Account): "northwind/exchange-online"},
		{string(MailboxCount): 12},
		{},
		{},
		{"http.response.status_code": 200},
		{"http.response.status_code": 429},
		{string(MailboxCount): 2},
		{string(Trainer): "northwind/ana", string(PushCreated): 3, string(PushUpdated): 1, string(PullCreated): 2, string(PullRemoved): 1},
		{string(Account): "contoso/exchange-onprem", string(ErrorCode): "credentials_refused"},
		{},
	} {
		spans[i].Attributes = attributes
	}
	for _, i := range []int{4, 5, 6, 10} {
		spans[i].Service = "gateway-plugin-exchange-online"
	}
	spans[6].Failed, spans[6].Status, spans[9].Failed = true, "429", true
	spans[8].Links = []string{"3", "8"}
	return spans
}

func TestWaterfall(t *testing.T) {
	for _, width := range []int{80, 140} {
		var out strings.Builder
		if err := Waterfall(&out, Tree(sample()), width); err != nil {
			t.Fatal(err)
		}
		golden(t, fmt.Sprintf("waterfall-%d.txt", width), out.String())
		for _, line := range strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n") {
			if n := utf8.RuneCountInString(line); n > width {
				t.Errorf("a line of %d characters on a terminal of %d: %s", n, width, line)
			}
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got); -update rewrites it:\n%s", name, diff)
	}
}

// The picture of a trace is well-formed XML with a bar for every span, whatever the
// spans' names are.
func TestSVG(t *testing.T) {
	hostile := span("t", "b", "a", `</svg><script>&"`, 1, 5)
	hostile.Events = []SpanEvent{{Name: EventRetry, Attributes: map[string]any{string(Reason): "throttled"}}}
	roots := Tree([]Span{span("t", "a", "", SpanRun, 0, 10), hostile, span("t", "c", "b", "graph delta", 2, 2)})
	var out strings.Builder
	if err := SVG(&out, `run <1>`, roots); err != nil {
		t.Fatal(err)
	}
	bars := 0
	for d := xml.NewDecoder(strings.NewReader(out.String())); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e, isStart := token.(xml.StartElement); {
		case !isStart:
		case e.Name.Local == "rect":
			bars++
		case e.Name.Local == "script":
			t.Error("a name became an element")
		}
	}
	if bars != 1+3 {
		t.Errorf("%d rectangles, want the ground and 3 bars", bars)
	}
	if !strings.Contains(out.String(), "!retry throttled") {
		t.Error("an event is not told")
	}
}
