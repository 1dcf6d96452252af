package ews

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// TestCalendarViewEdges holds the documented window: what ends exactly at StartDate is
// in it, what starts at EndDate is not.
func TestCalendarViewEdges(t *testing.T) {
	r := newRig(t)
	r.add(world.Appointment{Subject: "nine to ten", Start: time.Date(2026, 10, 20, 9, 0, 0, 0, time.UTC)})
	for _, tt := range []struct {
		name, start, end string
		shown            bool
	}{
		{"around", "2026-10-20T00:00:00Z", "2026-10-21T00:00:00Z", true},
		{"inside", "2026-10-20T09:20:00Z", "2026-10-20T09:30:00Z", true},
		{"ends at StartDate", "2026-10-20T10:00:00Z", "2026-10-20T11:00:00Z", true},
		{"ended before", "2026-10-20T10:00:01Z", "2026-10-20T11:00:00Z", false},
		{"starts at EndDate", "2026-10-20T08:00:00Z", "2026-10-20T09:00:00Z", false},
		{"starts just before EndDate", "2026-10-20T08:00:00Z", "2026-10-20T09:00:01Z", true},
		{"times with an offset", "2026-10-20T11:59:00+02:00", "2026-10-20T13:00:00+02:00", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := r.one(viewRequest(tt.start, tt.end, calendarOf(ana))).path("RootFolder", "Items")
			if got := len(found.elements()) == 1; got != tt.shown {
				t.Errorf("shown %v, want %v", got, tt.shown)
			}
		})
	}
}

// TestCalendarViewZone reads times without an offset in the request's TimeZoneContext.
func TestCalendarViewZone(t *testing.T) {
	r := newRig(t)
	r.add(world.Appointment{Subject: "ten in Berlin", Start: time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)})
	request := viewRequest("2026-07-01T11:30:00", "2026-07-01T12:00:00", calendarOf(ana))
	if found := r.one(request).path("RootFolder", "Items"); len(found.elements()) != 0 {
		t.Error("read in UTC, the window has nothing")
	}
	r.headers = `<t:TimeZoneContext><t:TimeZoneDefinition Id="GMT Standard Time"/></t:TimeZoneContext>`
	if found := r.one(viewRequest("2026-07-01T09:30:00", "2026-07-01T10:00:00", calendarOf(ana))).path("RootFolder", "Items"); len(found.elements()) != 1 {
		t.Error("read in London's summer, the window has the item")
	}
	r.headers = `<t:TimeZoneContext><t:TimeZoneDefinition Id="Europe/London"/></t:TimeZoneContext>`
	if code := r.fault(request); code != "ErrorTimeZone" {
		t.Errorf("an IANA name as context: %s, want ErrorTimeZone", code)
	}
}

// TestCalendarViewExpandsSeries shows occurrences by wall clock across the end of
// summer time, an exception where it moved to, and no deleted occurrence (pull-4).
func TestCalendarViewExpandsSeries(t *testing.T) {
	r := newRig(t)
	series := r.add(weekly())
	view := func() []string {
		found := r.one(viewRequest("2026-10-01T00:00:00Z", "2026-12-01T00:00:00Z", calendarOf(ana))).path("RootFolder", "Items")
		list := []string{}
		for _, it := range found.elements() {
			list = append(list, it.value("Start")+" "+it.value("CalendarItemType"))
		}
		return list
	}
	want := []string{"2026-10-20T12:00:00Z Occurrence", "2026-10-27T13:00:00Z Occurrence", "2026-11-03T13:00:00Z Occurrence"}
	if diff := cmp.Diff(want, view()); diff != "" {
		t.Fatalf("occurrences (-want +got):\n%s", diff)
	}

	second := `<t:OccurrenceItemId RecurringMasterId="` + r.idOf(series) + `" InstanceIndex="2"/>`
	r.one(updateRequest(second, "AlwaysOverwrite",
		set("calendar:Start", `<t:Start>2026-10-28T09:00:00Z</t:Start>`), set("calendar:End", `<t:End>2026-10-28T10:00:00Z</t:End>`)))
	r.one(deleteRequest("HardDelete", `<t:OccurrenceItemId RecurringMasterId="`+r.idOf(series)+`" InstanceIndex="3"/>`))
	want = []string{"2026-10-20T12:00:00Z Occurrence", "2026-10-28T09:00:00Z Exception"}
	if diff := cmp.Diff(want, view()); diff != "" {
		t.Fatalf("after an exception and a deletion (-want +got):\n%s", diff)
	}

	master := r.getOne(`<t:ItemId Id="` + r.idOf(series) + `"/>`)
	modified, deleted := master.first("ModifiedOccurrences").elements(), master.first("DeletedOccurrences").elements()
	if len(modified) != 1 || modified[0].value("OriginalStart") != "2026-10-27T13:00:00Z" || modified[0].value("Start") != "2026-10-28T09:00:00Z" {
		t.Errorf("ModifiedOccurrences: %d", len(modified))
	}
	if len(deleted) != 1 || deleted[0].value("Start") != "2026-11-03T13:00:00Z" {
		t.Errorf("DeletedOccurrences: %d", len(deleted))
	}
	exception := r.getOne(`<t:ItemId Id="` + modified[0].first("ItemId").attr("Id") + `"/>`)
	if got := exception.value("CalendarItemType") + exception.value("RecurrenceId"); got != "Exception2026-10-27T13:00:00Z" {
		t.Errorf("the exception by its own id: %s", got)
	}
}

