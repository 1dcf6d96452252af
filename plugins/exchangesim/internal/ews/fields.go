package ews

import (
	"strconv"
	"strings"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// field is one property of an appointment: its FieldURI, how it is shown, and how
// it is written.
type field struct {
	uri string
	// since is the first schema version that has the property; empty for all.
	since string
	// inDefault says that the Default shape has it. AllProperties has every field
	// that is not onRequest.
	inDefault, onRequest bool
	// notFound says that FindItem and SyncFolderItems never return it.
	notFound bool
	// onCreate says that it can be written when the item is made, and not later.
	onCreate bool
	// show makes the property's element, nil where the item has no such property.
	show func(name string, v *itemView) *node
	// set takes the property from its element; nil for read-only properties.
	set func(d *draft, e *element) *failure
	// clear deletes the property; nil where that is not possible.
	clear func(d *draft)
}

// name is the property's element without prefix.
func (f *field) name() string { return f.uri[strings.IndexByte(f.uri, ':')+1:] }

func (f *field) knownTo(v version) bool {
	return f.since == "" || v >= versionOf(f.since)
}

// fields are the properties this server keeps; others of the schema are never set.
var fields = append(itemFields(), calendarFields()...)

var (
	fieldByURI  = indexFields(func(f *field) string { return f.uri })
	fieldByName = indexFields((*field).name)
)

func indexFields(key func(*field) string) map[string]*field {
	index := make(map[string]*field, len(fields))
	for i := range fields {
		index[key(&fields[i])] = &fields[i]
	}
	return index
}

func itemFields() []field {
	return []field{
		{uri: "item:ItemId", inDefault: true, show: showItemID},
		{uri: "item:ParentFolderId", show: func(name string, v *itemView) *node { return v.target.folderNode("t:"+name, v.item.Folder) }},
		{uri: "item:ItemClass", show: showItemClass},
		{
			uri: "item:Subject", inDefault: true,
			show:  text(func(v *itemView) string { return v.item.Subject }),
			set:   func(d *draft, e *element) *failure { d.app.Subject = e.content(); return nil },
			clear: func(d *draft) { d.app.Subject = "" },
		},
		{uri: "item:Sensitivity", show: text(func(v *itemView) string { return sensitivities.toWire(v.item.Sensitivity) }), set: setSensitivity},
		{uri: "item:Body", inDefault: true, notFound: true, show: showBody, set: setBody, clear: func(d *draft) { d.app.Body = world.Body{} }},
		{uri: "item:TextBody", since: "Exchange2013", onRequest: true, notFound: true, show: showTextBody},
		{uri: "item:DateTimeReceived", show: text(func(v *itemView) string { return instant(v.item.Created) })},
		{uri: "item:Size", show: number(func(v *itemView) int { return 2048 + 2*len(v.item.Subject) + len(v.item.Body.Content) })},
		{uri: "item:Categories", show: showCategories, set: setCategories, clear: func(d *draft) { d.app.Categories = nil }},
		{uri: "item:Importance", show: text(func(v *itemView) string { return importances.toWire(v.item.Importance) }), set: setImportance},
		{uri: "item:IsSubmitted", show: flag(never)},
		{uri: "item:IsDraft", show: flag(never)},
		{uri: "item:IsFromMe", show: flag(never)},
		{uri: "item:IsResend", show: flag(never)},
		{uri: "item:IsUnmodified", show: flag(never)},
		{uri: "item:DateTimeSent", show: text(func(v *itemView) string { return instant(v.item.Created) })},
		{uri: "item:DateTimeCreated", show: text(func(v *itemView) string { return instant(v.item.Created) })},
		{uri: "item:ReminderDueBy", show: text(func(v *itemView) string { return instant(v.item.Start) })},
		{uri: "item:ReminderIsSet", show: flag(func(v *itemView) bool { return v.item.Reminder.On }), set: setReminder},
		{
			uri:  "item:ReminderMinutesBeforeStart",
			show: number(func(v *itemView) int { return v.item.Reminder.MinutesBefore }),
			set:  setReminderMinutes,
		},
		{uri: "item:DisplayCc", show: optional(func(v *itemView) string { return v.attendeeNames("optional") })},
		{uri: "item:DisplayTo", show: optional(func(v *itemView) string { return v.attendeeNames("required") })},
		{uri: "item:HasAttachments", inDefault: true, show: flag(never)},
		{uri: "item:Culture", show: text(func(*itemView) string { return "en-US" })},
		{uri: "item:EffectiveRights", show: func(name string, v *itemView) *node { return v.target.rightsNode("t:"+name, true) }},
		{uri: "item:LastModifiedName", show: text(func(v *itemView) string { return v.target.box.Profile().Name })},
		{uri: "item:LastModifiedTime", show: text(func(v *itemView) string { return instant(v.item.Modified) })},
		{uri: "item:IsAssociated", since: "Exchange2010", show: flag(never)},
	}
}

func calendarFields() []field {
	return []field{
		{
			uri: "calendar:UID", onCreate: true, show: text(func(v *itemView) string { return v.item.UID }),
			set: func(d *draft, e *element) *failure { d.app.UID = strings.TrimSpace(e.content()); return nil },
		},
		{uri: "calendar:RecurrenceId", show: showOriginalStart},
		{uri: "calendar:DateTimeStamp", show: text(func(v *itemView) string { return instant(v.item.Modified) })},
		{uri: "calendar:Start", inDefault: true, show: text(func(v *itemView) string { return instant(v.item.Start) }), set: setStart},
		{uri: "calendar:End", inDefault: true, show: text(func(v *itemView) string { return instant(v.item.End) }), set: setEnd},
		{uri: "calendar:OriginalStart", show: showOriginalStart},
		{uri: "calendar:IsAllDayEvent", show: flag(func(v *itemView) bool { return v.item.AllDay }), set: setAllDay},
		{
			uri: "calendar:LegacyFreeBusyStatus", inDefault: true,
			show: text(func(v *itemView) string { return v.freeBusy() }), set: setFreeBusy,
		},
		{
			uri: "calendar:Location", inDefault: true, show: text(func(v *itemView) string { return v.item.Location }),
			set:   func(d *draft, e *element) *failure { d.app.Location = e.content(); return nil },
			clear: func(d *draft) { d.app.Location = "" },
		},
		{uri: "calendar:IsMeeting", show: flag(func(v *itemView) bool { return v.item.Meeting() })},
		{uri: "calendar:IsCancelled", show: flag(func(v *itemView) bool { return v.item.Cancelled })},
		{uri: "calendar:IsRecurring", inDefault: true, show: flag(func(v *itemView) bool { return v.item.Type != world.Single })},
		{uri: "calendar:MeetingRequestWasSent", show: flag(func(v *itemView) bool { return v.item.Meeting() })},
		{
			uri: "calendar:IsResponseRequested", show: flag(func(v *itemView) bool { return v.item.ResponseRequested }),
			set: setResponseRequested,
		},
		{uri: "calendar:CalendarItemType", inDefault: true, show: text(func(v *itemView) string { return itemTypes.toWire(v.item.Type) })},
		{uri: "calendar:MyResponseType", show: text(func(v *itemView) string { return v.myResponse() })},
		{uri: "calendar:Organizer", inDefault: true, show: showOrganizer},
		attendeeField("calendar:RequiredAttendees", "required"),
		attendeeField("calendar:OptionalAttendees", "optional"),
		attendeeField("calendar:Resources", "resource"),
		{uri: "calendar:Duration", show: text(func(v *itemView) string { return duration(v.item.End.Sub(v.item.Start)) })},
		{uri: "calendar:TimeZone", show: text(func(v *itemView) string { return v.zoneName(v.item.StartZone, v.item.Start) })},
		{uri: "calendar:AppointmentSequenceNumber", show: number(func(*itemView) int { return 0 })},
		{uri: "calendar:AppointmentState", show: number(appointmentState)},
		{uri: "calendar:Recurrence", notFound: true, show: showRecurrence, set: setRecurrence, clear: func(d *draft) { d.app.Recurrence = nil }},
		{uri: "calendar:FirstOccurrence", notFound: true, show: showEdge(firstOccurrence)},
		{uri: "calendar:LastOccurrence", notFound: true, show: showEdge(lastOccurrence)},
		{uri: "calendar:ModifiedOccurrences", notFound: true, show: showModified},
		{uri: "calendar:DeletedOccurrences", notFound: true, show: showDeleted},
		{uri: "calendar:MeetingTimeZone", onRequest: true, notFound: true, show: showMeetingZone, set: setMeetingZone},
		{uri: "calendar:StartTimeZone", since: "Exchange2010", notFound: true, show: showStartZone, set: setStartZone},
		{uri: "calendar:EndTimeZone", since: "Exchange2010", notFound: true, show: showEndZone, set: setEndZone},
		{uri: "calendar:AllowNewTimeProposal", notFound: true, show: flag(func(v *itemView) bool { return v.item.AllowNewTimeProposals })},
		{uri: "calendar:IsOnlineMeeting", show: flag(func(v *itemView) bool { return v.item.OnlineMeeting })},
		{uri: "calendar:StartWallClock", since: "Exchange2013", show: text(func(v *itemView) string { return wallClock(v.item.Start) })},
		{uri: "calendar:EndWallClock", since: "Exchange2013", show: text(func(v *itemView) string { return wallClock(v.item.End) })},
		{uri: "calendar:StartTimeZoneId", since: "Exchange2013", show: text(func(v *itemView) string { return v.zoneName(v.item.StartZone, v.item.Start) })},
		{uri: "calendar:EndTimeZoneId", since: "Exchange2013", show: text(func(v *itemView) string { return v.zoneName(v.item.EndZone, v.item.End) })},
		{uri: "calendar:IsOrganizer", since: "Exchange2013", show: flag(func(v *itemView) bool { return v.organizes() })},
	}
}

// text shows a string property; an empty one is shown too, as Exchange does.
// FindItem cuts it.
func text(get func(*itemView) string) func(string, *itemView) *node {
	return func(name string, v *itemView) *node { return textEl("t:"+name, v.cut(get(v))) }
}

// optional is text that is left out when empty.
func optional(get func(*itemView) string) func(string, *itemView) *node {
	return func(name string, v *itemView) *node {
		if s := get(v); s != "" {
			return textEl("t:"+name, v.cut(s))
		}
		return nil
	}
}

func flag(get func(*itemView) bool) func(string, *itemView) *node {
	return func(name string, v *itemView) *node { return boolEl("t:"+name, get(v)) }
}

func number(get func(*itemView) int) func(string, *itemView) *node {
	return func(name string, v *itemView) *node { return textEl("t:"+name, strconv.Itoa(get(v))) }
}

func never(*itemView) bool { return false }

// words translates between the world's values and the schema's.
type words[T comparable] struct {
	wire map[T]string
	// fallback is for values without a word.
	fallback string
}

func (w words[T]) toWire(value T) string {
	if word, ok := w.wire[value]; ok {
		return word
	}
	return w.fallback
}

// fromWire is for words that the schema has let through.
func (w words[T]) fromWire(word string) (value T) {
	for v, s := range w.wire {
		if s == word {
			value = v
		}
	}
	return value
}

var (
	sensitivities = words[world.Sensitivity]{map[world.Sensitivity]string{
		world.Normal: "Normal", world.Personal: "Personal", world.Private: "Private", world.Confidential: "Confidential",
	}, "Normal"}
	importances = words[world.Importance]{map[world.Importance]string{
		world.ImportanceLow: "Low", world.ImportanceNormal: "Normal", world.ImportanceHigh: "High",
	}, "Normal"}
	freeBusy = words[world.ShowAs]{map[world.ShowAs]string{
		world.Free: "Free", world.Tentative: "Tentative", world.Busy: "Busy", world.OutOfOffice: "OOF",
		world.WorkingElsewhere: "WorkingElsewhere", world.NoData: "NoData",
	}, "Busy"}
	itemTypes = words[world.Type]{map[world.Type]string{
		world.Single: "Single", world.Occurrence: "Occurrence", world.Exception: "Exception", world.Master: "RecurringMaster",
	}, "Single"}
	responses = words[world.Response]{map[world.Response]string{
		world.NoResponse: "Unknown", world.Organized: "Organizer", world.TentativelyAccepted: "Tentative",
		world.Accepted: "Accept", world.Declined: "Decline", world.NotResponded: "NoResponseReceived",
	}, "Unknown"}
)
