package graph

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

const (
	// defaultPage is how many events a page has where nothing else is asked for.
	defaultPage = 10
	maxPage     = 1000
	// maxDays is the longest calendarView.
	maxDays = 1825
)

// parse reads the headers and the query of a request.
func (r *request) parse() error {
	var err error
	if r.prefer, err = parsePrefer(r.Header); err != nil {
		return err
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return badRequest("The query string is malformed.")
	}
	r.query = map[string]string{}
	for name, value := range values {
		if len(value) > 1 {
			return badRequest("Query option '%s' was specified more than once.", name)
		}
		r.query[strings.ToLower(name)] = value[0]
	}
	return nil
}

// allow refuses query options other than the given ones.
func (r *request) allow(names ...string) error {
	for name := range r.query {
		if !slices.Contains(names, name) {
			return badRequest("The query option '%s' is not supported here.", name)
		}
	}
	return nil
}

// timeForms are the forms of startDateTime and endDateTime; without an offset it is UTC.
var timeForms = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", time.DateOnly}

// window reads startDateTime and endDateTime.
func (r *request) window() (start, end time.Time, err error) {
	for _, edge := range []struct {
		name string
		to   *time.Time
	}{{"startdatetime", &start}, {"enddatetime", &end}} {
		if *edge.to, err = parseTime(r.query[edge.name]); err != nil {
			return start, end, badRequest("This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.")
		}
	}
	switch {
	case end.Before(start):
		return start, end, badRequest("The end of the window is before its start.")
	case end.Sub(start) > maxDays*24*time.Hour:
		return start, end, badRequest("The requested window is too long. Maximum number of days: %d", maxDays)
	}
	return start, end, nil
}

func parseTime(s string) (t time.Time, err error) {
	for _, form := range timeForms {
		if t, err = time.Parse(form, s); err == nil {
			return t, nil
		}
	}
	return t, err
}

// page says which part of a list is asked for.
func (r *request) page() (skip, size int, err error) {
	size = defaultPage
	if r.prefer.pageSize > 0 {
		size = min(r.prefer.pageSize, maxPage)
	}
	if top, given := r.query["$top"]; given {
		if size, err = strconv.Atoi(top); err != nil || size < 1 || size > maxPage {
			return 0, 0, badRequest("The value of $top must be from 1 to %d.", maxPage)
		}
	}
	if s, given := r.query["$skip"]; given {
		if skip, err = strconv.Atoi(s); err != nil || skip < 0 {
			return 0, 0, badRequest("The value of $skip must not be negative.")
		}
	}
	return skip, size, nil
}

// list answers one page of a list of items.
func (r *request) list(items []world.Item) (*result, error) {
	skip, size, err := r.page()
	if err != nil {
		return nil, err
	}
	if err := r.order(items); err != nil {
		return nil, err
	}
	shape, err := r.shape()
	if err != nil {
		return nil, err
	}
	from, to := min(skip, len(items)), min(skip+size, len(items))
	rows := make([]any, 0, to-from)
	for _, it := range items[from:to] {
		rows = append(rows, shape.event(it))
	}
	body := map[string]any{"@odata.context": r.root + "/$metadata#users('" + url.PathEscape(r.user) + "')/events", "value": rows}
	if to < len(items) {
		body["@odata.nextLink"] = r.link(map[string]string{"$top": strconv.Itoa(size), "$skip": strconv.Itoa(to)})
	}
	return &result{status: 200, body: body}, nil
}

// link is the address of the request with some query options changed.
func (r *request) link(changes map[string]string) string {
	values := url.Values{}
	for name, value := range r.query {
		values.Set(spelling(name), value)
	}
	for name, value := range changes {
		values.Set(name, value)
	}
	return r.root + r.path + "?" + values.Encode()
}

// spelling restores the usual letter case of query options.
func spelling(name string) string {
	switch name {
	case "startdatetime":
		return "startDateTime"
	case "enddatetime":
		return "endDateTime"
	}
	return name
}

