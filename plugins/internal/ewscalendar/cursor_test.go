package ewscalendar

import (
	"testing"
	"time"

	"pgregory.net/rapid"

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

// A cursor has nothing to report for the very request it was made for only; its state
// is good for any.
func TestCursorIsTiedToItsRequest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		made, asked := drawRequest(t), drawRequest(t)
		state := rapid.StringMatching(`[A-Za-z0-9+/=]{1,100}`).Draw(t, "state")
		same := made.Window.Equal(asked.Window) && made.Detail == asked.Detail && made.Scope == asked.Scope
		asked.Cursor = newCursor(made, state).bytes()
		if got, reported := readCursor(asked); got != state || reported != same {
			t.Errorf("state %q, reported %v; want %q, %v", got, reported, state, same)
		}
		made.Cursor = newCursor(made, state).bytes()
		if _, reported := readCursor(made); !reported {
			t.Error("the cursor's own request was not recognised")
		}
	})
}

// A state too long to keep leads to a full read the next time, not to a failure.
func TestLongState(t *testing.T) {
	if got := newCursor(sdk.ReadRequest{}, string(make([]byte, sdk.MaxCursorBytes))).bytes(); got != nil {
		t.Errorf("a cursor of %d bytes", len(got))
	}
}

func FuzzCursor(f *testing.F) {
	f.Add([]byte(`{"v":1,"state":"H4sI","start":"2026-01-01T00:00:00Z","end":"2027-01-01T00:00:00Z","detail":"full","scope":"all"}`))
	f.Add([]byte(`{"v":2}`))
	f.Add([]byte("\x00"))
	f.Fuzz(func(t *testing.T, cursor []byte) {
		if state, reported := readCursor(sdk.ReadRequest{Cursor: cursor}); reported && state == "" {
			t.Error("nothing to report, and no state to go on from")
		}
	})
}
