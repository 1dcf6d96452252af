package ews

import (
	"encoding/xml"

	"github.com/trainercal/trainercal/plugins/internal/winzone"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// sendToNone goes with every write: no invitation and no cancellation is mailed.
const sendToNone = "SendToNone"

// The requests that write, their fields in the order of the schema files.

type createItem struct {
	XMLName     xml.Name            `xml:"m:CreateItem"`
	Invitations string              `xml:"SendMeetingInvitations,attr"`
	Folder      distinguishedFolder `xml:"m:SavedItemFolderId>t:DistinguishedFolderId"`
	Items       []calendarItem      `xml:"m:Items>t:CalendarItem"`
}

func (createItem) operation() string { return "CreateItem" }

type updateItem struct {
	XMLName     xml.Name     `xml:"m:UpdateItem"`
	Conflict    string       `xml:"ConflictResolution,attr"`
	Disposition string       `xml:"MessageDisposition,attr"`
	Invitations string       `xml:"SendMeetingInvitationsOrCancellations,attr"`
	Changes     []itemChange `xml:"m:ItemChanges>t:ItemChange"`
}

func (updateItem) operation() string { return "UpdateItem" }

func createRequest(home distinguishedFolder, items []NewItem) createItem {
	req := createItem{Invitations: sendToNone, Folder: home}
	for _, item := range items {
		req.Items = append(req.Items, item.item())
	}
	return req
}

func updateRequest(changes []Change, guarded bool) updateItem {
	req := updateItem{Conflict: "AlwaysOverwrite", Disposition: "SaveOnly", Invitations: sendToNone}
	if guarded {
		req.Conflict = "NeverOverwrite"
	}
	for _, change := range changes {
		req.Changes = append(req.Changes, change.itemChange())
	}
	return req
}

func deleteRequest(items []string, hard bool) deleteItem {
	req := deleteItem{DeleteType: "MoveToDeletedItems", Cancellations: sendToNone, IDs: itemIDs(items)}
	if hard {
		req.DeleteType = "HardDelete"
	}
	return req
}

type itemChange struct {
	ID      ItemID  `xml:"t:ItemId"`
	Updates updates `xml:"t:Updates"`
}

type updates struct {
	Set    []setItemField    `xml:"t:SetItemField"`
	Delete []deleteItemField `xml:"t:DeleteItemField"`
}

// setItemField sets one property; Item holds that property alone, because a second
// one is refused (ErrorIncorrectUpdatePropertyCount).
type setItemField struct {
	Field    *fieldURI         `xml:"t:FieldURI"`
	Extended *extendedFieldURI `xml:"t:ExtendedFieldURI"`
	Item     calendarItem      `xml:"t:CalendarItem"`
}

type deleteItemField struct {
	Field fieldURI `xml:"t:FieldURI"`
}

type deleteItem struct {
	XMLName       xml.Name `xml:"m:DeleteItem"`
	DeleteType    string   `xml:"DeleteType,attr"`
	Cancellations string   `xml:"SendMeetingCancellations,attr"`
	IDs           []ItemID `xml:"m:ItemIds>t:ItemId"`
}

func (deleteItem) operation() string { return "DeleteItem" }

// calendarItem is an item, or a part of one, on its way to the server. It has no
// attendees.
type calendarItem struct {
	Subject              *string           `xml:"t:Subject"`
	Sensitivity          *string           `xml:"t:Sensitivity"`
	Body                 *textBody         `xml:"t:Body"`
	ReminderIsSet        *bool             `xml:"t:ReminderIsSet"`
	ExtendedProperty     *extendedProperty `xml:"t:ExtendedProperty"`
	Start                *string           `xml:"t:Start"`
	End                  *string           `xml:"t:End"`
	IsAllDayEvent        *bool             `xml:"t:IsAllDayEvent"`
	LegacyFreeBusyStatus *string           `xml:"t:LegacyFreeBusyStatus"`
	Location             *string           `xml:"t:Location"`
	StartTimeZone        *zone             `xml:"t:StartTimeZone"`
	EndTimeZone          *zone             `xml:"t:EndTimeZone"`
}

type textBody struct {
	BodyType string `xml:"BodyType,attr"`
	Text     string `xml:",chardata"`
}

type extendedProperty struct {
	Field extendedFieldURI `xml:"t:ExtendedFieldURI"`
	Value string           `xml:"t:Value"`
}

type zone struct {
	ID string `xml:"Id,attr"`
}

// NewItem is an item to create.
type NewItem struct {
	Appointment calendar.Appointment
	// Marker is the value of the marker's property.
	Marker string
	// TimeZone is the IANA name of the mailbox's zone: whole days are put on its
	// days, and an appointment that names no zone is planned in it.
	TimeZone string
	// ByInstant: no zone is named but UTC, for a server that does not know the right one
	// ([CodeTimeZone]). The item is at the same time, or on the same days; what is lost is
	// the wall clock it was planned by.
	ByInstant bool
}

// item is the whole item, its reminder off.
func (n NewItem) item() calendarItem {
	whole := n.times()
	a := n.Appointment
	whole.Subject = new(legal(calendar.Cut(a.Subject, calendar.MaxSubjectBytes)))
	whole.Sensitivity = new(sensitivityToEWS(a.Sensitivity))
	whole.Body = &textBody{BodyType: "Text", Text: legal(calendar.Cut(a.Body, calendar.MaxBodyBytes))}
	whole.ReminderIsSet = new(false)
	whole.ExtendedProperty = &extendedProperty{Field: markerField, Value: legal(n.Marker)}
	whole.LegacyFreeBusyStatus = new(showAsToEWS(a.ShowAs))
	whole.Location = new(legal(calendar.Cut(a.Location, calendar.MaxLocationBytes)))
	return whole
}

// times is the part of the item that says when it is. Start, end and both zones
// travel together: a server moves an item whose zone alone is changed.
func (n NewItem) times() calendarItem {
	w := n.Appointment.When
	name := n.zone()
	start, end := w.Start, w.End
	if w.AllDay {
		// The rules behind the Windows name decide where the server sees midnight.
		loc, err := winzone.Load(name)
		if err != nil {
			name, loc = "UTC", utc
		}
		start, end = w.Span(loc)
	}
	return calendarItem{
		Start:         new(instant(start)),
		End:           new(instant(end)),
		IsAllDayEvent: new(w.AllDay),
		StartTimeZone: &zone{ID: name},
		EndTimeZone:   &zone{ID: name},
	}
}

// zone is the Windows name of the zone the item is planned in. Whole days belong to
// the mailbox's zone: in another one they would spill over midnight.
func (n NewItem) zone() string {
	if n.ByInstant {
		return "UTC"
	}
	names := []string{n.Appointment.When.TimeZone, n.TimeZone}
	if n.Appointment.When.AllDay {
		names = names[1:]
	}
	for _, iana := range names {
		if windows, ok := winzone.ToWindows(iana); ok {
			return windows
		}
	}
	return "UTC"
}

// Change is an update of an item.
type Change struct {
	ID ItemID
	NewItem
	// Base is the content as last seen, so that only what differs is sent; nil sends
	// everything.
	Base *calendar.Appointment
}

// itemChange sets the marker and each property that differs from the base.
func (c Change) itemChange() itemChange {
	whole, a := c.item(), c.Appointment
	var u updates
	set := func(name string, part calendarItem) {
		u.Set = append(u.Set, setItemField{Field: &fieldURI{name}, Item: part})
	}
	differs := func(same func(base calendar.Appointment) bool) bool { return c.Base == nil || !same(*c.Base) }
	if differs(func(b calendar.Appointment) bool { return b.Subject == a.Subject }) {
		set("item:Subject", calendarItem{Subject: whole.Subject})
	}
	if differs(func(b calendar.Appointment) bool { return b.Sensitivity == a.Sensitivity }) {
		set("item:Sensitivity", calendarItem{Sensitivity: whole.Sensitivity})
	}
	if differs(func(b calendar.Appointment) bool { return b.Body == a.Body }) {
		set("item:Body", calendarItem{Body: whole.Body})
	}
	if differs(func(b calendar.Appointment) bool { return c.sameWhen(b.When) }) {
		set("calendar:Start", calendarItem{Start: whole.Start})
		set("calendar:End", calendarItem{End: whole.End})
		set("calendar:IsAllDayEvent", calendarItem{IsAllDayEvent: whole.IsAllDayEvent})
		set("calendar:StartTimeZone", calendarItem{StartTimeZone: whole.StartTimeZone})
		set("calendar:EndTimeZone", calendarItem{EndTimeZone: whole.EndTimeZone})
	}
	if differs(func(b calendar.Appointment) bool { return b.ShowAs == a.ShowAs }) {
		set("calendar:LegacyFreeBusyStatus", calendarItem{LegacyFreeBusyStatus: whole.LegacyFreeBusyStatus})
	}
	if differs(func(b calendar.Appointment) bool { return b.Location == a.Location }) {
		u.setLocation(whole.Location)
	}
	u.Set = append(u.Set, setItemField{
		Extended: &markerField, Item: calendarItem{ExtendedProperty: whole.ExtendedProperty},
	})
	return itemChange{ID: c.ID, Updates: u}
}

// sameWhen reports whether the item needs neither another time nor another zone.
func (c Change) sameWhen(base calendar.When) bool {
	last := c.NewItem
	last.Appointment = calendar.Appointment{When: base}
	return base.SameTime(c.Appointment.When) && last.zone() == c.zone()
}

// setLocation sets the location, or takes it off.
func (u *updates) setLocation(location *string) {
	field := fieldURI{"calendar:Location"}
	if *location == "" {
		u.Delete = append(u.Delete, deleteItemField{Field: field})
		return
	}
	u.Set = append(u.Set, setItemField{Field: &field, Item: calendarItem{Location: location}})
}
