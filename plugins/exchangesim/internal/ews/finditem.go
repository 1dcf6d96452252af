package ews

import (
	"slices"
	"strconv"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// maxViewYears is the widest CalendarView.
const maxViewYears = 2

// finder is a FindItem on its way over its folders.
type finder struct {
	call    *call
	request *element
	shape   *itemShape
	// left is how many more items the whole answer may hold.
	left int
}

func findItem(c *call, e *element) *node {
	find := &finder{call: c, request: e, left: maxFound}
	shape, bad := c.readItemShape(e.first("ItemShape"))
	find.shape = shape
	return c.batch("FindItem", e.first("ParentFolderIds"), "", func(id *element) ([]*node, *failure) {
		if bad != nil {
			return nil, bad
		}
		parent, f := c.findFolder(id)
		if f != nil {
			return nil, f
		}
		return find.in(parent)
	})
}

func (s *finder) in(parent folder) ([]*node, *failure) {
	if f := s.unsupported(); f != nil {
		return nil, f
	}
	items, p, f := s.search(parent)
	if f != nil {
		return nil, f
	}
	list := el("t:Items")
	for _, it := range items {
		v := &itemView{call: s.call, target: parent.target, item: it, shape: s.shape, brief: true}
		list.add(v.node())
	}
	s.left -= len(items)
	return []*node{p.mark(el("m:RootFolder", list))}, nil
}

// unsupported refuses what this server does not do, rather than leaving it out.
func (s *finder) unsupported() *failure {
	for _, name := range []string{"GroupBy", "DistinguishedGroupBy", "QueryString", "FractionalPageItemView", "SeekToConditionPageItemView", "ContactsView"} {
		if s.request.first(name) != nil {
			return fail("ErrorUnsupportedQueryFilter", "This server does not support "+name+".")
		}
	}
	return nil
}

func (s *finder) search(parent folder) ([]world.Item, page, *failure) {
	if view := s.request.first("CalendarView"); view != nil {
		return s.calendarView(parent, view)
	}
	var items []world.Item
	if s.request.attr("Traversal") == "Shallow" {
		// Soft-deleted and associated items are never there.
		items = parent.box.Items(parent.kind())
	}
	limit := s.left
	if r := s.request.first("Restriction"); r != nil {
		test, f := readRestriction(r)
		if f != nil {
			return nil, page{}, f
		}
		limit = min(limit, maxRestricted)
		items = slices.DeleteFunc(items, func(it world.Item) bool { return !test(s.view(parent, it)) })
	}
	if f := s.sort(parent, items); f != nil {
		return nil, page{}, f
	}
	p, f := readPage(s.request.first("IndexedPageItemView"), len(items), limit)
	return items[p.from:p.to], p, f
}

// view is the item as conditions and sorting see it: uncut.
func (s *finder) view(parent folder, it world.Item) *itemView {
	return &itemView{call: s.call, target: parent.target, item: it, shape: s.shape}
}

// calendarView lists what the calendar shows in a span of time: occurrences instead
// of masters, by start. An item that ends exactly at StartDate counts, one that
// starts at EndDate does not.
func (s *finder) calendarView(parent folder, view *element) ([]world.Item, page, *failure) {
	if parent.kind() != world.Calendar {
		return nil, page{}, fail("ErrorCalendarFolderIsInvalidForCalendarView", "A calendar view is only possible in a calendar folder.")
	}
	if s.request.first("Restriction") != nil || s.request.first("SortOrder") != nil {
		return nil, page{}, fail("ErrorUnsupportedPathForQuery", "A calendar view has neither a restriction nor a sort order.")
	}
	start, end := s.call.viewTime(view, "StartDate"), s.call.viewTime(view, "EndDate")
	switch {
	case end.Before(start):
		return nil, page{}, fail("ErrorCalendarEndDateIsEarlierThanStartDate", "EndDate is earlier than StartDate.")
	case end.After(start.AddDate(maxViewYears, 0, 0)):
		return nil, page{}, fail("ErrorCalendarViewRangeTooBig", "The specified view range exceeds the maximum range of two years.")
	}
	limit, f := readLimit(view, s.left)
	if f != nil {
		return nil, page{}, f
	}
	items := parent.box.View(start, end, true)
	p := page{to: min(len(items), limit), total: len(items)}
	return items[:p.to], p, nil
}

// viewTime reads an attribute that the schema has let through.
func (c *call) viewTime(view *element, name string) time.Time {
	t, _ := parseDateTime(view.attr(name))
	return t.in(c.zone)
}

// sort orders items by SortOrder.
func (s *finder) sort(parent folder, items []world.Item) *failure {
	orders := s.request.first("SortOrder").elements()
	for _, order := range slices.Backward(orders) {
		if len(order.children) != 1 {
			return errSchema(order, "A sort order names one property.")
		}
		get, f := readPath(order.children[0])
		if f != nil {
			return f
		}
		descending := order.attr("Order") == "Descending"
		slices.SortStableFunc(items, func(a, b world.Item) int {
			x, _ := get(s.view(parent, a))
			y, _ := get(s.view(parent, b))
			if descending {
				x, y = y, x
			}
			return compareValues(x, y)
		})
	}
	return nil
}

// compareValues compares two property values of the same kind: times and numbers as
// such, anything else as text.
func compareValues(a, b string) int {
	if x, err := parseDateTime(a); err == nil {
		if y, err := parseDateTime(b); err == nil {
			return x.in(time.UTC).Compare(y.in(time.UTC))
		}
	}
	if x, err := strconv.ParseInt(a, 10, 64); err == nil {
		if y, err := strconv.ParseInt(b, 10, 64); err == nil {
			return int(min(max(x-y, -1), 1))
		}
	}
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
