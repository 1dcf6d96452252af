package ews

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// weekly is a series of three Tuesdays across the end of summer time.
func weekly() world.Appointment {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return world.Appointment{
		Subject: "Team call", Start: time.Date(2026, 10, 20, 14, 0, 0, 0, berlin), StartZone: "W. Europe Standard Time",
		Recurrence: &world.Recurrence{
			Pattern: world.Pattern{Kind: world.Weekly, Interval: 1, Days: []time.Weekday{time.Tuesday}},
			Range:   world.Range{Count: 3},
		},
	}
}

// requests are, for every operation, requests that bring out everything its answers
// can hold: successes, failures, empty and full lists.
func (r *rig) requests() map[string][]string {
	full := r.add(world.Appointment{
		Subject: "Everything", Body: world.Body{HTML: true, Content: "<p>a &amp; b</p>"}, Location: "Room <1>",
		Start: now.Add(time.Hour), Categories: []string{"x", "y"}, Cancelled: true,
		Attendees:  []world.Attendee{{Address: world.Address{Name: "Cy", SMTP: "cy@example.org"}, Kind: "optional", Response: world.Accepted}},
		Properties: map[world.Property]string{marker: "v"},
	})
	master := r.add(weekly())
	if _, err := r.ana.Update(world.Ref{Item: master.Item, Occurrence: world.Date{Year: 2026, Month: 10, Day: 27}}, world.Write{},
		func(a *world.Appointment) error {
			a.Start, a.End = a.Start.Add(time.Hour), a.End.Add(time.Hour)
			return nil
		}); err != nil {
		r.t.Fatal(err)
	}
	if err := r.ana.Delete(world.Ref{Item: master.Item, Occurrence: world.Date{Year: 2026, Month: 11, Day: 3}}, world.Gone, world.Write{}); err != nil {
		r.t.Fatal(err)
	}
	doomed := r.add(world.Appointment{Subject: "Doomed", Start: now})
	patterns := r.everyPattern()
	ids := r.id(full) + r.id(master) + `<t:ItemId Id="nonsense"/>` + strings.Join(patterns, "") +
		`<t:OccurrenceItemId RecurringMasterId="` + r.idOf(master) + `" InstanceIndex="2"/>` +
		`<t:OccurrenceItemId RecurringMasterId="` + r.idOf(master) + `" InstanceIndex="3"/>` +
		`<t:OccurrenceItemId RecurringMasterId="` + r.idOf(master) + `" InstanceIndex="9"/>`
	folderShape := `<m:FolderShape><t:BaseShape>AllProperties</t:BaseShape><t:AdditionalProperties>` +
		`<t:ExtendedFieldURI PropertyTag="0x670A" PropertyType="SystemTime"/><t:ExtendedFieldURI PropertyTag="0x670B" PropertyType="Integer"/>` +
		`</t:AdditionalProperties></m:FolderShape>`
	folders := calendarOf(ana) + strings.Replace(calendarOf(bob), "calendar", "root", 1) +
		strings.Replace(calendarOf(bob), "calendar", "msgfolderroot", 1) + calendarOf("nobody@example.org")
	find := func(view, rest string) string {
		return `<m:FindItem Traversal="Shallow">` + shape("AllProperties", markerField, "item:Body") + view + rest +
			`<m:ParentFolderIds>` + folders + `</m:ParentFolderIds></m:FindItem>`
	}
	return map[string][]string{
		"GetFolder":  {`<m:GetFolder>` + folderShape + `<m:FolderIds>` + folders + `</m:FolderIds></m:GetFolder>`},
		"FindFolder": {`<m:FindFolder Traversal="Deep">` + folderShape + `<m:ParentFolderIds>` + folders + `</m:ParentFolderIds></m:FindFolder>`},
		"FindItem": {
			find(`<m:CalendarView StartDate="2026-09-01T00:00:00Z" EndDate="2027-09-01T00:00:00Z"/>`, ""),
			find(`<m:IndexedPageItemView MaxEntriesReturned="1" Offset="0" BasePoint="Beginning"/>`,
				`<m:Restriction><t:Exists>`+markerField+`</t:Exists></m:Restriction>`),
		},
		"GetItem": {
			getItemRequest(shape("AllProperties", markerField, "item:TextBody", "calendar:MeetingTimeZone"), ids),
			getItemRequest(shape("Default"), ids), getItemRequest(shape("IdOnly"), ids),
		},
		"CreateItem": {
			createRequest(`<t:Subject>New</t:Subject><t:Start>2026-12-01T09:00:00Z</t:Start><t:End>2026-12-01T10:00:00Z</t:End>`),
			createRequest(`<t:Subject>Backwards</t:Subject><t:Start>2026-12-01T09:00:00Z</t:Start><t:End>2026-12-01T08:00:00Z</t:End>`),
		},
		"UpdateItem": {
			updateRequest(r.id(full), "AlwaysOverwrite", set("item:Subject", `<t:Subject>Changed</t:Subject>`)),
			updateRequest(r.id(full), "NeverOverwrite", set("item:Subject", `<t:Subject>Stale</t:Subject>`)),
		},
		"DeleteItem": {deleteRequest("MoveToDeletedItems", r.id(doomed), r.id(doomed))},
		"SyncFolderItems": {
			syncRequest("", 2, calendarOf(ana)), syncRequest("", 512, calendarOf(ana)), syncRequest("garbage", 512, calendarOf(ana)),
		},
		"ConvertId": {
			`<m:ConvertId DestinationFormat="HexEntryId"><m:SourceIds><t:AlternateId Format="EwsId" Id="` + r.idOf(full) + `" Mailbox="` + ana +
				`"/><t:AlternateId Format="EwsId" Id="DUMMY" Mailbox="DUMMY"/></m:SourceIds></m:ConvertId>`,
		},
		"GetServerTimeZones": {
			`<m:GetServerTimeZones ReturnFullTimeZoneData="true"/>`,
			`<m:GetServerTimeZones ReturnFullTimeZoneData="false"><m:Ids><t:Id>GMT Standard Time</t:Id></m:Ids></m:GetServerTimeZones>`,
		},
		"ResolveNames": {
			`<m:ResolveNames ReturnFullContactData="true"><m:UnresolvedEntry>ana</m:UnresolvedEntry></m:ResolveNames>`,
			`<m:ResolveNames ReturnFullContactData="false"><m:UnresolvedEntry>zoe</m:UnresolvedEntry></m:ResolveNames>`,
		},
		// As the account itself, who has no mailbox of its own and owns none.
		"Subscribe":                  {subscribeRequest(calendarOf(ana)), subscribeRequest(calendarOf(ana), calendarOf(bob))},
		"Unsubscribe":                {`<m:Unsubscribe><m:SubscriptionId>nobody's</m:SubscriptionId></m:Unsubscribe>`},
		"GetUserAvailabilityRequest": {availabilityRequest("DetailedMerged", ana, "nobody@example.org"), availabilityRequest("FreeBusy", bob)},
	}
}

