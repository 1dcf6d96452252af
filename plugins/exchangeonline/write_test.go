package exchangeonline

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/internal/exchange"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

var (
	marker = calendar.Marker{Installation: "northwind-sync", Key: "northwind/ana/course/4711", Generation: "g1"}
	course = calendar.Appointment{
		Subject: "Training: Forklift basics", Location: "Leeds, Room 4", Body: "Confirmed\nRoom 4",
		When: calendar.When{
			Start: time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC), End: time.Date(2026, 12, 1, 16, 0, 0, 0, time.UTC),
			TimeZone: "Europe/Paris",
		},
		ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
	}
	anaBox = sdk.Mailbox{Address: ana, TimeZone: "Europe/London"}
)

func createOp() sdk.Operation {
	return sdk.Operation{ID: "1", Kind: sdk.Create, Marker: marker, Appointment: course}
}

func updateOp(version string) sdk.Operation {
	return sdk.Operation{ID: "1", Kind: sdk.Update, Marker: marker, Appointment: course, ItemID: "E", Version: version}
}

// written is course as Graph answers with it.
func stored(id, version string) map[string]any {
	return row(id, map[string]any{
		"@odata.etag": version, "subject": course.Subject, "location": map[string]any{"displayName": course.Location},
		"body":  map[string]any{"contentType": "text", "content": "Confirmed\r\nRoom 4\r\n"},
		"start": utc("2026-12-01T08:00:00"), "end": utc("2026-12-01T16:00:00"), "originalStartTimeZone": "Romance Standard Time",
	})
}

func marked(e map[string]any) map[string]any {
	e["singleValueExtendedProperties"] = []any{map[string]any{"id": exchange.GraphMarkerProperty, "value": marker.String()}}
	return e
}

func writeOne(t *testing.T, a *account, op sdk.Operation) sdk.WriteResult {
	t.Helper()
	var results []sdk.WriteResult
	err := a.Write(context.Background(), []sdk.WriteRequest{{Mailbox: anaBox, Operations: []sdk.Operation{op}}}, syncEmit(func(r sdk.WriteResult) {
		results = append(results, r)
	}))
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
	if len(results) != 1 {
		t.Fatalf("got %d results, want one: %+v", len(results), results)
	}
	return results[0]
}

// What is written holds no attendees and no online meeting, its reminder is off, and
// its time is in the course's zone (D1, K1, K2, push-2, push-11).
func TestCreate(t *testing.T) {
	f := newFake(t, func(call) reply { return reply{status: 201, body: stored("E", `W/"1"`)} })
	res := writeOne(t, f.account(), createOp())
	if res.Err != nil || res.ItemID != "E" || res.Version != `W/"1"` {
		t.Fatalf("result = %+v", res)
	}
	if res.Item.Body != course.Body || *res.Item.Marker != marker || !res.Item.When.SameTime(course.When) || res.Item.Incomplete {
		t.Errorf("item = %+v", res.Item)
	}
	if diff := cmp.Diff([]string{"POST /users/" + ana + "/calendar/events"}, f.seen()); diff != "" {
		t.Error(diff)
	}
	var sent map[string]any
	if err := json.Unmarshal(f.calls[0].body, &sent); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"transactionId": transactionID(marker, 0), "subject": course.Subject,
		"body":     map[string]any{"contentType": "text", "content": course.Body},
		"start":    map[string]any{"dateTime": "2026-12-01T09:00:00", "timeZone": "Romance Standard Time"},
		"end":      map[string]any{"dateTime": "2026-12-01T17:00:00", "timeZone": "Romance Standard Time"},
		"isAllDay": false, "showAs": "busy", "sensitivity": "normal", "isReminderOn": false,
		"location":                      map[string]any{"displayName": course.Location},
		"singleValueExtendedProperties": []any{map[string]any{"id": exchange.GraphMarkerProperty, "value": marker.String()}},
	}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Errorf("the body sent:\n%s", diff)
	}
}

// A create whose answer is lost is repeated with the same transactionId, so that the
// server answers with the first one's event (B1).
func TestCreateAnswerLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		f := newFake(t, func(call) reply {
			n++
			return reply{status: 201, body: stored("E", `W/"1"`), lost: n == 1}
		})
		res := writeOne(t, f.account(), createOp())
		if res.Err != nil || res.ItemID != "E" {
			t.Fatalf("result = %+v", res)
		}
		if len(f.calls) != 2 || string(f.calls[0].body) != string(f.calls[1].body) {
			t.Errorf("%d calls, want two of the same body", len(f.calls))
		}
	})
}

