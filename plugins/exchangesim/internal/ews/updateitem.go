package ews

import "github.com/trainercal/trainercal/plugins/exchangesim/world"

var (
	errUpdateMismatch = fail("ErrorUpdatePropertyMismatch", "Property for update does not match property in object.")
	errUpdateCount    = fail("ErrorIncorrectUpdatePropertyCount", "An update must hold exactly one property.")
	errNoChangeKey    = fail("ErrorChangeKeyRequiredForWriteOperations", "The change key is required for this operation.")
)

func updateItem(c *call, e *element) *node {
	send, given := sendModes[e.attr("SendMeetingInvitationsOrCancellations")]
	return c.batch("UpdateItem", e.first("ItemChanges"), "m:Items", func(change *element) ([]*node, *failure) {
		if !given {
			return nil, fail("ErrorSendMeetingInvitationsOrCancellationsRequired", "SendMeetingInvitationsOrCancellations attribute is required for calendar items.")
		}
		if e.first("SavedItemFolderId") != nil {
			return nil, fail("ErrorInvalidPropertySet", "This server does not move items by UpdateItem.")
		}
		how, f := writeOf(change.children[0], e.attr("ConflictResolution"))
		if f != nil {
			return nil, f
		}
		how.Send = send
		return c.applyChange(change, how)
	})
}

// writeOf reads the condition of an update. The change key must be there even where
// it does not matter; it is compared under NeverOverwrite. AutoResolve merges with
// what others changed, property by property, and AlwaysOverwrite asks nothing.
func writeOf(id *element, resolution string) (world.Write, *failure) {
	key, given := id.attrs["ChangeKey"]
	if !given && id.name == "ItemId" {
		return world.Write{}, errNoChangeKey
	}
	if key == "" {
		return world.Write{}, nil
	}
	version, f := parseChangeKey(key)
	if f != nil || resolution != "NeverOverwrite" {
		return world.Write{}, f
	}
	return world.Write{IfVersion: version}, nil
}

func (c *call) applyChange(change *element, how world.Write) ([]*node, *failure) {
	t, it, f := c.findRef(change.children[0])
	if f != nil {
		return nil, f
	}
	if t.hides(it) {
		return nil, errAccessDenied
	}
	updated, err := t.box.Update(it.Ref, how, func(app *world.Appointment) error {
		if f := c.applyUpdates(change.first("Updates"), app); f != nil {
			return f
		}
		return nil
	})
	if err != nil {
		return nil, worldFailure(err)
	}
	return []*node{c.idItems(itemView{target: t, item: updated}), el("m:ConflictResults", intEl("t:Count", 0))}, nil
}

func (c *call) applyUpdates(updates *element, app *world.Appointment) *failure {
	d := &draft{app: app}
	for _, u := range updates.children {
		if f := c.applyUpdate(d, u); f != nil {
			return f
		}
	}
	d.settle()
	return nil
}

func (c *call) applyUpdate(d *draft, u *element) *failure {
	path := u.children[0]
	switch {
	case u.name == "AppendToItemField":
		return fail("ErrorInvalidPropertyAppend", "Append action is invalid for property.")
	case path.name == "IndexedFieldURI":
		return fail("ErrorInvalidPropertySet", "Set action is invalid for property.")
	case u.name == "DeleteItemField":
		return clearField(d, path)
	}
	carrier := u.children[1]
	if carrier.name != "CalendarItem" {
		return fail("ErrorIncorrectUpdatePropertyCount", "The item of an update must be a CalendarItem.")
	}
	if len(carrier.children) != 1 {
		return errUpdateCount
	}
	given := carrier.children[0]
	if path.name == "FieldURI" {
		if f := fieldByName[given.name]; f == nil || f.uri != path.attr("FieldURI") {
			return errUpdateMismatch
		}
		path = nil
	}
	return c.setField(d, given, path, false)
}

func clearField(d *draft, path *element) *failure {
	if path.name == "ExtendedFieldURI" {
		x, f := readExtendedField(path)
		delete(d.app.Properties, x.property)
		return f
	}
	f := fieldByURI[path.attr("FieldURI")]
	if f == nil || f.clear == nil {
		return fail("ErrorInvalidPropertyDelete", "Delete action is invalid for property.")
	}
	f.clear(d)
	return nil
}
