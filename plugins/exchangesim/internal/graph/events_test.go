package graph_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

const (
	anas   = "/users/ana@x.example"
	marker = "String {8f3c2b8e-5d0a-4f0e-9a63-7b1c5e2d9a41} Name Marker"
)

// with returns an event with some members changed.
func with(e object, members ...any) object {
	for i := 0; i+1 < len(members); i += 2 {
		e[members[i].(string)] = members[i+1]
	}
	return e
}

func course() object {
	return event("Course", "2026-10-20T09:00:00", "2026-10-20T10:00:00")
}

// What Graph refuses, with the code it gives.
func TestRefusals(t *testing.T) {
	r := newRig(t, simtest.Config{AllowInvalid: true})
	for state, smtp := range map[world.State]string{world.NoPermission: "denied@x.example", world.Disabled: "off@x.example", world.Moved: "moved@x.example", world.Moving: "moving@x.example"} {
		r.mailbox(smtp).SetState(state)
	}
	bob := r.mailbox("bob@x.example")
	if _, err := bob.Create(world.Appointment{Start: berlin(t, 20, 9), End: berlin(t, 20, 10)}, world.SendNone); err != nil {
		t.Fatal(err)
	}
	bobsID := r.want(200, "GET", "/users/bob@x.example/events", nil)["value"].([]any)[0].(object)["id"].(string)
	for _, tc := range []struct {
		name, method, path string
		body               any
		status             int
		code               string
	}{
		{"unknown user", "GET", "/users/nobody@x.example/events", nil, 404, "ErrorInvalidUser"},
		{"no permission", "GET", "/users/denied@x.example/events", nil, 403, "ErrorAccessDenied"},
		{"no licence", "GET", "/users/off@x.example/calendar", nil, 404, "MailboxNotEnabledForRESTAPI"},
		{"hosted elsewhere", "GET", "/users/moved@x.example/calendar", nil, 404, "MailboxNotEnabledForRESTAPI"},
		{"being moved", "GET", "/users/moving@x.example/calendar", nil, 503, "ErrorMailboxMoveInProgress"},
		{"me", "GET", "/me/events", nil, 400, "ErrorInvalidRequest"},
		{"unknown segment", "GET", anas + "/contacts", nil, 400, "BadRequest"},
		{"wrong method", "PUT", anas + "/events", nil, 405, "ErrorMethodNotAllowed"},
		{"another calendar", "GET", anas + "/calendars/xyz/events", nil, 404, "ErrorItemNotFound"},
		{"malformed id", "GET", anas + "/events/AAMkNOPE", nil, 404, "ErrorItemNotFound"},
		{"another mailbox's id", "GET", anas + "/events/" + bobsID, nil, 400, "ErrorInvalidMailboxItemId"},
		{"unknown option", "GET", anas + "/events?$search=x", nil, 400, "ErrorInvalidRequest"},
		{"unknown member to select", "GET", anas + "/events?$select=subjekt", nil, 400, "ErrorInvalidRequest"},
		{"unknown expansion", "GET", anas + "/events?$expand=attachments", nil, 400, "ErrorInvalidRequest"},
		{"unknown filter", "GET", anas + "/events?$filter=" + url.QueryEscape("subject eq 'x'"), nil, 400, "ErrorInvalidUrlQueryFilter"},
		{"too large a page", "GET", anas + "/events?$top=1001", nil, 400, "ErrorInvalidRequest"},
		{"view without a window", "GET", anas + "/calendarView", nil, 400, "ErrorInvalidRequest"},
		{"view of ten years", "GET", anas + "/calendarView?startDateTime=2026-01-01&endDateTime=2036-01-01", nil, 400, "ErrorInvalidRequest"},
		{"delta with an expansion", "GET", winter + "&$expand=x", nil, 400, "ErrorInvalidRequest"},
		{"no JSON", "POST", anas + "/events", "text", 400, "RequestBodyRead"},
		{"unknown member", "POST", anas + "/events", with(course(), "subjekt", "x"), 400, "RequestBodyRead"},
		{"read-only member", "POST", anas + "/events", with(course(), "changeKey", "x"), 400, "RequestBodyRead"},
		{"unknown value", "POST", anas + "/events", with(course(), "showAs", "away"), 400, "ErrorInvalidRequest"},
		{"unknown zone", "POST", anas + "/events", with(course(), "start", object{"dateTime": "2026-10-20T09:00:00", "timeZone": "Middle-earth Standard Time"}), 400, "TimeZoneNotSupportedException"},
		{"no zone", "POST", anas + "/events", with(course(), "start", object{"dateTime": "2026-10-20T09:00:00"}), 400, "TimeZoneNotSupportedException"},
		{"no time", "POST", anas + "/events", object{"subject": "x"}, 400, "ErrorPropertyValidationFailure"},
		{"end before start", "POST", anas + "/events", event("x", "2026-10-20T09:00:00", "2026-10-20T08:00:00"), 400, "ErrorPropertyValidationFailure"},
		{"whole day by the clock", "POST", anas + "/events", with(course(), "isAllDay", true), 400, "ErrorPropertyValidationFailure"},
		{"a property's id", "POST", anas + "/events", with(course(), "singleValueExtendedProperties", []object{{"id": "Text x", "value": "1"}}), 400, "ErrorInvalidProperty"},
		{"a pattern without days", "POST", anas + "/events", with(course(), "recurrence", object{"pattern": object{"type": "weekly", "interval": 1}, "range": object{"type": "noEnd", "startDate": "2026-10-20"}}), 400, "ErrorInvalidRecurrence"},
		{"a pattern without a range", "POST", anas + "/events", with(course(), "recurrence", object{"pattern": object{"type": "daily", "interval": 1}}), 400, "ErrorInvalidRequest"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r.refused(tc.status, tc.code, tc.method, tc.path, tc.body)
		})
	}
	if n := len(r.ana.Items(world.Calendar)); n != 0 {
		t.Errorf("%d of the refused events were stored", n)
	}
}

