package ews

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// itemXML decodes one calendar item from its elements.
func itemXML(t testing.TB, elements ...string) Item {
	t.Helper()
	r := response("GetItem", success("GetItem", "<m:Items><t:CalendarItem>"+strings.Join(elements, "")+"</t:CalendarItem></m:Items>"))
	var a answer[itemsMessage]
	if err := decode([]byte(r.body), &a); err != nil {
		t.Fatal(err)
	}
	messages, err := a.messages("GetItem")
	if err != nil {
		t.Fatal(err)
	}
	got := messages[0].item()
	if got.Err != nil {
		t.Fatal(got.Err)
	}
	return got.Value
}

var wholeItem = []string{
	`<t:ItemId Id="AAMk" ChangeKey="DwAA"/>`,
	`<t:Subject>Dentist</t:Subject>`,
	`<t:Sensitivity>Normal</t:Sensitivity>`,
	"<t:Body BodyType=\"Text\">Bring the form\r\nRoom 2\r\n</t:Body>",
	`<t:ExtendedProperty><t:ExtendedFieldURI PropertySetId="8F3C2B8E-5D0A-4F0E-9A63-7B1C5E2D9A41" PropertyName="TrainerCalendarMarker" PropertyType="String"/><t:Value>tc1|inst|gen|a/b</t:Value></t:ExtendedProperty>`,
	`<t:UID>UID1</t:UID>`,
	`<t:Start>2026-12-01T09:00:00+01:00</t:Start>`,
	`<t:End>2026-12-01T09:00:00Z</t:End>`,
	`<t:LegacyFreeBusyStatus>OOF</t:LegacyFreeBusyStatus>`,
	`<t:Location>High Street</t:Location>`,
	`<t:IsCancelled>true</t:IsCancelled>`,
	`<t:CalendarItemType>Exception</t:CalendarItemType>`,
	`<t:MyResponseType>Decline</t:MyResponseType>`,
	`<t:StartTimeZoneId>W. Europe Standard Time</t:StartTimeZoneId>`,
}

func TestItem(t *testing.T) {
	want := calendar.Item{
		ID: "AAMk", Version: "DwAA", SeriesID: "UID1", Cancelled: true, Declined: true,
		Marker: &calendar.Marker{Installation: "inst", Generation: "gen", Key: "a/b"},
		Appointment: calendar.Appointment{
			Subject: "Dentist", Location: "High Street", Body: "Bring the form\nRoom 2",
			When: calendar.When{
				Start: time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC), End: time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC),
				TimeZone: "Europe/Berlin",
			},
			ShowAs: calendar.ShowAsOutOfOffice, Sensitivity: calendar.SensitivityNormal,
		},
	}
	got, err := itemXML(t, wholeItem...).Calendar(View{Detail: sdk.DetailFull, Whole: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Servers differ in the order of elements: what an item says does not depend on it.
func TestOrderDoesNotMatter(t *testing.T) {
	want, err := itemXML(t, wholeItem...).Calendar(View{Detail: sdk.DetailFull})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		got, err := itemXML(t, rapid.Permutation(wholeItem).Draw(rt, "order")...).Calendar(View{Detail: sdk.DetailFull})
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Errorf("-want +got:\n%s", diff)
		}
	})
}

