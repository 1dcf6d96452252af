package platform

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// MaxObjectBytes is the longest object that is decoded by itself.
const MaxObjectBytes = 256 << 10

// maxPathBytes bounds the names of unknown fields that a report repeats.
const maxPathBytes = 100

// OneOptions is what is known of an object before it is decoded.
type OneOptions struct {
	// Provider is the object's; one that names another is a mistake. Zone is the
	// provider's (time-1).
	Provider string
	Zone     *time.Location
	// ID is the object's where its address says it: the object may leave it out, and
	// must not say another. Empty where the object itself says it.
	ID string
}

// DecodeCourse reads one course as the platform's API takes it, a JSON object and
// nothing after it, by the rules of [Decode]. The error is an [ImportErrors] whose paths
// are those of fields; it repeats no value.
func DecodeCourse(data []byte, o OneOptions) (Course, error) {
	d, n := openOne(data, o)
	if len(d.errs) == 0 {
		d.course(n)
	}
	if err := d.oneError(); err != nil {
		return Course{}, err
	}
	return d.result.Courses[0], nil
}

// DecodeUnavailability does the same for an unavailability.
func DecodeUnavailability(data []byte, o OneOptions) (Unavailability, error) {
	d, n := openOne(data, o)
	if len(d.errs) == 0 {
		d.unavailable(n)
	}
	if err := d.oneError(); err != nil {
		return Unavailability{}, err
	}
	return d.result.Unavailability[0], nil
}

// Deletion names an object to delete.
type Deletion struct {
	ID string
	// Version is the platform's; empty for none.
	Version string
}

// DecodeDeletion reads what is to be deleted: an id, and optionally a version.
func DecodeDeletion(data []byte, o OneOptions) (Deletion, error) {
	d, n := openOne(data, o)
	var out Deletion
	if len(d.errs) == 0 {
		object := d.open(n)
		out = Deletion{ID: object.id("id"), Version: object.version()}
		object.close()
	}
	return out, d.oneError()
}

// openOne parses one object.
func openOne(data []byte, o OneOptions) (*decoder, node) {
	d := &decoder{
		options:  ImportOptions{Providers: map[string]*time.Location{o.Provider: o.Zone}, Terse: true},
		provider: o.Provider, seen: map[string]string{}, coursesOf: map[string]bool{}, unavailabilityOf: map[string]bool{},
		current: File{Data: data},
	}
	switch {
	case len(data) > MaxObjectBytes:
		d.report(pos{}, "", "the object is longer than %d KiB", MaxObjectBytes>>10)
		return d, node{}
	case !utf8.Valid(data):
		d.report(pos{}, "", "the text is not UTF-8")
		return d, node{}
	case !json.Valid(data):
		d.report(pos{}, "", "not a JSON object")
		return d, node{}
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	n, err := jsonTree{decoder: d, dec: dec}.read("", 0)
	if err != nil && err != io.EOF {
		d.report(n.at, n.path, "%v", err)
	}
	d.addressed(&n, o.ID)
	return d, n
}

// addressed gives the object the id of its address, and reports another one.
func (d *decoder) addressed(n *node, id string) {
	fields, ok := n.value.(map[string]node)
	if !ok || id == "" {
		return
	}
	own, given := fields["id"]
	number, _ := own.value.(json.Number)
	switch {
	case !given:
		fields["id"] = node{at: n.at, path: "id", value: id}
	case own.value != id && number.String() != id:
		d.report(own.at, "id", "it is not the id in the address")
	}
}

// oneError is what is wrong with an object that was decoded by itself: paths start at
// its fields, and places say nothing.
func (d *decoder) oneError() error {
	if len(d.errs) == 0 {
		return nil
	}
	for i := range d.errs {
		path := strings.TrimPrefix(d.errs[i].Path, ".")
		if len(path) > maxPathBytes {
			path = strings.ToValidUTF8(path[:maxPathBytes], "") + "…"
		}
		d.errs[i].Path = path
		d.errs[i].Line, d.errs[i].Column = 0, 0
	}
	return d.errs
}