func TestTokensAreNeeded(t *testing.T) {
	r := newRig(t, simtest.Config{})
	r.want(200, "GET", anas+"/calendar", nil)
	r.server.RevokeTokens()
	resp, _ := r.do("GET", anas+"/calendar", nil)
	if resp.StatusCode != 401 || !strings.HasPrefix(resp.Header.Get("WWW-Authenticate"), "Bearer") {
		t.Errorf("a revoked token: %d, challenge %q", resp.StatusCode, resp.Header.Get("WWW-Authenticate"))
	}
}

func TestEnumsAreReadInAnyCase(t *testing.T) {
	r := newRig(t, simtest.Config{})
	e := r.create(with(course(), "showAs", "OOF", "sensitivity", "PRIVATE", "importance", "High", "body", object{"contentType": "HTML", "content": "<p>x</p>"}))
	if diff := cmp.Diff([]any{"oof", "private", "high"}, []any{e["showAs"], e["sensitivity"], e["importance"]}); diff != "" {
		t.Errorf("answered (-want +got):\n%s", diff)
	}
}

func TestConditionalWrites(t *testing.T) {
	r := newRig(t, simtest.Config{})
	e := r.create(course())
	stale := e["@odata.etag"].(string)
	changed := r.want(200, "PATCH", eventPath(e), object{"subject": "Two"}, "If-Match", stale)
	r.refused(412, "ErrorIrresolvableConflict", "PATCH", eventPath(e), object{"subject": "Three"}, "If-Match", stale)
	r.refused(412, "ErrorIrresolvableConflict", "DELETE", eventPath(e), nil, "If-Match", stale)
	if got := r.want(200, "GET", eventPath(e), nil); got["subject"] != "Two" || got["@odata.etag"] != changed["@odata.etag"] {
		t.Errorf("the event is now %v", got)
	}
	r.want(204, "DELETE", eventPath(e), nil, "If-Match", changed["@odata.etag"].(string))
}

func TestTransactions(t *testing.T) {
	r := newRig(t, simtest.Config{})
	first := r.create(with(course(), "transactionId", "t1"))
	again := r.create(with(course(), "transactionId", "t1"))
	if first["id"] != again["id"] || first["transactionId"] != "t1" {
		t.Errorf("the same request twice made %v and %v", first["id"], again["id"])
	}
	r.refused(409, "ErrorDuplicateTransactionId", "POST", anas+"/events", with(course(), "transactionId", "t1", "subject", "Other"))
	r.refused(400, "ErrorPropertyValidationFailure", "PATCH", eventPath(first), object{"transactionId": "t2"})
}

