package host

import (
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/trainercal/trainercal/sdk/internal/wire"
)

// A plugin may write linesPerSpan lines in linesSpan; further ones are dropped and
// counted. A line that reaches the log has at most 2 KiB.
const (
	linesPerSpan = 1000
	linesSpan    = 10 * time.Second
)

// lineLimit keeps a plugin that never stops writing from filling the host's log.
type lineLimit struct {
	now func() time.Time

	mu      sync.Mutex
	begun   time.Time
	lines   int
	dropped int
}

// take reports whether a line may pass, and how many were dropped in the span that a
// line that may pass is the first after.
func (l *lineLimit) take() (pass bool, dropped int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.now(); l.begun.IsZero() || now.Sub(l.begun) >= linesSpan {
		dropped = l.dropped
		l.begun, l.lines, l.dropped = now, 0, 0
	}
	if l.lines >= linesPerSpan {
		l.dropped++
		return false, 0
	}
	l.lines++
	return true, dropped
}

// left returns how many lines were dropped and not told yet.
func (l *lineLimit) left() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	dropped := l.dropped
	l.dropped = 0
	return dropped
}

// admit reports whether a line of the plugin's may reach the log.
func (p *Process) admit() bool {
	pass, dropped := p.limit.take()
	p.reportDropped(dropped)
	return pass
}

func (p *Process) reportDropped(lines int) {
	if lines > 0 {
		p.opts.Logger.Warn("a plugin wrote too much: lines were dropped", "plugin", p.name(), "count", lines)
	}
}

// stackLine is the form of what the Go runtime writes when a program ends itself, but
// for a panic's value: that may hold anything.
var stackLine = regexp.MustCompile(`^(|goroutine \d+ (gp=\S+ m=\S+ (mp=\S+ )?)?\[[a-z0-9 ,()]+\]:|` +
	`[\w./*()\[\]-]+\([0-9a-fx, {}.?]*\)|\t\S+\.go:\d+( \+0x[0-9a-f]+)?|` +
	`created by [\w./*()\[\]-]+( in goroutine \d+)?|fatal error: [a-z ,!-]{1,80}|exit status \d+)$`)

// withheld stands for a line whose text is not shown.
const withheld = "a line of output that is no log entry was left out"

// unstructured returns what is shown of a line that is no log entry. Before an account
// was opened a plugin knows nothing private, and what it says is why it does not
// start; afterwards a library or a panic may print whatever was in a calendar.
func (p *Process) unstructured(e entry) entry {
	if !p.informed.Load() || stackLine.MatchString(e.message) {
		return e
	}
	return entry{level: e.level, message: withheld, fields: []any{"bytes", len(e.message)}}
}

// mailAddress is an address in a text; the version in "module@v1.2.3" is none.
var mailAddress = regexp.MustCompile(`[\w.+%-]+@([\w-]+\.)+[A-Za-z]{2,}\b`)

// shown makes a scrubbed message fit for a log: no addresses, and no line that could
// pose as another entry.
func shown(message string) string {
	message = mailAddress.ReplaceAllString(message, "(address)")
	return strings.ReplaceAll(message, "\n", "\n    | ")
}

// loggedLine passes a line of the plugin's log on.
func (p *Process) loggedLine(line []byte) {
	if !p.admit() {
		return
	}
	e := parseLine(line)
	if e.plain {
		e = p.unstructured(e)
	}
	p.log(e)
}

// printedLine passes on what the plugin printed instead of logging it.
func (p *Process) printedLine(line []byte) {
	if p.admit() {
		p.log(p.unstructured(entry{level: hclog.Debug, message: wire.Scrub(string(line))}))
	}
}

func (p *Process) log(e entry) {
	p.opts.Logger.Log(e.level, shown(e.message), append([]any{"plugin", p.name()}, e.fields...)...)
}
