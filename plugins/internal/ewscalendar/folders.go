package ewscalendar

import (
	"context"
	"strings"
	"sync"
)

// folders remembers the ids of the mailboxes' calendar folders: an item that lies in
// another folder, such as the deleted items, is not in the calendar. Ids of folders
// do not change.
type folders struct {
	mu  sync.Mutex
	ids map[string]string
}

func newFolders() *folders { return &folders{ids: map[string]string{}} }

func (f *folders) get(mailbox string) (id string, known bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id, known = f.ids[strings.ToLower(mailbox)]
	return id, known
}

func (f *folders) put(mailbox, id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ids[strings.ToLower(mailbox)] = id
}

// calendarID is the id of a mailbox's calendar folder.
func (a *Account) calendarID(ctx context.Context, mailbox string) (string, error) {
	if id, known := a.folders.get(mailbox); known {
		return id, nil
	}
	return a.probe(ctx, mailbox)
}

// probe asks for a mailbox's calendar folder. Where that works, an item that is not
// found is gone; where it does not, nothing is known of the item.
func (a *Account) probe(ctx context.Context, mailbox string) (string, error) {
	folder, _, err := a.client.GetCalendar(ctx, mailbox)
	if err != nil {
		return "", err
	}
	a.folders.put(mailbox, folder.ID)
	return folder.ID, nil
}
