package guard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// scripted is an account that says what a test tells it to.
type scripted struct {
	sdk.Account
	read  []sdk.ReadPage
	get   []sdk.GetPage
	found []sdk.FindPage
	wrote []sdk.WriteResult
	check []sdk.Check
	err   error
}

func play[P any](pages []P, err error, emit func(P) error) error {
	for _, p := range pages {
		if err := emit(p); err != nil {
			return err
		}
	}
	return err
}

func (s *scripted) Verify(_ context.Context, _ []sdk.Mailbox, emit func(sdk.Check) error) error {
	return play(s.check, s.err, emit)
}

func (s *scripted) Read(_ context.Context, _ []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
	return play(s.read, s.err, emit)
}

func (s *scripted) Get(_ context.Context, _ []sdk.GetRequest, emit func(sdk.GetPage) error) error {
	return play(s.get, s.err, emit)
}

func (s *scripted) Find(_ context.Context, _ []sdk.FindRequest, emit func(sdk.FindPage) error) error {
	return play(s.found, s.err, emit)
}

func (s *scripted) Write(_ context.Context, _ []sdk.WriteRequest, emit func(sdk.WriteResult) error) error {
	return play(s.wrote, s.err, emit)
}

var (
	start  = time.Date(2027, 3, 15, 9, 0, 0, 0, time.UTC)
	window = calendar.Window{Start: start, End: start.AddDate(1, 0, 0)}
	done   = &sdk.Complete{Cursor: []byte("c"), Full: true, Covered: window}
)

func request(addresses ...string) []sdk.ReadRequest {
	var reqs []sdk.ReadRequest
	for _, a := range addresses {
		reqs = append(reqs, sdk.ReadRequest{
			Mailbox: sdk.Mailbox{Address: a}, Window: window, Detail: sdk.DetailFull, Scope: sdk.ScopeAll,
		})
	}
	return reqs
}

func item(id string) calendar.Item {
	return calendar.Item{ID: calendar.ItemID(id), Appointment: calendar.Appointment{
		Subject: "s", Location: "l", Body: "b", When: calendar.When{Start: start, End: start.Add(time.Hour)},
		ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
	}}
}

func upserts(items ...calendar.Item) []calendar.Change {
	var changes []calendar.Change
	for i := range items {
		changes = append(changes, calendar.Change{Upsert: &items[i]})
	}
	return changes
}

func many(n int) []calendar.Item {
	items := make([]calendar.Item, n)
	for i := range items {
		items[i] = item(fmt.Sprint("item-", i))
	}
	return items
}

// ends runs Read and returns how each mailbox ended: "complete" or its error's code.
func ends(t *testing.T, s *scripted, reqs []sdk.ReadRequest) (map[string]string, error) {
	t.Helper()
	got := map[string]string{}
	err := Wrap(s).Read(t.Context(), reqs, func(p sdk.ReadPage) error {
		if p.Complete == nil && p.Err == nil {
			return nil
		}
		if got[p.Mailbox] != "" {
			t.Errorf("mailbox %s ended twice", p.Mailbox)
		}
		got[p.Mailbox] = "complete"
		if p.Err != nil {
			got[p.Mailbox] = string(p.Err.Code)
		}
		return nil
	})
	return got, err
}

