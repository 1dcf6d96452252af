package ews

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/internal/faults"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/plugins/internal/oracle"
)

const (
	ana = "ana@example.org"
	bob = "bob@example.org"
)

// now is the time in the test's world.
var now = time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)

// rig is a world with two trainers behind a handler, and accounts of every kind.
type rig struct {
	t        *testing.T
	world    *world.World
	ana, bob *world.Mailbox
	handler  *Handler
	faults   *faults.Set
	url      string
	messages *oracle.EWS
	// user signs in with the password "pw"; version and headers go into the envelope.
	user, version, headers string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	w := world.New(world.Options{Now: func() time.Time { return now }})
	r := &rig{
		t: t, world: w, faults: faults.New(1), messages: &oracle.EWS{},
		user: "svc@example.org", version: "Exchange2013_SP1",
	}
	r.ana = r.addMailbox(world.Profile{SMTP: ana, Name: "Ana Ortiz", Zone: "Europe/London"})
	r.bob = r.addMailbox(world.Profile{SMTP: bob, Name: "Bob Ray"})
	w.SetAccount(world.Account{
		User: "svc@example.org", Aliases: []string{`EXAMPLE\svc`}, Password: "pw",
		Default: world.Access{Full: true, Impersonate: true},
	})
	w.SetAccount(world.Account{
		User: "delegate@example.org", Password: "pw",
		Mailboxes: map[string]world.Access{ana: {Delegate: true}, bob: {Delegate: true, ViewPrivate: true}},
	})
	w.SetAccount(world.Account{User: "stranger@example.org", Password: "pw"})
	w.SetAccount(world.Account{User: ana, Password: "pw"})
	r.handler = New(Options{
		World: w, Faults: r.faults, Token: func(token string) bool { return token == "good" },
	})
	server := httptest.NewServer(r.handler)
	t.Cleanup(server.Close)
	r.url = server.URL + Path
	return r
}

func (r *rig) addMailbox(p world.Profile) *world.Mailbox {
	r.t.Helper()
	box, err := r.world.AddMailbox(p)
	if err != nil {
		r.t.Fatal(err)
	}
	return box
}

// add stores an appointment of one hour in Ana's calendar.
func (r *rig) add(a world.Appointment) world.Item {
	r.t.Helper()
	if a.End.IsZero() {
		a.End = a.Start.Add(time.Hour)
	}
	it, err := r.ana.Create(a, world.SendNone)
	if err != nil {
		r.t.Fatal(err)
	}
	return it
}

// id is an item of Ana's as an ItemId element.
func (r *rig) id(it world.Item) string {
	return fmt.Sprintf(`<t:ItemId Id="%s" ChangeKey="%s"/>`, r.idOf(it), changeKey(it.Version))
}

func (r *rig) idOf(it world.Item) string { return target{box: r.ana}.itemID(it).String() }

// calendarOf is a mailbox's calendar as full access names it.
func calendarOf(address string) string {
	return `<t:DistinguishedFolderId Id="calendar"><t:Mailbox><t:EmailAddress>` + address + `</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>`
}

