package ews

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// TestCreateTimes: a time with an offset is an instant; one without is in the item's
// zone, else in the request's context, else UTC; whole days snap to midnight.
func TestCreateTimes(t *testing.T) {
	const berlin = `<t:StartTimeZone Id="W. Europe Standard Time"/>`
	allDay := func(start, end string) string {
		return `<t:Start>` + start + `</t:Start><t:End>` + end + `</t:End><t:IsAllDayEvent>1</t:IsAllDayEvent>` + berlin
	}
	times := func(start, end string) string { return `<t:Start>` + start + `</t:Start><t:End>` + end + `</t:End>` }
	for _, tt := range []struct{ name, context, item, start, end string }{
		{"instants", "", times("2026-07-01T09:00:00Z", "2026-07-01T12:00:00+02:00"), "2026-07-01T09:00:00Z", "2026-07-01T10:00:00Z"},
		{"no zone at all", "", times("2026-07-01T09:00:00", "2026-07-01T10:00:00"), "2026-07-01T09:00:00Z", "2026-07-01T10:00:00Z"},
		{"the context", "GMT Standard Time", times("2026-07-01T09:00:00", "2026-07-01T10:00:00"), "2026-07-01T08:00:00Z", "2026-07-01T09:00:00Z"},
		{"the item's zone, summer", "GMT Standard Time", times("2026-07-01T09:00:00", "2026-07-01T10:00:00") + berlin, "2026-07-01T07:00:00Z", "2026-07-01T08:00:00Z"},
		{"the item's zone, winter", "", times("2026-12-01T09:00:00", "2026-12-01T10:00:00") + berlin, "2026-12-01T08:00:00Z", "2026-12-01T09:00:00Z"},
		{"a whole day", "", allDay("2026-07-01T00:00:00", "2026-07-02T00:00:00"), "2026-06-30T22:00:00Z", "2026-07-01T22:00:00Z"},
		{"a whole day in the wrong zone becomes two", "", allDay("2026-07-01T00:00:00Z", "2026-07-02T00:00:00Z"), "2026-06-30T22:00:00Z", "2026-07-02T22:00:00Z"},
		{"a day of 25 hours", "", allDay("2026-10-25T00:00:00", "2026-10-26T00:00:00"), "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			if tt.context != "" {
				r.headers = `<t:TimeZoneContext><t:TimeZoneDefinition Id="` + tt.context + `"/></t:TimeZoneContext>`
			}
			got := r.getOne(`<t:ItemId Id="` + r.create(tt.item).attr("Id") + `"/>`)
			if got.value("Start") != tt.start || got.value("End") != tt.end {
				t.Errorf("%s to %s, want %s to %s", got.value("Start"), got.value("End"), tt.start, tt.end)
			}
		})
	}
}

// TestCreateDefaults are Exchange's for what a request leaves out.
func TestCreateDefaults(t *testing.T) {
	r := newRig(t)
	got := r.getOne(`<t:ItemId Id="` + r.create(`<t:Start>2026-12-01T09:00:00Z</t:Start><t:End>2026-12-01T10:00:00Z</t:End>`).attr("Id") + `"/>`)
	want := map[string]string{
		"LegacyFreeBusyStatus": "Busy", "Sensitivity": "Normal", "Importance": "Normal", "ReminderIsSet": "true",
		"ReminderMinutesBeforeStart": "15", "CalendarItemType": "Single", "MyResponseType": "Organizer", "IsMeeting": "false",
		"IsResponseRequested": "true", "StartTimeZoneId": "UTC",
	}
	for name, value := range want {
		if got.value(name) != value {
			t.Errorf("%s is %q, want %q", name, got.value(name), value)
		}
	}
	if got.value("UID") == "" {
		t.Error("no UID")
	}
}