// When every answer is lost, the outcome is unknown, and says so (B2).
func TestWriteOutcomeUnknown(t *testing.T) {
	for name, answer := range map[string]reply{
		"connection lost": {lost: true, status: 201, body: stored("E", `W/"1"`)},
		"server failing":  {status: 504},
		"no event":        {status: 201, body: map[string]any{}},
		"empty answer":    {status: 201},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, func(call) reply { return answer })
				if res := writeOne(t, f.account(), createOp()); !errors.Is(res.Err, sdk.ErrOutcomeUnknown) {
					t.Errorf("err = %v, want an unknown outcome", res.Err)
				}
			})
		})
	}
}

// The server knows the transactionId with other content: the event of the earlier
// attempt is found and brought up to date; where it is gone, it is made with a second
// id (traps 23, 24).
func TestCreateTransactionUsed(t *testing.T) {
	duplicate := func(status int, existing string) reply {
		e := map[string]any{"code": "ErrorDuplicateTransactionId", "message": "Used."}
		if existing != "" {
			e["@event.existingEventId"] = existing
		}
		return reply{status: status, body: map[string]any{"error": e}}
	}
	tests := map[string]struct {
		refusal reply
		found   []any
		want    []string
		// deleted: the event that the error names is gone.
		deleted bool
	}{
		"named by the error": {duplicate(409, "E"), nil, []string{
			"POST /users/" + ana + "/calendar/events", "PATCH /users/" + ana + "/events/E",
		}, false},
		"named by the error, and gone": {duplicate(409, "E"), []any{}, []string{
			"POST /users/" + ana + "/calendar/events", "GET /users/" + ana + "/events", "POST /users/" + ana + "/calendar/events",
		}, true},
		"found by the marker": {duplicate(400, ""), []any{marked(stored("E", `W/"1"`))}, []string{
			"POST /users/" + ana + "/calendar/events", "GET /users/" + ana + "/events", "PATCH /users/" + ana + "/events/E",
		}, false},
		"gone": {duplicate(400, ""), []any{}, []string{
			"POST /users/" + ana + "/calendar/events", "GET /users/" + ana + "/events", "POST /users/" + ana + "/calendar/events",
		}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, func(c call) reply {
				switch {
				case c.method == http.MethodGet:
					return ok(map[string]any{"value": test.found})
				case c.method == http.MethodPost && strings.Contains(string(c.body), `"`+transactionID(marker, 0)+`"`):
					return test.refusal
				}
				return ok(stored("E", `W/"2"`))
			})
			if test.deleted {
				f.check = func(call) reply { return refuse(404, "ErrorItemNotFound") }
			}
			res := writeOne(t, f.account(), createOp())
			if res.Err != nil || res.ItemID != "E" || res.Version != `W/"2"` {
				t.Errorf("result = %+v", res)
			}
			if diff := cmp.Diff(test.want, f.seen()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A create that may have been carried out is looked for before it is made; markers
// are compared with letter case, though the filter is not.
func TestCreateMaybeDone(t *testing.T) {
	other := marker
	other.Key = strings.ToUpper(other.Key)
	lookalike := stored("X", `W/"1"`)
	lookalike["singleValueExtendedProperties"] = []any{map[string]any{"id": exchange.GraphMarkerProperty, "value": other.String()}}
	tests := map[string]struct {
		found []any
		last  string
	}{
		"there":     {[]any{lookalike, marked(stored("E", `W/"1"`))}, "PATCH /users/" + ana + "/events/E"},
		"not there": {[]any{lookalike}, "POST /users/" + ana + "/calendar/events"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, func(c call) reply {
				if c.method == http.MethodGet {
					want := "singleValueExtendedProperties/Any(ep: ep/id eq '" + exchange.GraphMarkerProperty + "' and ep/value eq '" + marker.String() + "')"
					if got := c.query.Get("$filter"); got != want {
						t.Errorf("$filter = %s, want %s", got, want)
					}
					return ok(map[string]any{"value": test.found})
				}
				return ok(stored("E", `W/"2"`))
			})
			op := createOp()
			op.MaybeDone = true
			if res := writeOne(t, f.account(), op); res.Err != nil || res.ItemID != "E" {
				t.Errorf("result = %+v", res)
			}
			if got := f.seen(); got[len(got)-1] != test.last {
				t.Errorf("calls = %v, want %s last", got, test.last)
			}
		})
	}
}

// An update sends what differs from what is there, the marker always, and never the
// reminder (K4).
func TestUpdateSendsDifference(t *testing.T) {
	base, whole := course, course
	whole.When = calendar.When{AllDay: true, FirstDay: calendar.Date{Year: 2026, Month: 12, Day: 1}, EndDay: calendar.Date{Year: 2026, Month: 12, Day: 3}, TimeZone: "Europe/London"}
	tests := map[string]struct {
		change func(*calendar.Appointment)
		base   *calendar.Appointment
		want   []string
	}{
		"nothing":   {func(*calendar.Appointment) {}, &base, nil},
		"title":     {func(a *calendar.Appointment) { a.Subject = "Cancelled: " + a.Subject; a.ShowAs = calendar.ShowAsFree }, &base, []string{"showAs", "subject"}},
		"end":       {func(a *calendar.Appointment) { a.When.End = a.When.End.Add(time.Hour) }, &base, []string{"end", "isAllDay", "start"}},
		"zone":      {func(a *calendar.Appointment) { a.When.TimeZone = "Europe/London" }, &base, []string{"end", "isAllDay", "start"}},
		"same zone": {func(a *calendar.Appointment) { a.When.TimeZone = "Europe/Madrid" }, &base, nil},
		"zone of whole days": {
			func(a *calendar.Appointment) { a.When = whole.When; a.When.TimeZone = "Pacific/Auckland" }, &whole, nil,
		},
		"sensitivity": {func(a *calendar.Appointment) { a.Sensitivity = calendar.SensitivityPrivate }, &base, []string{"sensitivity"}},
		"emptied":     {func(a *calendar.Appointment) { a.Location, a.Body = "", "" }, &base, []string{"body", "location"}},
		"no base": {
			func(*calendar.Appointment) {}, nil,
			[]string{"body", "end", "isAllDay", "isReminderOn", "location", "sensitivity", "showAs", "start", "subject"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, func(call) reply { return ok(stored("E", `W/"2"`)) })
			op := updateOp(`W/"1"`)
			op.Base = test.base
			test.change(&op.Appointment)
			if res := writeOne(t, f.account(), op); res.Err != nil || res.Version != `W/"2"` {
				t.Fatalf("result = %+v", res)
			}
			c := f.calls[0]
			if got := c.header.Get("If-Match"); c.method != http.MethodPatch || got != `W/"1"` {
				t.Errorf("%s with If-Match %q, want PATCH with the version", c.method, got)
			}
			var sent map[string]json.RawMessage
			if err := json.Unmarshal(c.body, &sent); err != nil {
				t.Fatal(err)
			}
			want := append(test.want, "singleValueExtendedProperties")
			if diff := cmp.Diff(want, sortedKeys(sent), sortStrings); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// 412 is a conflict only when somebody else changed the item: our own update whose
// answer was lost is a success, a refusal without cause is repeated once.
func TestUpdateConflict(t *testing.T) {
	refused := refuse(412, "ErrorIrresolvableConflict")
	edited := marked(stored("E", `W/"9"`))
	edited["subject"] = "Lunch"
	unchanged := marked(stored("E", `W/"1"`))
	unchanged["subject"] = "Old"
	tests := map[string]struct {
		now     map[string]any
		second  reply
		code    sdk.Code
		version string
	}{
		"edited by somebody":  {edited, refused, sdk.CodeConflict, ""},
		"our own, unanswered": {marked(stored("E", `W/"5"`)), refused, "", `W/"5"`},
		"without cause":       {unchanged, ok(stored("E", `W/"2"`)), "", `W/"2"`},
		"refused twice":       {unchanged, refused, sdk.CodeConflict, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			patches := 0
			f := newFake(t, func(c call) reply {
				if c.method == http.MethodGet {
					return ok(test.now)
				}
				if patches++; patches == 1 {
					return refused
				}
				return test.second
			})
			res := writeOne(t, f.account(), updateOp(`W/"1"`))
			if got := codeOf(res.Err); got != test.code || res.Version != test.version {
				t.Errorf("result = %+v, want %q and version %s", res, test.code, test.version)
			}
		})
	}
}

func codeOf(e *sdk.Error) sdk.Code {
	if e == nil {
		return ""
	}
	return e.Code
}

// What is gone is deleted; whatever else is refused is not (trap 27).
func TestDelete(t *testing.T) {
	tests := map[string]struct {
		answer reply
		want   sdk.Code
	}{
		"there":       {reply{status: 204}, ""},
		"gone":        {refuse(404, "ErrorItemNotFound"), ""},
		"no mailbox":  {refuse(404, "MailboxNotEnabledForRESTAPI"), sdk.CodeMailboxUnavailable},
		"wrong place": {reply{status: 404, body: "nothing here"}, sdk.CodeOutcomeUnknown},
		"denied":      {refuse(403, "ErrorAccessDenied"), sdk.CodeAccessDenied},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, func(call) reply { return test.answer })
			res := writeOne(t, f.account(), sdk.Operation{ID: "1", Kind: sdk.Delete, ItemID: "E"})
			if got := codeOf(res.Err); got != test.want {
				t.Errorf("err = %v, want %q", res.Err, test.want)
			}
			if diff := cmp.Diff([]string{"DELETE /users/" + ana + "/events/E"}, f.seen()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Errors of an update say whether trying again can help.
func TestUpdateErrors(t *testing.T) {
	tests := map[string]struct {
		answer reply
		want   sdk.Code
	}{
		"gone":        {refuse(404, "ErrorItemNotFound"), sdk.CodeItemNotFound},
		"foreign id":  {refuse(400, "ErrorInvalidIdMalformed"), sdk.CodeItemNotFound},
		"bad content": {refuse(400, "ErrorPropertyValidationFailure"), sdk.CodeInvalidItem},
		"full":        {refuse(507, "ErrorQuotaExceeded"), sdk.CodeMailboxUnavailable},
		"denied":      {refuse(403, "ErrorAccessDenied"), sdk.CodeAccessDenied},
		"throttled":   {reply{status: 429, header: map[string]string{"Retry-After": "600"}}, sdk.CodeThrottled},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, func(call) reply { return test.answer })
			if res := writeOne(t, f.account(), updateOp("")); codeOf(res.Err) != test.want {
				t.Errorf("err = %v, want %s", res.Err, test.want)
			}
		})
	}
}

// A mailbox that does not know the zone, or by other rules, gets the time in UTC: what
// counts are the instants (D7, D8).
func TestZoneNotShared(t *testing.T) {
	inUTC := func(c call) bool { return strings.Contains(string(c.body), `"timeZone":"UTC"`) }
	wrong := stored("E", `W/"1"`)
	wrong["start"], wrong["end"] = utc("2026-12-01T07:00:00"), utc("2026-12-01T15:00:00")
	tests := map[string]struct {
		zoned reply
		want  []string
	}{
		"unknown": {refuse(400, "TimeZoneNotSupportedException"), []string{
			"POST /users/" + ana + "/calendar/events", "POST /users/" + ana + "/calendar/events",
		}},
		"other rules": {reply{status: 201, body: wrong}, []string{
			"POST /users/" + ana + "/calendar/events", "PATCH /users/" + ana + "/events/E",
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, func(c call) reply {
				if inUTC(c) {
					return ok(stored("E", `W/"2"`))
				}
				return test.zoned
			})
			res := writeOne(t, f.account(), createOp())
			if res.Err != nil || res.Version != `W/"2"` || !res.Item.When.SameTime(course.When) {
				t.Errorf("result = %+v", res)
			}
			if diff := cmp.Diff(test.want, f.seen()); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("never understood", func(t *testing.T) {
		f := newFake(t, func(call) reply { return refuse(400, "TimeZoneNotSupportedException") })
		if res := writeOne(t, f.account(), updateOp("")); codeOf(res.Err) != sdk.CodeInvalidItem || len(f.calls) != 2 {
			t.Errorf("err = %v after %d calls, want a refusal after two", res.Err, len(f.calls))
		}
	})
}

// The same marker makes the same transactionId, another generation another one.
func TestTransactionID(t *testing.T) {
	next := marker
	next.Generation = "g2"
	ids := map[string]bool{transactionID(marker, 0): true, transactionID(next, 0): true, transactionID(marker, 1): true}
	same := marker
	if len(ids) != 3 || !ids[transactionID(same, 0)] {
		t.Errorf("ids = %v, want three different ones", ids)
	}
}