// J1, pull-3, pull-8: which text may leave, by sensitivity, detail and owner.
func TestText(t *testing.T) {
	type texts struct{ Subject, Location, Body string }
	private := `<t:Sensitivity>Private</t:Sensitivity>`
	marker := wholeItem[4]
	for name, c := range map[string]struct {
		elements   []string
		view       View
		want       texts
		incomplete bool
	}{
		"normal, full":          {[]string{`<t:Sensitivity>Normal</t:Sensitivity>`}, View{Detail: sdk.DetailFull, Whole: true}, texts{"S", "", "B"}, false},
		"normal, from a list":   {[]string{`<t:Sensitivity>Normal</t:Sensitivity>`}, View{Detail: sdk.DetailFull}, texts{"S", "", "B"}, true},
		"normal, subject":       {[]string{`<t:Sensitivity>Normal</t:Sensitivity>`}, View{Detail: sdk.DetailSubject}, texts{"S", "", ""}, false},
		"normal, busy":          {[]string{`<t:Sensitivity>Normal</t:Sensitivity>`}, View{Detail: sdk.DetailBusy}, texts{}, false},
		"private":               {[]string{private}, View{Detail: sdk.DetailFull, Whole: true}, texts{}, false},
		"personal":              {[]string{`<t:Sensitivity>Personal</t:Sensitivity>`}, View{Detail: sdk.DetailFull}, texts{}, false},
		"confidential":          {[]string{`<t:Sensitivity>Confidential</t:Sensitivity>`}, View{Detail: sdk.DetailFull}, texts{}, false},
		"of an unknown kind":    {[]string{`<t:Sensitivity>Secret</t:Sensitivity>`}, View{Detail: sdk.DetailFull}, texts{}, false},
		"that does not say":     {nil, View{Detail: sdk.DetailFull}, texts{}, false},
		"private, ours by id":   {[]string{private}, View{Detail: sdk.DetailBusy, Own: map[calendar.ItemID]bool{"a": true}}, texts{"S", "L", "B"}, true},
		"private, ours by mark": {[]string{private, marker}, View{Detail: sdk.DetailBusy}, texts{"S", "L", "B"}, true},
	} {
		elements := append([]string{
			`<t:ItemId Id="a" ChangeKey="k"/><t:Subject>S</t:Subject><t:Location>L</t:Location><t:Body>B</t:Body>`,
			`<t:Start>2026-12-01T09:00:00Z</t:Start><t:End>2026-12-01T10:00:00Z</t:End>`,
		}, c.elements...)
		item, err := itemXML(t, elements...).Calendar(c.view)
		if err != nil {
			t.Fatal(err)
		}
		if got := (texts{item.Subject, item.Location, item.Body}); got != c.want || item.Incomplete != c.incomplete {
			t.Errorf("%s: %+v, incomplete %v; want %+v, %v", name, got, item.Incomplete, c.want, c.incomplete)
		}
	}
}

// pull-6, D4, D6, D7: whole days are read by date, in the zone the item was made in.
func TestWholeDays(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	day := func(y int, m time.Month, d int) calendar.Date { return calendar.Date{Year: y, Month: m, Day: d} }
	for name, c := range map[string]struct {
		start, end, zone string
		first, end2      calendar.Date
	}{
		"made at home":              {"2026-07-01T00:00:00+01:00", "2026-07-02T00:00:00+01:00", "GMT Standard Time", day(2026, 7, 1), day(2026, 7, 2)},
		"made at +13":               {"2026-11-30T11:00:00Z", "2026-12-01T11:00:00Z", "Samoa Standard Time", day(2026, 12, 1), day(2026, 12, 2)},
		"made at -11":               {"2026-12-01T11:00:00Z", "2026-12-02T11:00:00Z", "UTC-11", day(2026, 12, 1), day(2026, 12, 2)},
		"three days over a change":  {"2026-03-27T23:00:00Z", "2026-03-30T22:00:00Z", "W. Europe Standard Time", day(2026, 3, 28), day(2026, 3, 31)},
		"zone of its own, at home":  {"2026-06-30T23:00:00Z", "2026-07-01T23:00:00Z", "Customized Time Zone", day(2026, 7, 1), day(2026, 7, 2)},
		"zone of its own, in UTC":   {"2026-07-01T00:00:00Z", "2026-07-02T00:00:00Z", "tzone://Microsoft/Custom", day(2026, 7, 1), day(2026, 7, 2)},
		"no zone":                   {"2026-06-30T23:00:00Z", "2026-07-01T23:00:00Z", "", day(2026, 7, 1), day(2026, 7, 2)},
		"no midnights anywhere":     {"2026-07-01T05:30:00Z", "2026-07-02T05:30:00Z", "", day(2026, 7, 1), day(2026, 7, 3)},
		"of no length":              {"2026-06-30T23:00:00Z", "2026-06-30T23:00:00Z", "", day(2026, 7, 1), day(2026, 7, 2)},
		"a day that skips midnight": {"2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z", "Egypt Standard Time", day(2026, 4, 24), day(2026, 4, 25)},
	} {
		item, err := itemXML(t, `<t:ItemId Id="a"/><t:Start>`+c.start+`</t:Start><t:End>`+c.end+`</t:End><t:IsAllDayEvent>true</t:IsAllDayEvent>`,
			`<t:StartTimeZone Id="`+c.zone+`"/>`).Calendar(View{Zone: london})
		if err != nil {
			t.Fatal(err)
		}
		if w := item.When; !w.AllDay || w.FirstDay != c.first || w.EndDay != c.end2 {
			t.Errorf("%s: %s to %s; want %s to %s", name, w.FirstDay, w.EndDay, c.first, c.end2)
		}
	}
}

