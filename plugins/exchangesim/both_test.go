package exchangesim_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

const trainer = "trainer1@example.org"

// both speaks both protocols to one simulator, by hand.
type both struct {
	t     *testing.T
	sim   *exchangesim.Server
	token string
}

func startBoth(t *testing.T) *both {
	t.Helper()
	b := &both{t: t, sim: simtest.Start(t, simtest.Config{})}
	if _, err := b.sim.World().AddMailbox(world.Profile{SMTP: trainer, Name: "Trainer One"}); err != nil {
		t.Fatal(err)
	}
	opts := b.sim.Options()
	form := url.Values{
		"grant_type": {"client_credentials"}, "scope": {"https://graph.microsoft.com/.default"},
		"client_id": {opts.ClientID}, "client_secret": {opts.ClientSecret},
	}
	body := b.send(http.MethodPost, b.sim.TokenURL(), form.Encode(), "application/x-www-form-urlencoded")
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &token); err != nil {
		t.Fatal(err)
	}
	b.token = token.AccessToken
	return b
}

func (b *both) send(method, address, body, contentType string) []byte {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if strings.Contains(contentType, "xml") {
		req.SetBasicAuth(b.sim.Options().EWSUser, b.sim.Options().EWSPassword)
	} else if b.token != "" {
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		b.t.Fatalf("%s %s: HTTP %d %s (%v)", method, address, res.StatusCode, answer, err)
	}
	return answer
}

// graph makes a request below the trainer's calendar.
func (b *both) graph(method, path, body string) map[string]any {
	b.t.Helper()
	answer := b.send(method, b.sim.GraphURL()+"/users/"+trainer+path, body, "application/json")
	var value map[string]any
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &value); err != nil {
			b.t.Fatal(err)
		}
	}
	return value
}

// ewsAnswer is what the tests read of any answer over EWS.
type ewsAnswer struct {
	Codes []string `xml:"Body>GetItemResponse>ResponseMessages>GetItemResponseMessage>ResponseCode"`
	Found []ewsRow `xml:"Body>FindItemResponse>ResponseMessages>FindItemResponseMessage>RootFolder>Items>CalendarItem"`
	Got   []ewsRow `xml:"Body>GetItemResponse>ResponseMessages>GetItemResponseMessage>Items>CalendarItem"`
	Made  []ewsRow `xml:"Body>CreateItemResponse>ResponseMessages>CreateItemResponseMessage>Items>CalendarItem"`
	Sync  struct {
		State   string   `xml:"SyncState"`
		Created []ewsRow `xml:"Changes>Create>CalendarItem"`
		Updated []ewsRow `xml:"Changes>Update>CalendarItem"`
		Deleted []ewsRow `xml:"Changes>Delete"`
	} `xml:"Body>SyncFolderItemsResponse>ResponseMessages>SyncFolderItemsResponseMessage"`
}

type ewsRow struct {
	ID struct {
		ID string `xml:"Id,attr"`
	} `xml:"ItemId"`
	Subject, Start, End, LegacyFreeBusyStatus, Sensitivity, Body string
	Marker                                                       string `xml:"ExtendedProperty>Value"`
	Zone                                                         struct {
		ID string `xml:"Id,attr"`
	} `xml:"StartTimeZone"`
}

const (
	markerSet  = "3f0f7a1e-6c1b-4b57-9a5e-2d1f0c8b7e11"
	ewsMarker  = `<t:ExtendedFieldURI PropertySetId="` + markerSet + `" PropertyName="GatewayRef" PropertyType="String"/>`
	mapiMarker = "String {" + markerSet + "} Name GatewayRef"
)

func (b *both) ews(operation string) ewsAnswer {
	b.t.Helper()
	message := `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" ` +
		`xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Header><t:RequestServerVersion Version="Exchange2013_SP1"/></s:Header>` +
		`<s:Body>` + operation + `</s:Body></s:Envelope>`
	var answer ewsAnswer
	if err := xml.Unmarshal(b.send(http.MethodPost, b.sim.EWSURL(), message, "text/xml; charset=utf-8"), &answer); err != nil {
		b.t.Fatal(err)
	}
	return answer
}

const ewsCalendar = `<t:DistinguishedFolderId Id="calendar"><t:Mailbox><t:EmailAddress>` + trainer + `</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>`

