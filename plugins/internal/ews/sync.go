package ews

import (
	"context"

	"github.com/trainercal/trainercal/sdk"
)

const (
	// syncPage is the most changes a server returns at a time.
	syncPage = 512
	// maxSyncPages bounds a walk: half a million items in a calendar are a loop.
	maxSyncPages = 1000
)

// Sync walks the changes of a calendar since a sync state, from the beginning where
// state is empty, and returns the state at the end and what happened on the way. It is a detector only: what it lists are series and
// single items of all times, not occurrences of a window. A state that the server no
// longer accepts is [CodeInvalidSyncState] or [CodeSyncFolderGone].
func (c *Client) Sync(ctx context.Context, mailbox, state string) (next string, changes Changes, err error) {
	for range maxSyncPages {
		page, err := c.syncPage(ctx, mailbox, state)
		if err != nil {
			return "", Changes{}, err
		}
		changes = changes.and(page.changes())
		if *page.Last {
			return page.State, changes, nil
		}
		if page.State == state {
			return "", Changes{}, sdk.CodeBadAnswer.New("the server says that more changes follow and does not move on")
		}
		state = page.State
	}
	return "", Changes{}, sdk.CodeBadAnswer.New("the server's list of changes does not end")
}

func (c *Client) syncPage(ctx context.Context, mailbox, state string) (syncMessage, error) {
	req := syncFolderItems{
		Shape:      idOnly,
		Folder:     syncFolderTarget{Folder: c.home(mailbox)},
		State:      state,
		MaxChanges: syncPage,
	}
	messages, _, err := ask[syncMessage](ctx, c, call{req: req, mailbox: mailbox}, 1)
	if err != nil {
		return syncMessage{}, err
	}
	page := messages[0]
	if err := page.err(); err != nil {
		return syncMessage{}, err
	}
	if page.State == "" || page.Last == nil {
		return syncMessage{}, sdk.CodeBadAnswer.New("the server answered changes without a state")
	}
	return page, nil
}

// changes counts what happened to items; that one was read is nothing to us.
func (m syncMessage) changes() Changes {
	if m.Changes == nil {
		return Changes{}
	}
	return Changes{Created: len(m.Changes.Create), Updated: len(m.Changes.Update), Deleted: len(m.Changes.Delete)}
}

func (c Changes) and(d Changes) Changes {
	return Changes{Created: c.Created + d.Created, Updated: c.Updated + d.Updated, Deleted: c.Deleted + d.Deleted}
}
