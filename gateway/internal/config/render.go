package config

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/mitchellh/go-wordwrap"
)

// Diagnostic is a diagnostic for people and programs that do not know hcl: places
// with their source lines, secrets left out.
type Diagnostic struct {
	// Severity is "error" or "warning".
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
	Detail   string `json:"detail,omitempty"`
	// Place is nil for what concerns no line of a file.
	Place *Place `json:"place,omitempty"`
	// Related are further places that take part, each with what it has to do with it.
	Related []Place `json:"related,omitempty"`
}

// Place is a piece of a file. Lines and columns count from 1, columns in characters;
// the end is the first column after it.
type Place struct {
	// File is empty for a place that only says something.
	File      string `json:"file,omitempty"`
	Line      int    `json:"line,omitempty"`
	Column    int    `json:"column,omitempty"`
	EndLine   int    `json:"end_line,omitempty"`
	EndColumn int    `json:"end_column,omitempty"`
	// Source is the first line of the place, without what may be a secret.
	Source string `json:"source,omitempty"`
	Text   string `json:"text,omitempty"`
}

// String is file:line:column.
func (p Place) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Explain turns diagnostics into their form for people and programs, in the order
// of files and lines. files are the sources by name, as in [Config.Files].
func Explain(diags hcl.Diagnostics, files map[string]*hcl.File) []Diagnostic {
	sorted := slices.Clone(diags)
	sortDiagnostics(sorted)
	out := make([]Diagnostic, 0, len(sorted))
	for _, d := range sorted {
		out = append(out, explainOne(d, files))
	}
	return out
}

func explainOne(d *hcl.Diagnostic, files map[string]*hcl.File) Diagnostic {
	e, _ := d.Extra.(*extra)
	if e == nil {
		e = &extra{}
	}
	out := Diagnostic{Severity: "error", Summary: printable(d.Summary), Detail: printable(d.Detail)}
	if d.Severity == hcl.DiagWarning {
		out.Severity = "warning"
	}
	if d.Subject != nil {
		p := placeOf(*d.Subject, files, e.secret)
		out.Place = &p
	}
	for _, r := range e.related {
		p := placeOf(r.Range, files, false)
		p.Text = printable(r.Text)
		out.Related = append(out.Related, p)
	}
	return out
}

func placeOf(at hcl.Range, files map[string]*hcl.File, secret bool) Place {
	if at.Filename == "" {
		return Place{}
	}
	return Place{
		File: printable(at.Filename), Line: at.Start.Line, Column: at.Start.Column,
		EndLine: at.End.Line, EndColumn: at.End.Column,
		Source: redact(printable(sourceLine(files[at.Filename], at.Start)), secret),
	}
}

// sourceLine returns the line of a position, without its end.
func sourceLine(file *hcl.File, at hcl.Pos) string {
	if file == nil || at.Byte > len(file.Bytes) {
		return ""
	}
	start := bytes.LastIndexByte(file.Bytes[:at.Byte], '\n') + 1
	line, _, _ := bytes.Cut(file.Bytes[start:], []byte("\n"))
	return strings.TrimPrefix(string(bytes.TrimSuffix(line, []byte("\r"))), "\uFEFF")
}

// printable keeps what a file holds from steering the operator's terminal. Every
// character stays one character, so that columns hold.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case r == utf8.RuneError || !unicode.IsPrint(r):
			return '?'
		}
		return r
	}, s)
}

// Style says how [WriteDiagnostics] writes.
type Style struct {
	// Width is where long explanations are wrapped; zero for nowhere.
	Width int
	// Color: use a terminal's colours.
	Color bool
}

// WriteDiagnostics writes diagnostics for people: severity and summary, every place
// as file:line:column with its source line, and what to do.
func WriteDiagnostics(w io.Writer, diags hcl.Diagnostics, files map[string]*hcl.File, style Style) error {
	return WriteExplained(w, Explain(diags, files), style)
}

// WriteExplained does the same with diagnostics that another process explained.
func WriteExplained(w io.Writer, diags []Diagnostic, style Style) error {
	var out strings.Builder
	for i, d := range diags {
		if i > 0 {
			out.WriteByte('\n')
		}
		style.write(&out, d)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// The colours of a terminal (ECMA-48, "select graphic rendition").
const (
	red, yellow, bold, faint, plain = "\x1b[1;31m", "\x1b[1;33m", "\x1b[1m", "\x1b[2m", "\x1b[0m"
)

func (s Style) paint(color, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return color + text + plain
}

func (s Style) write(out *strings.Builder, d Diagnostic) {
	title, color := "Error", red
	if d.Severity == "warning" {
		title, color = "Warning", yellow
	}
	fmt.Fprintf(out, "%s %s\n", s.paint(color, title+":"), s.paint(bold, d.Summary))
	if d.Place != nil {
		s.place(out, *d.Place, color)
	}
	if d.Detail != "" {
		fmt.Fprintf(out, "  %s\n", strings.ReplaceAll(s.wrap(d.Detail), "\n", "\n  "))
	}
	for _, r := range d.Related {
		s.place(out, r, color)
	}
}

func (s Style) wrap(text string) string {
	if s.Width <= 0 {
		return text
	}
	return wordwrap.WrapString(text, uint(max(s.Width-2, 20)))
}

// place writes a place, its source line, and marks what is meant in it.
func (s Style) place(out *strings.Builder, p Place, color string) {
	if p.File == "" {
		fmt.Fprintf(out, "  %s\n", p.Text)
		return
	}
	fmt.Fprintf(out, "  %s", p)
	if p.Text != "" {
		fmt.Fprintf(out, ": %s", p.Text)
	}
	out.WriteByte('\n')
	if strings.TrimSpace(p.Source) == "" {
		return
	}
	fmt.Fprintf(out, "  %s %s\n", s.paint(faint, fmt.Sprintf("%4d |", p.Line)), p.Source)
	fmt.Fprintf(out, "  %s %s\n", s.paint(faint, "     |"), s.paint(color, marks(p)))
}

// marks puts a caret under every character that is meant, as far as the line shows it.
func marks(p Place) string {
	width := utf8.RuneCountInString(p.Source)
	start := min(max(p.Column-1, 0), width)
	end := width
	if p.EndLine == p.Line {
		end = min(p.EndColumn-1, width)
	}
	return strings.Repeat(" ", start) + strings.Repeat("^", max(end-start, 1))
}

// sortDiagnostics puts what stands first in the files first.
func sortDiagnostics(diags hcl.Diagnostics) {
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int {
		x, y := subject(a), subject(b)
		return cmp.Or(cmp.Compare(x.Filename, y.Filename),
			cmp.Compare(x.Start.Line, y.Start.Line), cmp.Compare(x.Start.Column, y.Start.Column))
	})
}

func subject(d *hcl.Diagnostic) hcl.Range {
	if d.Subject == nil {
		return hcl.Range{}
	}
	return *d.Subject
}