func (b *both) getOverEWS(id string) ewsRow {
	b.t.Helper()
	answer := b.ews(`<m:GetItem><m:ItemShape><t:BaseShape>AllProperties</t:BaseShape><t:BodyType>Text</t:BodyType><t:AdditionalProperties>` + ewsMarker +
		`</t:AdditionalProperties></m:ItemShape><m:ItemIds><t:ItemId Id="` + id + `"/></m:ItemIds></m:GetItem>`)
	if len(answer.Got) != 1 {
		b.t.Fatalf("GetItem: %v", answer.Codes)
	}
	return answer.Got[0]
}

func (b *both) sync(state string) ewsAnswer {
	b.t.Helper()
	if state != "" {
		state = `<m:SyncState>` + state + `</m:SyncState>`
	}
	return b.ews(`<m:SyncFolderItems><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape><m:SyncFolderId>` + ewsCalendar + `</m:SyncFolderId>` + state +
		`<m:MaxChangesReturned>512</m:MaxChangesReturned></m:SyncFolderItems>`)
}

// byMarker finds events over Graph by the property that EWS wrote.
func (b *both) byMarker(value string) []any {
	b.t.Helper()
	filter := fmt.Sprintf("singleValueExtendedProperties/Any(ep: ep/id eq '%s' and ep/value eq '%s')", mapiMarker, value)
	found, ok := b.graph(http.MethodGet, "/events?$filter="+url.QueryEscape(filter), "")["value"].([]any)
	if !ok {
		b.t.Fatal("no list of events")
	}
	return found
}

// TestOneWorld writes over one protocol and reads over the other, both ways: the same
// item, its marker, its times and zone, its changes and its end.
func TestOneWorld(t *testing.T) {
	b := startBoth(t)
	made := b.ews(`<m:CreateItem SendMeetingInvitations="SendToNone"><m:SavedItemFolderId>` + ewsCalendar + `</m:SavedItemFolderId><m:Items><t:CalendarItem>` +
		`<t:Subject>Training: Forklift</t:Subject><t:Sensitivity>Private</t:Sensitivity><t:Body BodyType="Text">Room 4</t:Body><t:ReminderIsSet>false</t:ReminderIsSet>` +
		`<t:ExtendedProperty>` + ewsMarker + `<t:Value>booking/8841</t:Value></t:ExtendedProperty>` +
		`<t:Start>2026-07-01T09:00:00</t:Start><t:End>2026-07-01T16:00:00</t:End><t:LegacyFreeBusyStatus>OOF</t:LegacyFreeBusyStatus>` +
		`<t:StartTimeZone Id="GMT Standard Time"/><t:EndTimeZone Id="GMT Standard Time"/></t:CalendarItem></m:Items></m:CreateItem>`)
	if len(made.Made) != 1 {
		t.Fatal("not created over EWS")
	}
	id := made.Made[0].ID.ID

	found := b.byMarker("booking/8841")
	if len(found) != 1 {
		t.Fatalf("%d events over Graph, want the one", len(found))
	}
	event, _ := found[0].(map[string]any)
	start, _ := event["start"].(map[string]any)
	got := []any{event["subject"], event["sensitivity"], event["showAs"], event["isReminderOn"], event["originalStartTimeZone"], start["dateTime"], start["timeZone"]}
	want := []any{"Training: Forklift", "private", "oof", false, "GMT Standard Time", "2026-07-01T08:00:00.0000000", "UTC"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("written over EWS, read over Graph (-want +got):\n%s", diff)
	}

	state := b.sync("").Sync.State
	eventPath := "/events/" + url.PathEscape(fmt.Sprint(event["id"]))
	b.graph(http.MethodPatch, eventPath, `{"subject":"Training: moved","showAs":"workingElsewhere","start":{"dateTime":"2026-12-01T09:00:00","timeZone":"Europe/Vienna"},"end":{"dateTime":"2026-12-01T10:00:00","timeZone":"Europe/Vienna"}}`)
	changed := b.sync(state).Sync
	if len(changed.Updated) != 1 || changed.Updated[0].ID.ID != id {
		t.Errorf("EWS tells of %d updates, want that of the item", len(changed.Updated))
	}
	row := b.getOverEWS(id)
	gotRow := []string{row.Subject, row.LegacyFreeBusyStatus, row.Start, row.End, row.Zone.ID, row.Marker, row.Body}
	wantRow := []string{"Training: moved", "WorkingElsewhere", "2026-12-01T08:00:00Z", "2026-12-01T09:00:00Z", "W. Europe Standard Time", "booking/8841", "Room 4"}
	if diff := cmp.Diff(wantRow, gotRow); diff != "" {
		t.Errorf("changed over Graph, read over EWS (-want +got):\n%s", diff)
	}

	b.graph(http.MethodDelete, eventPath, "")
	if gone := b.sync(changed.State).Sync; len(gone.Deleted) != 1 || gone.Deleted[0].ID.ID != id {
		t.Errorf("EWS tells of %d deletions, want that of the item", len(gone.Deleted))
	}
	if left := b.byMarker("booking/8841"); len(left) != 0 {
		t.Errorf("%d events left", len(left))
	}
}

