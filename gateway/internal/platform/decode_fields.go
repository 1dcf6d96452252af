package platform

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// The longest texts of an import, in bytes.
const (
	maxLabel = 1000
	maxText  = 8 << 10
)

// object reads the fields of a node, and in the end reports those nobody read.
type object struct {
	d      *decoder
	n      node
	fields map[string]node
	read   map[string]bool
	bad    bool
}

// open reads a node as an object; it is empty, and reported, when it is none.
func (d *decoder) open(n node) *object {
	fields, ok := n.value.(map[string]node)
	o := &object{d: d, n: n, fields: fields, read: map[string]bool{}}
	if !ok {
		d.report(n.at, n.path, "want an object")
		o.bad = true
	}
	return o
}

// report reports a mistake at a field, or at the object when it lacks the field.
func (o *object) report(field, format string, args ...any) {
	o.bad = true
	if o.fields == nil {
		return // that it is no object was reported
	}
	at, path := o.n.at, o.n.path
	if n, ok := o.fields[field]; ok {
		at, path = n.at, n.path
	} else if path != "" {
		path += "." + field
	} else {
		path = field
	}
	o.d.report(at, path, format, args...)
}

// close reports fields that the object does not have, and whether all was right.
func (o *object) close() bool {
	for _, name := range slices.Sorted(maps.Keys(o.fields)) {
		if !o.read[name] {
			o.report(name, "unknown field.%s", suggest(name, slices.Sorted(maps.Keys(o.read))))
		}
	}
	return !o.bad
}

// get returns a field's node; null is a field that is not given.
func (o *object) get(name string) (node, bool) {
	o.read[name] = true
	n, ok := o.fields[name]
	return n, ok && n.value != nil
}

// text reads a string of at most limit bytes without control characters other than
// line ends and tabs.
func (o *object) text(name string, limit int) string {
	n, ok := o.get(name)
	if !ok {
		return ""
	}
	s, ok := n.value.(string)
	switch {
	case !ok:
		o.report(name, "want text")
	case len(s) > limit:
		o.report(name, "longer than %d bytes", limit)
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\r\n\t", r) }):
		o.report(name, "has control characters")
	default:
		return s
	}
	return ""
}

// required reads a text that must be there.
func (o *object) required(name string, limit int) string {
	s := o.text(name, limit)
	if n, given := o.get(name); !given || n.value == "" {
		o.report(name, "is missing")
	}
	return s
}

// scalar reads a text or a number, as text.
func (o *object) scalar(name string, limit int) string {
	if n, ok := o.get(name); ok {
		if number, ok := n.value.(json.Number); ok && len(number) <= limit {
			return number.String()
		}
	}
	return o.text(name, limit)
}

// id reads an id, a text or a number.
func (o *object) id(name string) string {
	s := o.scalar(name, MaxIDBytes)
	switch n, given := o.get(name); {
	case !given || n.value == "":
		o.report(name, "is missing")
	case strings.ContainsFunc(s, unicode.IsSpace):
		o.report(name, "an id has no white space")
	}
	return s
}

func (o *object) flag(name string) bool {
	n, ok := o.get(name)
	if !ok {
		return false
	}
	if b, ok := n.value.(bool); ok {
		return b
	}
	if s, ok := n.value.(string); ok && n.cell {
		switch strings.ToLower(s) {
		case "true", "yes":
			return true
		case "false", "no":
			return false
		}
	}
	o.report(name, "want true or false")
	return false
}

