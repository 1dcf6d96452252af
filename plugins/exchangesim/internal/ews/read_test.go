package ews

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// TestBodyTypes: a body comes in the form asked for, by default as it was written.
func TestBodyTypes(t *testing.T) {
	r := newRig(t)
	plain := r.add(world.Appointment{Start: now, Body: world.Body{Content: "one <b>\ntwo & three"}})
	html := r.add(world.Appointment{Start: now, Body: world.Body{HTML: true, Content: "<p>one &amp; <b>two</b></p>"}})
	for _, tt := range []struct {
		name, bodyType string
		item           world.Item
		wantType, want string
	}{
		{"plain by default", "", plain, "Text", "one <b>\r\ntwo & three"},
		{"plain, the best", "Best", plain, "Text", "one <b>\r\ntwo & three"},
		{"plain as HTML", "HTML", plain, "HTML", "one &lt;b&gt;"},
		{"HTML by default", "", html, "HTML", "<p>one &amp; <b>two</b></p>"},
		{"HTML as text", "Text", html, "Text", "one & two"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := shape("Default")
			if tt.bodyType != "" {
				s = strings.Replace(s, "</t:BaseShape>", "</t:BaseShape><t:BodyType>"+tt.bodyType+"</t:BodyType>", 1)
			}
			body := r.one(getItemRequest(s, r.id(tt.item))).path("Items", "CalendarItem", "Body")
			if body.attr("BodyType") != tt.wantType || !strings.Contains(body.content(), tt.want) {
				t.Errorf("%s %q, want %s with %q", body.attr("BodyType"), body.content(), tt.wantType, tt.want)
			}
		})
	}
}

// TestItemIDs: occurrences by number and by their own id, masters by an occurrence,
// and each way to be wrong by its own code.
func TestItemIDs(t *testing.T) {
	r := newRig(t)
	series := r.add(weekly())
	single := r.add(world.Appointment{Subject: "single", Start: now})
	number := func(id, index string) string {
		return `<t:OccurrenceItemId RecurringMasterId="` + id + `" InstanceIndex="` + index + `"/>`
	}
	second := r.getOne(number(r.idOf(series), "2")).first("ItemId").attr("Id")
	r.one(deleteRequest("HardDelete", number(r.idOf(series), "3")))
	gone := r.add(world.Appointment{Start: now})
	r.one(deleteRequest("HardDelete", r.id(gone)))
	flipped := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' {
			return c - 'a' + 'A'
		}
		return c
	}, r.idOf(single))
	ids := []struct{ id, want string }{
		{`<t:ItemId Id="` + second + `"/>`, "2026-10-27T13:00:00Z Occurrence"},
		{`<t:RecurringMasterItemId OccurrenceId="` + second + `"/>`, "2026-10-20T12:00:00Z RecurringMaster"},
		{number(r.idOf(series), "1"), "2026-10-20T12:00:00Z Occurrence"},
		{number(r.idOf(series), "3"), "ErrorCalendarOccurrenceIsDeletedFromRecurrence"},
		{number(r.idOf(series), "4"), "ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange"},
		{number(second, "1"), "ErrorCalendarCannotUseIdForOccurrenceId"},
		{`<t:RecurringMasterItemId OccurrenceId="` + r.idOf(single) + `"/>`, "ErrorCalendarCannotUseIdForRecurringMasterId"},
		{r.id(gone), "ErrorItemNotFound"},
		{`<t:ItemId Id="AAMkAAA="/>`, "ErrorInvalidIdMalformed"},
		{`<t:ItemId Id="` + flipped + `"/>`, "ErrorInvalidIdMalformed"},
		{r.id(single), "2026-10-01T08:00:00Z Single"},
	}
	var all string
	var want, got []string
	for _, id := range ids {
		all += id.id
		want = append(want, id.want)
	}
	for _, m := range r.call(getItemRequest(shape("Default"), all)) {
		it := m.path("Items", "CalendarItem")
		if it == nil {
			got = append(got, m.value("ResponseCode"))
			continue
		}
		got = append(got, it.value("Start")+" "+it.value("CalendarItemType"))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("one answer an id, in order (-want +got):\n%s", diff)
	}
}

