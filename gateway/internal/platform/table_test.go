package platform

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// tableOptions are options of one provider with trainers who have names.
func tableOptions(t testing.TB, table TableOptions) ImportOptions {
	o := options(t)
	o.Provider, o.Table = "northwind", table
	for label, name := range map[string]string{"ana": "Ana Ortiz", "ben": "Ben Whitfield", "sam1": "Sam Lee", "sam2": "Sam Lee"} {
		o.Trainers = append(o.Trainers, TrainerName{ID: TrainerID{"northwind", label}, Name: name, Email: label + "@northwind.example"})
	}
	return o
}

// exported is what a training company's own spreadsheet holds: its own headers and
// words, dates as they are written at home, days and times apart.
const exported = "sep=;\r\n" +
	"Course Ref;Course title;Start date;Start time;End time;Trainer(s);Venue;Booking state;Margin\r\n" +
	"F-1;\"Forklift; basic\";01/12/2026;9:00;17:30;\"Ana Ortiz;BEN@northwind.example\";Café;BOOKED;12\r\n" +
	";;;;;;;;\r\n" +
	"F-2;Excel;29/03/2026;1:30 am;10:00 PM;ana;;Option;\r\n"

func exportedOptions() TableOptions {
	return TableOptions{
		Columns:    map[string]string{"status": "booking STATE"},
		Constants:  map[string]string{"kind": "class"},
		Words:      map[string]map[string]string{"status": {"Booked": "confirmed", "option": "provisional"}},
		DateFormat: "DD/MM/YYYY", IgnoreOthers: true,
	}
}

func exportedCourses() []Course {
	return []Course{
		{
			Provider: "northwind", ID: "F-1", Name: "Forklift; basic", Kind: KindClass, Status: StatusConfirmed,
			Start: utc(2026, 12, 1, 9, 0), End: utc(2026, 12, 1, 17, 30), TimeZone: "Europe/London",
			Wall:     &Wall{Start: utc(2026, 12, 1, 9, 0), End: utc(2026, 12, 1, 17, 30)},
			Trainers: []CourseTrainer{{ID: "ana"}, {ID: "ben"}}, Venue: &Venue{Name: "Café"},
		},
		{ // 01:30 is skipped that night in London and means what was 01:30 without (time-1)
			Provider: "northwind", ID: "F-2", Name: "Excel", Kind: KindClass, Status: StatusProvisional,
			Start: utc(2026, 3, 29, 1, 30), End: utc(2026, 3, 29, 21, 0), TimeZone: "Europe/London",
			Wall:     &Wall{Start: utc(2026, 3, 29, 1, 30), End: utc(2026, 3, 29, 22, 0)},
			Trainers: []CourseTrainer{{ID: "ana"}},
		},
	}
}