func (r *rig) envelope(body string) string {
	header := r.headers
	if r.version != "" {
		header = `<t:RequestServerVersion Version="` + r.version + `"/>` + header
	}
	return `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="` + nsSOAP + `" xmlns:m="` + nsMessages + `" xmlns:t="` + nsTypes +
		`"><s:Header>` + header + `</s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
}

// post sends a message and returns the answer's body element, nil where there is none.
func (r *rig) post(message string) (*http.Response, *element) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url, strings.NewReader(message))
	if err != nil {
		r.t.Fatal(err)
	}
	req.SetBasicAuth(r.user, "pw")
	return r.do(req)
}

func (r *rig) do(req *http.Request) (*http.Response, *element) {
	r.t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/xml") {
		return res, nil
	}
	r.messages.Collect(fmt.Sprintf("%s: answer %d", r.t.Name(), res.StatusCode), body)
	root, err := parseXML(body)
	if err != nil {
		r.t.Fatalf("the answer is no XML: %v\n%s", err, body)
	}
	return res, root.first("Body")
}

// call carries out an operation and returns its response messages.
func (r *rig) call(operation string) []*element {
	r.t.Helper()
	res, body := r.post(r.envelope(operation))
	if res.StatusCode != http.StatusOK {
		r.t.Fatalf("HTTP %d: %s", res.StatusCode, faultCode(body))
	}
	return body.children[0].first("ResponseMessages").elements()
}

// one carries out an operation on one thing, which must succeed.
func (r *rig) one(operation string) *element {
	r.t.Helper()
	messages := r.call(operation)
	if len(messages) != 1 || messages[0].value("ResponseCode") != "NoError" {
		r.t.Fatalf("want one success, got %v: %s", codes(messages), messages[0].value("MessageText"))
	}
	return messages[0]
}

// fault carries out an operation that must fail as a whole, and returns the fault's code.
func (r *rig) fault(operation string) string {
	r.t.Helper()
	res, body := r.post(r.envelope(operation))
	if res.StatusCode != http.StatusInternalServerError {
		r.t.Fatalf("HTTP %d, want a SOAP fault", res.StatusCode)
	}
	return faultCode(body)
}

func faultCode(body *element) string { return body.path("Fault", "detail").value("ResponseCode") }

// codes are the response codes of messages, in order.
func codes(messages []*element) []string {
	list := make([]string, len(messages))
	for i, m := range messages {
		list[i] = m.value("ResponseCode")
	}
	return list
}

// subjects are the subjects of a message's items, in order.
func subjects(items *element) []string {
	list := []string{}
	for _, it := range items.elements() {
		list = append(list, it.value("Subject"))
	}
	return list
}

func shape(base string, uris ...string) string {
	s := `<m:ItemShape><t:BaseShape>` + base + `</t:BaseShape>`
	if len(uris) > 0 {
		s += `<t:AdditionalProperties>`
		for _, uri := range uris {
			if strings.HasPrefix(uri, "<") {
				s += uri
			} else {
				s += `<t:FieldURI FieldURI="` + uri + `"/>`
			}
		}
		s += `</t:AdditionalProperties>`
	}
	return s + `</m:ItemShape>`
}

// markerField is the kind of property that a gateway leaves on its items.
const markerField = `<t:ExtendedFieldURI PropertySetId="3F0F7A1E-6c1b-4b57-9a5e-2d1f0c8b7e11" PropertyName="Ref" PropertyType="String"/>`

var marker = world.Property{Set: "3f0f7a1e-6c1b-4b57-9a5e-2d1f0c8b7e11", Name: "Ref", Kind: "String"}

func getItemRequest(shape string, ids ...string) string {
	return `<m:GetItem>` + shape + `<m:ItemIds>` + strings.Join(ids, "") + `</m:ItemIds></m:GetItem>`
}

// getOne reads one item with all its properties.
func (r *rig) getOne(id string) *element {
	r.t.Helper()
	return r.one(getItemRequest(shape("AllProperties"), id)).path("Items", "CalendarItem")
}

func viewRequest(start, end string, folders ...string) string {
	return `<m:FindItem Traversal="Shallow">` + shape("IdOnly", "item:Subject", "calendar:Start", "calendar:CalendarItemType") +
		`<m:CalendarView StartDate="` + start + `" EndDate="` + end + `"/><m:ParentFolderIds>` + strings.Join(folders, "") +
		`</m:ParentFolderIds></m:FindItem>`
}

func createRequest(item string) string {
	return `<m:CreateItem SendMeetingInvitations="SendToNone"><m:SavedItemFolderId>` + calendarOf(ana) +
		`</m:SavedItemFolderId><m:Items><t:CalendarItem>` + item + `</t:CalendarItem></m:Items></m:CreateItem>`
}

// create makes an item over EWS and returns its ItemId element.
func (r *rig) create(item string) *element {
	r.t.Helper()
	return r.one(createRequest(item)).path("Items", "CalendarItem", "ItemId")
}

func updateRequest(id, resolution string, updates ...string) string {
	return `<m:UpdateItem ConflictResolution="` + resolution + `" SendMeetingInvitationsOrCancellations="SendToNone"><m:ItemChanges><t:ItemChange>` +
		id + `<t:Updates>` + strings.Join(updates, "") + `</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>`
}

func set(uri, element string) string {
	return `<t:SetItemField><t:FieldURI FieldURI="` + uri + `"/><t:CalendarItem>` + element + `</t:CalendarItem></t:SetItemField>`
}

func deleteRequest(how string, ids ...string) string {
	return `<m:DeleteItem DeleteType="` + how + `" SendMeetingCancellations="SendToNone"><m:ItemIds>` + strings.Join(ids, "") + `</m:ItemIds></m:DeleteItem>`
}

func syncRequest(state string, max int, folder string) string {
	if state != "" {
		state = `<m:SyncState>` + state + `</m:SyncState>`
	}
	return fmt.Sprintf(`<m:SyncFolderItems>%s<m:SyncFolderId>%s</m:SyncFolderId>%s<m:MaxChangesReturned>%d</m:MaxChangesReturned></m:SyncFolderItems>`,
		shape("IdOnly", "item:Subject"), folder, state, max)
}

func escapedText(s string) []byte {
	var w bytes.Buffer
	escape(&w, s)
	return w.Bytes()
}
