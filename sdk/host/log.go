package host

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"sync"

	"github.com/hashicorp/go-hclog"

	"github.com/trainercal/trainercal/sdk/internal/wire"
)

// maxLineBytes is the longest line that is looked at; the rest of it is dropped.
const maxLineBytes = 64 << 10

// readLines hands each line of r to take until r ends.
func readLines(r io.Reader, take func(line []byte)) {
	lines := bufio.NewReaderSize(r, maxLineBytes)
	for {
		line, isPrefix, err := lines.ReadLine()
		if err != nil {
			return // end of file, or the moment after the process's end is over
		}
		take(line)
		for isPrefix && err == nil {
			_, isPrefix, err = lines.ReadLine()
		}
	}
}

// lineWriter hands each line that is written to line.
type lineWriter struct {
	mu   sync.Mutex
	part []byte
	line func([]byte)
}

// Write implements [io.Writer].
func (w *lineWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for rest := b; len(rest) > 0; {
		head, tail, whole := bytes.Cut(rest, []byte("\n"))
		w.part = append(w.part, head[:min(len(head), maxLineBytes-len(w.part))]...)
		if whole {
			w.line(w.part)
			w.part = w.part[:0]
		}
		rest = tail
	}
	return len(b), nil
}

// entry is a line of a plugin's log, as far as it may reach ours.
type entry struct {
	level   hclog.Level
	message string
	fields  []any
	// plain: the line was no log entry.
	plain bool
}

// allowed are the fields that are let through. Their values are numbers, yes or no,
// or names; everything else a plugin says is free text and may hold anything.
var allowed = []string{
	"account", "attempt", "code", "count", "duration_ms", "host", "items", "mailboxes", "method", "operation",
	"request_id", "run", "service", "span_id", "status", "trace_id", "wait_ms",
}

// name is the form of a value that cannot be text or an address.
var name = regexp.MustCompile(`^[A-Za-z0-9_./:+-]{1,128}$`)

// parseLine reads a line in hclog's JSON form. A line in another form is an entry
// with its text as the message.
func parseLine(line []byte) entry {
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil || fields == nil {
		return entry{level: hclog.Warn, message: wire.Scrub(string(line)), plain: true}
	}
	text := func(key string) string { s, _ := fields[key].(string); return s }
	e := entry{level: hclog.LevelFromString(text("@level")), message: wire.Scrub(text("@message"))}
	if e.level == hclog.NoLevel || e.level == hclog.Off {
		e.level = hclog.Warn
	}
	if module := text("@module"); name.MatchString(module) {
		e.fields = append(e.fields, "module", module)
	}
	for _, key := range allowed {
		if value, ok := harmless(fields[key]); ok {
			e.fields = append(e.fields, key, value)
		}
	}
	return e
}

// harmless returns the value when it can hold no text.
func harmless(value any) (any, bool) {
	switch v := value.(type) {
	case bool:
		return v, true
	case json.Number:
		return v.String(), len(v) <= 32
	case string:
		return v, name.MatchString(v)
	}
	return nil, false
}

// reportEnd logs that the process ended by itself.
func (p *Process) reportEnd() {
	<-p.program.ended
	select {
	case <-p.killed:
		return
	default:
	}
	status := "exit status 0"
	if p.program.err != nil && !errors.Is(p.program.err, errStopped) {
		status = p.program.err.Error()
	}
	p.opts.Logger.Warn("a plugin ended by itself", "plugin", p.name(), "pid", p.program.ID(), "status", status)
}
