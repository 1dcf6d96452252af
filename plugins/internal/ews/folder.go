package ews

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// Calendar is a mailbox's calendar folder.
type Calendar struct {
	// ID is the folder's id.
	ID string
	// Rights are what the account may do in it, nil where the server did not say.
	Rights *Rights
	// Mark is the folder's state, the zero Mark where the server did not tell all of it.
	Mark Mark
}

// Rights are an account's effective rights on a folder.
type Rights struct {
	Read, Create, Modify, Delete bool
	// ViewPrivate tells whether private items can be seen; nil where the server did
	// not say.
	ViewPrivate *bool
}

// Mark is what a calendar folder says of its own state. Marks are compared with ==: a
// folder whose mark is another was changed. That a folder with the same mark was not is
// no promise of Exchange's: the properties serve Microsoft's own hint for finding
// notifications that were missed, and whoever relies on them must try them out.
type Mark struct {
	// Folder is the folder's id; a mailbox that was made anew has another.
	Folder string `json:"folder,omitempty"`
	// Commit is when an item of the folder last changed (PR_LOCAL_COMMIT_TIME_MAX), as the
	// server writes it: in whole seconds, by most servers.
	Commit string `json:"commit,omitempty"`
	// Deleted counts the items that ever left it (PR_DELETED_COUNT_TOTAL).
	Deleted int64 `json:"deleted,omitempty"`
	// Total is how many items it holds.
	Total int64 `json:"total,omitempty"`
}

// resolution is how long a change may go unseen after another: within it, both may have
// the same commit time. Servers write whole seconds; the rest is for clocks of servers
// that differ.
const resolution = 5 * time.Second

// Settled reports whether any later change will show, because the last one lies far
// enough back at an instant of the server's clock.
func (m Mark) Settled(at time.Time) bool {
	age, known := m.Age(at)
	return known && age > resolution
}

// Age is how long ago the last change was at an instant of the server's clock; known is
// false for a time that cannot be read.
func (m Mark) Age(at time.Time) (age time.Duration, known bool) {
	commit, err := time.Parse(time.RFC3339Nano, m.Commit)
	return at.Sub(commit), err == nil
}

// The MAPI properties of a folder that tell whether something in it changed.
var (
	commitTimeField   = extendedFieldURI{PropertyTag: "0x670A", PropertyType: "SystemTime"}
	deletedCountField = extendedFieldURI{PropertyTag: "0x670B", PropertyType: "Integer"}
)

// GetCalendar fetches a mailbox's calendar folder; an empty mailbox is the account's
// own. A folder that exists but must not be seen is ErrorFolderNotFound too.
func (c *Client) GetCalendar(ctx context.Context, mailbox string) (Calendar, ServerVersion, error) {
	req := getFolder{Shape: rightsShape(), IDs: []distinguishedFolder{c.home(mailbox)}}
	messages, v, err := ask[folderMessage](ctx, c, call{req: req, mailbox: mailbox}, 1)
	if err != nil {
		return Calendar{}, v, err
	}
	r := messages[0].calendar()
	if r.Err != nil {
		return Calendar{}, v, r.Err
	}
	return r.Value, v, nil
}

// GetCalendars fetches several mailboxes' calendars with their marks in one request, in
// the order of mailboxes, and the server's version. Without full access it takes one
// mailbox.
func (c *Client) GetCalendars(ctx context.Context, mailboxes []string) ([]Result[Calendar], ServerVersion, error) {
	req := getFolder{Shape: markShape()}
	for _, m := range mailboxes {
		req.IDs = append(req.IDs, c.home(m))
	}
	messages, v, err := ask[folderMessage](ctx, c, callOn(mailboxes, req, false), len(mailboxes))
	results := make([]Result[Calendar], len(messages))
	for i, m := range messages {
		results[i] = m.calendar()
	}
	return results, v, err
}

// calendar is the message's one folder.
func (m folderMessage) calendar() Result[Calendar] {
	if err := m.err(); err != nil {
		return Result[Calendar]{Err: err}
	}
	list := m.Folders.List
	if len(list) != 1 || list[0].ID.ID == "" {
		return Result[Calendar]{Err: sdk.CodeBadAnswer.New("the server answered without the calendar folder")}
	}
	return Result[Calendar]{Value: list[0].calendar()}
}

func (f folder) calendar() Calendar {
	cal := Calendar{ID: f.ID.ID, Mark: f.mark()}
	if r := f.Rights; r != nil {
		cal.Rights = &Rights{
			Read: r.Read, Create: r.Create, Modify: r.Modify, Delete: r.Delete, ViewPrivate: r.ViewPrivate,
		}
	}
	return cal
}

// mark is the folder's mark, if the server told all of it.
func (f folder) mark() Mark {
	m := Mark{Folder: f.ID.ID}
	var counted bool
	for _, p := range f.Properties {
		switch strings.ToLower(p.Field.Tag) {
		case "0x670a":
			m.Commit = strings.TrimSpace(p.Value)
		case "0x670b":
			n, err := strconv.ParseInt(strings.TrimSpace(p.Value), 10, 64)
			m.Deleted, counted = n, err == nil
		}
	}
	if m.Commit == "" || !counted || f.Total == nil || len(m.Commit) > maxCommitBytes || len(m.Folder) > maxIDBytes {
		return Mark{}
	}
	m.Total = *f.Total
	return m
}

// What a mark may hold at most; it is kept.
const (
	maxCommitBytes = 64
	maxIDBytes     = 4096
)