// TestFindItemLimits: a thousand items an answer over all folders, fewer on request,
// and only IncludesLastItemInRange tells.
func TestFindItemLimits(t *testing.T) {
	r := newRig(t)
	for i := range 700 {
		r.add(world.Appointment{Start: now.Add(time.Duration(i) * time.Minute)})
		if _, err := r.bob.Create(world.Appointment{Start: now, End: now.Add(time.Hour)}, world.SendNone); err != nil {
			t.Fatal(err)
		}
	}
	both := calendarOf(ana) + calendarOf(bob)
	view := viewRequest("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", both)
	capped := strings.Replace(view, "<m:CalendarView ", `<m:CalendarView MaxEntriesReturned="10" `, 1)
	all := `<m:FindItem Traversal="Shallow">` + shape("IdOnly") + `<m:ParentFolderIds>` + both + `</m:ParentFolderIds></m:FindItem>`
	for _, tt := range []struct {
		name, request string
		want          []string
	}{
		{"calendar view", view, []string{"700 true", "300 false"}},
		{"calendar view, ten wanted", capped, []string{"10 false", "10 false"}},
		{"no view", all, []string{"700 true", "300 false"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := []string{}
			for _, m := range r.call(tt.request) {
				root := m.first("RootFolder")
				got = append(got, fmt.Sprintf("%d %s", len(root.first("Items").elements()), root.attr("IncludesLastItemInRange")))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("items and whether they are all (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFindItemRefuses: what a calendar view cannot be, by Exchange's codes.
func TestFindItemRefuses(t *testing.T) {
	r := newRig(t)
	view := viewRequest("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", calendarOf(ana))
	restricted := strings.Replace(view, `<m:ParentFolderIds>`, `<m:Restriction><t:Exists>`+markerField+`</t:Exists></m:Restriction><m:ParentFolderIds>`, 1)
	long := `<m:Restriction><t:Or>` + strings.Repeat(`<t:Exists>`+markerField+`</t:Exists>`, maxConditions) + `</t:Or></m:Restriction>`
	for _, tt := range []struct{ name, request, want string }{
		{"more than two years", viewRequest("2026-10-01T00:00:00Z", "2028-10-02T00:00:00Z", calendarOf(ana)), "ErrorCalendarViewRangeTooBig"},
		{"backwards", viewRequest("2026-10-02T00:00:00Z", "2026-10-01T00:00:00Z", calendarOf(ana)), "ErrorCalendarEndDateIsEarlierThanStartDate"},
		{"not a calendar", strings.Replace(view, `Id="calendar"`, `Id="deleteditems"`, 1), "ErrorCalendarFolderIsInvalidForCalendarView"},
		{"with a restriction", restricted, "ErrorUnsupportedPathForQuery"},
		{"none wanted", strings.Replace(view, "<m:CalendarView ", `<m:CalendarView MaxEntriesReturned="0" `, 1), "ErrorInvalidPagingMaxRows"},
		{"no such folder", strings.Replace(view, `Id="calendar"`, `Id="inbox"`, 1), "ErrorFolderNotFound"},
		{"no such mailbox", viewRequest("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", calendarOf("zoe@example.org")), "ErrorNonExistentMailbox"},
		{"too many conditions", findRequest("", long), "ErrorRestrictionTooLong"},
		{"a half property", findRequest("", `<m:Restriction><t:Exists><t:ExtendedFieldURI PropertyName="x" PropertyType="String"/></t:Exists></m:Restriction>`), "ErrorInvalidExtendedProperty"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := codes(r.call(tt.request)); got[0] != tt.want {
				t.Errorf("%v, want %s", got, tt.want)
			}
		})
	}
	r.messages.Check(t)
}

func findRequest(view, rest string) string {
	return `<m:FindItem Traversal="Shallow">` + shape("IdOnly", "item:Subject") + view + rest +
		`<m:ParentFolderIds>` + calendarOf(ana) + `</m:ParentFolderIds></m:FindItem>`
}

// TestRestriction finds items by what they hold, first of all by an extended property.
func TestRestriction(t *testing.T) {
	r := newRig(t)
	r.add(world.Appointment{Subject: "a", Start: now, Properties: map[world.Property]string{marker: "1"}})
	r.add(world.Appointment{Subject: "b", Start: now.Add(time.Hour), Properties: map[world.Property]string{marker: "2"}})
	r.add(world.Appointment{Subject: "c", Start: now.Add(2 * time.Hour)})
	master := weekly()
	master.Subject, master.Properties = "d", map[world.Property]string{marker: "1"}
	r.add(master)
	equal := func(value string) string {
		return `<t:IsEqualTo>` + markerField + `<t:FieldURIOrConstant><t:Constant Value="` + value + `"/></t:FieldURIOrConstant></t:IsEqualTo>`
	}
	exists := `<t:Exists>` + markerField + `</t:Exists>`
	later := `<t:IsGreaterThan><t:FieldURI FieldURI="calendar:Start"/><t:FieldURIOrConstant><t:Constant Value="2026-10-01T10:30:00+02:00"/></t:FieldURIOrConstant></t:IsGreaterThan>`
	contains := func(mode, comparison, value string) string {
		return `<t:Contains ContainmentMode="` + mode + `" ContainmentComparison="` + comparison + `">` + markerField + `<t:Constant Value="` + value + `"/></t:Contains>`
	}
	for _, tt := range []struct {
		condition string
		want      []string
	}{
		{equal("1"), []string{"a", "d"}},
		{equal("3"), []string{}},
		{exists, []string{"a", "b", "d"}},
		{`<t:Not>` + exists + `</t:Not>`, []string{"c"}},
		{`<t:And>` + exists + later + `</t:And>`, []string{"b", "d"}},
		{`<t:Or>` + equal("2") + equal("1") + `</t:Or>`, []string{"a", "b", "d"}},
		{contains("Prefixed", "Exact", "2"), []string{"b"}},
		{contains("FullString", "IgnoreCase", "1"), []string{"a", "d"}},
		{`<t:IsEqualTo><t:FieldURI FieldURI="item:Subject"/><t:FieldURIOrConstant><t:Constant Value="c"/></t:FieldURIOrConstant></t:IsEqualTo>`, []string{"c"}},
	} {
		found := r.one(findRequest("", `<m:Restriction>`+tt.condition+`</m:Restriction>`)).path("RootFolder", "Items")
		if diff := cmp.Diff(tt.want, subjects(found)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.condition, diff)
		}
	}
}

// TestPagesAndOrder pages through a sorted list without losing or repeating anything.
func TestPagesAndOrder(t *testing.T) {
	r := newRig(t)
	for i, subject := range []string{"c", "a", "e", "b", "d"} {
		r.add(world.Appointment{Subject: subject, Start: now.Add(time.Duration(i) * time.Hour)})
	}
	var got []string
	for offset, last := "0", "false"; last == "false"; {
		view := `<m:IndexedPageItemView MaxEntriesReturned="2" Offset="` + offset + `" BasePoint="Beginning"/>`
		root := r.one(findRequest(view, `<m:SortOrder><t:FieldOrder Order="Descending"><t:FieldURI FieldURI="item:Subject"/></t:FieldOrder></m:SortOrder>`)).first("RootFolder")
		got = append(got, subjects(root.first("Items"))...)
		offset, last = root.attr("IndexedPagingOffset"), root.attr("IncludesLastItemInRange")
	}
	if diff := cmp.Diff([]string{"e", "d", "c", "b", "a"}, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

// TestFindItemIsBrief: strings are cut at 255 UTF-16 units, and there is no body
// however it is asked for.
func TestFindItemIsBrief(t *testing.T) {
	r := newRig(t)
	long := strings.Repeat("x", 254) + "😀tail"
	it := r.add(world.Appointment{Subject: "s", Location: long, Start: now, Body: world.Body{Content: "text"}, Properties: map[world.Property]string{marker: long}})
	request := `<m:FindItem Traversal="Shallow">` + shape("AllProperties", "item:Body", "item:TextBody", markerField) +
		`<m:ParentFolderIds>` + calendarOf(ana) + `</m:ParentFolderIds></m:FindItem>`
	found := r.one(request).path("RootFolder", "Items", "CalendarItem")
	if found.first("Body") != nil || found.first("TextBody") != nil {
		t.Error("FindItem returned a body")
	}
	want := strings.Repeat("x", 254)
	if found.value("Location") != want || found.first("ExtendedProperty").value("Value") != want {
		t.Errorf("not cut at 255 units: %d and %d bytes", len(found.value("Location")), len(found.first("ExtendedProperty").value("Value")))
	}
	if got := r.getOne(r.id(it)); got.value("Location") != long || got.value("Body") != "text" {
		t.Error("GetItem returned less than the whole item")
	}
}