// TestRecurrenceRoundTrip writes every pattern and range over EWS, and reads back the
// same and its first and last occurrence.
func TestRecurrenceRoundTrip(t *testing.T) {
	r := newRig(t)
	for _, tt := range []struct{ pattern, bounds, last string }{
		{`<t:DailyRecurrence><t:Interval>3</t:Interval></t:DailyRecurrence>`, `<t:NumberedRecurrence><t:StartDate>2026-10-05+01:00</t:StartDate><t:NumberOfOccurrences>4</t:NumberOfOccurrences></t:NumberedRecurrence>`, "2026-10-14T08:00:00Z"},
		{`<t:WeeklyRecurrence><t:Interval>2</t:Interval><t:DaysOfWeek>Monday Friday</t:DaysOfWeek><t:FirstDayOfWeek>Monday</t:FirstDayOfWeek></t:WeeklyRecurrence>`, `<t:EndDateRecurrence><t:StartDate>2026-10-05+01:00</t:StartDate><t:EndDate>2026-11-06Z</t:EndDate></t:EndDateRecurrence>`, "2026-11-06T09:00:00Z"},
		{`<t:AbsoluteMonthlyRecurrence><t:Interval>1</t:Interval><t:DayOfMonth>5</t:DayOfMonth></t:AbsoluteMonthlyRecurrence>`, `<t:NumberedRecurrence><t:StartDate>2026-10-05+01:00</t:StartDate><t:NumberOfOccurrences>2</t:NumberOfOccurrences></t:NumberedRecurrence>`, "2026-11-05T09:00:00Z"},
		{`<t:RelativeMonthlyRecurrence><t:Interval>1</t:Interval><t:DaysOfWeek>Weekday</t:DaysOfWeek><t:DayOfWeekIndex>Last</t:DayOfWeekIndex></t:RelativeMonthlyRecurrence>`, `<t:NumberedRecurrence><t:StartDate>2026-10-30Z</t:StartDate><t:NumberOfOccurrences>2</t:NumberOfOccurrences></t:NumberedRecurrence>`, "2026-11-30T09:00:00Z"},
		{`<t:AbsoluteYearlyRecurrence><t:DayOfMonth>5</t:DayOfMonth><t:Month>October</t:Month></t:AbsoluteYearlyRecurrence>`, `<t:NumberedRecurrence><t:StartDate>2026-10-05+01:00</t:StartDate><t:NumberOfOccurrences>2</t:NumberOfOccurrences></t:NumberedRecurrence>`, "2027-10-05T08:00:00Z"},
		{`<t:RelativeYearlyRecurrence><t:DaysOfWeek>Monday</t:DaysOfWeek><t:DayOfWeekIndex>First</t:DayOfWeekIndex><t:Month>October</t:Month></t:RelativeYearlyRecurrence>`, `<t:NoEndRecurrence><t:StartDate>2026-10-05+01:00</t:StartDate></t:NoEndRecurrence>`, ""},
	} {
		day := strings.SplitN(tt.bounds, "<t:StartDate>", 2)[1][:10]
		id := r.create(`<t:Start>` + day + `T09:00:00</t:Start><t:End>` + day + `T10:00:00</t:End><t:Recurrence>` + tt.pattern + tt.bounds +
			`</t:Recurrence><t:StartTimeZone Id="GMT Standard Time"/>`)
		got := r.getOne(`<t:ItemId Id="` + id.attr("Id") + `"/>`)
		var w strings.Builder
		for _, c := range got.first("Recurrence").elements() {
			w.WriteString(written(c))
		}
		if diff := cmp.Diff(tt.pattern+tt.bounds, w.String()); diff != "" {
			t.Errorf("recurrence (-written +read):\n%s", diff)
		}
		if last := got.first("LastOccurrence").value("Start"); last != tt.last {
			t.Errorf("%s: last occurrence %q, want %q", tt.pattern, last, tt.last)
		}
	}
	r.messages.Check(t)
}

// written is an element of an answer in the prefix that the tests write.
func written(e *element) string {
	s := "<t:" + e.name + ">" + e.content()
	for _, c := range e.children {
		s += written(c)
	}
	return s + "</t:" + e.name + ">"
}

// TestConvertID there and back again, in every format.
func TestConvertID(t *testing.T) {
	r := newRig(t)
	it := r.add(world.Appointment{Start: now})
	convert := func(from, to, id string) string {
		m := r.one(`<m:ConvertId DestinationFormat="` + to + `"><m:SourceIds><t:AlternateId Format="` + from + `" Id="` + id + `" Mailbox="` + ana + `"/></m:SourceIds></m:ConvertId>`)
		return m.first("AlternateId").attr("Id")
	}
	for format := range idFormats {
		other := convert("EwsId", format, r.idOf(it))
		if back := convert(format, "EwsId", other); back != r.idOf(it) {
			t.Errorf("%s: %s came back as %s", format, other, back)
		}
	}
}