// order sorts by $orderby; only start/dateTime and end/dateTime are simulated.
func (r *request) order(items []world.Item) error {
	by, given := r.query["$orderby"]
	if !given {
		return nil
	}
	field, direction, _ := strings.Cut(strings.TrimSpace(by), " ")
	key := func(it world.Item) time.Time { return it.Start }
	switch strings.ToLower(field) {
	case "start/datetime":
	case "end/datetime":
		key = func(it world.Item) time.Time { return it.End }
	default:
		return badRequest("$orderby by '%s' is not supported.", field)
	}
	slices.SortStableFunc(items, func(a, b world.Item) int {
		if strings.EqualFold(strings.TrimSpace(direction), "desc") {
			a, b = b, a
		}
		return key(a).Compare(key(b))
	})
	return nil
}

var (
	propertyFilter = regexp.MustCompile(`(?i)^singleValueExtendedProperties/any\(\s*(\w+)\s*:\s*(\w+)/id\s+eq\s+'((?:[^']|'')*)'\s+and\s+(\w+)/value\s+(eq|ne)\s+(null|'((?:[^']|'')*)')\s*\)$`)
	timeFilter     = regexp.MustCompile(`(?i)^(start|end)/dateTime\s+(ge|gt|le|lt)\s+'([^']*)'$`)
	// conjunction splits at an "and" that is outside parentheses: the next clause
	// begins with a known name.
	conjunction = regexp.MustCompile(`(?i)\s+and\s+(singleValueExtendedProperties/|start/|end/)`)
)

// filter keeps the items that $filter describes: an extended property's value,
// start/dateTime and end/dateTime, joined by "and".
func (r *request) filter(items []world.Item) ([]world.Item, error) {
	filter, given := r.query["$filter"]
	if !given {
		return items, nil
	}
	for _, clause := range strings.Split(conjunction.ReplaceAllString(strings.TrimSpace(filter), "\x00$1"), "\x00") {
		keep, err := parseClause(clause)
		if err != nil {
			return nil, err
		}
		items = slices.DeleteFunc(items, func(it world.Item) bool { return !keep(it) })
	}
	return items, nil
}

func parseClause(clause string) (func(world.Item) bool, error) {
	if m := propertyFilter.FindStringSubmatch(clause); m != nil && m[1] == m[2] && m[1] == m[4] {
		return propertyClause(unquote(m[3]), strings.ToLower(m[5]) == "eq", !strings.EqualFold(m[6], "null"), unquote(m[7]))
	}
	if m := timeFilter.FindStringSubmatch(clause); m != nil {
		at, err := parseTime(m[3])
		if err != nil {
			return nil, badRequest("Invalid filter clause: '%s' is no time.", m[3])
		}
		return timeClause(strings.ToLower(m[1]), strings.ToLower(m[2]), at), nil
	}
	return nil, fail(400, "ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes.")
}

// unquote undoes the doubling of quotes in an OData string.
func unquote(s string) string { return strings.ReplaceAll(s, "''", "'") }

// propertyClause compares an extended property, without regard to the value's case; an
// item without the property has the value null.
func propertyClause(id string, equal, hasValue bool, value string) (func(world.Item) bool, error) {
	p, err := parseProperty(id)
	if err != nil {
		return nil, err
	}
	return func(it world.Item) bool {
		got, has := it.Properties[p]
		same := has == hasValue && (!has || strings.EqualFold(got, value))
		return same == equal
	}, nil
}

func timeClause(edge, operator string, at time.Time) func(world.Item) bool {
	return func(it world.Item) bool {
		order := it.Start.Compare(at)
		if edge == "end" {
			order = it.End.Compare(at)
		}
		switch operator {
		case "ge":
			return order >= 0
		case "gt":
			return order > 0
		case "le":
			return order <= 0
		default:
			return order < 0
		}
	}
}