func TestIDsHaveTwoForms(t *testing.T) {
	r := newRig(t, simtest.Config{})
	classic := r.create(course())
	r.prefer = `outlook.timezone="UTC", IdType="ImmutableId"`
	rows := values(r.want(200, "GET", anas+"/events", nil))
	immutable := rows[0]["id"].(string)
	if immutable == classic["id"] || len(immutable) != 72 {
		t.Errorf("the immutable id is %q, the classic one %q", immutable, classic["id"])
	}
	r.want(200, "GET", anas+"/events/"+immutable, nil)
	r.refused(400, "ErrorInvalidIdMalformed", "GET", eventPath(classic), nil)
	r.refused(404, "ErrorItemNotFound", "GET", anas+"/events/"+strings.ToLower(immutable), nil)
	resp, _ := r.do("GET", anas+"/events", nil)
	if got := resp.Header.Get("Preference-Applied"); got != `outlook.timezone="UTC", IdType="ImmutableId"` {
		t.Errorf("Preference-Applied: %s", got)
	}
}

// Whole days float: the same midnight is answered whatever zone is preferred.
func TestWholeDaysFloat(t *testing.T) {
	r := newRig(t, simtest.Config{})
	e := r.create(with(event("Day", "2026-10-28T00:00:00", "2026-10-29T00:00:00"), "isAllDay", true))
	for _, zone := range []string{"UTC", "W. Europe Standard Time", "America/New_York"} {
		r.prefer = `outlook.timezone="` + zone + `"`
		got := r.want(200, "GET", eventPath(e), nil)["start"]
		if diff := cmp.Diff(object{"dateTime": "2026-10-28T00:00:00.0000000", "timeZone": zone}, got); diff != "" {
			t.Errorf("start (-want +got):\n%s", diff)
		}
	}
	// A patch of the start alone that leaves half days is refused.
	r.refused(400, "ErrorPropertyValidationFailure", "PATCH", eventPath(e), object{"start": object{"dateTime": "2026-10-28T09:00:00", "timeZone": "W. Europe Standard Time"}})
}

// Attendees are always told; there is no way not to (push-11).
func TestAttendeesAreTold(t *testing.T) {
	r := newRig(t, simtest.Config{AllowMail: true})
	e := r.create(with(course(), "attendees", []object{{"type": "required", "emailAddress": object{"address": "bob@y.example", "name": "Bob"}}}))
	r.want(200, "PATCH", eventPath(e), object{"subject": "Moved"})
	r.want(204, "DELETE", eventPath(e), nil)
	var sent []world.MailKind
	for _, m := range r.server.Outbox() {
		sent = append(sent, m.Kind)
	}
	if diff := cmp.Diff([]world.MailKind{world.Invitation, world.UpdateMail, world.Cancellation}, sent); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
}

func TestExtendedProperties(t *testing.T) {
	r := newRig(t, simtest.Config{})
	marked := r.create(with(course(), "singleValueExtendedProperties", []object{{"id": marker, "value": "it's booking/1"}}))
	r.create(course())
	expand := "&$expand=" + url.QueryEscape("singleValueExtendedProperties($filter=id eq '"+marker+"')")
	find := func(condition string) []object {
		filter := "singleValueExtendedProperties/Any(ep: ep/id eq '" + marker + "' and ep/value " + condition + ") and start/dateTime ge '2026-10-01'"
		return values(r.want(200, "GET", anas+"/events?$filter="+url.QueryEscape(filter)+expand, nil))
	}
	for condition, want := range map[string]int{"eq 'IT''S BOOKING/1'": 1, "eq 'booking/1'": 0, "ne null": 1, "eq null": 1} {
		if got := find(condition); len(got) != want {
			t.Errorf("value %s: %d events, want %d", condition, len(got), want)
		}
	}
	got := find("ne null")[0]
	want := []any{object{"id": marker, "value": "it's booking/1"}}
	if diff := cmp.Diff(want, got["singleValueExtendedProperties"]); diff != "" || got["id"] != marked["id"] {
		t.Errorf("found %v (-want +got):\n%s", got["id"], diff)
	}
	r.want(200, "PATCH", eventPath(marked), object{"singleValueExtendedProperties": []object{{"id": marker, "value": nil}}})
	if got := find("ne null"); len(got) != 0 {
		t.Errorf("after removing the property: %d events", len(got))
	}
}

