package host

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
)

func TestLineLimit(t *testing.T) {
	now := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	l := lineLimit{now: func() time.Time { return now }}
	passed := 0
	for range 3 * linesPerSpan {
		if pass, _ := l.take(); pass {
			passed++
		}
	}
	if passed != linesPerSpan {
		t.Errorf("%d lines passed, want %d", passed, linesPerSpan)
	}
	now = now.Add(linesSpan)
	if pass, dropped := l.take(); !pass || dropped != 2*linesPerSpan {
		t.Errorf("in the next span: passes %v, %d dropped before, want true and %d", pass, dropped, 2*linesPerSpan)
	}
	if left := l.left(); left != 0 {
		t.Errorf("%d dropped lines are told twice", left)
	}
}

// A plugin that floods its standard error fills neither the log nor the memory.
func TestFloodOfLines(t *testing.T) {
	var log bytes.Buffer
	p := logged(&log)
	for range 100 * linesPerSpan {
		p.loggedLine([]byte("flood"))
	}
	p.reportDropped(p.limit.left())
	// A slow machine may see several spans go by.
	if lines := strings.Count(log.String(), "\n"); lines > 50*linesPerSpan {
		t.Errorf("%d lines reached the log", lines)
	}
}

func logged(log *bytes.Buffer) *Process {
	o := Options{Command: "fake", Logger: hclog.New(&hclog.LoggerOptions{Output: log, Level: hclog.Trace, DisableTime: true})}
	return &Process{opts: o, limit: lineLimit{now: time.Now}}
}

// pull-3: what is printed once accounts are open may be a person's, a panic's value
// above all. A stack's frames stay, for they say where.
func TestUnstructuredOutput(t *testing.T) {
	lines := []string{
		"panic: Biopsy results", "\tBiopsy [recovered]", "Biopsy(results)", "goroutine 7 [running]:",
		"main.(*backend).Read(0xc000012345, {0x1, 0x2})", "\t/src/backend.go:12 +0x1d", "fatal error: all goroutines are asleep - deadlock!",
	}
	var before, after bytes.Buffer
	p := logged(&before)
	p.loggedLine([]byte("error while loading shared libraries"))
	if !strings.Contains(before.String(), "shared libraries") {
		t.Errorf("why a plugin does not start is left out: %s", before.String())
	}
	p = logged(&after)
	p.informed.Store(true)
	for _, line := range lines {
		p.loggedLine([]byte(line))
		p.printedLine([]byte(line))
	}
	if strings.Contains(after.String(), "Biopsy") {
		t.Errorf("free text reached the log:\n%s", after.String())
	}
	for _, line := range lines[3:] {
		if got := strings.Count(after.String(), strings.TrimSpace(line)); got != 2 {
			t.Errorf("%q is %d times in the log, want 2:\n%s", line, got, after.String())
		}
	}
}

func TestShown(t *testing.T) {
	for message, want := range map[string]string{
		"read 3 mailboxes":                      "read 3 mailboxes",
		"mailbox ana@northwind.example is gone": "mailbox (address) is gone",
		"m\n2026-11-01T09:00:00Z [INFO] forged": "m\n    | 2026-11-01T09:00:00Z [INFO] forged",
		"\t/mod/grpc@v1.2.3/server.go:5":        "\t/mod/grpc@v1.2.3/server.go:5",
	} {
		if diff := cmp.Diff(want, shown(message)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", message, diff)
		}
	}
}