func TestReadEnds(t *testing.T) {
	bad := item("x")
	bad.When = calendar.When{}
	endless := item("x")
	endless.ID = calendar.ItemID(strings.Repeat("i", maxIDBytes+1))
	for _, c := range []struct {
		name  string
		pages []sdk.ReadPage
		fails error // of the call
		want  map[string]string
	}{
		{"as promised", []sdk.ReadPage{{Mailbox: "a", Changes: upserts(item("1"))}, {Mailbox: "b", Err: sdk.ErrMailboxNotFound}, {Mailbox: "a", Complete: done}}, nil, map[string]string{"a": "complete", "b": "mailbox_not_found"}},
		{"no end", []sdk.ReadPage{{Mailbox: "a", Changes: upserts(item("1"))}, {Mailbox: "b", Complete: done}}, nil, map[string]string{"a": "internal", "b": "complete"}},
		{"nothing at all", nil, nil, map[string]string{"a": "internal", "b": "internal"}},
		{"two ends", []sdk.ReadPage{{Mailbox: "a", Complete: done}, {Mailbox: "a", Complete: done}, {Mailbox: "b", Complete: done}}, sdk.ErrInternal, map[string]string{"a": "complete"}},
		{"more after the end", []sdk.ReadPage{{Mailbox: "a", Complete: done}, {Mailbox: "a", Changes: upserts(item("1"))}}, sdk.ErrInternal, map[string]string{"a": "complete"}},
		{"not asked", []sdk.ReadPage{{Mailbox: "c", Complete: done}}, sdk.ErrInternal, map[string]string{}},
		{"success and error", []sdk.ReadPage{{Mailbox: "a", Complete: done, Err: sdk.ErrInternal}, {Mailbox: "b", Complete: done}}, nil, map[string]string{"a": "internal", "b": "complete"}},
		{"long cursor", []sdk.ReadPage{{Mailbox: "a", Complete: &sdk.Complete{Cursor: make([]byte, sdk.MaxCursorBytes+1), Covered: window}}, {Mailbox: "b", Complete: done}}, nil, map[string]string{"a": "internal", "b": "complete"}},
		{"longest cursor", []sdk.ReadPage{{Mailbox: "a", Complete: &sdk.Complete{Cursor: make([]byte, sdk.MaxCursorBytes), Covered: window}}, {Mailbox: "b", Complete: done}}, nil, map[string]string{"a": "complete", "b": "complete"}},
		{"most items", []sdk.ReadPage{{Mailbox: "a", Changes: upserts(many(sdk.MaxItems)...)}, {Mailbox: "a", Complete: done}, {Mailbox: "b", Complete: done}}, nil, map[string]string{"a": "complete", "b": "complete"}},
		{"too many items", []sdk.ReadPage{{Mailbox: "a", Changes: upserts(many(sdk.MaxItems)...)}, {Mailbox: "a", Changes: upserts(item("z"))}, {Mailbox: "a", Complete: done}, {Mailbox: "b", Complete: done}}, nil, map[string]string{"a": "too_many_items", "b": "complete"}},
		{"too many in a series", []sdk.ReadPage{{Mailbox: "a", Changes: []calendar.Change{{ReplaceSeries: &calendar.Series{ID: "s", Items: many(sdk.MaxItems + 1)}}}, Complete: done}, {Mailbox: "b", Complete: done}}, nil, map[string]string{"a": "too_many_items", "b": "complete"}},
		{"a change that says nothing", []sdk.ReadPage{{Mailbox: "a", Changes: []calendar.Change{{}}, Complete: done}, {Mailbox: "b", Complete: done}}, nil, map[string]string{"a": "internal", "b": "complete"}},
		{"an item without time", []sdk.ReadPage{{Mailbox: "a", Changes: upserts(bad), Complete: done}, {Mailbox: "b", Complete: done}}, nil, map[string]string{"a": "internal", "b": "complete"}},
		{"an endless id", []sdk.ReadPage{{Mailbox: "a", Changes: upserts(endless), Complete: done}, {Mailbox: "b", Complete: done}}, nil, map[string]string{"a": "internal", "b": "complete"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ends(t, &scripted{read: c.pages}, request("a", "b"))
			if !errors.Is(err, c.fails) {
				t.Errorf("Read: %v, want %v", err, c.fails)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A failed call leaves the mailboxes without an end open: the host knows why.
func TestFailedCallEndsNoMailbox(t *testing.T) {
	got, err := ends(t, &scripted{err: sdk.ErrThrottled}, request("a"))
	if !errors.Is(err, sdk.ErrThrottled) || len(got) > 0 {
		t.Errorf("Read: %v, %v", got, err)
	}
}

func TestRequestsThatBreakTheContract(t *testing.T) {
	crowd := make([]string, sdk.MaxMailboxes+1)
	for i := range crowd {
		crowd[i] = fmt.Sprint("m", i)
	}
	bend := func(bend func(*sdk.ReadRequest)) []sdk.ReadRequest {
		reqs := request("a")
		bend(&reqs[0])
		return reqs
	}
	for name, reqs := range map[string][]sdk.ReadRequest{
		"too many mailboxes": request(crowd...),
		"a mailbox twice":    request("a", "a"),
		"no mailbox":         request(""),
		"empty window":       bend(func(r *sdk.ReadRequest) { r.Window.End = r.Window.Start }),
		"no window":          bend(func(r *sdk.ReadRequest) { r.Window = calendar.Window{} }),
		"long cursor":        bend(func(r *sdk.ReadRequest) { r.Cursor = make([]byte, sdk.MaxCursorBytes+1) }),
		"no scope":           bend(func(r *sdk.ReadRequest) { r.Scope = "" }),
		"no detail":          bend(func(r *sdk.ReadRequest) { r.Detail = "everything" }),
	} {
		if _, err := ends(t, &scripted{}, reqs); !errors.Is(err, sdk.ErrInvalidRequest) {
			t.Errorf("%s: %v, want ErrInvalidRequest", name, err)
		}
	}
	if got, err := ends(t, &scripted{}, request(crowd[:sdk.MaxMailboxes]...)); err != nil || len(got) != sdk.MaxMailboxes {
		t.Errorf("the most mailboxes are refused: %v", err)
	}
	op := sdk.Operation{ID: "1", Kind: sdk.Create, Marker: calendar.Marker{Installation: "i", Key: "k", Generation: "g"}, Appointment: item("x").Appointment}
	for name, ops := range map[string][]sdk.Operation{
		"an id twice":  {op, op},
		"no marker":    {{ID: "1", Kind: sdk.Create}},
		"no item":      {{ID: "1", Kind: sdk.Delete}},
		"unknown kind": {{ID: "1", Kind: "move", ItemID: "x"}},
	} {
		reqs := []sdk.WriteRequest{{Mailbox: sdk.Mailbox{Address: "a"}, Operations: ops}}
		err := Wrap(&scripted{}).Write(t.Context(), reqs, func(sdk.WriteResult) error { return nil })
		if !errors.Is(err, sdk.ErrInvalidRequest) {
			t.Errorf("%s: %v, want ErrInvalidRequest", name, err)
		}
	}
}

func TestGetAnswersEveryID(t *testing.T) {
	reqs := []sdk.GetRequest{{Mailbox: sdk.Mailbox{Address: "a"}, IDs: []calendar.ItemID{"1", "2"}, Detail: sdk.DetailFull}}
	for name, c := range map[string]struct {
		pages []sdk.GetPage
		want  error
	}{
		"all":         {[]sdk.GetPage{{Mailbox: "a", Items: []calendar.Item{item("1")}}, {Mailbox: "a", Missing: []calendar.ItemID{"2"}, Done: true}}, nil},
		"fewer":       {[]sdk.GetPage{{Mailbox: "a", Items: []calendar.Item{item("1")}, Done: true}}, sdk.ErrInternal}, // A5
		"other item":  {[]sdk.GetPage{{Mailbox: "a", Items: []calendar.Item{item("3")}, Done: true}}, sdk.ErrInternal},
		"other id":    {[]sdk.GetPage{{Mailbox: "a", Missing: []calendar.ItemID{"3"}, Done: true}}, sdk.ErrInternal},
		"without end": {[]sdk.GetPage{{Mailbox: "a", Items: []calendar.Item{item("1"), item("2")}}}, sdk.ErrInternal},
	} {
		var got error
		err := Wrap(&scripted{get: c.pages}).Get(t.Context(), reqs, func(p sdk.GetPage) error {
			if p.Err != nil {
				got = p.Err
			}
			return nil
		})
		if err != nil || !errors.Is(got, c.want) {
			t.Errorf("%s: call %v, mailbox %v, want %v", name, err, got, c.want)
		}
	}
}

func TestWriteAnswersEveryOperation(t *testing.T) {
	marker := calendar.Marker{Installation: "i", Key: "k", Generation: "g"}
	reqs := []sdk.WriteRequest{{Mailbox: sdk.Mailbox{Address: "a"}, Operations: []sdk.Operation{
		{ID: "1", Kind: sdk.Create, Marker: marker, Appointment: item("x").Appointment}, {ID: "2", Kind: sdk.Delete, ItemID: "x"},
	}}}
	ok := sdk.WriteResult{Mailbox: "a", Operation: "1", ItemID: "new", Version: "v"}
	gone := sdk.WriteResult{Mailbox: "a", Operation: "2"}
	for name, c := range map[string]struct {
		results []sdk.WriteResult
		fails   error
		want    map[string]error
	}{
		"all":              {[]sdk.WriteResult{gone, ok}, nil, map[string]error{"1": nil, "2": nil}},
		"one missing":      {[]sdk.WriteResult{ok}, nil, map[string]error{"1": nil, "2": sdk.ErrOutcomeUnknown}},
		"no item named":    {[]sdk.WriteResult{{Mailbox: "a", Operation: "1"}, gone}, nil, map[string]error{"1": sdk.ErrOutcomeUnknown, "2": nil}},
		"twice":            {[]sdk.WriteResult{ok, ok}, sdk.ErrInternal, map[string]error{"1": nil}},
		"not asked":        {[]sdk.WriteResult{{Mailbox: "a", Operation: "9"}}, sdk.ErrInternal, map[string]error{}},
		"another mailbox":  {[]sdk.WriteResult{{Mailbox: "b", Operation: "1"}}, sdk.ErrInternal, map[string]error{}},
		"an error is told": {[]sdk.WriteResult{{Mailbox: "a", Operation: "1", Err: sdk.ErrThrottled}, gone}, nil, map[string]error{"1": sdk.ErrThrottled, "2": nil}},
	} {
		got := map[string]error{}
		err := Wrap(&scripted{wrote: c.results}).Write(t.Context(), reqs, func(r sdk.WriteResult) error {
			got[r.Operation] = nil
			if r.Err != nil {
				got[r.Operation] = r.Err
			}
			return nil
		})
		if !errors.Is(err, c.fails) || len(got) != len(c.want) {
			t.Errorf("%s: call %v, results %v", name, err, got)
		}
		for op, want := range c.want {
			if !errors.Is(got[op], want) {
				t.Errorf("%s: operation %s: %v, want %v", name, op, got[op], want)
			}
		}
	}
}

func TestVerifyAnswersForItsMailboxes(t *testing.T) {
	boxes := []sdk.Mailbox{{Address: "a"}}
	for name, c := range map[string]struct {
		check sdk.Check
		want  error
	}{
		"account": {sdk.Check{Step: "tls"}, nil},
		"mailbox": {sdk.Check{Mailbox: "a", Step: "read"}, nil},
		"other":   {sdk.Check{Mailbox: "b", Step: "read"}, sdk.ErrInternal},
	} {
		err := Wrap(&scripted{check: []sdk.Check{c.check}}).Verify(t.Context(), boxes, func(sdk.Check) error { return nil })
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// Only marked items are found, whatever the backend says.
func TestFindKeepsMarkedItemsOnly(t *testing.T) {
	marked := item("1")
	marked.Marker = &calendar.Marker{Installation: "i", Key: "k", Generation: "g"}
	s := &scripted{found: []sdk.FindPage{{Mailbox: "a", Items: []calendar.Item{marked, item("2")}, Done: true}}}
	var got []calendar.Item
	err := Wrap(s).Find(t.Context(), []sdk.FindRequest{{Mailbox: sdk.Mailbox{Address: "a"}}}, func(p sdk.FindPage) error {
		got = append(got, p.Items...)
		return nil
	})
	if err != nil || len(got) != 1 || got[0].ID != "1" {
		t.Errorf("found %v, %v", got, err)
	}
}
