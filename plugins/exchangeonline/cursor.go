package exchangeonline

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// cursor is where a mailbox's read continues. A delta link has its window frozen
// inside, so the cursor remembers for what it was made; asked for anything else, it
// is of no use and the mailbox is read in full.
type cursor struct {
	Version int `json:"v"`
	// Path is the delta link below the base; empty with View.
	Path string `json:"path,omitempty"`
	// View: delta does not work for this mailbox, which is read in full each time
	// until the window moves.
	View   bool       `json:"view,omitempty"`
	Start  time.Time  `json:"start"`
	End    time.Time  `json:"end"`
	Detail sdk.Detail `json:"detail"`
	Scope  sdk.Scope  `json:"scope"`
}

const cursorVersion = 2

func newCursor(req sdk.ReadRequest, path string) cursor {
	return cursor{
		Version: cursorVersion, Path: path, View: path == "",
		Start: req.Window.Start.UTC(), End: req.Window.End.UTC(), Detail: req.Detail, Scope: req.Scope,
	}
}

// readCursor decodes the cursor of a request; ok is false for one that cannot be
// continued from, whoever made it.
func readCursor(req sdk.ReadRequest) (c cursor, ok bool) {
	if len(req.Cursor) == 0 || len(req.Cursor) > sdk.MaxCursorBytes || json.Unmarshal(req.Cursor, &c) != nil {
		return cursor{}, false
	}
	made := calendar.Window{Start: c.Start, End: c.End}
	ok = c.Version == cursorVersion && made.Equal(req.Window) && c.Detail == req.Detail && c.Scope == req.Scope &&
		(c.View || strings.HasPrefix(c.Path, "/"))
	return c, ok
}

// bytes is the cursor as the host keeps it. One that would be too long is left out:
// the next read is a full one.
func (c cursor) bytes() []byte {
	data, err := json.Marshal(c)
	if err != nil || len(data) > sdk.MaxCursorBytes {
		return nil
	}
	return data
}
