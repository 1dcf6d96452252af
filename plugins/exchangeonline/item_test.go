package exchangeonline

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/internal/exchange"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// itemOf reads one event as a read would.
func itemOf(t *testing.T, e map[string]any, detail sdk.Detail, own ...calendar.ItemID) calendar.Item {
	t.Helper()
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	read, failed := readEvent(data)
	if failed != nil {
		t.Fatal(failed)
	}
	r := newReader(anaBox, detail, own)
	r.strip(read)
	item, failed := r.item(read, nil)
	if failed != nil {
		t.Fatal(failed)
	}
	return item
}

// Nothing of a private appointment's text is left after decoding, whatever the wanted
// detail; what the gateway wrote keeps its text (pull-3, J1, P7).
func TestPrivacy(t *testing.T) {
	marked := map[string]any{"singleValueExtendedProperties": []any{map[string]any{"id": exchange.GraphMarkerProperty, "value": marker.String()}}}
	full, subject, none := "Dentist S|Bring the card|", "Dentist S||", "||"
	own := "Dentist S|Bring the card|High Street"
	tests := map[string]struct {
		event  map[string]any
		detail sdk.Detail
		own    []calendar.ItemID
		want   string
	}{
		"normal, full":        {row("S"), sdk.DetailFull, nil, full},
		"normal, subject":     {row("S"), sdk.DetailSubject, nil, subject},
		"normal, busy":        {row("S"), sdk.DetailBusy, nil, none},
		"private":             {row("S", map[string]any{"sensitivity": "private"}), sdk.DetailFull, nil, none},
		"Private":             {row("S", map[string]any{"sensitivity": "Private"}), sdk.DetailFull, nil, none},
		"personal":            {row("S", map[string]any{"sensitivity": "personal"}), sdk.DetailFull, nil, none},
		"confidential":        {row("S", map[string]any{"sensitivity": "confidential"}), sdk.DetailSubject, nil, none},
		"from the future":     {row("S", map[string]any{"sensitivity": "secret"}), sdk.DetailFull, nil, none},
		"not said":            {row("S", map[string]any{"sensitivity": nil}), sdk.DetailFull, nil, none},
		"private and ours":    {row("S", map[string]any{"sensitivity": "private"}), sdk.DetailBusy, []calendar.ItemID{"S"}, own},
		"private and marked":  {row("S", map[string]any{"sensitivity": "private"}, marked), sdk.DetailBusy, nil, own},
		"ours is another":     {row("S", map[string]any{"sensitivity": "private"}), sdk.DetailFull, []calendar.ItemID{"s"}, none},
		"body as HTML":        {row("S", map[string]any{"body": map[string]any{"contentType": "html", "content": "<p>Bring the<br>card</p><style>x{}</style>"}}), sdk.DetailFull, nil, "Dentist S|Bring the\ncard|"},
		"no body in the page": {row("S", map[string]any{"body": nil, "bodyPreview": "Bring"}), sdk.DetailFull, nil, subject + " incomplete"},
		"none, none wanted":   {row("S", map[string]any{"body": nil, "bodyPreview": "Bring"}), sdk.DetailSubject, nil, subject},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			i := itemOf(t, test.event, test.detail, test.own...)
			got := strings.Join([]string{i.Subject, i.Body, i.Location}, "|")
			if i.Incomplete {
				got += " incomplete"
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// A stub of a private series stays without text.
func TestPrivateSeries(t *testing.T) {
	private := row("M", map[string]any{"type": "seriesMaster", "sensitivity": "private"})
	f := newFake(t, rounds(map[string]any{"": lastPage("d1", private, stub("O1", "M", "2026-12-01T08:00:00", "2026-12-01T08:30:00"))}))
	page := readOne(t, f.account(), readRequest(ana))
	if i := page.Changes[0].ReplaceSeries.Items[0]; i.Subject+i.Body+i.Location != "" || i.Incomplete || !i.Sensitivity.Private() {
		t.Errorf("O1 = %+v, want a block of time", i)
	}
}

// States, cancellations and answers are read as the host's rules need them (J4, J5).
func TestStates(t *testing.T) {
	states := map[string]calendar.ShowAs{
		"free": calendar.ShowAsFree, "tentative": calendar.ShowAsTentative, "busy": calendar.ShowAsBusy, "oof": calendar.ShowAsOutOfOffice,
		"workingElsewhere": calendar.ShowAsWorkingElsewhere, "unknown": calendar.ShowAsUnknown, "asleep": calendar.ShowAsUnknown, "Busy": calendar.ShowAsBusy,
	}
	for sent, want := range states {
		if got := itemOf(t, row("S", map[string]any{"showAs": sent}), sdk.DetailFull).ShowAs; got != want {
			t.Errorf("showAs %q = %q, want %q", sent, got, want)
		}
	}
	if !itemOf(t, row("S", map[string]any{"isCancelled": true}), sdk.DetailFull).Cancelled {
		t.Error("a cancelled meeting is not cancelled")
	}
	for answer, want := range map[string]bool{"declined": true, "Declined": true, "accepted": false, "": false} {
		e := row("S", map[string]any{"responseStatus": map[string]any{"response": answer}})
		if got := itemOf(t, e, sdk.DetailFull).Declined; got != want {
			t.Errorf("response %q: declined = %v", answer, got)
		}
	}
}

func at(local, zone string) map[string]any {
	return map[string]any{"dateTime": local, "timeZone": zone}
}

// Times are instants; whole days are dates wherever the server shows them (D4, D5,
// D6, D7, D10, F1, pull-6).
func TestWhen(t *testing.T) {
	date := func(m time.Month, d int) calendar.Date { return calendar.Date{Year: 2026, Month: m, Day: d} }
	timed := func(start, end, zone string) calendar.When {
		s, _ := time.Parse(time.RFC3339, start)
		e, _ := time.Parse(time.RFC3339, end)
		return calendar.When{Start: s, End: e, TimeZone: zone}
	}
	days := func(first, end calendar.Date, zone string) calendar.When {
		return calendar.When{AllDay: true, FirstDay: first, EndDay: end, TimeZone: zone}
	}
	tests := map[string]struct {
		start, end map[string]any
		allDay     bool
		zone       string
		want       calendar.When
	}{
		"in UTC":              {at("2026-12-01T09:00:00.0000000", "UTC"), at("2026-12-01T10:00:00.0000000", "UTC"), false, "Romance Standard Time", timed("2026-12-01T09:00:00Z", "2026-12-01T10:00:00Z", "Europe/Paris")},
		"in another zone":     {at("2026-07-01T09:00:00", "Romance Standard Time"), at("2026-07-01T10:00", "Europe/Paris"), false, "", timed("2026-07-01T07:00:00Z", "2026-07-01T08:00:00Z", "")},
		"with a Z":            {at("2026-12-01T09:00:00Z", "Romance Standard Time"), at("2026-12-01T10:00:00Z", ""), false, "UTC", timed("2026-12-01T09:00:00Z", "2026-12-01T10:00:00Z", "Etc/UTC")},
		"custom zone":         {at("2026-12-01T09:00:00", "UTC"), at("2026-12-01T10:00:00", "UTC"), false, "tzone://Microsoft/Custom", timed("2026-12-01T09:00:00Z", "2026-12-01T10:00:00Z", "")},
		"IANA zone":           {at("2026-12-01T09:00:00", "UTC"), at("2026-12-01T10:00:00", "UTC"), false, "Europe/Kyiv", timed("2026-12-01T09:00:00Z", "2026-12-01T10:00:00Z", "Europe/Kyiv")},
		"zero length":         {at("2026-12-01T09:00:00", "UTC"), at("2026-12-01T09:00:00", "UTC"), false, "", timed("2026-12-01T09:00:00Z", "2026-12-01T09:00:00Z", "")},
		"end before start":    {at("2026-12-01T09:00:00", "UTC"), at("2026-12-01T08:00:00", "UTC"), false, "", timed("2026-12-01T09:00:00Z", "2026-12-01T09:00:00Z", "")},
		"midnights":           {at("2026-12-01T00:00:00", "UTC"), at("2026-12-02T00:00:00", "UTC"), false, "", timed("2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z", "")},
		"whole day":           {at("2026-12-01T00:00:00", "UTC"), at("2026-12-02T00:00:00", "UTC"), true, "Tokyo Standard Time", days(date(12, 1), date(12, 2), "Asia/Tokyo")},
		"moved to UTC, +9":    {at("2026-11-30T15:00:00", "UTC"), at("2026-12-02T15:00:00", "UTC"), true, "Tokyo Standard Time", days(date(12, 1), date(12, 3), "Asia/Tokyo")},
		"moved to UTC, -8":    {at("2026-12-01T08:00:00", "UTC"), at("2026-12-02T08:00:00", "UTC"), true, "Pacific Standard Time", days(date(12, 1), date(12, 2), "America/Los_Angeles")},
		"over a clock change": {at("2026-03-29T00:00:00", "UTC"), at("2026-03-29T23:00:00", "UTC"), true, "GMT Standard Time", days(date(3, 29), date(3, 30), "Europe/London")},
		"zone not said":       {at("2026-06-30T23:00:00", "UTC"), at("2026-07-01T23:00:00", "UTC"), true, "", days(date(7, 1), date(7, 2), "")},
		"no length":           {at("2026-12-01T00:00:00", "UTC"), at("2026-12-01T00:00:00", "UTC"), true, "", days(date(12, 1), date(12, 2), "")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := row("S", map[string]any{"start": test.start, "end": test.end, "isAllDay": test.allDay, "originalStartTimeZone": test.zone})
			if diff := cmp.Diff(test.want, itemOf(t, e, sdk.DetailFull).When); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What is written means the same instants in every zone, also in the hours that the
// clock skips or shows twice (D1, D2, D3), whole days as dates (D4), and always with their
// zone, never as an offset (D12).
func TestWriteWhen(t *testing.T) {
	instant := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	tests := map[string]struct {
		when       calendar.When
		start, end graphTime
	}{
		"winter": {
			calendar.When{Start: instant("2026-12-01T08:00:00Z"), End: instant("2026-12-01T16:00:00Z"), TimeZone: "Europe/Vienna"},
			graphTime{"2026-12-01T09:00:00", "W. Europe Standard Time"},
			graphTime{"2026-12-01T17:00:00", "W. Europe Standard Time"},
		},
		"trainer's zone": {
			calendar.When{Start: instant("2026-07-01T08:00:00Z"), End: instant("2026-07-01T16:00:00Z")},
			graphTime{"2026-07-01T09:00:00", "GMT Standard Time"},
			graphTime{"2026-07-01T17:00:00", "GMT Standard Time"},
		},
		"second of two equal hours": {
			calendar.When{Start: instant("2026-10-25T01:30:00Z"), End: instant("2026-10-25T03:30:00Z"), TimeZone: "Europe/London"},
			graphTime{"2026-10-25T01:30:00", "UTC"},
			graphTime{"2026-10-25T03:30:00", "UTC"},
		},
		"unknown zone": {
			calendar.When{Start: instant("2026-12-01T08:00:00Z"), End: instant("2026-12-01T16:00:00Z"), TimeZone: "Middle/Earth"},
			graphTime{"2026-12-01T08:00:00", "UTC"},
			graphTime{"2026-12-01T16:00:00", "UTC"},
		},
		"end before start": {
			calendar.When{Start: instant("2026-12-01T08:00:00Z"), End: instant("2026-12-01T07:00:00Z"), TimeZone: "UTC"},
			graphTime{"2026-12-01T08:00:00", "UTC"},
			graphTime{"2026-12-01T08:00:00", "UTC"},
		},
		"whole days": {
			calendar.When{AllDay: true, FirstDay: calendar.Date{Year: 2026, Month: 12, Day: 1}, EndDay: calendar.Date{Year: 2026, Month: 12, Day: 3}},
			graphTime{"2026-12-01T00:00:00", "GMT Standard Time"},
			graphTime{"2026-12-03T00:00:00", "GMT Standard Time"},
		},
		"whole days planned elsewhere": {
			calendar.When{AllDay: true, FirstDay: calendar.Date{Year: 2026, Month: 12, Day: 1}, EndDay: calendar.Date{Year: 2026, Month: 12, Day: 3}, TimeZone: "Pacific/Auckland"},
			graphTime{"2026-12-01T00:00:00", "GMT Standard Time"},
			graphTime{"2026-12-03T00:00:00", "GMT Standard Time"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := writeWhen(test.when, anaBox)
			if got.start != test.start || got.end != test.end || got.allDay != test.when.AllDay {
				t.Errorf("got %+v, want %v to %v", got, test.start, test.end)
			}
		})
	}
}

// Text is made fit for Exchange: no control characters, one line where there is one,
// cut between characters (J8).
func TestCleanText(t *testing.T) {
	a := calendar.Appointment{Subject: " A\x00\nB\x07 ", Body: "x\x01\ny\tz", Location: strings.Repeat("é", 200)}
	if got := subjectOf(a); got != "A B" {
		t.Errorf("subject = %q", got)
	}
	if got := bodyOf(a); got != "x\ny\tz" {
		t.Errorf("body = %q", got)
	}
	if got := locationOf(a); got != strings.Repeat("é", 127) {
		t.Errorf("location of %d bytes", len(got))
	}
}
