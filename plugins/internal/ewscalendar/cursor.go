package ewscalendar

import (
	"encoding/json"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// cursor is where a mailbox's read continues: what the calendar's state was, and what
// was reported by then.
type cursor struct {
	Version int `json:"v"`
	// State is the state of SyncFolderItems, empty where marks were relied on.
	State string `json:"state,omitempty"`
	// Mark is the calendar folder's mark, taken before anything was read. Settled: any
	// later change will show in it. Exact: nothing happened between State and Mark, so
	// that what SyncFolderItems tells from here on must show in the marks.
	Mark    ews.Mark `json:"mark,omitzero"`
	Settled bool     `json:"settled,omitempty"`
	Exact   bool     `json:"exact,omitempty"`
	// Proven and Refuted name the server version for which it was known then that marks
	// can, or cannot, be relied on.
	Proven  string `json:"proven,omitempty"`
	Refuted string `json:"refuted,omitempty"`

	Start  time.Time  `json:"start"`
	End    time.Time  `json:"end"`
	Detail sdk.Detail `json:"detail"`
	Scope  sdk.Scope  `json:"scope"`
}

const cursorVersion = 2

// newCursor is a cursor for what a read of req reported.
func newCursor(req sdk.ReadRequest) cursor {
	return cursor{
		Version: cursorVersion, Start: req.Window.Start.UTC(), End: req.Window.End.UTC(), Detail: req.Detail, Scope: req.Scope,
	}
}

// readCursor decodes the cursor of a request, the zero cursor for none that can be used.
// State and mark are good for any window, so that changes are found from there on.
func readCursor(req sdk.ReadRequest) cursor {
	var c cursor
	if len(req.Cursor) == 0 || json.Unmarshal(req.Cursor, &c) != nil || c.Version != cursorVersion {
		return cursor{}
	}
	return c
}

// reports tells whether the cursor's read brought what req asks for, so that without
// changes there is nothing to say.
func (c cursor) reports(req sdk.ReadRequest) bool {
	made := calendar.Window{Start: c.Start, End: c.End}
	return c.Version == cursorVersion && made.Equal(req.Window) && c.Detail == req.Detail && c.Scope == req.Scope
}

// bytes is the cursor as the host keeps it. A state that would make it too long is left
// out: the next read is a full one, or relies on the mark.
func (c cursor) bytes() []byte {
	data, err := json.Marshal(c)
	if err == nil && len(data) > sdk.MaxCursorBytes {
		c.State, c.Exact = "", false
		data, err = json.Marshal(c)
	}
	if err != nil || len(data) > sdk.MaxCursorBytes {
		return nil
	}
	return data
}