// A patch changes what it names; null empties.
func TestPatch(t *testing.T) {
	r := newRig(t, simtest.Config{})
	e := r.create(with(course(), "location", object{"displayName": "Room 4"}, "categories", []string{"Training"},
		"body", object{"contentType": "text", "content": "one\ntwo"}, "isReminderOn", false))
	got := r.want(200, "PATCH", eventPath(e), object{"location": nil, "showAs": "free", "isAllDay": false})
	want := object{"displayName": "", "locationType": "default", "uniqueIdType": "unknown", "address": object{}, "coordinates": object{}}
	if diff := cmp.Diff(want, got["location"]); diff != "" {
		t.Errorf("location (-want +got):\n%s", diff)
	}
	kept := []any{got["subject"], got["showAs"], got["categories"], got["isReminderOn"], got["bodyPreview"]}
	if diff := cmp.Diff([]any{"Course", "free", []any{"Training"}, false, "one\r\ntwo"}, kept); diff != "" {
		t.Errorf("the rest (-want +got):\n%s", diff)
	}
	series := r.want(200, "PATCH", eventPath(e), object{"recurrence": weekly(2)["recurrence"]})
	single := r.want(200, "PATCH", eventPath(e), object{"recurrence": nil})
	if series["type"] != "seriesMaster" || single["type"] != "singleInstance" {
		t.Errorf("with a recurrence the event is a %v, without a %v", series["type"], single["type"])
	}
}

func TestRecurrenceComesBack(t *testing.T) {
	r := newRig(t, simtest.Config{})
	e := r.create(with(course(), "recurrence", object{
		"pattern": object{"type": "relativeYearly", "interval": 1, "daysOfWeek": []string{"monday"}, "index": "last", "month": 5},
		"range":   object{"type": "endDate", "startDate": "2026-10-20", "endDate": "2030-01-01"},
	}))
	want := object{
		"pattern": object{"type": "relativeYearly", "interval": 1.0, "daysOfWeek": []any{"monday"}, "index": "last", "month": 5.0, "dayOfMonth": 0.0, "firstDayOfWeek": "sunday"},
		"range":   object{"type": "endDate", "startDate": "2026-10-20", "endDate": "2030-01-01", "numberOfOccurrences": 0.0, "recurrenceTimeZone": "W. Europe Standard Time"},
	}
	if diff := cmp.Diff(want, e["recurrence"]); diff != "" {
		t.Errorf("recurrence (-want +got):\n%s", diff)
	}
	if start := e["start"].(object)["dateTime"]; start != "2027-05-31T07:00:00.0000000" {
		t.Errorf("the series starts on %v, not on its first occurrence", start)
	}
}

func TestOrderAndPages(t *testing.T) {
	r := newRig(t, simtest.Config{})
	for _, hour := range []string{"11", "09", "10"} {
		r.create(event(hour, "2026-10-20T"+hour+":00:00", "2026-10-20T"+hour+":30:00"))
	}
	subjects := func(query string) (all []any) {
		link := anas + "/events?" + query
		for link != "" {
			page := r.want(200, "GET", link, nil)
			for _, row := range values(page) {
				all = append(all, row["subject"])
			}
			link, _ = page["@odata.nextLink"].(string)
		}
		return all
	}
	if diff := cmp.Diff([]any{"11", "10", "09"}, subjects("$top=2&$orderby=start/dateTime%20desc")); diff != "" {
		t.Errorf("from late to early (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{"09", "10", "11"}, subjects("$top=1&$orderby=end/dateTime")); diff != "" {
		t.Errorf("from early to late (-want +got):\n%s", diff)
	}
}

// The calendar is addressed in three ways, the mailbox by address and by id.
func TestCalendarHasItsOwnAddress(t *testing.T) {
	r := newRig(t, simtest.Config{})
	c := r.want(200, "GET", anas+"/Calendar", nil)
	e := r.want(201, "POST", anas+"/calendars/"+c["id"].(string)+"/events", course())
	for _, root := range []string{"", "/calendar", "/calendars/" + c["id"].(string)} {
		if got := r.want(200, "GET", anas+root+"/events/"+e["id"].(string), nil); got["id"] != e["id"] {
			t.Errorf("below %q the event is %v", root, got["id"])
		}
	}
	user := r.want(200, "GET", anas, nil)
	if user["mail"] != "ana@x.example" {
		t.Errorf("the user is %v", user)
	}
	r.want(200, "GET", "/users/"+user["id"].(string)+"/events", nil)
}