// TestWriteRefuses: each mistake by its own code, as a fault where the schema sees it
// and as the item's code otherwise.
func TestWriteRefuses(t *testing.T) {
	r := newRig(t)
	it := r.add(world.Appointment{Subject: "s", Start: now})
	series := r.add(weekly())
	times := `<t:Start>2026-12-01T09:00:00Z</t:Start><t:End>2026-12-01T10:00:00Z</t:End>`
	subject := set("item:Subject", `<t:Subject>x</t:Subject>`)
	stale := `<t:ItemId Id="` + r.idOf(it) + `" ChangeKey="` + changeKey(it.Version+100) + `"/>`
	two := `<t:SetItemField><t:FieldURI FieldURI="item:Subject"/><t:CalendarItem><t:Subject>x</t:Subject><t:Location>y</t:Location></t:CalendarItem></t:SetItemField>`
	second := `<t:OccurrenceItemId RecurringMasterId="` + r.idOf(series) + `" InstanceIndex="2"/>`
	for _, tt := range []struct {
		name, request, want string
		fault               bool
	}{
		{"elements out of order", createRequest(`<t:Location>x</t:Location><t:Subject>y</t:Subject>` + times), "ErrorSchemaValidation", true},
		{"an unknown enumeration", createRequest(`<t:Sensitivity>Secret</t:Sensitivity>` + times), "ErrorSchemaValidation", true},
		{"no conflict resolution", strings.Replace(updateRequest(r.id(it), "x", subject), `ConflictResolution="x" `, "", 1), "ErrorSchemaValidation", true},
		{"an unknown property", updateRequest(r.id(it), "AutoResolve", set("item:Colour", `<t:Subject>x</t:Subject>`)), "ErrorSchemaValidation", true},
		{"an IANA zone", createRequest(times + `<t:StartTimeZone Id="Europe/Berlin"/>`), "ErrorTimeZone", false},
		{"nothing said about mail", strings.Replace(createRequest(times), ` SendMeetingInvitations="SendToNone"`, "", 1), "ErrorSendMeetingInvitationsRequired", false},
		{"nothing said about mail of an update", strings.Replace(updateRequest(r.id(it), "AutoResolve", subject), ` SendMeetingInvitationsOrCancellations="SendToNone"`, "", 1), "ErrorSendMeetingInvitationsOrCancellationsRequired", false},
		{"nothing said about mail of a deletion", strings.Replace(deleteRequest("HardDelete", r.id(it)), ` SendMeetingCancellations="SendToNone"`, "", 1), "ErrorSendMeetingCancellationsRequired", false},
		{"no change key", updateRequest(`<t:ItemId Id="`+r.idOf(it)+`"/>`, "AlwaysOverwrite", subject), "ErrorChangeKeyRequiredForWriteOperations", false},
		{"a damaged change key", updateRequest(`<t:ItemId Id="`+r.idOf(it)+`" ChangeKey="!"/>`, "AlwaysOverwrite", subject), "ErrorInvalidChangeKey", false},
		{"a stale change key", updateRequest(stale, "NeverOverwrite", subject), "ErrorIrresolvableConflict", false},
		{"two properties at once", updateRequest(r.id(it), "AlwaysOverwrite", two), "ErrorIncorrectUpdatePropertyCount", false},
		{"another property than named", updateRequest(r.id(it), "AlwaysOverwrite", set("item:Subject", `<t:Location>x</t:Location>`)), "ErrorUpdatePropertyMismatch", false},
		{"a read-only property", updateRequest(r.id(it), "AlwaysOverwrite", set("calendar:IsCancelled", `<t:IsCancelled>true</t:IsCancelled>`)), "ErrorInvalidPropertySet", false},
		{"a UID afterwards", updateRequest(r.id(it), "AlwaysOverwrite", set("calendar:UID", `<t:UID>x</t:UID>`)), "ErrorInvalidPropertySet", false},
		{"the start deleted", updateRequest(r.id(it), "AlwaysOverwrite", `<t:DeleteItemField><t:FieldURI FieldURI="calendar:Start"/></t:DeleteItemField>`), "ErrorInvalidPropertyDelete", false},
		{"only the start moved", updateRequest(r.id(it), "AlwaysOverwrite", set("calendar:Start", `<t:Start>2027-01-01T00:00:00Z</t:Start>`)), "ErrorCalendarEndDateIsEarlierThanStartDate", false},
		{"an exception past its neighbour", updateRequest(second, "AlwaysOverwrite", set("calendar:End", `<t:End>2026-11-05T10:00:00Z</t:End>`), set("calendar:Start", `<t:Start>2026-11-05T09:00:00Z</t:Start>`)), "ErrorOccurrenceCrossingBoundary", false},
		{"six years", createRequest(`<t:Start>2026-12-01T09:00:00Z</t:Start><t:End>2032-12-01T10:00:00Z</t:End>`), "ErrorCalendarDurationIsTooLong", false},
		{"text as a number", createRequest(`<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x3fff" PropertyType="Integer"/><t:Value>x</t:Value></t:ExtendedProperty>` + times), "ErrorInvalidExtendedPropertyValue", false},
		{"not into a calendar", strings.Replace(createRequest(times), `Id="calendar"`, `Id="deleteditems"`, 1), "ErrorCannotCreateCalendarItemInNonCalendarFolder", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.fault {
				if code := r.fault(tt.request); code != tt.want {
					t.Errorf("fault %s, want %s", code, tt.want)
				}
				return
			}
			if got := codes(r.call(tt.request)); got[0] != tt.want {
				t.Errorf("%v, want %s", got, tt.want)
			}
		})
	}
	if got := r.getOne(r.id(it)); got.value("Subject") != "s" {
		t.Error("a refused update changed the item")
	}
	r.messages.Check(t)
}

