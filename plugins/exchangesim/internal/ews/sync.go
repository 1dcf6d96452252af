package ews

import (
	"strconv"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// syncFolderItems tells what changed in a calendar since a state that it handed out
// before; any state may be used again. It speaks of singles and masters only:
// whatever happens to an occurrence is an update of its master.
func syncFolderItems(c *call, e *element) *node {
	shape, bad := c.readItemShape(e.first("ItemShape"))
	return c.batch("SyncFolderItems", e.first("SyncFolderId"), "", func(id *element) ([]*node, *failure) {
		if bad != nil {
			return nil, bad
		}
		in, f := c.findFolder(id)
		if f != nil {
			return nil, f
		}
		if in.kind() != world.Calendar {
			return nil, fail("ErrorSyncFolderNotFound", "This server synchronises calendars only.")
		}
		limit, _ := strconv.Atoi(e.value("MaxChangesReturned"))
		return c.syncPage(in, e, shape, limit)
	})
}

func (c *call) syncPage(in folder, e *element, shape *itemShape, limit int) ([]*node, *failure) {
	state := syncState{mailbox: in.box.Profile().UserID}
	if text := e.value("SyncState"); text != "" {
		var f *failure
		if state, f = parseSyncState(text); f != nil || state.mailbox != in.box.Profile().UserID {
			return nil, errSyncState
		}
	}
	changes, head, err := in.box.Changes(state.base)
	if err != nil {
		return nil, errSyncState
	}
	ignored := ignoredItems(e.first("Ignore"))
	list := el("m:Changes")
	last := true
	for _, change := range changes {
		if change.Sequence <= state.seen || ignored[change.Item] {
			continue
		}
		if len(list.nodes) == limit {
			last = false
			break
		}
		list.add(c.changeNode(in, change, shape))
		state.seen = change.Sequence
	}
	if last {
		state.base, state.seen = head, head.Sequence
	}
	return []*node{textEl("m:SyncState", state.String()), boolEl("m:IncludesLastItemInRange", last), list}, nil
}

// ignoredItems are those that the client does not want to hear of.
func ignoredItems(e *element) map[world.ItemID]bool {
	ignored := make(map[world.ItemID]bool)
	for _, id := range e.elements() {
		if parsed, f := parseItemID(id.attr("Id")); f == nil {
			ignored[parsed.ref.Item] = true
		}
	}
	return ignored
}

// changeNode is one change, nil for an item that came and went between two looks.
func (c *call) changeNode(in folder, change world.Change, shape *itemShape) *node {
	ref := world.Ref{Item: change.Item}
	it, err := in.box.Get(ref)
	if change.Kind == world.Removed || err != nil || it.Folder != world.Calendar {
		it = world.Item{Ref: ref, Folder: world.Calendar, Version: change.Version}
		return el("t:Delete", showItemID("ItemId", &itemView{target: in.target, item: it}))
	}
	name := "t:Update"
	if change.Kind == world.Created {
		name = "t:Create"
	}
	v := &itemView{call: c, target: in.target, item: it, shape: shape, brief: true}
	return el(name, v.node())
}
