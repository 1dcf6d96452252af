package ews

import (
	"net/http"
	"strings"
	"testing"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// TestHostileRequests: what is no proper request costs a refusal and nothing else.
func TestHostileRequests(t *testing.T) {
	r := newRig(t)
	good := r.envelope(folderRequest(calendarOf(ana)))
	for _, tt := range []struct {
		name, message string
		status        int
		code          string
	}{
		{"nothing", "", 500, "ErrorSchemaValidation"},
		{"no XML", "hello", 500, "ErrorSchemaValidation"},
		{"cut off", good[:len(good)-20], 500, "ErrorSchemaValidation"},
		{"two documents", good + "<x/>", 500, "ErrorSchemaValidation"},
		{"a document type", strings.Replace(good, "<s:Envelope", `<!DOCTYPE x [<!ENTITY lol "lol">]><s:Envelope`, 1), 500, "ErrorSchemaValidation"},
		{"an entity", strings.Replace(good, ana, "&lol;", 1), 500, "ErrorSchemaValidation"},
		{"a control character", strings.Replace(good, ana, "a&#x1;", 1), 500, "ErrorSchemaValidation"},
		{"another encoding", strings.Replace(good, "utf-8", "utf-16", 1), 500, "ErrorSchemaValidation"},
		{"the SOAP namespace with https", strings.Replace(good, nsSOAP, "https"+strings.TrimPrefix(nsSOAP, "http"), 1), 500, "ErrorSchemaValidation"},
		{"the messages namespace with https", strings.Replace(good, nsMessages, "https"+strings.TrimPrefix(nsMessages, "http"), 1), 500, "ErrorSchemaValidation"},
		{"no operation", r.envelope(""), 500, "ErrorSchemaValidation"},
		{"two operations", r.envelope(folderRequest(calendarOf(ana)) + folderRequest(calendarOf(ana))), 500, "ErrorSchemaValidation"},
		{"very deep", r.envelope(strings.Repeat("<m:GetFolder>", 10_000)), 500, "ErrorSchemaValidation"},
		{"very many", r.envelope(`<m:GetFolder>` + strings.Repeat("<a/>", maxElements) + `</m:GetFolder>`), 500, "ErrorSchemaValidation"},
		{"too long", strings.Repeat(" ", maxRequestBytes+1), 413, ""},
		{"good", good, 200, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, body := r.post(tt.message)
			if code := faultCode(body); res.StatusCode != tt.status || code != tt.code {
				t.Errorf("HTTP %d %s, want %d %s", res.StatusCode, code, tt.status, tt.code)
			}
		})
	}
}

// TestViolationNamesItsPlace: schema validation says where.
func TestViolationNamesItsPlace(t *testing.T) {
	r := newRig(t)
	_, body := r.post(strings.Replace(r.envelope(createRequest("\n\n<t:Location>x</t:Location><t:Subject>y</t:Subject>")), "Exchange2013_SP1\"", "Exchange2013_SP1\"\n", 1))
	place := body.path("Fault", "detail", "MessageXml")
	if place.value("LineNumber") != "4" || place.value("LinePosition") == "" || !strings.Contains(place.value("Violation"), "'Subject'") {
		t.Errorf("line %q, position %q: %s", place.value("LineNumber"), place.value("LinePosition"), place.value("Violation"))
	}
}

// TestControlCharacters: text that came in by another protocol goes out by references
// that XML does not allow, as Exchange does.
func TestControlCharacters(t *testing.T) {
	r := newRig(t)
	it := r.add(world.Appointment{Subject: "bell\a", Start: now})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	account, _ := r.world.Authenticate(r.user, "pw")
	answer := r.handler.serve(req, caller{account: &account}, []byte(r.envelope(getItemRequest(shape("Default"), r.id(it)))))
	if !strings.Contains(string(answer.Body), "<t:Subject>bell&#x7;</t:Subject>") {
		t.Errorf("the answer is %s", answer.Body)
	}
}

// TestBothZones: an item has its zones in one of the two ways.
func TestBothZones(t *testing.T) {
	r := newRig(t)
	both := `<t:Start>2026-12-01T09:00:00</t:Start><t:End>2026-12-01T10:00:00</t:End>` +
		`<t:MeetingTimeZone TimeZoneName="GMT Standard Time"/><t:StartTimeZone Id="GMT Standard Time"/>`
	if got := codes(r.call(createRequest(both))); got[0] != "ErrorTimeZone" {
		t.Errorf("%v", got)
	}
}