// TestUpdate changes what it names and nothing else; a changed zone keeps the wall clock.
func TestUpdate(t *testing.T) {
	r := newRig(t)
	berlin := `<t:StartTimeZone Id="W. Europe Standard Time"/>`
	id := r.create(`<t:Subject>old</t:Subject><t:Body BodyType="Text">text</t:Body><t:Start>2026-12-01T09:00:00</t:Start><t:End>2026-12-01T10:00:00</t:End><t:Location>here</t:Location>` + berlin)
	ref := `<t:ItemId Id="` + id.attr("Id") + `" ChangeKey="` + id.attr("ChangeKey") + `"/>`
	property := `<t:SetItemField>` + markerField + `<t:CalendarItem><t:ExtendedProperty>` + markerField + `<t:Value>v</t:Value></t:ExtendedProperty></t:CalendarItem></t:SetItemField>`
	changed := r.one(updateRequest(ref, "NeverOverwrite", set("item:Subject", `<t:Subject>new</t:Subject>`), property,
		`<t:DeleteItemField><t:FieldURI FieldURI="calendar:Location"/></t:DeleteItemField>`,
		set("calendar:StartTimeZone", `<t:StartTimeZone Id="GMT Standard Time"/>`), set("calendar:EndTimeZone", `<t:EndTimeZone Id="GMT Standard Time"/>`)))
	key := changed.path("Items", "CalendarItem", "ItemId").attr("ChangeKey")
	if key == id.attr("ChangeKey") || key == "" {
		t.Errorf("the change key is still %q", key)
	}
	got := r.one(getItemRequest(shape("AllProperties", markerField), ref)).path("Items", "CalendarItem")
	want := map[string]string{
		"Subject": "new", "Body": "text", "Location": "", "Start": "2026-12-01T09:00:00Z", "End": "2026-12-01T10:00:00Z", "StartTimeZoneId": "GMT Standard Time",
	}
	for name, value := range want {
		if got.value(name) != value {
			t.Errorf("%s is %q, want %q", name, got.value(name), value)
		}
	}
	if got.first("ExtendedProperty").value("Value") != "v" {
		t.Error("the extended property is not there")
	}
	r.one(updateRequest(ref, "AutoResolve", `<t:DeleteItemField>`+markerField+`</t:DeleteItemField>`))
	if r.one(getItemRequest(shape("IdOnly", markerField), ref)).path("Items", "CalendarItem", "ExtendedProperty") != nil {
		t.Error("the extended property was not deleted")
	}
}

// TestNoMail: with SendToNone nothing is ever mailed; with the other words it is,
// which shows that the outbox works (push-11).
func TestNoMail(t *testing.T) {
	r := newRig(t)
	item := `<t:Subject>m</t:Subject><t:Start>2026-12-01T09:00:00Z</t:Start><t:End>2026-12-01T10:00:00Z</t:End>` +
		`<t:RequiredAttendees><t:Attendee><t:Mailbox><t:EmailAddress>cy@example.org</t:EmailAddress></t:Mailbox></t:Attendee></t:RequiredAttendees>`
	ref := func(id *element) string {
		return `<t:ItemId Id="` + id.attr("Id") + `" ChangeKey="` + id.attr("ChangeKey") + `"/>`
	}
	update := set("item:Subject", `<t:Subject>n</t:Subject>`)
	id := r.create(item)
	r.one(updateRequest(ref(id), "AlwaysOverwrite", update))
	r.one(deleteRequest("HardDelete", ref(id)))
	if mail := r.world.Outbox(); len(mail) != 0 {
		t.Fatalf("SendToNone sent %v", mail)
	}

	loud := func(request string) *element {
		return r.one(strings.Replace(request, "SendToNone", "SendToAllAndSaveCopy", 1))
	}
	id = loud(createRequest(item)).path("Items", "CalendarItem", "ItemId")
	loud(updateRequest(ref(id), "AlwaysOverwrite", update))
	loud(deleteRequest("HardDelete", ref(id)))
	var kinds []world.MailKind
	for _, m := range r.world.Outbox() {
		kinds = append(kinds, m.Kind)
	}
	if diff := cmp.Diff([]world.MailKind{world.Invitation, world.UpdateMail, world.Cancellation}, kinds); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
}

