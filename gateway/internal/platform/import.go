package platform

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/agext/levenshtein"
)

// MaxImportBytes is the longest import file.
const MaxImportBytes = 64 << 20

// maxImportErrors bounds how much of a file that is wrong throughout is reported.
const maxImportErrors = 100

// Import is what import files bring.
type Import struct {
	Courses        []Course
	Unavailability []Unavailability
	// CoursesOf and UnavailabilityOf are the providers whose courses, and whose
	// unavailability, the files give in full: a file that has no list of them says
	// nothing about them, and absence then means nothing.
	CoursesOf, UnavailabilityOf []string
	// Columns says how the columns of tables were read.
	Columns []Column
}

// File is an import file: JSON with the name's ending .json, a table with .csv or .tsv.
type File struct {
	Name string
	Data []byte
}

// ImportOptions is what the configuration says to an import.
type ImportOptions struct {
	// Providers are the configured providers with their zones, in which times
	// without an offset and a zone are read (time-1).
	Providers map[string]*time.Location
	// Provider is meant where neither object nor file names one; set it when only
	// one is configured.
	Provider string
	// Trainers are the configured trainers: a table may name them by name or address.
	Trainers []TrainerName
	// Table says how tables are written.
	Table TableOptions
	// Terse: reports do not repeat values that are wrong, for those who may see reports
	// and not the values.
	Terse bool
}

// TrainerName is how people know a trainer.
type TrainerName struct {
	ID          TrainerID
	Name, Email string
}

// ImportError is one mistake in an import file.
type ImportError struct {
	File         string
	Line, Column int
	// Path is the JSON path or the CSV column, empty for the file as a whole.
	Path    string
	Message string
}

// Error is "file:line:column: path: message".
func (e ImportError) Error() string {
	text := e.File
	if e.Line > 0 {
		text += fmt.Sprintf(":%d:%d", e.Line, e.Column)
	}
	if e.Path != "" {
		text += ": " + e.Path
	}
	return text + ": " + e.Message
}

// ImportErrors are all mistakes in the files of an import, at most the first
// hundred of each file.
type ImportErrors []ImportError

// Error has one line a mistake.
func (e ImportErrors) Error() string {
	lines := make([]string, len(e))
	for i := range e {
		lines[i] = e[i].Error()
	}
	return strings.Join(lines, "\n")
}

// Decode reads import files. Fields must be known and whole: a course without
// trainers, for example, is a mistake and not a course that nobody gives (A11).
// When anything is wrong the error is an [ImportErrors] with every mistake, and
// nothing is returned. An error of another kind is about the options.
func Decode(files []File, o ImportOptions) (Import, error) {
	dates, err := o.Table.check()
	if err != nil {
		return Import{}, err
	}
	d := &decoder{dates: dates, options: o, seen: map[string]string{}, coursesOf: map[string]bool{}, unavailabilityOf: map[string]bool{}}
	for _, f := range files {
		d.file(f)
	}
	if len(d.errs) > 0 {
		return Import{}, d.errs
	}
	d.result.CoursesOf = slices.Sorted(maps.Keys(d.coursesOf))
	d.result.UnavailabilityOf = slices.Sorted(maps.Keys(d.unavailabilityOf))
	return d.result, nil
}

// decoder reads the files of one import.
type decoder struct {
	options ImportOptions
	result  Import
	errs    ImportErrors
	// seen says where each object was, so that none comes twice.
	seen                        map[string]string
	coursesOf, unavailabilityOf map[string]bool
	// dates are the table's own forms of dates.
	dates dateForms
	// current is the file being read, and what it says of itself.
	current  File
	provider string
	reported int
}

func (d *decoder) file(f File) {
	ext := strings.ToLower(filepath.Ext(f.Name))
	table := ext == ".csv" || ext == ".tsv"
	d.current, d.provider, d.reported = f, d.options.Provider, 0
	if len(f.Data) > MaxImportBytes {
		d.report(pos{}, "", "the file is longer than %d MiB: split it", MaxImportBytes>>20)
		return
	}
	if table {
		d.current.Data = d.text(f.Data)
	} else {
		d.current.Data = bytes.TrimPrefix(f.Data, []byte("\ufeff"))
	}
	switch bad := validPrefix(d.current.Data); {
	case d.reported > 0: // it has another encoding than is said
	case bad < len(d.current.Data) && table:
		d.report(pos{offset: bad}, "", `the text is not UTF-8: save it as "CSV UTF-8", or say what it is with --encoding, such as windows-1252`)
	case bad < len(d.current.Data):
		d.report(pos{offset: bad}, "", "the text is not UTF-8")
	case ext == ".json":
		d.json()
	case table:
		d.csv()
	default:
		d.report(pos{}, "", "want a file that ends in .json, .csv or .tsv")
	}
}

// validPrefix is how many bytes of data are UTF-8.
func validPrefix(data []byte) int {
	if utf8.Valid(data) {
		return len(data)
	}
	n := 0
	for n < len(data) {
		r, size := utf8.DecodeRune(data[n:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		n += size
	}
	return n
}

// pos is a place in a file: a byte offset, or a line and column where they are known.
type pos struct{ offset, line, column int }

func (d *decoder) report(at pos, path, format string, args ...any) {
	if d.reported++; d.reported > maxImportErrors {
		return
	}
	if at.line == 0 {
		before := d.current.Data[:min(at.offset, len(d.current.Data))]
		at.line = 1 + bytes.Count(before, []byte("\n"))
		at.column = 1 + len(before) - (bytes.LastIndexByte(before, '\n') + 1)
	}
	d.errs = append(d.errs, ImportError{
		File: d.current.Name, Line: at.line, Column: at.column, Path: path, Message: fmt.Sprintf(format, args...),
	})
}

// said repeats a value that is wrong, where that may be done.
func (d *decoder) said(value string) string {
	if d.options.Terse {
		return "the value"
	}
	return strconv.Quote(value)
}

// once reports an object that came before, in this file or another.
func (d *decoder) once(o *object, kind, provider, id string) {
	key := kind + "\x00" + provider + "\x00" + id
	if first, again := d.seen[key]; again {
		o.report("id", "%s %q of %s came before, in %s", kind, id, provider, first)
		return
	}
	d.seen[key] = d.current.Name
}

// maxSuggest is the longest name that is compared with those that are known.
const maxSuggest = 64

// suggest is " Did you mean …?" for a misspelt name, or nothing.
func suggest(name string, known []string) string {
	if len(name) > maxSuggest {
		return ""
	}
	best := slices.MinFunc(append([]string{""}, known...), func(a, b string) int {
		return cmp.Compare(levenshtein.Distance(name, a, nil), levenshtein.Distance(name, b, nil))
	})
	if best == "" || levenshtein.Distance(name, best, nil) > 2 {
		return ""
	}
	return fmt.Sprintf(" Did you mean %q?", best)
}
