package ewscalendar

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

func drawRequest(t *rapid.T) sdk.ReadRequest {
	start := time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "start"), 0)
	return sdk.ReadRequest{
		Window: calendar.Window{Start: start, End: start.Add(time.Hour)},
		Detail: rapid.SampledFrom([]sdk.Detail{sdk.DetailFull, sdk.DetailSubject, sdk.DetailBusy}).Draw(t, "detail"),
		Scope:  rapid.SampledFrom([]sdk.Scope{sdk.ScopeAll, sdk.ScopeOwn}).Draw(t, "scope"),
	}
}

// A cursor has nothing to report for the very request it was made for only; what it
// knows of the calendar's state is good for any.
func TestCursorIsTiedToItsRequest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		made, asked := drawRequest(t), drawRequest(t)
		state := rapid.StringMatching(`[A-Za-z0-9+/=]{1,100}`).Draw(t, "state")
		same := made.Window.Equal(asked.Window) && made.Detail == asked.Detail && made.Scope == asked.Scope
		c := newCursor(made)
		c.State, c.Mark, c.Settled = state, ews.Mark{Folder: "f", Commit: "2026-03-01T10:00:00Z", Deleted: 3, Total: 7}, true
		asked.Cursor = c.bytes()
		got := readCursor(asked)
		if got.State != c.State || got.Mark != c.Mark || got.Settled != c.Settled || got.reports(asked) != same {
			t.Errorf("%+v, reports %v; want %+v, %v", got, got.reports(asked), c, same)
		}
		if !got.reports(made) {
			t.Error("the cursor's own request was not recognised")
		}
	})
}

// A state too long to keep is left out: the next read is a full one, or relies on the
// mark.
func TestLongState(t *testing.T) {
	c := newCursor(sdk.ReadRequest{})
	c.State, c.Exact, c.Mark.Commit = strings.Repeat("x", sdk.MaxCursorBytes), true, "2026-03-01T10:00:00Z"
	got := readCursor(sdk.ReadRequest{Cursor: c.bytes()})
	if got.State != "" || got.Exact || got.Mark != c.Mark {
		t.Errorf("%+v; want the mark alone", got)
	}
}

func FuzzCursor(f *testing.F) {
	f.Add([]byte(`{"v":2,"state":"H4sI","mark":{"folder":"f","commit":"2026-03-01T10:00:00Z","deleted":1,"total":2},"settled":true,"exact":true,` +
		`"proven":"15.2.2562","start":"2026-01-01T00:00:00Z","end":"2027-01-01T00:00:00Z","detail":"full","scope":"all"}`))
	f.Add([]byte(`{"v":1}`))
	f.Add([]byte("\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := readCursor(sdk.ReadRequest{Cursor: data})
		if c.Version != 0 && c.Version != cursorVersion {
			t.Errorf("a cursor of version %d was read", c.Version)
		}
		_ = c.Mark.Settled(time.Unix(0, 0))
	})
}

func march(day int) time.Time { return time.Date(2026, 3, day, 0, 0, 0, 0, time.UTC) }
