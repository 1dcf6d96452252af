package ews

import (
	"fmt"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// subscribe makes a streaming subscription of one calendar. Only an owner may: those
// who reach into the mailbox with rights of their own are refused, and must impersonate.
func subscribe(c *call, e *element) *node {
	id, f := c.subscribed(e.first("StreamingSubscriptionRequest"))
	message := failedOr(f, "m:SubscribeResponseMessage", func() []*node { return []*node{textEl("m:SubscriptionId", id)} })
	return el("m:SubscribeResponse", el("m:ResponseMessages", message))
}

func (c *call) subscribed(e *element) (id string, f *failure) {
	switch {
	case c.refusal != nil:
		return "", c.refusal
	case e == nil:
		return "", fail("ErrorInvalidSubscriptionRequest", "This server makes streaming subscriptions only.")
	case len(e.first("FolderIds").elements()) == 0:
		return "", fail("ErrorInvalidSubscriptionRequest", "A subscription must name its folders.")
	}
	var box *world.Mailbox
	for _, folderID := range e.first("FolderIds").elements() {
		in, f := c.findFolder(folderID)
		switch {
		case f != nil:
			return "", f
		case box != nil && in.box != box:
			return "", fail("ErrorInvalidSubscriptionRequest", "A subscription may be to the folders of one mailbox only.")
		case in.kind() != world.Calendar:
			return "", fail("ErrorInvalidSubscriptionRequest", "This server watches calendars only.")
		case c.who.acting == nil && !c.isOwner(in.box):
			return "", fail("ErrorSubscriptionDelegateAccessNotSupported", "Subscriptions are not supported for delegate user access.")
		}
		box = in.box
	}
	return c.streams.subscribe(box, c.who.name(), c.server)
}

// isOwner reports whether the mailbox is the caller's own.
func (c *call) isOwner(box *world.Mailbox) bool {
	own, err := c.world.Mailbox(c.who.account.User)
	return err == nil && own == box
}

func unsubscribe(c *call, e *element) *node {
	f := c.refusal
	if f == nil {
		f = c.streams.unsubscribe(e.value("SubscriptionId"), c.who.name(), c.server)
	}
	message := failedOr(f, "m:UnsubscribeResponseMessage", func() []*node { return nil })
	return el("m:UnsubscribeResponse", el("m:ResponseMessages", message))
}

func failedOr(f *failure, name string, content func() []*node) *node {
	if f != nil {
		return failed(name, f)
	}
	return success(name, content()...)
}

// affinity is the cookie that leads back to the server that answered.
func (c *call) affinity() string {
	return fmt.Sprintf("%s=server~%d; path=/; secure; HttpOnly", affinityCookie, c.server)
}
