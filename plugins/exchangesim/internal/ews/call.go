package ews

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// operations are what this server does, by the request's element.
var operations = map[string]func(*call, *element) *node{
	"GetFolder":                  getFolder,
	"FindFolder":                 findFolders,
	"FindItem":                   findItem,
	"GetItem":                    getItem,
	"CreateItem":                 createItem,
	"UpdateItem":                 updateItem,
	"DeleteItem":                 deleteItem,
	"SyncFolderItems":            syncFolderItems,
	"ConvertId":                  convertID,
	"GetServerTimeZones":         getServerTimeZones,
	"ResolveNames":               resolveNames,
	"GetUserAvailabilityRequest": getUserAvailability,
	"Subscribe":                  subscribe,
	"Unsubscribe":                unsubscribe,
}

// call is one request on its way through an operation.
type call struct {
	world *world.World
	env   *envelope
	who   caller
	// zone and zoneID are the request's TimeZoneContext, UTC without: where times
	// without an offset are, and what an item is made in that names no zone.
	zone   *time.Location
	zoneID string
	// streams are the server's subscriptions, server is which of the servers was reached.
	streams *Streams
	server  int
	// refusal fails every item of a batch, nil for none.
	refusal *failure
	// opts are the handler's.
	opts *Options
}

// prepare checks what holds for the whole request.
func (c *call) prepare() *failure {
	if f := validate(c.env.operation); f != nil {
		return f
	}
	c.zone, c.zoneID = time.UTC, "UTC"
	if id := c.env.zone; id != "" {
		loc, f := windowsZone(id)
		if f != nil {
			return f
		}
		c.zone, c.zoneID = loc, id
	}
	if c.env.impersonate != nil {
		return c.impersonate(c.env.impersonate)
	}
	if c.who.account == nil {
		return fail("ErrorInvalidExchangeImpersonationHeaderData", "ExchangeImpersonation SOAP header must be present for this type of OAuth token.")
	}
	return nil
}

// named lists the mailboxes that a request is about, without regard to rights.
func (c *call) named() []string {
	var list []string
	add := func(name string) {
		if box, err := c.world.Mailbox(name); err == nil && !slices.Contains(list, box.Address()) {
			list = append(list, box.Address())
		}
	}
	if c.env.impersonate != nil {
		add(strings.TrimSpace(c.env.impersonate.content()))
	}
	var walk func(*element)
	walk = func(e *element) {
		switch e.name {
		case "CalendarItem":
			// Attendees are not asked anything.
			return
		case "EmailAddress", "Address":
			add(strings.TrimSpace(e.content()))
		case "FolderId":
			if id, f := parseFolderID(e.attr("Id")); f == nil {
				add(id.mailbox)
			}
		case "ItemId", "OccurrenceItemId", "RecurringMasterItemId":
			if id, f := parseItemID(e.attr("Id") + e.attr("RecurringMasterId") + e.attr("OccurrenceId")); f == nil {
				add(id.mailbox)
			}
		}
		for _, child := range e.children {
			walk(child)
		}
	}
	walk(c.env.operation)
	return list
}

// batch answers an operation that does the same with each of a list: one response
// message an entry, in their order. A failure is the entry's own, except for those
// that stop the rest (B7 of the protocol notes: access denied, quota, …). empty is
// the container that a message of a failure still has; no name for none.
func (c *call) batch(operation string, list *element, empty string, one func(*element) ([]*node, *failure)) *node {
	name := "m:" + operation + "ResponseMessage"
	messages := el("m:ResponseMessages")
	stopped := false
	for _, e := range list.elements() {
		f := errStopped
		var content []*node
		switch {
		case stopped:
		case c.refusal != nil:
			f = c.refusal
		default:
			content, f = one(e)
		}
		switch {
		case f == nil:
			messages.add(success(name, content...))
		case empty != "":
			messages.add(failed(name, f, el(empty)))
		default:
			messages.add(failed(name, f))
		}
		stopped = stopped || f != nil && f.code.stops()
	}
	return el("m:"+operation+"Response", messages)
}

// findRef finds the item that an ItemId, OccurrenceItemId or RecurringMasterItemId names.
func (c *call) findRef(e *element) (target, world.Item, *failure) {
	id, f := parseItemID(e.attr("Id") + e.attr("RecurringMasterId") + e.attr("OccurrenceId"))
	if f != nil {
		return target{}, world.Item{}, f
	}
	t, f := c.open(id.mailbox)
	switch {
	case f == errNoMailbox || f == errFolderNotFound, f == nil && !t.access.Full && id.folder != world.Calendar:
		return t, world.Item{}, errItemNotFound
	case f != nil:
		return t, world.Item{}, f
	}
	it, err := lookUp(t, id, e)
	if err != nil {
		return t, it, worldFailure(err)
	}
	if it.Folder != id.folder {
		// Items get another id when they move.
		return t, it, errItemNotFound
	}
	return t, it, nil
}

func lookUp(t target, id itemID, e *element) (world.Item, error) {
	switch e.name {
	case "OccurrenceItemId":
		if !id.ref.Occurrence.IsZero() {
			return world.Item{}, fail("ErrorCalendarCannotUseIdForOccurrenceId", "The id is not that of a recurring master.")
		}
		index, _ := strconv.Atoi(e.attr("InstanceIndex"))
		return t.box.Instance(id.ref.Item, index)
	case "RecurringMasterItemId":
		if id.ref.Occurrence.IsZero() {
			return world.Item{}, fail("ErrorCalendarCannotUseIdForRecurringMasterId", "The id is not that of an occurrence.")
		}
		return t.box.Get(world.Ref{Item: id.ref.Item})
	default:
		return t.box.Get(id.ref)
	}
}
