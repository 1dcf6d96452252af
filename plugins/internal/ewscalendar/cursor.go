package ewscalendar

import (
	"encoding/json"
	"time"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// cursor is where a mailbox's read continues: the state of SyncFolderItems, and what
// was reported by then.
type cursor struct {
	Version int        `json:"v"`
	State   string     `json:"state"`
	Start   time.Time  `json:"start"`
	End     time.Time  `json:"end"`
	Detail  sdk.Detail `json:"detail"`
	Scope   sdk.Scope  `json:"scope"`
}

const cursorVersion = 1

func newCursor(req sdk.ReadRequest, state string) cursor {
	return cursor{
		Version: cursorVersion, State: state,
		Start: req.Window.Start.UTC(), End: req.Window.End.UTC(), Detail: req.Detail, Scope: req.Scope,
	}
}

// readCursor decodes the cursor of a request. The state is good for any window, so
// that changes are found from there on; reported tells whether the cursor's read
// brought what this one asks for, so that without changes there is nothing to say.
func readCursor(req sdk.ReadRequest) (state string, reported bool) {
	var c cursor
	if len(req.Cursor) == 0 || json.Unmarshal(req.Cursor, &c) != nil || c.Version != cursorVersion {
		return "", false
	}
	made := calendar.Window{Start: c.Start, End: c.End}
	reported = c.State != "" && made.Equal(req.Window) && c.Detail == req.Detail && c.Scope == req.Scope
	return c.State, reported
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