// everyPattern stores a series of every kind and range, and returns their ids.
func (r *rig) everyPattern() (ids []string) {
	monday := []time.Weekday{time.Monday}
	weekdays := dayGroups["Weekday"]
	for i, p := range []world.Pattern{
		{Kind: world.Daily, Interval: 2},
		{Kind: world.Weekly, Interval: 1, Days: weekdays},
		{Kind: world.AbsoluteMonthly, Interval: 1, DayOfMonth: 31},
		{Kind: world.RelativeMonthly, Interval: 1, Index: world.LastWeek, Days: weekdays},
		{Kind: world.AbsoluteYearly, DayOfMonth: 5, Month: time.October},
		{Kind: world.RelativeYearly, Index: 1, Days: monday, Month: time.October},
	} {
		rec := world.Recurrence{Pattern: p}
		switch i % 3 {
		case 0:
			rec.Range.Count = 4
		case 1:
			rec.Range.End = world.Date{Year: 2027, Month: 3, Day: 1}
		}
		it := r.add(world.Appointment{Subject: string(p.Kind), Start: now.AddDate(0, 0, 4), Recurrence: &rec})
		ids = append(ids, r.id(it))
	}
	return ids
}

func availabilityRequest(view string, addresses ...string) string {
	var boxes strings.Builder
	for _, a := range addresses {
		fmt.Fprintf(&boxes, `<t:MailboxData><t:Email><t:Address>%s</t:Address></t:Email><t:AttendeeType>Required</t:AttendeeType></t:MailboxData>`, a)
	}
	return `<m:GetUserAvailabilityRequest><t:TimeZone><t:Bias>-60</t:Bias>` +
		`<t:StandardTime><t:Bias>0</t:Bias><t:Time>03:00:00</t:Time><t:DayOrder>5</t:DayOrder><t:Month>10</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime>` +
		`<t:DaylightTime><t:Bias>-60</t:Bias><t:Time>02:00:00</t:Time><t:DayOrder>5</t:DayOrder><t:Month>3</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime>` +
		`</t:TimeZone><m:MailboxDataArray>` + boxes.String() + `</m:MailboxDataArray><t:FreeBusyViewOptions>` +
		`<t:TimeWindow><t:StartTime>2026-10-01T00:00:00</t:StartTime><t:EndTime>2026-11-01T00:00:00</t:EndTime></t:TimeWindow>` +
		`<t:MergedFreeBusyIntervalInMinutes>60</t:MergedFreeBusyIntervalInMinutes><t:RequestedView>` + view + `</t:RequestedView>` +
		`</t:FreeBusyViewOptions></m:GetUserAvailabilityRequest>`
}

// TestEveryOperationIsSchemaValid walks all operations: one that is added without
// requests here fails. Requests and answers alike must be valid by Microsoft's schema.
func TestEveryOperationIsSchemaValid(t *testing.T) {
	r := newRig(t)
	requests := r.requests()
	for name := range operations {
		if len(requests[name]) == 0 {
			t.Errorf("operation %s has no request in this test", name)
		}
		for _, body := range requests[name] {
			message := r.envelope(body)
			r.messages.Collect(name+" request", []byte(message))
			if res, answer := r.post(message); res.StatusCode != http.StatusOK {
				t.Errorf("%s: HTTP %d %s", name, res.StatusCode, faultCode(answer))
			}
		}
	}
	for _, bad := range []string{`<m:NoSuchOperation/>`, `<m:GetItem/>`} {
		if code := r.fault(bad); code != "ErrorSchemaValidation" {
			t.Errorf("%s: %s, want ErrorSchemaValidation", bad, code)
		}
	}
	r.messages.Check(t)
}

// TestItemFailureCodesAreSchemaValid refuses an item with every code this server has,
// since the schema lists which codes exist.
func TestItemFailureCodesAreSchemaValid(t *testing.T) {
	r := newRig(t)
	for _, w := range worldFailures {
		r.messages.Collect(string(w.failure.code), encodeEnvelope(BuildOnline, el("m:GetItemResponse",
			el("m:ResponseMessages", failed("m:GetItemResponseMessage", w.failure, el("m:Items"))))))
	}
	r.messages.Check(t)
}
