package config

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// columns are those that a table of trainers may have; "id" is the trainer's label.
var columns = []string{"id", "name", "email", "calendar", "direction", "service", "timezone"}

// table reads trainers = csvdecode(file("…")). The form is taken apart instead of
// evaluated: a value does not know which line of which file it came from.
func (d *decoder) table(attr *hcl.Attribute) []trainerDraft {
	path, ok := d.tablePath(attr.Expr)
	if !ok {
		return nil
	}
	at := attr.Expr.Range()
	text, err := readFile(resolve(d.cfg.Dir, path))
	if err != nil {
		d.report(at, "Cannot read the trainers", fmt.Sprintf("%s.", err))
		return nil
	}
	name := path
	if !filepath.IsAbs(path) {
		name = filepath.Join(d.shown, path)
	}
	d.cfg.Files[name] = &hcl.File{Bytes: text}
	t := newTable(name, text)
	if bad := invalidUTF8(text); bad >= 0 {
		d.report(t.span(bad, bad+1), "Not UTF-8", "The table is not text in UTF-8; save it in that encoding.")
		return nil
	}
	return d.rows(t)
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8, else -1.
func invalidUTF8(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// tablePath finds the file's path in csvdecode(file("…")).
func (d *decoder) tablePath(expr hcl.Expression) (string, bool) {
	decode, diags := hcl.ExprCall(expr)
	if !diags.HasErrors() && decode.Name == "csvdecode" && len(decode.Arguments) == 1 {
		file, diags := hcl.ExprCall(decode.Arguments[0])
		if !diags.HasErrors() && file.Name == "file" && len(file.Arguments) == 1 {
			b := &block{d: d, attrs: hcl.Attributes{"path": {Name: "path", Expr: file.Arguments[0]}}}
			v := get[string](b, "path")
			return v.v, v.ok
		}
	}
	d.report(expr.Range(), "Unsuitable value", `Want trainers = csvdecode(file("trainers.csv")), so that mistakes can be shown in the table's own lines.`)
	return "", false
}

// rows reads the table's head and its rows.
func (d *decoder) rows(t *table) []trainerDraft {
	head, ok := d.next(t)
	if !ok || !d.head(t, head) {
		return nil
	}
	var out []trainerDraft
	for {
		row, ok := d.next(t)
		if !ok {
			return out
		}
		if row != nil {
			out = append(out, d.row(head, row))
		}
	}
}

// cell is a field of the table; an empty one is not set.
type cell = value[string]

// head checks the names of the columns.
func (d *decoder) head(t *table, head []cell) bool {
	ok := true
	seen := map[string]hcl.Range{}
	for _, c := range head {
		first, dup := seen[c.v]
		switch {
		case dup:
			d.report(c.rng, "Duplicate column", fmt.Sprintf("The table has a column %q already.", c.v), related(first, "the first one"))
		case len(head) == 1 && strings.Contains(c.v, ";"):
			d.report(c.rng, "Not separated by commas", "The table is separated by semicolons; save it with commas.")
			return false
		case !slices.Contains(columns, c.v):
			d.report(c.rng, "Unknown column", fmt.Sprintf("A table of trainers has no column %q.%s Want %s.", c.v, suggest(c.v, columns), orList(columns)))
		default:
			seen[c.v] = c.rng
			continue
		}
		ok = false
	}
	if _, found := seen["id"]; ok && !found {
		d.report(t.place(1, 1, 1), "Missing column", `The table needs a column "id": the training platform's id of the trainer.`)
		return false
	}
	return ok
}

// row reads one trainer.
func (d *decoder) row(head, row []cell) trainerDraft {
	by := map[string]cell{}
	for i, c := range row {
		by[head[i].v] = c
	}
	at := hcl.RangeBetween(row[0].rng, row[len(row)-1].rng)
	t := trainerDraft{
		label: by["id"], at: at, name: by["name"], email: by["email"], timezone: by["timezone"],
		direction: d.cellChoice("direction", by["direction"], string(None), directions),
		service:   by["service"],
	}
	t.service.ok = t.service.ok && d.knownService(t.service.rng, t.service.v)
	on := by["calendar"]
	on.v = strings.ToLower(on.v) // spreadsheets write TRUE
	on = d.cellChoice("calendar", on, "false", []string{"true", "false"})
	t.calendar = value[bool]{v: on.v == "true", set: on.set, ok: on.ok, rng: on.rng}
	return t
}

func (d *decoder) cellChoice(name string, c cell, fallback string, allowed []string) cell {
	if !c.set {
		c.v = fallback
		return c
	}
	if !slices.Contains(allowed, c.v) {
		c.ok = false
		d.unknownWord(c.rng, name, c.v, allowed)
	}
	return c
}

// table reads CSV and knows where each field stands.
type table struct {
	name   string
	text   []byte
	lines  []int // the offset of each line
	reader *csv.Reader
	width  int
}

func newTable(name string, text []byte) *table {
	t := &table{name: name, text: text, lines: []int{0}}
	for i, c := range text {
		if c == '\n' {
			t.lines = append(t.lines, i+1)
		}
	}
	// A byte order mark becomes white space of the same length, so that offsets hold.
	body := text
	if bytes.HasPrefix(text, []byte("\uFEFF")) {
		body = append([]byte("   "), text[3:]...)
	}
	t.reader = csv.NewReader(bytes.NewReader(body))
	t.reader.FieldsPerRecord = -1
	t.reader.TrimLeadingSpace = true
	return t
}

// next reads a record. It is false at the end; a record that is no use is
// reported and nil.
func (d *decoder) next(t *table) ([]cell, bool) {
	record, err := t.reader.Read()
	var broken *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		if t.width == 0 {
			d.report(t.place(1, 1, 1), "Empty table", "The table has no line with the names of its columns.")
		}
		return nil, false
	case errors.As(err, &broken):
		d.report(t.place(broken.Line, broken.Column, broken.Column), "Invalid table", fmt.Sprintf("The line is not CSV: %s.", broken.Err))
		return nil, false // what follows an open quote means nothing
	case err != nil:
		d.report(t.place(1, 1, 1), "Invalid table", fmt.Sprintf("The table cannot be read: %s.", err))
		return nil, false
	}
	cells := t.cells(record)
	switch {
	case t.width == 0:
		t.width = len(cells)
	case len(cells) != t.width:
		d.report(hcl.RangeBetween(cells[0].rng, cells[len(cells)-1].rng), "Wrong number of fields",
			fmt.Sprintf("The row has %d fields, the first line names %d columns.", len(cells), t.width))
		return nil, true
	}
	return cells, true
}

// cells gives the fields of the record just read their places.
func (t *table) cells(record []string) []cell {
	out := make([]cell, len(record))
	end := int(t.reader.InputOffset())
	for i := len(record) - 1; i >= 0; i-- {
		line, column := t.reader.FieldPos(i)
		start := min(t.lines[line-1]+column-1, end)
		v := strings.TrimSpace(record[i])
		out[i] = cell{v: v, set: v != "", ok: v != "", rng: t.span(start, t.trim(start, end))}
		end = max(start-1, 0) // the comma
	}
	return out
}

// trim moves the end of a field before white space and the line break.
func (t *table) trim(start, end int) int {
	for end > start && strings.ContainsRune(" \t\r\n,", rune(t.text[end-1])) {
		end--
	}
	return end
}

// place is a span within one line; lines and columns count from 1, in bytes.
func (t *table) place(line, from, to int) hcl.Range {
	line = min(max(line, 1), len(t.lines))
	start := min(t.lines[line-1]+from-1, len(t.text))
	return t.span(start, min(max(start, start+to-from), len(t.text)))
}

func (t *table) span(start, end int) hcl.Range {
	return hcl.Range{Filename: t.name, Start: t.pos(start), End: t.pos(end)}
}

// pos counts columns in characters, as the rest of the configuration does.
func (t *table) pos(offset int) hcl.Pos {
	line, _ := slices.BinarySearch(t.lines, offset+1)
	return hcl.Pos{
		Line: line, Byte: offset,
		Column: utf8.RuneCount(bytes.TrimPrefix(t.text[t.lines[line-1]:offset], []byte("\uFEFF"))) + 1,
	}
}
