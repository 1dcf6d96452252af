package ews

import "strconv"

// Limits of what one search returns (EWSFindCountLimit): across all folders of a
// request, and for a search with a restriction. More is silently left out, and only
// IncludesLastItemInRange tells.
const (
	maxFound      = 1000
	maxRestricted = 250
)

// page is the part of a list that an answer holds.
type page struct {
	from, to, total int
	indexed         bool
}

// readPage reads an indexed page view; nil is the whole list. At most limit entries
// are returned whatever the client wants.
func readPage(view *element, total, limit int) (page, *failure) {
	p := page{to: min(total, limit), total: total}
	if view == nil {
		return p, nil
	}
	p.indexed = true
	offset, err := strconv.Atoi(view.attr("Offset"))
	if err != nil || offset < 0 || view.attr("BasePoint") != "Beginning" {
		return p, fail("ErrorInvalidIndexedPagingParameters", "Offset must not be negative, and this server pages from the beginning only.")
	}
	limit, f := readLimit(view, limit)
	if f != nil {
		return p, f
	}
	p.from = min(offset, total)
	p.to = min(p.from+limit, total)
	return p, nil
}

// readLimit reads MaxEntriesReturned, bounded by the server's own limit.
func readLimit(view *element, limit int) (int, *failure) {
	text, given := view.attrs["MaxEntriesReturned"]
	if !given {
		return limit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fail("ErrorInvalidPagingMaxRows", "MaxEntriesReturned must be greater than zero.")
	}
	return min(n, limit), nil
}

// mark writes the paging attributes.
func (p page) mark(n *node) *node {
	if p.indexed {
		n.with("IndexedPagingOffset", strconv.Itoa(p.to))
	}
	return n.with("TotalItemsInView", strconv.Itoa(p.total)).
		with("IncludesLastItemInRange", strconv.FormatBool(p.to >= p.total))
}