// TestOneWorldSeries makes a series over Graph, moves one occurrence over EWS and
// deletes another over Graph: both protocols show the same calendar (pull-4).
func TestOneWorldSeries(t *testing.T) {
	b := startBoth(t)
	b.graph(http.MethodPost, "/events", `{"subject":"Team call","start":{"dateTime":"2026-10-20T14:00:00","timeZone":"W. Europe Standard Time"},"end":{"dateTime":"2026-10-20T15:00:00","timeZone":"W. Europe Standard Time"},
		"recurrence":{"pattern":{"type":"weekly","interval":1,"daysOfWeek":["tuesday"]},"range":{"type":"numbered","startDate":"2026-10-20","numberOfOccurrences":4,"recurrenceTimeZone":"W. Europe Standard Time"}}}`)
	master := b.sync("").Sync.Created
	if len(master) != 1 {
		t.Fatalf("EWS tells of %d new items, want the master", len(master))
	}
	moved := `<t:OccurrenceItemId RecurringMasterId="` + master[0].ID.ID + `" InstanceIndex="2"/>`
	b.ews(`<m:UpdateItem ConflictResolution="AlwaysOverwrite" SendMeetingInvitationsOrCancellations="SendToNone"><m:ItemChanges><t:ItemChange>` + moved + `<t:Updates>` +
		`<t:SetItemField><t:FieldURI FieldURI="calendar:Start"/><t:CalendarItem><t:Start>2026-10-28T09:00:00Z</t:Start></t:CalendarItem></t:SetItemField>` +
		`<t:SetItemField><t:FieldURI FieldURI="calendar:End"/><t:CalendarItem><t:End>2026-10-28T10:00:00Z</t:End></t:CalendarItem></t:SetItemField>` +
		`</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>`)
	const view = "/calendarView?startDateTime=2026-10-01T00:00:00Z&endDateTime=2026-12-01T00:00:00Z&$orderby=start/dateTime"
	events, _ := b.graph(http.MethodGet, view, "")["value"].([]any)
	if len(events) != 4 {
		t.Fatalf("%d events over Graph, want 4", len(events))
	}
	last, _ := events[3].(map[string]any)
	b.graph(http.MethodDelete, "/events/"+url.PathEscape(fmt.Sprint(last["id"])), "")

	want := []string{"2026-10-20T12:00:00", "2026-10-28T09:00:00", "2026-11-03T13:00:00"}
	events, _ = b.graph(http.MethodGet, view, "")["value"].([]any)
	var overGraph, overEWS []string
	for _, e := range events {
		event, _ := e.(map[string]any)
		start, _ := event["start"].(map[string]any)
		overGraph = append(overGraph, fmt.Sprintf("%.19s", start["dateTime"]))
	}
	found := b.ews(`<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape>` +
		`<m:CalendarView StartDate="2026-10-01T00:00:00Z" EndDate="2026-12-01T00:00:00Z"/><m:ParentFolderIds>` + ewsCalendar + `</m:ParentFolderIds></m:FindItem>`)
	for _, row := range found.Found {
		overEWS = append(overEWS, strings.TrimSuffix(row.Start, "Z"))
	}
	if diff := cmp.Diff(want, overGraph); diff != "" {
		t.Errorf("over Graph (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, overEWS); diff != "" {
		t.Errorf("over EWS (-want +got):\n%s", diff)
	}
}