// TestTimeZones: the list holds what items may name, and full definitions carry rules.
func TestTimeZones(t *testing.T) {
	r := newRig(t)
	all := r.one(`<m:GetServerTimeZones ReturnFullTimeZoneData="false"/>`).first("TimeZoneDefinitions").elements()
	for _, z := range all {
		if _, f := windowsZone(z.attr("Id")); f != nil {
			t.Errorf("%s is listed and refused", z.attr("Id"))
		}
	}
	if len(all) < 130 {
		t.Errorf("%d zones", len(all))
	}
	full := r.one(`<m:GetServerTimeZones ReturnFullTimeZoneData="true"><m:Ids><t:Id>GMT Standard Time</t:Id></m:Ids></m:GetServerTimeZones>`)
	group := full.path("TimeZoneDefinitions", "TimeZoneDefinition", "TransitionsGroups", "TransitionsGroup")
	var got []string
	for _, c := range group.elements() {
		got = append(got, strings.Join([]string{c.value("To"), c.value("TimeOffset"), c.value("Month"), c.value("DayOfWeek"), c.value("Occurrence")}, " "))
	}
	if diff := cmp.Diff([]string{"dlt PT60M 3 Sunday -1", "std PT120M 10 Sunday -1"}, got); diff != "" {
		t.Errorf("London's rules (-want +got):\n%s", diff)
	}
}

// TestForeignZones: an item made elsewhere in a zone by its IANA name is shown under
// the Windows name; rules that nobody has are "customized".
func TestForeignZones(t *testing.T) {
	r := newRig(t)
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		loc  *time.Location
		want string
	}{
		{"Europe/Vienna", vienna, "W. Europe Standard Time"},
		{"", vienna, "W. Europe Standard Time"},
		{"tzone://Microsoft/Utc", time.UTC, "UTC"},
		{"tzone://Microsoft/Custom", time.FixedZone("", 1234), customZone},
	} {
		it := r.add(world.Appointment{Start: now.In(tt.loc), StartZone: tt.name})
		if got := r.getOne(r.id(it)).first("StartTimeZone").attr("Id"); got != tt.want {
			t.Errorf("%q is shown as %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestResolveNames finds people by address and name.
func TestResolveNames(t *testing.T) {
	r := newRig(t)
	for _, tt := range []struct{ entry, want string }{
		{"ana@example.org", ana}, {"smtp:BOB@example.org", bob}, {"ortiz", ana}, {"Bob R", bob},
	} {
		m := r.one(`<m:ResolveNames ReturnFullContactData="0"><m:UnresolvedEntry>` + tt.entry + `</m:UnresolvedEntry></m:ResolveNames>`)
		if got := m.path("ResolutionSet", "Resolution", "Mailbox").value("EmailAddress"); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.entry, got, tt.want)
		}
	}
}

// TestAvailability gives busy times in the wall clock of the rules in the request.
func TestAvailability(t *testing.T) {
	r := newRig(t)
	r.add(world.Appointment{Subject: "s", Start: time.Date(2026, 10, 1, 6, 0, 0, 0, time.UTC), ShowAs: world.OutOfOffice})
	r.add(world.Appointment{Subject: "w", Start: time.Date(2026, 10, 26, 8, 0, 0, 0, time.UTC)})
	res, body := r.post(r.envelope(availabilityRequest("FreeBusyMerged", ana)))
	if res.StatusCode != 200 {
		t.Fatalf("HTTP %d", res.StatusCode)
	}
	view := body.path("GetUserAvailabilityResponse", "FreeBusyResponseArray", "FreeBusyResponse", "FreeBusyView")
	var got []string
	for _, e := range view.first("CalendarEventArray").elements() {
		got = append(got, e.value("StartTime")+" "+e.value("BusyType"))
	}
	if diff := cmp.Diff([]string{"2026-10-01T08:00:00 OOF", "2026-10-26T09:00:00 Busy"}, got); diff != "" {
		t.Errorf("events in Berlin's clock (-want +got):\n%s", diff)
	}
	if merged := view.value("MergedFreeBusy"); !strings.HasPrefix(merged, "00000000300") {
		t.Errorf("merged %.12s", merged)
	}
	if view.path("CalendarEventArray", "CalendarEvent", "CalendarEventDetails") != nil {
		t.Error("details without being asked")
	}
}
