package ews

import (
	"context"

	"github.com/trainercal/trainercal/sdk"
)

// Calendar is a mailbox's calendar folder.
type Calendar struct {
	// ID is the folder's id.
	ID string
	// Rights are what the account may do in it, nil where the server did not say.
	Rights *Rights
}

// Rights are an account's effective rights on a folder.
type Rights struct {
	Read, Create, Modify, Delete bool
	// ViewPrivate tells whether private items can be seen; nil where the server did
	// not say.
	ViewPrivate *bool
}

// GetCalendar fetches a mailbox's calendar folder; an empty mailbox is the account's
// own. A folder that exists but must not be seen is ErrorFolderNotFound too.
func (c *Client) GetCalendar(ctx context.Context, mailbox string) (Calendar, ServerVersion, error) {
	req := getFolder{
		Shape: folderShape{BaseShape: "IdOnly", AdditionalProperties: properties{
			Fields: []fieldURI{{"folder:EffectiveRights"}},
		}},
		IDs: []distinguishedFolder{c.home(mailbox)},
	}
	messages, v, err := ask[folderMessage](ctx, c, call{req: req, mailbox: mailbox}, 1)
	if err != nil {
		return Calendar{}, v, err
	}
	if err := messages[0].err(); err != nil {
		return Calendar{}, v, err
	}
	list := messages[0].Folders.List
	if len(list) != 1 || list[0].ID.ID == "" {
		return Calendar{}, v, sdk.CodeBadAnswer.New("the server answered without the calendar folder")
	}
	return list[0].calendar(), v, nil
}

func (f folder) calendar() Calendar {
	cal := Calendar{ID: f.ID.ID}
	if r := f.Rights; r != nil {
		cal.Rights = &Rights{
			Read: r.Read, Create: r.Create, Modify: r.Modify, Delete: r.Delete, ViewPrivate: r.ViewPrivate,
		}
	}
	return cal
}
