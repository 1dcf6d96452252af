package platform

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// TableOptions says how a company's own table (CSV) is read: what its columns are
// called, how its dates and words are written.
type TableOptions struct {
	// Columns gives, by field, the header of its column. Columns that are not named are
	// recognised by their header: a field's name, or a usual other word for it.
	Columns map[string]string
	// Constants gives, by field, what every row has, for fields without a column.
	Constants map[string]string
	// Words gives, by field, what the table's own words mean: "status": {"Booked":
	// "confirmed"}. Letter case does not matter.
	Words map[string]map[string]string
	// DateFormat is how dates, or dates with times, are written, such as DD/MM/YYYY;
	// empty for ISO 8601 alone.
	DateFormat string
	// Encoding of the text; empty for UTF-8.
	Encoding string
	// IgnoreOthers leaves columns out that are no field, instead of refusing them.
	IgnoreOthers bool
}

// Column says as which field a column of a table was read.
type Column struct {
	File, Header, Field string
}

// tableKind is what a table lists.
type tableKind struct {
	name string
	// fields are the columns that it may have, with usual other words for them, in the
	// form of [plainHeader].
	fields map[string][]string
	// required are those that each row must have; any of the alternatives will do.
	required [][]string
}

var spanFields = map[string][]string{
	"start":      {"starts", "start date time", "start time and date", "from", "begin", "begins"},
	"end":        {"ends", "finish", "end date time", "end time and date", "until", "to"},
	"start_date": {"date", "course date", "from date", "date from", "begin date"},
	"start_time": {"time from", "from time", "time start", "begin time"},
	"end_date":   {"finish date", "to date", "date to", "last day"},
	"end_time":   {"finish time", "time to", "to time", "time end"},
	"timezone":   {"time zone", "tz"},
	"provider":   nil, "version": nil,
}

var courseTable = tableKind{
	name: "courses",
	fields: withSpan(map[string][]string{
		"id":       {"course id", "course no", "course number", "course code", "course ref", "course reference", "ref", "reference", "event id"},
		"name":     {"course", "course name", "course title", "title"},
		"alias":    {"short name", "short title", "course alias"},
		"kind":     {"type", "course type", "delivery"},
		"status":   {"course status", "state"},
		"trainers": {"trainer", "trainer s", "instructor", "instructors", "tutor", "tutors", "trainer name", "trainer names"},
		"places":   {"capacity", "seats", "max places"}, "waiting_list": nil,
		"venue_name": {"venue", "location"}, "venue_address": {"address"}, "venue_phone": nil, "venue_email": nil,
		"webinar_url": {"webinar link", "join link", "meeting link", "meeting url"}, "webinar_meeting_id": {"meeting id"},
		"webinar_passcode": {"passcode"}, "webinar_dial_in": {"dial in"}, "webinar_notes": nil,
		"delegate_webinar_url": nil, "delegate_webinar_meeting_id": nil, "delegate_webinar_passcode": nil,
		"delegate_webinar_dial_in": nil, "delegate_webinar_notes": nil,
		"details_url": {"details", "link"}, "cost": {"price", "fee"}, "cost_type": {"price type"},
		"advertise": {"advertised"}, "sessional": nil, "tax_exempt": nil,
		"external_id": nil, "delivery_method": nil, "exclusive_accounts": nil,
	}),
	required: [][]string{{"id"}, {"name"}, {"kind"}, {"status"}, {"start", "start_date"}, {"end", "end_time", "end_date"}, {"trainers"}},
}

var unavailabilityTable = tableKind{
	name: "unavailability",
	fields: withSpan(map[string][]string{
		"id": {"ref", "reference", "leave id"}, "trainer": {"instructor", "tutor", "trainer name"},
		"description": {"reason", "subject", "notes"}, "all_day": {"whole day", "whole days"},
		"origin": nil, "busy": nil, "stale_since": nil, // read-only, and told so
	}),
	required: [][]string{{"id"}, {"trainer"}, {"start", "start_date"}, {"end", "end_time", "end_date"}},
}

func withSpan(fields map[string][]string) map[string][]string {
	maps.Copy(fields, spanFields)
	return fields
}

// plainHeader is a header or a field's name in small letters and digits, its words
// parted by one space.
func plainHeader(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), " ")
}

// check reads the options that are right or wrong for every table.
func (o TableOptions) check() (dateForms, error) {
	if name := strings.ToLower(o.Encoding); name != "" && name != "utf-8" && encodings[name] == nil {
		return dateForms{}, fmt.Errorf("encoding %q is not known: want utf-8 or one of %s", o.Encoding, strings.Join(slices.Sorted(maps.Keys(encodings)), ", "))
	}
	if o.DateFormat == "" {
		return dateForms{}, nil
	}
	return parseDateFormat(o.DateFormat)
}

