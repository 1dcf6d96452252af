package ews

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

func december() calendar.Window {
	return calendar.Window{
		Start: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

var viewDates = regexp.MustCompile(`StartDate="([^"]+)" EndDate="([^"]+)"`)

// viewServer answers views of items that are an hour long each, at most limit of
// them, and says so when it cut.
func viewServer(t *testing.T, starts []time.Time, limit int) func(int, string) reply {
	return func(_ int, body string) reply {
		m := viewDates.FindStringSubmatch(body)
		start, err := time.Parse(time.RFC3339, m[1])
		end, err2 := time.Parse(time.RFC3339, m[2])
		if err != nil || err2 != nil {
			t.Errorf("not a view: %s", body)
		}
		items, n := "", 0
		for i, s := range starts {
			if s.Before(end) && !s.Add(time.Hour).Before(start) {
				if n++; n <= limit {
					items += calendarXML(i, s)
				}
			}
		}
		return response("FindItem", success("FindItem", fmt.Sprintf(
			`<m:RootFolder TotalItemsInView="%d" IncludesLastItemInRange="%v"><t:Items>%s</t:Items></m:RootFolder>`, n, n <= limit, items)))
	}
}

func calendarXML(i int, s time.Time) string {
	return fmt.Sprintf(`<t:CalendarItem><t:ItemId Id="id%d" ChangeKey="k"/><t:Start>%s</t:Start><t:End>%s</t:End></t:CalendarItem>`,
		i, instant(s), instant(s.Add(time.Hour)))
}

// M3: a view that the server cuts is split by time until every part is whole, and
// what overlaps two parts counts once.
func TestCalendarViewSplits(t *testing.T) {
	var starts []time.Time
	for i := range 490 {
		starts = append(starts, december().Start.Add(time.Duration(i)*90*time.Minute))
	}
	c, s := newFake(t, viewServer(t, starts, 100))
	items, err := c.CalendarView(t.Context(), "ana@example.org", december(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, item := range items {
		got[item.ItemID.ID] = true
	}
	if len(got) != len(starts) || len(items) != len(starts) {
		t.Errorf("%d items, %d different; want %d", len(items), len(got), len(starts))
	}
	if s.count() > 31 {
		t.Errorf("%d requests for %d items", s.count(), len(starts))
	}
}

// A view of several years is asked for in parts the server accepts.
func TestLongView(t *testing.T) {
	w := december()
	w.End = w.Start.AddDate(3, 0, 0)
	c, s := newFake(t, viewServer(t, []time.Time{w.Start.AddDate(2, 6, 0)}, 100))
	items, err := c.CalendarView(t.Context(), "ana@example.org", w, 1000)
	if err != nil || len(items) != 1 || s.count() != 2 {
		t.Errorf("%d items, %v, %d requests; want 1 item in 2 requests", len(items), err, s.count())
	}
}

// A view of a year and a bit, as every sync asks for, is one request; and one that a
// server thinks too long is asked for in parts.
func TestViewOfAYear(t *testing.T) {
	w := december()
	w.End = w.Start.AddDate(0, 0, 375)
	for want, refused := range map[int]int{1: 0, 3: 1} {
		calm := viewServer(t, []time.Time{w.Start.AddDate(0, 6, 0)}, 100)
		c, s := newFake(t, func(n int, body string) reply {
			if n <= refused {
				return response("FindItem", failure("FindItem", CodeViewRangeTooBig))
			}
			return calm(n, body)
		})
		items, err := c.CalendarView(t.Context(), "ana@example.org", w, 1000)
		if err != nil || len(items) != 1 || s.count() != want {
			t.Errorf("%d items, %v, %d requests; want 1 item in %d requests", len(items), err, s.count(), want)
		}
	}
}

// E6: a runaway series ends with a typed error and a bounded number of requests.
func TestTooManyItems(t *testing.T) {
	crowd := make([]time.Time, 300)
	for i := range crowd {
		crowd[i] = december().Start.Add(time.Hour)
	}
	for name, limit := range map[string]int{"at one instant": 1000, "all in all": 50} {
		c, s := newFake(t, viewServer(t, crowd, limit/5))
		_, err := c.CalendarView(t.Context(), "ana@example.org", december(), limit)
		if !errors.Is(err, sdk.ErrTooManyItems) || s.count() > 60 {
			t.Errorf("%s: %v after %d requests; want ErrTooManyItems", name, err, s.count())
		}
	}
}

// A2: the second of a view's parts fails, and so does the whole.
func TestCalendarViewFailsWhole(t *testing.T) {
	ok := viewServer(t, []time.Time{december().Start, december().Start.Add(time.Hour)}, 1)
	c, _ := newFake(t, func(n int, body string) reply {
		if n == 3 {
			return response("FindItem", failure("FindItem", "ErrorMailboxStoreUnavailable"))
		}
		return ok(n, body)
	})
	if items, err := c.CalendarView(t.Context(), "ana@example.org", december(), 100); !errors.Is(err, sdk.ErrUnavailable) || items != nil {
		t.Errorf("%v, %v; want ErrUnavailable and nothing", items, err)
	}
}

var offsetForm = regexp.MustCompile(`Offset="(\d+)"`)

func markedServer(t *testing.T, total, page int) func(int, string) reply {
	return func(_ int, body string) reply {
		offset, err := strconv.Atoi(offsetForm.FindStringSubmatch(body)[1])
		if err != nil {
			t.Error(err)
		}
		items := ""
		last := min(offset+page, total)
		for i := offset; i < last; i++ {
			items += calendarXML(i, december().Start)
		}
		return response("FindItem", success("FindItem", fmt.Sprintf(
			`<m:RootFolder IndexedPagingOffset="%d" TotalItemsInView="%d" IncludesLastItemInRange="%v"><t:Items>%s</t:Items></m:RootFolder>`,
			last, total, last == total, items)))
	}
}

func TestFindMarkedPages(t *testing.T) {
	c, s := newFake(t, markedServer(t, 450, 200))
	items, err := c.FindMarked(t.Context(), "ana@example.org", "", 1000)
	if err != nil || len(items) != 450 || s.count() != 3 {
		t.Errorf("%d items, %v, %d requests; want 450 in 3", len(items), err, s.count())
	}
	// B4: a page that comes twice counts once, and a search that stands still ends.
	c, _ = newFake(t, always(markedServer(t, 450, 200)(1, `Offset="0"`)))
	if items, err := c.FindMarked(t.Context(), "ana@example.org", "", 1000); !errors.Is(err, sdk.ErrTooManyItems) {
		t.Errorf("%d items, %v; want ErrTooManyItems", len(items), err)
	}
	c, _ = newFake(t, always(response("FindItem", success("FindItem", `<m:RootFolder IncludesLastItemInRange="false"><t:Items/></m:RootFolder>`))))
	if _, err := c.FindMarked(t.Context(), "ana@example.org", "", 1000); !errors.Is(err, sdk.ErrBadAnswer) {
		t.Errorf("%v; want ErrBadAnswer", err)
	}
}

func syncXML(state string, last bool, changes string) string {
	return success("SyncFolderItems", fmt.Sprintf(
		`<m:SyncState>%s</m:SyncState><m:IncludesLastItemInRange>%v</m:IncludesLastItemInRange><m:Changes>%s</m:Changes>`, state, last, changes))
}

func TestSync(t *testing.T) {
	c, s := newFake(t, func(n int, body string) reply {
		switch {
		case n == 1 && !strings.Contains(body, "SyncState"):
			return response("SyncFolderItems", syncXML("s1", false, `<t:Create><t:CalendarItem><t:ItemId Id="a"/></t:CalendarItem></t:Create>`))
		case strings.Contains(body, "<m:SyncState>s1</m:SyncState>"):
			return response("SyncFolderItems", syncXML("s2", true, ""))
		case strings.Contains(body, "<m:SyncState>s2</m:SyncState>"):
			return response("SyncFolderItems", syncXML("s3", true, `<t:ReadFlagChange><t:ItemId Id="a"/><t:IsRead>true</t:IsRead></t:ReadFlagChange>`))
		}
		return response("SyncFolderItems", failure("SyncFolderItems", CodeInvalidSyncState))
	})
	state, changes, err := c.Sync(t.Context(), "ana@example.org", "")
	if want := (Changes{Created: 1}); state != "s2" || changes != want || err != nil || s.count() != 2 {
		t.Errorf("first: %q, %v, %v", state, changes, err)
	}
	state, changes, err = c.Sync(t.Context(), "ana@example.org", state)
	if state != "s3" || changes.Any() || err != nil {
		t.Errorf("that an item was read is no change: %q, %v, %v", state, changes, err)
	}
	if _, _, err = c.Sync(t.Context(), "ana@example.org", "old"); !HasCode(err, CodeInvalidSyncState) {
		t.Errorf("%v; want %s (F5)", err, CodeInvalidSyncState)
	}
}

func TestSyncThatStandsStill(t *testing.T) {
	c, s := newFake(t, always(response("SyncFolderItems", syncXML("s1", false, ""))))
	if _, _, err := c.Sync(t.Context(), "ana@example.org", ""); !errors.Is(err, sdk.ErrBadAnswer) || s.count() != 2 {
		t.Errorf("%v after %d requests; want ErrBadAnswer after 2", err, s.count())
	}
	for name, body := range map[string]string{
		"no state": `<m:IncludesLastItemInRange>true</m:IncludesLastItemInRange>`,
		"no end":   `<m:SyncState>s1</m:SyncState>`,
	} {
		c, _ := newFake(t, always(response("SyncFolderItems", success("SyncFolderItems", body))))
		if _, _, err := c.Sync(t.Context(), "ana@example.org", ""); !errors.Is(err, sdk.ErrBadAnswer) {
			t.Errorf("%s: %v; want ErrBadAnswer", name, err)
		}
	}
}

// G5: each item of a batch has its own outcome.
func TestBatchOutcomes(t *testing.T) {
	item := `<m:Items><t:CalendarItem><t:ItemId Id="a" ChangeKey="k2"/></t:CalendarItem></m:Items>`
	c, _ := newFake(t, always(response("UpdateItem",
		success("UpdateItem", item), failure("UpdateItem", "ErrorIrresolvableConflict"),
		strings.Replace(failure("UpdateItem", CodeBatchStopped), "Error\"", "Warning\"", 1), success("UpdateItem", "<m:Items/>"))))
	results, err := c.UpdateItems(t.Context(), []string{"ana@example.org"}, make([]Change, 4), true)
	if err != nil {
		t.Fatal(err)
	}
	if results[0].Err != nil || results[0].Value != (ItemID{ID: "a", ChangeKey: "k2"}) {
		t.Errorf("first: %+v", results[0])
	}
	if !errors.Is(results[1].Err, sdk.ErrConflict) {
		t.Errorf("second: %v; want ErrConflict (M4)", results[1].Err)
	}
	if !HasCode(results[2].Err, CodeBatchStopped) {
		t.Errorf("third: %v; want it stopped", results[2].Err)
	}
	if results[3].Err == nil {
		t.Error("fourth: success without the item")
	}
}