// count reads a whole number that is not negative; nil when it is not given.
func (o *object) count(name string) *int {
	n, ok := o.get(name)
	if !ok {
		return nil
	}
	text := ""
	switch v := n.value.(type) {
	case json.Number:
		text = v.String()
	case string:
		if n.cell {
			text = v
		}
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 0 {
		o.report(name, "want a whole number")
		return nil
	}
	return &number
}

func (o *object) list(name string) []node {
	n, ok := o.get(name)
	if !ok {
		return nil
	}
	all, ok := n.value.([]node)
	if !ok {
		o.report(name, "want a list")
	}
	return all
}

// nested reads a field that is an object; nil when it is not given.
func (o *object) nested(name string) *object {
	n, ok := o.get(name)
	if !ok {
		return nil
	}
	return o.d.open(n)
}

// choice reads one of a few words.
func choice[T ~string](o *object, name string, words ...T) T {
	s := o.required(name, maxLabel)
	if o.fields[name].cell { // people's tables write Confirmed
		s = strings.ToLower(s)
	}
	known := make([]string, len(words))
	for i, w := range words {
		known[i] = string(w)
	}
	if s != "" && !slices.Contains(known, s) {
		o.report(name, "%s is not known.%s Want one of %s.", o.d.said(s), suggest(s, known), strings.Join(known, ", "))
	}
	return T(s)
}

// zone reads the zone an object is planned in, else its provider's (time-1).
func (o *object) zone(provider *time.Location) *time.Location {
	name := o.text("timezone", maxLabel)
	if name == "" {
		return provider
	}
	loc, err := LoadZone(name)
	if err != nil {
		if o.d.options.Terse {
			err = errors.New("the value is not an IANA name such as \"Europe/London\"")
		}
		o.report("timezone", "%v", err)
		return time.UTC
	}
	return loc
}

// localTimes are the forms of a time without an offset.
var localTimes = []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"}

// instant reads a time with an offset, or a local one in loc. wall is what clocks show
// then, zero where the time has an offset.
func (o *object) instant(name string, loc *time.Location) (at, wall time.Time) {
	s := o.required(name, maxLabel)
	if s == "" {
		return at, wall
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return o.sane(name, t), wall
	}
	if wall, ok := o.wall(name, s); ok {
		return o.sane(name, AtLocal(wall, loc)), wall
	}
	o.report(name, "%s is not a time: want 2026-11-23T09:00 in the zone, or with an offset 2026-11-23T09:00:00+01:00%s", o.d.said(s), o.dateHint(name, s))
	return at, wall
}

// wall reads a time without an offset, in a table also in the table's own form.
func (o *object) wall(name, s string) (time.Time, bool) {
	if wall, ok := o.d.dates.wall(s); ok && o.fields[name].cell {
		return wall, true
	}
	return parseForms(s, localTimes)
}

// dateHint is what there is to say about how a table writes dates.
func (o *object) dateHint(name, s string) string {
	if !o.fields[name].cell {
		return ""
	}
	return dateHint(s, o.d.dates)
}

// sane refuses times that no course has; what is left fits every store and protocol.
func (o *object) sane(name string, t time.Time) time.Time {
	if year := t.UTC().Year(); year < 1990 || year > 2200 {
		o.report(name, "the year %d is not between 1990 and 2200", year)
		return time.Time{}
	}
	return t.UTC()
}

// span reads "start" and "end" as instants. wall is nil unless both are local times.
func (o *object) span(loc *time.Location) (start, end time.Time, wall *Wall) {
	start, first := o.instant("start", loc)
	end, last := o.instant("end", loc)
	if !start.IsZero() && !end.IsZero() && !start.Before(end) {
		o.report("end", "it is not after the start")
	}
	if !first.IsZero() && !last.IsZero() {
		wall = &Wall{Start: first, End: last}
	}
	return start, end, wall
}

// days reads "start" and "end" as the first day and the day after the last.
func (o *object) days() (first, end calendar.Date) {
	day := func(name string) calendar.Date {
		s := o.required(name, maxLabel)
		if t, ok := o.d.dates.day(s); ok && o.fields[name].cell {
			s = t.Format(time.DateOnly)
		}
		d, err := calendar.ParseDate(s)
		if err != nil {
			o.report(name, "%s is not a day: with all_day want the form 2026-11-23%s", o.d.said(s), o.dateHint(name, s))
			return d
		}
		o.sane(name, d.In(time.UTC))
		return d
	}
	first, end = day("start"), day("end")
	if !o.bad && !first.Before(end) {
		o.report("end", "it is not after the start: with all_day the end is the day after the last, here %s", first.AddDays(1))
	}
	return first, end
}

// version reads the platform's own version.
func (o *object) version() string {
	s := o.scalar("version", maxLabel)
	_, notNumber := strconv.ParseInt(s, 10, 64)
	_, notTime := time.Parse(time.RFC3339, s)
	if s != "" && notNumber != nil && notTime != nil {
		o.report("version", "%s is neither a whole number nor a time such as 2026-11-23T09:00:00Z", o.d.said(s))
	}
	return s
}
