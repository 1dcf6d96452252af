package platform

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
)

// The columns that stand for an object's field: venue_name is the venue's name.
// A trainer's webinar is the same for all trainers of a row.
var columnGroups = []string{"delegate_webinar", "webinar", "venue"}

// csv reads a table whose first row names fields, by their names or by the words of
// [TableOptions]. An empty cell is a field that is not given, an empty row is none.
func (d *decoder) csv() {
	data, separator := withoutSeparatorLine(d.current.Data)
	r := csv.NewReader(bytes.NewReader(data))
	if r.Comma = separator; r.Comma == 0 {
		r.Comma = delimiter(data)
	}
	header, err := r.Read()
	if err != nil {
		d.csvSyntax(err)
		return
	}
	for i := range header {
		header[i] = strings.TrimSpace(header[i])
	}
	kind, ok := d.options.Table.kindOf(header)
	if !ok {
		d.report(pos{}, "", `the first row must name the fields: a column "trainers" makes it a table of courses, a column "trainer" one of unavailability`)
		return
	}
	t := table{decoder: d, r: r, header: header}
	if !t.columns(kind) {
		return
	}
	each, spokenFor := d.course, d.coursesOf
	if kind.name == unavailabilityTable.name {
		each, spokenFor = d.unavailable, d.unavailabilityOf
	}
	if d.provider != "" {
		spokenFor[d.provider] = true
	}
	t.rows(each)
	d.cutOff(data)
}

// cutOff reports a last line without an end: nothing else would tell a list of trainers
// that lost its tail on the way from one that is whole.
func (d *decoder) cutOff(data []byte) {
	if last := data[len(data)-1]; last != '\n' && last != '\r' {
		d.report(pos{offset: len(d.current.Data)}, "", "the last line does not end, so the file may have been cut off. When it is whole, put a line end behind it")
	}
}

// table is a table being read.
type table struct {
	*decoder
	r      *csv.Reader
	header []string
	// fields are those of the columns; empty for a column that is left out.
	fields []string
}

// columns finds out which fields the columns are, and reports what is wrong with them.
func (t *table) columns(kind tableKind) bool {
	good := true
	t.fields = t.options.Table.resolve(kind, t.header, func(column int, format string, args ...any) {
		good = false
		at, name := pos{line: 1, column: 1}, ""
		if column >= 0 {
			at.line, at.column = t.r.FieldPos(column)
			name = t.header[column]
		}
		t.report(at, name, format, args...)
	})
	for i, field := range t.fields {
		if field != "" {
			t.result.Columns = append(t.result.Columns, Column{File: t.current.Name, Header: t.header[i], Field: field})
		}
	}
	return good
}

func (t *table) rows(each func(node)) {
	for {
		row, err := t.r.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.csvSyntax(err)
			if errors.Is(err, csv.ErrFieldCount) {
				continue
			}
			return
		}
		if slices.ContainsFunc(row, func(cell string) bool { return strings.TrimSpace(cell) != "" }) {
			each(t.row(row))
		}
	}
}

func (d *decoder) csvSyntax(err error) {
	var bad *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		d.report(pos{}, "", "the file is empty")
	case errors.Is(err, csv.ErrFieldCount) && errors.As(err, &bad):
		d.report(pos{line: bad.Line, column: bad.Column}, "", "the row has another number of cells than the first one")
	case errors.As(err, &bad):
		d.report(pos{line: bad.Line, column: bad.Column}, "", "not CSV: %v", bad.Err)
	default:
		d.report(pos{}, "", "not CSV: %v", err)
	}
}

// row makes of a row the object that JSON would have.
func (t *table) row(row []string) node {
	line, column := t.r.FieldPos(0)
	whole := node{at: pos{line: line, column: column}, cell: true}
	fields, groups := map[string]node{}, map[string]map[string]node{}
	for field, text := range t.options.Table.Constants {
		t.cell(fields, groups, field, node{at: whole.at, path: field, value: text, cell: true})
	}
	for i, text := range row {
		if t.fields[i] == "" {
			continue
		}
		n := node{path: t.header[i], value: strings.TrimSpace(text), cell: true}
		n.at.line, n.at.column = t.r.FieldPos(i)
		t.cell(fields, groups, t.fields[i], n)
	}
	for name, group := range groups {
		fields[name] = node{at: whole.at, path: name, value: group, cell: true}
	}
	joinDates(fields)
	t.lists(fields)
	whole.value = fields
	return whole
}

// cell puts a cell into the object, or into the group that its column belongs to. A cell
// with text replaces a constant, an empty one does not.
func (t *table) cell(fields map[string]node, groups map[string]map[string]node, field string, n node) {
	n.value = t.options.Table.word(field, n.value.(string))
	group, rest := columnGroup(field)
	switch _, constant := fields[field]; {
	case group == "" && n.value == "" && (constant || field != "trainers"):
		if !constant {
			fields[field] = node{at: n.at, path: n.path}
		}
	case group == "":
		fields[field] = n
	case n.value != "":
		if groups[group] == nil {
			groups[group] = map[string]node{}
		}
		groups[group][rest] = n
	}
}

// word is what a text of the table means.
func (o TableOptions) word(field, text string) string {
	for from, to := range o.Words[field] {
		if strings.EqualFold(from, text) {
			return to
		}
	}
	return text
}

// joinDates makes a start and an end of columns that have the day and the time of day
// apart. Without a last day it is the first.
func joinDates(fields map[string]node) {
	first := fields["start_date"]
	last, own := fields["end_date"]
	if !own || last.value == nil {
		last = first
	}
	joinDate(fields, "start", first, fields["start_time"])
	joinDate(fields, "end", last, fields["end_time"])
	for _, part := range []string{"start_date", "start_time", "end_date", "end_time"} {
		delete(fields, part)
	}
}

func joinDate(fields map[string]node, field string, day, clock node) {
	if whole, ok := fields[field]; day.value == nil && clock.value == nil || ok && whole.value != nil && clock.value == nil {
		return
	} else if ok && whole.value != nil && day.value == nil {
		day = whole // "start" is a day, and "start_time" its time
	}
	text, _ := day.value.(string)
	if time, ok := clock.value.(string); ok {
		text += " " + time
	}
	at := day
	if day.value == nil {
		at = clock
	}
	fields[field] = node{at: at.at, path: at.path, value: text, cell: true}
}

// lists makes lists of the cells that hold several entries.
func (t *table) lists(fields map[string]node) {
	if n, ok := fields["trainers"]; ok {
		n.value = csvTrainers(n, fields["webinar"])
		fields["trainers"] = n
		delete(fields, "webinar")
	}
	if n, ok := fields["exclusive_accounts"]; ok && n.value != nil {
		n.value = csvList(n)
		fields["exclusive_accounts"] = n
	}
}

// columnGroup splits "venue_name" into "venue" and "name".
func columnGroup(column string) (group, rest string) {
	for _, g := range columnGroups {
		if rest, ok := strings.CutPrefix(column, g+"_"); ok {
			return g, rest
		}
	}
	return "", ""
}

// csvList splits a cell at semicolons and line ends.
func csvList(n node) []node {
	all := []node{}
	text, _ := n.value.(string)
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == '\n' || r == '\r' }) {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, node{at: n.at, path: n.path, value: part, cell: true})
		}
	}
	return all
}

func csvTrainers(n, webinar node) []node {
	all := csvList(n)
	for i, id := range all {
		fields := map[string]node{"id": id}
		if webinar.value != nil {
			fields["webinar"] = webinar
		}
		all[i].value = fields
	}
	return all
}