// What the client writes for whole days is read back as the same days, in every zone
// that Windows has.
func TestWholeDaysRoundTrip(t *testing.T) {
	zones := []string{"Europe/London", "Pacific/Apia", "Pacific/Pago_Pago", "Africa/Cairo", "America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe", "Antarctica/Troll", ""}
	rapid.Check(t, func(rt *rapid.T) {
		first := calendar.DateOf(time.Date(2024, 1, 1+rapid.IntRange(0, 2000).Draw(rt, "day"), 0, 0, 0, 0, time.UTC))
		want := calendar.When{AllDay: true, FirstDay: first, EndDay: first.AddDays(rapid.IntRange(1, 10).Draw(rt, "days"))}
		out := NewItem{Appointment: calendar.Appointment{When: want}, TimeZone: rapid.SampledFrom(zones).Draw(rt, "zone")}.item()
		back, err := itemXML(t, `<t:ItemId Id="a"/><t:Start>`+*out.Start+`</t:Start><t:End>`+*out.End+`</t:End><t:IsAllDayEvent>1</t:IsAllDayEvent>`,
			`<t:StartTimeZone Id="`+out.StartTimeZone.ID+`"/>`).Calendar(View{})
		if err != nil {
			rt.Fatal(err)
		}
		if !back.When.SameTime(want) {
			rt.Errorf("wrote %s to %s, read %s to %s", want.FirstDay, want.EndDay, back.When.FirstDay, back.When.EndDay)
		}
	})
}

// J3, J4, D18: every state is read, and one from later blocks.
func TestShowAs(t *testing.T) {
	for text, want := range map[string]calendar.ShowAs{
		"Free": calendar.ShowAsFree, "Tentative": calendar.ShowAsTentative, "Busy": calendar.ShowAsBusy, "OOF": calendar.ShowAsOutOfOffice,
		"WorkingElsewhere": calendar.ShowAsWorkingElsewhere, "NoData": calendar.ShowAsUnknown, "Later": calendar.ShowAsUnknown, "": calendar.ShowAsUnknown,
	} {
		if got := showAsFromEWS(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
		if text != "NoData" && want != calendar.ShowAsUnknown && showAsToEWS(want) != text {
			t.Errorf("%q is written as %q", want, showAsToEWS(want))
		}
	}
	if got := showAsToEWS(calendar.ShowAsUnknown); got != "Busy" {
		t.Errorf("an unknown state is written as %q", got)
	}
}

// D10: an end before the start is taken as no length; a missing one is an error.
func TestOddTimes(t *testing.T) {
	item, err := itemXML(t, `<t:ItemId Id="a"/><t:Start>2026-12-01T09:00:00Z</t:Start><t:End>2026-12-01T08:00:00Z</t:End>`).Calendar(View{})
	if err != nil || !item.When.End.Equal(item.When.Start) {
		t.Errorf("%+v, %v", item.When, err)
	}
	if _, err := itemXML(t, `<t:ItemId Id="a"/><t:Start>2026-12-01T09:00:00Z</t:Start>`).Calendar(View{}); err == nil {
		t.Error("an item without an end was read")
	}
}

// Characters that XML does not have are dropped, raw or as references; the rest of
// the text stays (J8).
func TestIllegalCharacters(t *testing.T) {
	item := itemXML(t, "<t:ItemId Id=\"a\"/><t:Subject>a&#x1;b&#11;c\x02d&#x10FFFF;&#xD800;&amp;&#9;\u20AC</t:Subject>")
	if want := "abcd\U0010FFFF&\t\u20AC"; item.Subject != want {
		t.Errorf("%q, want %q", item.Subject, want)
	}
}
