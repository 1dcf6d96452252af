package ews

import (
	"context"
	"time"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

const (
	// viewLimit is the most items a server returns in one view (EWSFindCountLimit).
	viewLimit = 1000
	// searchPage is the page of a search, for which servers allow 250 items.
	searchPage = 200
	// maxView is the longest view asked for; servers refuse more than two years. A
	// window of a year, with what is asked for around it, takes one request.
	maxView = 700 * 24 * time.Hour
	// minView is the shortest view that is split again.
	minView = 2 * time.Minute
)

// CalendarView returns the single items and occurrences that overlap the window,
// each once; also those that end at its very start, which the server counts in. A
// view that the server cuts is split until each part is whole, so that the answer is
// never partial. More than limit items are [sdk.ErrTooManyItems].
func (c *Client) CalendarView(ctx context.Context, mailbox string, w calendar.Window, limit int) ([]Item, error) {
	v := viewer{client: c, mailbox: mailbox, limit: limit, seen: map[string]bool{}}
	if err := v.read(ctx, w); err != nil {
		return nil, err
	}
	return v.items, nil
}

// viewer collects a window's items from the views of its parts.
type viewer struct {
	client  *Client
	mailbox string
	limit   int
	items   []Item
	seen    map[string]bool
}

func (v *viewer) read(ctx context.Context, w calendar.Window) error {
	if w.End.Sub(w.Start) > maxView {
		return v.split(ctx, w)
	}
	found, whole, err := v.client.view(ctx, v.mailbox, w)
	switch {
	case HasCode(err, CodeViewRangeTooBig) && w.End.Sub(w.Start) > 2*minView:
		return v.split(ctx, w)
	case err != nil:
		return err
	case !whole && w.End.Sub(w.Start) < minView:
		return tooMany(v.limit)
	case !whole:
		return v.split(ctx, w)
	}
	return v.add(found)
}

// split reads both halves of the window. What overlaps both comes twice.
func (v *viewer) split(ctx context.Context, w calendar.Window) error {
	middle := w.Start.Add(w.End.Sub(w.Start) / 2).Truncate(time.Second)
	if err := v.read(ctx, calendar.Window{Start: w.Start, End: middle}); err != nil {
		return err
	}
	return v.read(ctx, calendar.Window{Start: middle, End: w.End})
}

func (v *viewer) add(found []Item) error {
	for _, item := range found {
		if v.seen[item.ItemID.ID] {
			continue
		}
		v.seen[item.ItemID.ID] = true
		v.items = append(v.items, item)
	}
	if len(v.items) > v.limit {
		return tooMany(v.limit)
	}
	return nil
}

func tooMany(limit int) error {
	return sdk.CodeTooManyItems.New("more than %d items in the window", limit).
		WithAdvice("make the window shorter, or look for a runaway series in the calendar")
}

// view asks for one view; whole tells whether the server returned all of it.
func (c *Client) view(ctx context.Context, mailbox string, w calendar.Window) (found []Item, whole bool, err error) {
	m, err := c.find(ctx, mailbox, viewRequest(c.home(mailbox), w))
	if err != nil {
		return nil, false, err
	}
	whole, err = m.whole(0, viewLimit)
	return m.Root.Items.Calendar, whole, err
}

func viewRequest(home distinguishedFolder, w calendar.Window) findItem {
	return findItem{
		Traversal: "Shallow",
		Shape:     blockShape(),
		CalendarView: &calendarView{
			MaxEntriesReturned: viewLimit,
			StartDate:          instant(w.Start), EndDate: instant(w.End),
		},
		Folders: []distinguishedFolder{home},
	}
}

// find sends a search and returns its one message, which has items.
func (c *Client) find(ctx context.Context, mailbox string, req findItem) (findMessage, error) {
	messages, _, err := ask[findMessage](ctx, c, call{req: req, mailbox: mailbox}, 1)
	if err != nil {
		return findMessage{}, err
	}
	m := messages[0]
	if err := m.err(); err != nil {
		return findMessage{}, err
	}
	if m.Root == nil || m.Root.Items == nil {
		return findMessage{}, sdk.CodeBadAnswer.New("the server answered a search without a list of items")
	}
	return m, nil
}

// whole reports whether nothing follows the message, of which offset items came
// before and up to limit were asked for. A server that says so, and counts more items
// than it sent, lost some on the way (A5).
func (m findMessage) whole(offset, limit int) (bool, error) {
	n := m.Root.Items.count()
	if m.Root.Last == nil {
		return n < limit, nil
	}
	if *m.Root.Last && m.Root.Total != nil && *m.Root.Total > offset+n {
		return false, sdk.CodeBadAnswer.New("the server counts %d items and sent %d", *m.Root.Total, offset+n)
	}
	return *m.Root.Last, nil
}

// FindMarked returns the single items and series that have the marker's property:
// all of them, or with value set those with that value (of which the server may know
// more, as it compares without letter case).
func (c *Client) FindMarked(ctx context.Context, mailbox, value string, limit int) ([]Item, error) {
	var (
		found []Item
		seen  = map[string]bool{}
	)
	for offset := 0; ; {
		m, err := c.find(ctx, mailbox, markedRequest(c.home(mailbox), value, offset))
		if err != nil {
			return nil, err
		}
		for _, item := range m.Root.Items.Calendar {
			if !seen[item.ItemID.ID] {
				seen[item.ItemID.ID] = true
				found = append(found, item)
			}
		}
		whole, err := m.whole(offset, searchPage)
		if whole || err != nil {
			return found, err
		}
		n := m.Root.Items.count()
		if n == 0 {
			return nil, sdk.CodeBadAnswer.New("the server says that more follows and sends nothing")
		}
		if offset += n; offset > limit {
			return nil, tooMany(limit)
		}
	}
}

func markedRequest(home distinguishedFolder, value string, offset int) findItem {
	only := &restriction{Exists: &extendedExists{Field: markerField}}
	if value != "" {
		only = &restriction{IsEqual: &extendedEquals{Field: markerField, Value: constant{Value: legal(value)}}}
	}
	return findItem{
		Traversal:   "Shallow",
		Shape:       blockShape(),
		PageView:    &indexedView{MaxEntriesReturned: searchPage, Offset: offset, BasePoint: "Beginning"},
		Restriction: only,
		Folders:     []distinguishedFolder{home},
	}
}
