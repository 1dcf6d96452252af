package ews

import "github.com/trainercal/trainercal/plugins/exchangesim/world"

func deleteItem(c *call, e *element) *node {
	send, given := sendModes[e.attr("SendMeetingCancellations")]
	where := world.Gone
	if e.attr("DeleteType") == "MoveToDeletedItems" {
		where = world.ToDeletedItems
	}
	return c.batch("DeleteItem", e.first("ItemIds"), "", func(id *element) ([]*node, *failure) {
		if !given {
			return nil, fail("ErrorSendMeetingCancellationsRequired", "SendMeetingCancellations attribute is required for calendar items.")
		}
		t, it, f := c.findRef(id)
		if f != nil {
			return nil, f
		}
		if t.hides(it) {
			return nil, errAccessDenied
		}
		return nil, worldFailure(t.box.Delete(it.Ref, where, world.Write{Send: send}))
	})
}
