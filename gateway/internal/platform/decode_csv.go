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

// csv reads a table whose first row names fields: of courses, with a column
// "trainers" whose entries are parted by ";", or of unavailability, with a column
// "trainer". An empty cell is a field that is not given.
func (d *decoder) csv() {
	r := csv.NewReader(bytes.NewReader(d.current.Data))
	header, err := r.Read()
	if err != nil {
		d.csvSyntax(err)
		return
	}
	for i := range header {
		header[i] = strings.TrimSpace(header[i])
	}
	each, spokenFor := d.course, d.coursesOf
	switch {
	case slices.Contains(header, "trainers"):
	case slices.Contains(header, "trainer"):
		each, spokenFor = d.unavailable, d.unavailabilityOf
	default:
		d.report(pos{}, "", `the first row must name the fields: a column "trainers" makes it a table of courses, a column "trainer" one of unavailability`)
		return
	}
	if !d.csvHeader(r, header) {
		return
	}
	if d.provider != "" {
		spokenFor[d.provider] = true
	}
	d.csvRows(r, header, each)
}

// csvHeader reports columns that come twice.
func (d *decoder) csvHeader(r *csv.Reader, header []string) bool {
	good := true
	for i, name := range header {
		if slices.Contains(header[:i], name) {
			line, column := r.FieldPos(i)
			d.report(pos{line: line, column: column}, name, "the column is there twice")
			good = false
		}
	}
	return good
}

func (d *decoder) csvRows(r *csv.Reader, header []string, each func(node)) {
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			d.csvSyntax(err)
			if errors.Is(err, csv.ErrFieldCount) {
				continue
			}
			return
		}
		each(csvRow(r, header, row))
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

// csvRow makes of a row the object that JSON would have.
func csvRow(r *csv.Reader, header, row []string) node {
	fields, groups := map[string]node{}, map[string]map[string]node{}
	for i, text := range row {
		line, column := r.FieldPos(i)
		n := node{at: pos{line: line, column: column}, path: header[i], value: strings.TrimSpace(text), cell: true}
		group, rest := columnGroup(header[i])
		switch {
		case group == "" && n.value == "" && header[i] != "trainers":
			fields[header[i]] = node{at: n.at, path: n.path}
		case group == "":
			fields[header[i]] = n
		case n.value != "":
			if groups[group] == nil {
				groups[group] = map[string]node{}
			}
			groups[group][rest] = n
		}
	}
	line, column := r.FieldPos(0)
	whole := node{at: pos{line: line, column: column}, value: fields, cell: true}
	for name, group := range groups {
		if _, column := fields[name]; !column { // a column of that very name is a mistake to report
			fields[name] = node{at: whole.at, path: name, value: group, cell: true}
		}
	}
	csvLists(fields)
	return whole
}

// csvLists makes lists of the cells that hold several entries.
func csvLists(fields map[string]node) {
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

func csvList(n node) []node {
	all := []node{}
	text, _ := n.value.(string)
	for part := range strings.SplitSeq(text, ";") {
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
