package httpapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// maxLine is the longest line of a request of many objects.
const maxLine = platform.MaxObjectBytes

var (
	errLongLine = fmt.Errorf("is longer than %d KiB", maxLine>>10)
	errTooLong  = errors.New("the body is longer than a request may be")
)

// lineReader reads a body of one JSON value a line, a line at a time. Whatever the body
// is, it holds one line.
type lineReader struct {
	in *bufio.Reader
	// left is how much of the body may still come.
	left int64
	// n is the number of the last line, from 1.
	n int
}

func newLineReader(body io.Reader, limit int64) *lineReader {
	r := &lineReader{left: limit}
	r.in = bufio.NewReaderSize(&limitedReader{body, &r.left}, 64<<10)
	return r
}

// limitedReader fails where more comes than may; io.LimitReader would make the end of it
// look like the end of the body.
type limitedReader struct {
	io.Reader
	left *int64
}

// Read implements [io.Reader].
func (r *limitedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if *r.left -= int64(n); *r.left < 0 {
		return 0, errTooLong
	}
	return n, err
}

// next returns the next line that is not blank; it is valid until the one after. Its
// error is errLongLine for a line that is passed over, io.EOF at the end of a whole
// body, or why the body ended before.
func (r *lineReader) next(into []byte) ([]byte, error) {
	for {
		line, err := r.line(into[:0])
		if err == nil && len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		return line, err
	}
}

func (r *lineReader) line(line []byte) ([]byte, error) {
	r.n++
	long := false
	for {
		piece, err := r.in.ReadSlice('\n')
		if long = long || len(line)+len(piece) > maxLine+1; !long {
			line = append(line, piece...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && (!errors.Is(err, io.EOF) || len(line) == 0 && !long):
			return nil, err
		case long:
			return nil, errLongLine
		}
		return line, nil
	}
}

// lineForm is what a line holds.
type lineForm struct {
	Op             string          `json:"op"`
	Course         json.RawMessage `json:"course"`
	Unavailability json.RawMessage `json:"unavailability"`
}

// The operations of a line.
const (
	opUpsert = "upsert"
	opDelete = "delete"
)

// decodeLine reads a line. With ops it says what to do with the object; else it is the
// object alone.
func decodeLine(line []byte, ops bool, o platform.OneOptions) (store.Change, error) {
	form, err := formOf(line)
	switch {
	case err != nil:
		return store.Change{}, err
	case !ops && form.Op != "":
		return store.Change{}, one("op", "does not belong here: a snapshot holds objects alone")
	case !ops:
		form.Op = opUpsert
	case form.Op != opUpsert && form.Op != opDelete:
		return store.Change{}, one("op", "want upsert or delete")
	}
	if (form.Course == nil) == (form.Unavailability == nil) {
		return store.Change{}, one("", "want just one of course and unavailability")
	}
	if form.Op == opDelete {
		return form.deletion(o)
	}
	return form.upsert(o)
}

// formOf parses a line, and refuses what does not belong there: names that are unknown,
// written otherwise or twice, and anything after the object.
func formOf(line []byte) (form lineForm, err error) {
	if !json.Valid(line) {
		return form, one("", "is not a JSON object on one line")
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return form, one("", "is not an object")
	}
	fields := map[string]any{"op": &form.Op, "course": &form.Course, "unavailability": &form.Unavailability}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return form, one("", "is not an object")
		}
		name, _ := t.(string)
		target, known := fields[name]
		if !known {
			return form, one("", "has a name that is unknown or comes twice: want op, course and unavailability")
		}
		delete(fields, name)
		if err := dec.Decode(target); err != nil {
			return form, one(name, "is not what belongs there")
		}
	}
	return form, nil
}

// one is a mistake at a field.
func one(path, message string) error {
	return platform.ImportErrors{{Path: path, Message: message}}
}

func (f lineForm) upsert(o platform.OneOptions) (store.Change, error) {
	if f.Course != nil {
		c, err := platform.DecodeCourse(f.Course, o)
		return store.Change{Course: &c}, within("course", err)
	}
	u, err := platform.DecodeUnavailability(f.Unavailability, o)
	if err == nil && pulledID.MatchString(u.ID) {
		err = one("id", "is that of an appointment in a calendar: it can only be changed there")
	}
	return store.Change{Unavailability: &u}, within("unavailability", err)
}

func (f lineForm) deletion(o platform.OneOptions) (store.Change, error) {
	if f.Course != nil {
		d, err := platform.DecodeDeletion(f.Course, o)
		return store.Change{DeleteCourse: d.ID, Version: d.Version}, within("course", err)
	}
	d, err := platform.DecodeDeletion(f.Unavailability, o)
	if err == nil && pulledID.MatchString(d.ID) {
		err = one("id", "is that of an appointment in a calendar: it can only be deleted there")
	}
	return store.Change{DeleteUnavailability: d.ID, Version: d.Version}, within("unavailability", err)
}

// within puts the paths of mistakes below a field.
func within(field string, err error) error {
	var mistakes platform.ImportErrors
	if !errors.As(err, &mistakes) {
		return err
	}
	for i := range mistakes {
		if mistakes[i].Path == "" {
			mistakes[i].Path = field
		} else {
			mistakes[i].Path = field + "." + mistakes[i].Path
		}
	}
	return mistakes
}

// endOf is why a body ended before it was whole, in the words of an answer.
func endOf(err error, limit int64) *Problem {
	if errors.Is(err, errTooLong) {
		return problem(http.StatusRequestEntityTooLarge, "A request has at most %d MiB: send the rest in another one.", limit>>20)
	}
	return problem(http.StatusBadRequest, "The request's body ended before it was whole.")
}
