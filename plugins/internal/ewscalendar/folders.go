package ewscalendar

import (
	"context"
	"strings"
	"sync"

	"github.com/trainercal/trainercal/sdk"
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

// home is a mailbox's calendar folder, or why it cannot be seen.
type home struct {
	id  string
	err *sdk.Error
}

// calendarIDs are the calendar folders of several mailboxes, by address. Those that are
// not known yet are asked for together where there are many.
func (a *Account) calendarIDs(ctx context.Context, mailboxes []string) (func(mailbox string) home, error) {
	homes := make(map[string]home, len(mailboxes))
	var missing []string
	for _, m := range mailboxes {
		if id, known := a.folders.get(m); known {
			homes[strings.ToLower(m)] = home{id: id}
		} else {
			missing = append(missing, m)
		}
	}
	looks, _, err := a.look(ctx, missing)
	for i, l := range looks {
		id, _ := a.folders.get(missing[i])
		homes[strings.ToLower(missing[i])] = home{id: id, err: l.err}
	}
	return func(mailbox string) home { return homes[strings.ToLower(mailbox)] }, err
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
