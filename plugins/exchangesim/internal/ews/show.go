package ews

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/plugins/internal/winzone"
)

// itemView is an item on its way into an answer.
type itemView struct {
	call   *call
	target target
	item   world.Item
	shape  *itemShape
	// brief is FindItem's and SyncFolderItems' way: strings are cut, and what costs
	// the server a look at the whole item is left out.
	brief bool
}

// maxFoundString is where FindItem cuts strings, in UTF-16 units.
const maxFoundString = 255

// cut shortens a string where FindItem does.
func (v *itemView) cut(s string) string {
	if !v.brief || len(s) <= maxFoundString {
		return s
	}
	units := 0
	for i, r := range s {
		if units += utf16.RuneLen(r); units > maxFoundString {
			return s[:i]
		}
	}
	return s
}

// node writes the item with the properties of its shape, in the schema's order.
func (v *itemView) node() *node {
	if v.target.hides(v.item) {
		v.item = withoutText(v.item)
	}
	n := el("t:CalendarItem")
	for _, f := range v.shape.fields {
		if !v.brief || !f.notFound {
			n.add(f.show(f.name(), v))
		}
	}
	for _, p := range v.shape.extended {
		if value, ok := v.item.Properties[p.property]; ok {
			n.add(el("t:ExtendedProperty", p.node(), textEl("t:Value", v.cut(value))))
		}
	}
	return n.inOrder(calendarItemOrder)
}

// withoutText is a private item in the eyes of a delegate who may not see private
// items: the time is there, nothing else is.
func withoutText(it world.Item) world.Item {
	it.Subject, it.Location, it.Body, it.Categories, it.Properties = "", "", world.Body{}, nil, nil
	it.Attendees = nil
	return it
}

func showItemID(name string, v *itemView) *node {
	return el("t:"+name).with("Id", v.target.itemID(v.item).String()).with("ChangeKey", changeKey(v.item.Version))
}

func showItemClass(name string, v *itemView) *node {
	if v.item.Type == world.Exception {
		return textEl("t:"+name, "IPM.OLE.CLASS.{00061055-0000-0000-C000-000000000046}")
	}
	return textEl("t:"+name, "IPM.Appointment")
}

// showBody returns the text in the form asked for; "Best" is the form it was written in.
func showBody(name string, v *itemView) *node {
	html := v.shape.bodyType == "HTML" || v.shape.bodyType != "Text" && v.item.Body.HTML
	if html {
		return textEl("t:"+name, v.item.Body.AsHTML()).with("BodyType", "HTML")
	}
	return textEl("t:"+name, v.item.Body.AsText()).with("BodyType", "Text")
}

func showTextBody(name string, v *itemView) *node {
	return textEl("t:"+name, v.item.Body.AsText()).with("BodyType", "Text")
}

func showCategories(name string, v *itemView) *node {
	if len(v.item.Categories) == 0 {
		return nil
	}
	n := el("t:" + name)
	for _, c := range v.item.Categories {
		n.add(textEl("t:String", c))
	}
	return n
}

func showOriginalStart(name string, v *itemView) *node {
	if v.item.OriginalStart.IsZero() {
		return nil
	}
	return textEl("t:"+name, instant(v.item.OriginalStart))
}

// freeBusy is the item's LegacyFreeBusyStatus; WorkingElsewhere came with 2013.
func (v *itemView) freeBusy() string {
	if v.item.ShowAs == world.WorkingElsewhere && v.call.env.version < versionOf("Exchange2013") {
		return "Free"
	}
	return freeBusy.toWire(v.item.ShowAs)
}

func (v *itemView) organizes() bool {
	return v.item.Organizer == (world.Address{}) || strings.EqualFold(v.item.Organizer.SMTP, v.target.box.Address())
}

func (v *itemView) myResponse() string {
	if v.item.Response == "" && v.organizes() {
		return "Organizer"
	}
	return responses.toWire(v.item.Response)
}