// TestDeleteAndMove: a deleted item is not found under its old id, wherever it went.
func TestDeleteAndMove(t *testing.T) {
	for _, how := range []string{"HardDelete", "SoftDelete", "MoveToDeletedItems"} {
		t.Run(how, func(t *testing.T) {
			r := newRig(t)
			it := r.add(world.Appointment{Subject: "s", Start: now})
			r.one(deleteRequest(how, r.id(it)))
			if got := codes(r.call(getItemRequest(shape("IdOnly"), r.id(it)))); got[0] != "ErrorItemNotFound" {
				t.Errorf("GetItem: %v", got)
			}
			bin := strings.Replace(findRequest("", ""), `Id="calendar"`, `Id="deleteditems"`, 1)
			kept := len(r.one(bin).path("RootFolder", "Items").elements())
			if want := map[string]int{"MoveToDeletedItems": 1}[how]; kept != want {
				t.Errorf("%d in Deleted Items, want %d", kept, want)
			}
		})
	}
}

// TestRoundTrip: whatever text is written comes back unchanged, but for characters
// that XML cannot hold, which no request can carry.
func TestRoundTrip(t *testing.T) {
	r := newRig(t)
	plain := rapid.Custom(func(t *rapid.T) string {
		// Line ends are the text's own business (they become CRLF in a body), and a
		// carriage return in a request is normalised by XML itself.
		return strings.Map(func(c rune) rune {
			if !inXML(c) || c == '\r' || c == '\n' {
				return -1
			}
			return c
		}, rapid.StringN(0, 80, 250).Draw(t, "text"))
	})
	rapid.Check(t, func(rt *rapid.T) {
		subject, location, value := plain.Draw(rt, "subject"), plain.Draw(rt, "location"), plain.Draw(rt, "value")
		status := rapid.SampledFrom([]string{"Free", "Tentative", "Busy", "OOF", "WorkingElsewhere", "NoData"}).Draw(rt, "status")
		start := now.Add(time.Duration(rapid.IntRange(0, 500_000).Draw(rt, "minutes")) * time.Minute)
		escaped := func(name, text string) string {
			var w strings.Builder
			w.WriteString("<t:" + name + ">")
			w.Write(escapedText(text))
			w.WriteString("</t:" + name + ">")
			return w.String()
		}
		id := r.create(escaped("Subject", subject) + `<t:ExtendedProperty>` + markerField + escaped("Value", value) + `</t:ExtendedProperty>` +
			escaped("Start", instant(start)) + escaped("End", instant(start.Add(time.Hour))) + escaped("LegacyFreeBusyStatus", status) + escaped("Location", location))
		got := r.one(getItemRequest(shape("AllProperties", markerField), `<t:ItemId Id="`+id.attr("Id")+`"/>`)).path("Items", "CalendarItem")
		have := []string{
			got.first("Subject").content(), got.first("Location").content(), got.path("ExtendedProperty", "Value").content(),
			got.value("LegacyFreeBusyStatus"), got.value("Start"),
		}
		if diff := cmp.Diff([]string{subject, location, value, status, instant(start)}, have); diff != "" {
			rt.Fatalf("(-written +read):\n%s", diff)
		}
	})
}

// TestCreateEveryField writes each property that a request may hold and reads it back.
func TestCreateEveryField(t *testing.T) {
	r := newRig(t)
	id := r.create(`<t:Subject>s</t:Subject><t:Sensitivity>Confidential</t:Sensitivity><t:Body BodyType="HTML">&lt;p&gt;b&lt;/p&gt;</t:Body>` +
		`<t:Categories><t:String>one</t:String><t:String>two</t:String></t:Categories><t:Importance>High</t:Importance><t:ReminderIsSet>0</t:ReminderIsSet>` +
		`<t:ReminderMinutesBeforeStart>30</t:ReminderMinutesBeforeStart><t:UID>u-1</t:UID><t:Start>2026-12-01T09:00:00Z</t:Start><t:End>2026-12-01T10:00:00Z</t:End>` +
		`<t:IsResponseRequested>false</t:IsResponseRequested>` +
		`<t:OptionalAttendees><t:Attendee><t:Mailbox><t:Name>Cy</t:Name><t:EmailAddress>cy@example.org</t:EmailAddress></t:Mailbox></t:Attendee></t:OptionalAttendees>`)
	got := r.getOne(`<t:ItemId Id="` + id.attr("Id") + `"/>`)
	want := map[string]string{
		"Sensitivity": "Confidential", "Importance": "High", "ReminderIsSet": "false", "ReminderMinutesBeforeStart": "30", "UID": "u-1",
		"IsResponseRequested": "false", "DisplayCc": "Cy", "IsMeeting": "true",
	}
	for name, value := range want {
		if got.value(name) != value {
			t.Errorf("%s is %q, want %q", name, got.value(name), value)
		}
	}
	var categories []string
	for _, c := range got.first("Categories").elements() {
		categories = append(categories, c.content())
	}
	if diff := cmp.Diff([]string{"one", "two"}, categories); diff != "" {
		t.Errorf("categories (-want +got):\n%s", diff)
	}
}
