package telemetry

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// minWidth is the narrowest waterfall that can be read.
const minWidth = 60

// pluginPrefix begins the plugins' service names; the waterfall leaves it out.
const pluginPrefix = "gateway-plugin-"

func service(n *Node) string { return strings.TrimPrefix(n.Service, pluginPrefix) }

// layout is how wide the columns of a waterfall are, in characters.
type layout struct {
	label, service, bar int
	begin               time.Time
	total               time.Duration
}

// Waterfall prints a trace as a tree with a time line, for a terminal of width
// characters. Calls that trainers are linked to carry a number, #1, and the trainers
// name it: ←#1. ×12 after a call is for how many mailboxes it was made.
func Waterfall(w io.Writer, roots []*Node, width int) error {
	if len(roots) == 0 {
		return nil
	}
	l := newLayout(roots, max(width, minWidth))
	for _, n := range roots {
		if err := l.print(w, n, "", ""); err != nil {
			return err
		}
	}
	return nil
}

// newLayout divides the width: the services as wide as they are, a bar of a quarter,
// a duration, and the rest for the tree.
func newLayout(roots []*Node, width int) layout {
	l := layout{begin: roots[0].Start}
	end := roots[0].End
	walk(roots, func(n *Node) {
		l.service = max(l.service, utf8.RuneCountInString(service(n)))
		if n.Start.Before(l.begin) {
			l.begin = n.Start
		}
		if n.End.After(end) {
			end = n.End
		}
	})
	l.total = end.Sub(l.begin)
	l.service = min(l.service, width/4)
	l.bar = min(max(width/5, 10), 40)
	l.label = width - l.service - l.bar - durationWidth - 3
	return l
}

const durationWidth = 7

func (l layout) print(w io.Writer, n *Node, first, rest string) error {
	_, err := fmt.Fprintf(w, "%s %s %s %*s\n", pad(first+l.text(n), l.label), pad(service(n), l.service),
		l.line(n), durationWidth, duration(n.End.Sub(n.Start)))
	if err != nil {
		return err
	}
	for i, c := range n.Children {
		first, below := rest+"├─ ", rest+"│  "
		if i == len(n.Children)-1 {
			first, below = rest+"└─ ", rest+"   "
		}
		if err := l.print(w, c, first, below); err != nil {
			return err
		}
	}
	return nil
}

// text is what the tree says of a span.
func (l layout) text(n *Node) string {
	parts := []string{n.Name}
	if n.Ref > 0 {
		parts = append(parts, fmt.Sprintf("#%d", n.Ref))
	}
	if len(n.Refs) > 0 {
		refs := make([]string, len(n.Refs))
		for i, r := range n.Refs {
			refs[i] = fmt.Sprintf("#%d", r)
		}
		parts = append(parts, "←"+strings.Join(refs, ","))
	}
	parts = append(parts, details(n)...)
	parts = append(parts, happened(n.Events)...)
	if n.Failed {
		parts = append(parts, failure(n, parts))
	}
	if n.Orphan {
		parts = append(parts, "(parent not recorded)")
	}
	return strings.Join(parts, " ")
}

// happened are the events of a span in short, each kind once with its last reason:
// "retry×2 throttled".
func happened(events []SpanEvent) []string {
	var order []string
	times, reason := map[string]int{}, map[string]any{}
	for _, e := range events {
		name := strings.TrimPrefix(e.Name, ownPrefix)
		if times[name] == 0 {
			order = append(order, name)
		}
		times[name]++
		reason[name] = e.Attributes[string(Reason)]
	}
	for i, name := range order {
		count := ""
		if times[name] > 1 {
			count = fmt.Sprintf("×%d", times[name])
		}
		order[i] = fmt.Sprintf("!%s%s %v", name, count, reason[name])
	}
	return order
}

// failure marks a span that ended with an error, with its code if nothing else
// says it.
func failure(n *Node, said []string) string {
	code, ok := n.Attributes[string(ErrorCode)].(string)
	if !ok {
		code = n.Status
	}
	if code == "" || slices.Contains(said, code) {
		return "✗"
	}
	return "✗ " + code
}

// details are the attributes worth a place in the tree. A call's account is the one
// of the batch above it.
func details(n *Node) []string {
	var out []string
	if cause, ok := n.Attributes[string(RunCause)]; ok {
		out = append(out, fmt.Sprintf("by %v", cause))
	}
	for _, key := range []string{string(Account), string(Trainer), "http.response.status_code"} {
		if v, ok := n.Attributes[key]; ok && (key != string(Account) || n.Name == SpanBatch) {
			out = append(out, fmt.Sprint(v))
		}
	}
	if count, ok := n.Attributes[string(MailboxCount)]; ok {
		out = append(out, fmt.Sprintf("×%v", count))
	}
	return append(out, counts(n.Attributes)...)
}

// counts are what a run or a trainer changed, for example "push +1 ~2 −1".
func counts(attributes map[string]any) []string {
	var out []string
	for _, way := range []string{"push", "pull"} {
		text := ""
		for _, c := range []struct{ name, sign string }{{"created", "+"}, {"updated", "~"}, {"removed", "−"}} {
			if n, ok := attributes[ownPrefix+way+"."+c.name]; ok && fmt.Sprint(n) != "0" {
				text += fmt.Sprintf(" %s%v", c.sign, n)
			}
		}
		if text != "" {
			out = append(out, way+text)
		}
	}
	return out
}

// line draws when the span ran, as a part of the whole trace.
func (l layout) line(n *Node) string {
	from, to := l.column(n.Start), l.column(n.End)
	to = min(max(to, from+1), l.bar)
	from = min(from, to-1)
	return strings.Repeat("·", from) + strings.Repeat("█", to-from) + strings.Repeat("·", l.bar-to)
}

func (l layout) column(t time.Time) int {
	if l.total <= 0 {
		return 0
	}
	share := float64(t.Sub(l.begin)) / float64(l.total)
	return min(max(int(share*float64(l.bar)), 0), l.bar)
}

// pad cuts or fills text to exactly n characters.
func pad(text string, n int) string {
	length := utf8.RuneCountInString(text)
	if length <= n {
		return text + strings.Repeat(" ", n-length)
	}
	return string([]rune(text)[:n-1]) + "…"
}

// duration writes three figures at most: 950µs, 12.3ms, 4.56s, 3m20s.
func duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return fmt.Sprintf("%.3gms", float64(d)/float64(time.Millisecond))
	case d < time.Minute:
		return fmt.Sprintf("%.3gs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