// TestTableOfACompany: a spreadsheet is read as it is, in any encoding that is known or
// named, with any usual separator.
func TestTableOfACompany(t *testing.T) {
	t.Parallel()
	old, err := charmap.Windows1252.NewEncoder().String(exported)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(exported)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ text, encoding string }{
		"UTF-8":         {exported, ""},
		"byte order":    {"\ufeff" + exported, "utf-8"},
		"no separator":  {strings.TrimPrefix(exported, "sep=;\r\n"), ""},
		"Windows-1252":  {old, "Windows-1252"},
		"UTF-16":        {wide, ""},
		"unix line end": {strings.ReplaceAll(exported, "\r\n", "\n"), ""},
	} {
		table := exportedOptions()
		table.Encoding = tt.encoding
		got, err := Decode([]File{{"x.csv", []byte(tt.text)}}, tableOptions(t, table))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(exportedCourses(), got.Courses); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestTableColumns: it can be told how each column was read.
func TestTableColumns(t *testing.T) {
	t.Parallel()
	got, err := Decode([]File{{"x.csv", []byte(exported)}}, tableOptions(t, exportedOptions()))
	if err != nil {
		t.Fatal(err)
	}
	want := []Column{
		{"x.csv", "Course Ref", "id"},
		{"x.csv", "Course title", "name"},
		{"x.csv", "Start date", "start_date"},
		{"x.csv", "Start time", "start_time"},
		{"x.csv", "End time", "end_time"},
		{"x.csv", "Trainer(s)", "trainers"},
		{"x.csv", "Venue", "venue_name"},
		{"x.csv", "Booking state", "status"},
	}
	if diff := cmp.Diff(want, got.Columns); diff != "" {
		t.Error(diff)
	}
}

func TestTableOfUnavailability(t *testing.T) {
	t.Parallel()
	text := "Ref\tTrainer\tReason\tFrom\tTo\tWhole day\n1\tBen Whitfield\tLeave\t24.12.26\t27.12.26\tyes\n"
	got, err := Decode([]File{{"x.tsv", []byte(text)}}, tableOptions(t, TableOptions{DateFormat: "d.m.yy"}))
	if err != nil {
		t.Fatal(err)
	}
	want := []Unavailability{{
		ID: "1", Trainer: TrainerID{"northwind", "ben"}, Description: "Leave", Origin: OriginPlatform,
		When: calendar.When{
			AllDay: true, FirstDay: calendar.Date{Year: 2026, Month: 12, Day: 24},
			EndDay: calendar.Date{Year: 2026, Month: 12, Day: 27}, TimeZone: "Europe/London",
		},
	}}
	if diff := cmp.Diff(want, got.Unavailability); diff != "" {
		t.Error(diff)
	}
}

// TestTableMistakes: each is told with its line and column, and nothing is imported.
func TestTableMistakes(t *testing.T) {
	t.Parallel()
	const header = "id,name,kind,status,start,end,trainers"
	tests := []struct {
		name, text string
		table      TableOptions
		want       string
	}{
		{
			"a local date", header + "\n1,X,class,confirmed,1/12/2026 9:00,2/12/2026 9:00,\n",
			TableOptions{},
			`x.csv:2:21: start: "1/12/2026 9:00" is not a time: want 2026-11-23T09:00 in the zone, or with an offset 2026-11-23T09:00:00+01:00. Say how dates are written with --date-format, such as DD/MM/YYYY
x.csv:2:36: end: "2/12/2026 9:00" is not a time: want 2026-11-23T09:00 in the zone, or with an offset 2026-11-23T09:00:00+01:00. Say how dates are written with --date-format, such as DD/MM/YYYY`,
		},
		{
			"no such day", header + "\n1,X,class,confirmed,31/02/2026 9:00,2/12/2026 9:00,\n",
			TableOptions{DateFormat: "DD/MM/YYYY"},
			`x.csv:2:21: start: "31/02/2026 9:00" is not a time: want 2026-11-23T09:00 in the zone, or with an offset 2026-11-23T09:00:00+01:00, or in the form DD/MM/YYYY`,
		},
		{
			"people", header + "\n1,X,class,confirmed,2026-11-23 09:00,2026-11-23 10:00,Ana Ortis; Sam Lee;zoe\n",
			TableOptions{},
			`x.csv:2:55: trainers: no trainer of northwind has the name "Ana Ortis". Did you mean "Ana Ortiz"? Write the label, the name or the address in the configuration
x.csv:2:55: trainers: "Sam Lee" is the name of several trainers: write which, "sam1", "sam2"`,
		},
		{
			"columns", "id,title,Course title,kind,Statu,starts,end,trainers,Margin\n",
			TableOptions{Columns: map[string]string{"places": "Seats", "nmae": "title"}},
			`x.csv:1:1: a table of courses has no field "nmae". Did you mean "name"?
x.csv:1:1: --column places="Seats": there is no such column; there are "id", "title", "Course title", "kind", "Statu", "starts", "end", "trainers", "Margin"
x.csv:1:28: Statu: no field of courses has this name. Did you mean "status"? Say which it is with --column FIELD="Statu", or leave such columns out with --ignore-other-columns
x.csv:1:54: Margin: no field of courses has this name. Say which it is with --column FIELD="Margin", or leave such columns out with --ignore-other-columns
x.csv:1:1: there is no column for "status". Say which it is with --column status=HEADER, or what all rows have with --set status=VALUE`,
		},
		{
			"two for one", "id,title,Course title,kind,status,start,end,trainers\n",
			TableOptions{},
			`x.csv:1:10: Course title: this and the column "title" are both "name". Say which is, with --column name=HEADER`,
		},
		{
			"not UTF-8", header + "\n1,Caf\xe9,class,confirmed,2026-11-23 09:00,2026-11-23 10:00,\n",
			TableOptions{},
			`x.csv:2:6: the text is not UTF-8: save it as "CSV UTF-8", or say what it is with --encoding, such as windows-1252`,
		},
		{
			"rows", header + "\n1,X,class,confirmed,2026-11-23 09:00,2026-11-23 10:00\n2,X,class,sure,2026-11-23 09:00,2026-11-23 10:00,\n",
			TableOptions{},
			`x.csv:2:1: the row has another number of cells than the first one
x.csv:3:11: status: "sure" is not known. Want one of provisional, confirmed, cancelled, completed.`,
		},
	}
	for _, tt := range tests {
		got, err := Decode([]File{{"x.csv", []byte(tt.text)}}, tableOptions(t, tt.table))
		if err == nil {
			t.Errorf("%s: no error", tt.name)
			continue
		}
		if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if got.Courses != nil {
			t.Errorf("%s: something is imported", tt.name)
		}
	}
}

func TestTableOptionsRefused(t *testing.T) {
	t.Parallel()
	for _, o := range []TableOptions{
		{DateFormat: "DD/MM"},
		{DateFormat: "DD/DD/YYYY"},
		{DateFormat: "DD/MM/JJJJ"},
		{Encoding: "ebcdic"},
	} {
		_, err := Decode(nil, ImportOptions{Table: o})
		if mistakes := (ImportErrors{}); err == nil || errors.As(err, &mistakes) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestDateFormats(t *testing.T) {
	t.Parallel()
	want := utc(2026, 12, 1, 15, 4)
	for format, texts := range map[string][]string{
		"DD/MM/YYYY":          {"01/12/2026 15:04", "1/12/2026  3:04 pm", "01/12/2026 15.04"},
		"M/D/YY":              {"12/1/26 15:04", "12/01/26 3:04PM"},
		"d MMM yyyy":          {"1 Dec 2026 15:04", "1 dec 2026 15:04:00", "1 DEC 2026 3:04 pm"},
		"MMMM D, YYYY":        {"December 1, 2026 15:04"},
		"DD.MM.YYYY HH:mm":    {"01.12.2026 15:04", "1.12.2026 15:04"},
		"dd/mm/yyyy hh:mm:ss": {"01/12/2026 15:04:00"},
		"hh:mm a DD-MM-YYYY":  {"3:04 pm 01-12-2026"},
	} {
		forms, err := parseDateFormat(format)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, text := range texts {
			if got, ok := forms.wall(text); !ok || !got.Equal(want) {
				t.Errorf("%s: %q is %v, %v", format, text, got, ok)
			}
		}
		if _, ok := forms.wall("32/13/2026 09:00"); ok {
			t.Errorf("%s takes what is no date", format)
		}
	}
}

// TestCutTables: a table that is cut off anywhere is refused, or what it gives is what
// the whole lines before the cut gave.
func TestCutTables(t *testing.T) {
	t.Parallel()
	o := tableOptions(t, exportedOptions())
	rapid.Check(t, func(rt *rapid.T) {
		cut := rapid.IntRange(0, len(exported)).Draw(rt, "cut")
		got, err := Decode([]File{{"x.csv", []byte(exported[:cut])}}, o)
		if err != nil {
			return
		}
		want := exportedCourses()[:len(got.Courses)]
		if diff := cmp.Diff(want, append([]Course{}, got.Courses...)); diff != "" {
			rt.Fatalf("cut at %d: %s", cut, diff)
		}
	})
}

func FuzzTable(f *testing.F) {
	f.Add([]byte(exported), "Booking state", "DD/MM/YYYY", "")
	f.Add([]byte("id|trainer|start|start_time|end_date\n1|northwind/ana|1.2.2026|9:00|3.2.2026\n"), "", "D.M.YYYY", "windows-1252")
	f.Add([]byte("\xff\xfei\x00d\x00\n\x00"), "x", "YY-M-D HH:mm", "")
	f.Fuzz(func(t *testing.T, data []byte, status, dates, encoding string) {
		o := tableOptions(t, TableOptions{
			Columns: map[string]string{"status": status}, Constants: map[string]string{"kind": "class"},
			DateFormat: dates, Encoding: encoding, IgnoreOthers: len(data)%2 == 0,
		})
		if status == "" {
			delete(o.Table.Columns, "status")
		}
		got, err := Decode([]File{{"x.csv", data}}, o)
		if err != nil {
			return
		}
		for _, c := range got.Courses {
			if !c.Start.Before(c.End) || c.ID == "" || c.Trainers == nil {
				t.Fatalf("imported %+v", c)
			}
		}
		for _, u := range got.Unavailability {
			if start, end := u.When.Span(time.UTC); !start.Before(end) || u.Trainer.Label == "" {
				t.Fatalf("imported %+v", u)
			}
		}
		if utf8Data := data; encoding == "" && !bytes.HasPrefix(data, []byte{0xff}) && !bytes.HasPrefix(data, []byte{0xfe}) {
			if rows := countRows(utf8Data); rows != len(got.Courses)+len(got.Unavailability) {
				t.Fatalf("%d of %d rows are imported", len(got.Courses)+len(got.Unavailability), rows)
			}
		}
	})
}

// countRows counts the rows of a good table that have text.
func countRows(data []byte) int {
	data, separator := withoutSeparatorLine(bytes.TrimPrefix(data, []byte("\ufeff")))
	r := csv.NewReader(bytes.NewReader(data))
	if r.Comma = separator; separator == 0 {
		r.Comma = delimiter(data)
	}
	rows := -1 // the header
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if strings.TrimSpace(strings.Join(row, "")) != "" {
			rows++
		}
	}
}
