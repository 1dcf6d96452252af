package cli

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// isTerminal reports whether w is a terminal that may be drawn on.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && term.IsTerminal(int(file.Fd()))
}

// terminalWidth is the width of the terminal w in characters, or otherwise for what
// is none.
func terminalWidth(w io.Writer, otherwise int) int {
	if file, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return otherwise
}

// progress shows on a terminal how far a run is, in one line that goes away.
type progress struct {
	out         io.Writer
	done, total int
}

// newProgress shows nothing where out is no terminal.
func newProgress(out io.Writer) *progress {
	if !isTerminal(out) {
		return nil
	}
	return &progress{out: out}
}

func (p *progress) begin(total int) {
	if p != nil {
		p.total = total
		p.draw()
	}
}

func (p *progress) step() {
	if p != nil {
		p.done++
		p.draw()
	}
}

func (p *progress) draw() { fmt.Fprintf(p.out, "\r\x1b[K%d of %d trainers", p.done, p.total) }

func (p *progress) clear() {
	if p != nil {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