// kindOf tells what a table lists. "trainers" is a column of courses alone; a table with
// "trainer" lists courses when it has something else that only courses have.
func (o TableOptions) kindOf(header []string) (tableKind, bool) {
	has := func(kind tableKind, field string) bool {
		return o.Columns[field] != "" || o.Constants[field] != "" ||
			slices.ContainsFunc(header, func(h string) bool { return kind.rank(h, field) > 0 })
	}
	switch {
	case !has(courseTable, "trainers"):
		return tableKind{}, false
	case slices.Contains(header, "trainers"), o.Columns["trainers"] != "", o.Constants["trainers"] != "":
		return courseTable, true
	case o.Columns["trainer"] == "" && (has(courseTable, "name") || has(courseTable, "kind") || has(courseTable, "status")):
		return courseTable, true
	}
	return unavailabilityTable, true
}

// rank says how well a header names a field: 2 by its name, 1 by another word, 0 not.
func (k tableKind) rank(header, field string) int {
	switch plain := plainHeader(header); {
	case plain == plainHeader(field):
		return 2
	case slices.Contains(k.fields[field], plain):
		return 1
	}
	return 0
}

// resolve finds the field of each column, empty for one that is left out. What is wrong
// is told by mistake, with the column's index, or -1 where it is about none.
func (o TableOptions) resolve(kind tableKind, header []string, mistake func(column int, format string, args ...any)) []string {
	fields := make([]string, len(header))
	o.knownFields(kind, mistake)
	taken := o.named(kind, header, fields, mistake)
	for rank := 2; rank > 0; rank-- {
		o.recognise(kind, header, fields, taken, rank, mistake)
	}
	for i, h := range header {
		if fields[i] == "" && h != "" && !o.IgnoreOthers {
			mistake(i, "no field of %s has this name.%s Say which it is with --column FIELD=%q, or leave such columns out with --ignore-other-columns",
				kind.name, suggest(strings.ReplaceAll(plainHeader(h), " ", "_"), slices.Sorted(maps.Keys(kind.fields))), h)
		}
	}
	for _, any := range kind.required {
		if !slices.ContainsFunc(any, func(f string) bool { return taken[f] || o.Constants[f] != "" }) {
			mistake(-1, "there is no column for %q. Say which it is with --column %s=HEADER, or what all rows have with --set %s=VALUE", any[0], any[0], any[0])
		}
	}
	return fields
}

// knownFields reports options for fields that the table cannot have.
func (o TableOptions) knownFields(kind tableKind, mistake func(int, string, ...any)) {
	all := slices.Concat(slices.Collect(maps.Keys(o.Columns)), slices.Collect(maps.Keys(o.Constants)), slices.Collect(maps.Keys(o.Words)))
	slices.Sort(all)
	for _, field := range slices.Compact(all) {
		if _, ok := kind.fields[field]; !ok {
			mistake(-1, "a table of %s has no field %q.%s", kind.name, field, suggest(field, slices.Sorted(maps.Keys(kind.fields))))
		}
	}
}

// named assigns the columns that the options name.
func (o TableOptions) named(kind tableKind, header, fields []string, mistake func(int, string, ...any)) map[string]bool {
	taken := map[string]bool{}
	for _, field := range slices.Sorted(maps.Keys(o.Columns)) {
		i := slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(h, strings.TrimSpace(o.Columns[field])) })
		switch {
		case i < 0:
			mistake(-1, "--column %s=%q: there is no such column; there are %s", field, o.Columns[field], quoted(header))
		case fields[i] != "":
			mistake(i, "it is named twice, as %s and as %s", fields[i], field)
		default:
			fields[i], taken[field] = field, true
		}
	}
	return taken
}

// recognise assigns columns by their headers.
func (o TableOptions) recognise(kind tableKind, header, fields []string, taken map[string]bool, rank int, mistake func(int, string, ...any)) {
	claimed := map[string]int{}
	for i, h := range header {
		if fields[i] != "" {
			continue
		}
		for _, field := range slices.Sorted(maps.Keys(kind.fields)) {
			if taken[field] || kind.rank(h, field) != rank {
				continue
			}
			fields[i] = field
			if first, again := claimed[field]; again {
				mistake(i, "this and the column %q are both %q. Say which is, with --column %s=HEADER", header[first], field, field)
			}
			claimed[field] = i
			break
		}
	}
	for field := range claimed {
		taken[field] = true
	}
}

func quoted(names []string) string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(all, ", ")
}
