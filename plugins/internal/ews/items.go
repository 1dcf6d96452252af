package ews

import (
	"context"

	"github.com/trainercal/trainercal/sdk"
)

// batch is how many items travel in one request. Servers end a request that takes
// them more than a minute, and get slow with large ones just when they are busy.
const batch = 50

// GetItems fetches whole items of mailboxes, with the body as plain text where it is
// asked for. Results are in the order of ids. As ids tell the mailbox, those of several
// may go together with full access; otherwise there is one mailbox. A nil item in a
// result without error does not happen.
func (c *Client) GetItems(ctx context.Context, mailboxes, ids []string, body bool) ([]Result[Item], error) {
	results := make([]Result[Item], 0, len(ids))
	for len(ids) > 0 {
		n := min(batch, len(ids))
		req := getItem{Shape: wholeShape(body), IDs: itemIDs(ids[:n])}
		messages, _, err := ask[itemsMessage](ctx, c, callOn(mailboxes, req, false), n)
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			results = append(results, m.item())
		}
		ids = ids[n:]
	}
	return results, nil
}

// callOn is a request that works on several mailboxes, of which there is at least one.
func callOn(mailboxes []string, req request, write bool) call {
	return call{req: req, mailbox: mailboxes[0], others: mailboxes[1:], write: write}
}

// item is the message's one item. What is not a calendar item is nothing we wrote or
// listed, and counts as gone.
func (m itemsMessage) item() Result[Item] {
	switch {
	case m.err() != nil:
		return Result[Item]{Err: m.err()}
	case len(m.Items.Calendar) == 1:
		return Result[Item]{Value: m.Items.Calendar[0]}
	case m.Items.count() == 1:
		return Result[Item]{Err: explain(CodeItemNotFound, nil)}
	}
	return Result[Item]{Err: sdk.CodeBadAnswer.New("the server answered success without the item")}
}

// CreateItems creates items in a mailbox's calendar, up to 50 at a time. There is no
// way to repeat it safely: when its answer is lost, search for the markers.
func (c *Client) CreateItems(ctx context.Context, mailbox string, items []NewItem) ([]Result[ItemID], error) {
	req := createRequest(c.home(mailbox), items)
	messages, _, err := ask[itemsMessage](ctx, c, call{req: req, mailbox: mailbox, write: true}, len(items))
	return ids(messages), err
}

// UpdateItems changes items. With guarded set, an item whose change key is another
// than the one named is left alone with ErrorIrresolvableConflict; otherwise the
// change wins. Either way each id needs a change key. Of mailboxes see [Client.GetItems].
func (c *Client) UpdateItems(ctx context.Context, mailboxes []string, changes []Change, guarded bool) ([]Result[ItemID], error) {
	req := updateRequest(changes, guarded)
	messages, _, err := ask[itemsMessage](ctx, c, callOn(mailboxes, req, true), len(changes))
	return ids(messages), err
}

// ids are the identities that a write left behind.
func ids(messages []itemsMessage) []Result[ItemID] {
	results := make([]Result[ItemID], len(messages))
	for i, m := range messages {
		r := m.item()
		results[i] = Result[ItemID]{Value: r.Value.ItemID, Err: r.Err}
		if r.Err == nil && r.Value.ItemID.ID == "" {
			results[i].Err = sdk.CodeOutcomeUnknown.New("the server answered success without the item's id")
		}
	}
	return results
}

// DeleteItems moves items to the mailbox's deleted items, or with hard set removes
// them for good. Of mailboxes see [Client.GetItems].
func (c *Client) DeleteItems(ctx context.Context, mailboxes, items []string, hard bool) ([]Result[struct{}], error) {
	req := deleteRequest(items, hard)
	messages, _, err := ask[deleteMessage](ctx, c, callOn(mailboxes, req, true), len(items))
	results := make([]Result[struct{}], len(messages))
	for i, m := range messages {
		results[i].Err = m.err()
	}
	return results, err
}

func itemIDs(ids []string) []ItemID {
	list := make([]ItemID, len(ids))
	for i, id := range ids {
		list[i] = ItemID{ID: legal(id)}
	}
	return list
}
