package ews

func getItem(c *call, e *element) *node {
	shape, bad := c.readItemShape(e.first("ItemShape"))
	return c.batch("GetItem", e.first("ItemIds"), "m:Items", func(id *element) ([]*node, *failure) {
		if bad != nil {
			return nil, bad
		}
		t, it, f := c.findRef(id)
		if f != nil {
			return nil, f
		}
		v := &itemView{call: c, target: t, item: it, shape: shape}
		return []*node{el("m:Items", v.node())}, nil
	})
}

// idShape is what writes answer with: the item's id and new change key.
var idShape = &itemShape{fields: []*field{{uri: "item:ItemId", show: showItemID}}}

func (c *call) idItems(v itemView) *node {
	v.call, v.shape = c, idShape
	return el("m:Items", v.node())
}