// appointmentState is the MAPI flags: 1 a meeting, 2 received, 4 cancelled.
func appointmentState(v *itemView) int {
	state := 0
	if v.item.Meeting() {
		state |= 1
	}
	if !v.organizes() {
		state |= 2
	}
	if v.item.Cancelled {
		state |= 4
	}
	return state
}

func showOrganizer(name string, v *itemView) *node {
	a := v.item.Organizer
	if a == (world.Address{}) {
		p := v.target.box.Profile()
		a = world.Address{Name: p.Name, SMTP: p.SMTP}
	}
	if v.brief {
		// FindItem does not look up who it is.
		a = world.Address{Name: a.Name}
	}
	return el("t:"+name, mailboxNode(a))
}

func mailboxNode(a world.Address) *node {
	n := el("t:Mailbox", textEl("t:Name", a.Name))
	if a.SMTP != "" {
		n.add(textEl("t:EmailAddress", a.SMTP), textEl("t:RoutingType", "SMTP"))
	}
	return n
}

func (v *itemView) attendeeNames(kind string) string {
	var names []string
	for _, a := range v.item.Attendees {
		if a.Kind == kind {
			names = append(names, a.Name)
		}
	}
	return strings.Join(names, "; ")
}

func attendeeField(uri, kind string) field {
	return field{
		uri: uri, notFound: true,
		show: func(name string, v *itemView) *node {
			n := el("t:" + name)
			for _, a := range v.item.Attendees {
				if a.Kind == kind {
					n.add(el("t:Attendee", mailboxNode(a.Address), textEl("t:ResponseType", responses.toWire(a.Response))))
				}
			}
			if len(n.nodes) == 0 {
				return nil
			}
			return n
		},
		set:   func(d *draft, e *element) *failure { return d.setAttendees(kind, e) },
		clear: func(d *draft) { d.dropAttendees(kind) },
	}
}

// duration writes an xs:duration as Exchange does: P1D, PT30M, PT1H30M.
func duration(d time.Duration) string {
	days, rest := int(d/(24*time.Hour)), d%(24*time.Hour)
	s := "P"
	if days > 0 {
		s += fmt.Sprintf("%dD", days)
	}
	if rest == 0 && days > 0 {
		return s
	}
	s += "T"
	h, m, sec := int(rest/time.Hour), int(rest/time.Minute)%60, int(rest/time.Second)%60
	if h > 0 {
		s += fmt.Sprintf("%dH", h)
	}
	if m > 0 {
		s += fmt.Sprintf("%dM", m)
	}
	if sec > 0 || h == 0 && m == 0 {
		s += fmt.Sprintf("%dS", sec)
	}
	return s
}

// wallClock writes a time with the offset of its own zone.
func wallClock(t time.Time) string { return t.Format(time.RFC3339) }

// customZone is Exchange's name for rules that no Windows zone has.
const customZone = "Customized Time Zone"

// zoneName is the Windows id of a time's zone, whoever named it.
func (v *itemView) zoneName(name string, t time.Time) string {
	if name == "" {
		name = t.Location().String()
	}
	if _, ok := winzone.ToIANA(name); ok {
		return name
	}
	if windows, ok := winzone.ToWindows(name); ok {
		return windows
	}
	if loc, err := winzone.Load(name); err == nil && loc == time.UTC {
		return "UTC"
	}
	return customZone
}

func zoneNode(name, id string) *node { return el(name).with("Id", id).with("Name", zoneTitle(id)) }

func showStartZone(name string, v *itemView) *node {
	return v.zone(name, v.item.StartZone, v.item.Start)
}

func showEndZone(name string, v *itemView) *node {
	return v.zone(name, v.item.EndZone, v.item.End)
}

// zone is a time's zone: its id, and its rules where nobody could know them by that.
func (v *itemView) zone(name, zone string, t time.Time) *node {
	id := v.zoneName(zone, t)
	n := zoneNode("t:"+name, id)
	if id == customZone {
		n.add(ruleNodes(t.Location(), t.Year())...)
	}
	return n
}

func showMeetingZone(name string, v *itemView) *node {
	return el("t:"+name).with("TimeZoneName", v.zoneName(v.item.StartZone, v.item.Start))
}
