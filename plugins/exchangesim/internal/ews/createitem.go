package ews

import (
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// sendModes are the schema's words for which mails a write sends. None of those
// words given is an error of its own: Exchange does not guess.
var sendModes = map[string]world.Send{
	"SendToNone": world.SendNone, "SendOnlyToAll": world.SendAll, "SendToAllAndSaveCopy": world.SendAll,
	"SendOnlyToChanged": world.SendChanged, "SendToChangedAndSaveCopy": world.SendChanged,
}

func createItem(c *call, e *element) *node {
	send, given := sendModes[e.attr("SendMeetingInvitations")]
	return c.batch("CreateItem", e.first("Items"), "m:Items", func(item *element) ([]*node, *failure) {
		if item.name != "CalendarItem" {
			return nil, fail("ErrorInvalidItemForOperationCreateItem", "This server keeps calendar items only.")
		}
		if !given {
			return nil, fail("ErrorSendMeetingInvitationsRequired", "SendMeetingInvitations attribute is required for calendar items.")
		}
		into, f := c.savedFolder(e.first("SavedItemFolderId"))
		if f != nil {
			return nil, f
		}
		app, f := c.newAppointment(item)
		if f != nil {
			return nil, f
		}
		it, err := into.box.Create(*app, send)
		if err != nil {
			return nil, worldFailure(err)
		}
		return []*node{c.idItems(itemView{target: into.target, item: it})}, nil
	})
}

// savedFolder is where a new item goes: the caller's own calendar unless the request
// says otherwise.
func (c *call) savedFolder(e *element) (folder, *failure) {
	if len(e.elements()) == 0 {
		own, f := c.own()
		return folder{target: own, name: "calendar"}, f
	}
	into, f := c.findFolder(e.children[0])
	if f == nil && into.kind() != world.Calendar {
		f = fail("ErrorCannotCreateCalendarItemInNonCalendarFolder", "Calendar items go into calendar folders only.")
	}
	return into, f
}

// Exchange's defaults for an appointment that says nothing about them.
const (
	defaultDuration = 30 * time.Minute
	defaultReminder = 15
)

func (c *call) newAppointment(item *element) (*world.Appointment, *failure) {
	app := &world.Appointment{ResponseRequested: true, Reminder: world.Reminder{MinutesBefore: defaultReminder}}
	d := &draft{app: app}
	for _, e := range item.children {
		if f := c.setField(d, e, nil, true); f != nil {
			return nil, f
		}
	}
	if !d.reminderGiven {
		app.Reminder.On = true
	}
	app.Start, app.StartZone, app.EndZone = c.world.Now().In(c.zone).Truncate(defaultDuration), c.zoneID, c.zoneID
	app.End = app.Start
	if d.start != nil && d.end == nil {
		app.Start = settled(d.start, d.startZone, app.Start)
		app.End = app.Start.Add(defaultDuration)
	}
	d.settle()
	return app, nil
}

// setField writes one property from the element that carries it. path is the name
// that an update gave, nil for a new item.
func (c *call) setField(d *draft, e, path *element, creating bool) *failure {
	if e.name == "ExtendedProperty" {
		return setExtended(d, e, path)
	}
	f := fieldByName[e.name]
	if f == nil || f.set == nil || f.onCreate && !creating {
		return fail("ErrorInvalidPropertySet", "Set action is invalid for property: "+e.name)
	}
	if !f.knownTo(c.env.version) {
		return errNotInVersion(f)
	}
	if id := e.attr("Id"); strings.HasSuffix(e.name, "TimeZone") && slices.Contains(c.opts.UnknownZones, id) {
		return errTimeZone(id)
	}
	return f.set(d, e)
}

// setExtended writes an extended property; an update must name the same as it carries.
func setExtended(d *draft, e, path *element) *failure {
	p, value, f := readExtendedValue(e)
	if f != nil {
		return f
	}
	if path != nil {
		if named, f := readExtendedField(path); f != nil || named.property != p {
			return errUpdateMismatch
		}
	}
	if d.app.Properties == nil {
		d.app.Properties = make(map[world.Property]string)
	}
	d.app.Properties[p] = value
	return nil
}
