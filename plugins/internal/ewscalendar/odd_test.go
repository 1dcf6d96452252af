package ewscalendar

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// scripted is a server whose calendars hold what no simulator can make. It answers
// FindItem with the items of the mailbox that the request names.
type scripted struct{ items map[string]string }

// RoundTrip answers a request.
func (s scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	operation, content := "FindItem", ""
	switch request := string(body); {
	case strings.Contains(request, "<m:GetFolder>"):
		operation = "GetFolder"
	case strings.Contains(request, "<m:SyncFolderItems>"):
		operation = "SyncFolderItems"
		content = `<SyncState>s</SyncState><IncludesLastItemInRange>true</IncludesLastItemInRange>`
	default:
		for mailbox, items := range s.items {
			if strings.Contains(request, mailbox) {
				content = `<RootFolder IncludesLastItemInRange="true"><Items>` + items + `</Items></RootFolder>`
			}
		}
	}
	messages := ""
	for range max(strings.Count(string(body), "<t:DistinguishedFolderId"), 1) {
		if operation == "GetFolder" {
			content = `<Folders><CalendarFolder><FolderId Id="f"/></CalendarFolder></Folders>`
		}
		messages += `<Message ResponseClass="Success"><ResponseCode>NoError</ResponseCode>` + content + `</Message>`
	}
	answer := `<Envelope><Body><` + operation + `Response><ResponseMessages>` + messages + `</ResponseMessages></` + operation + `Response></Body></Envelope>`
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// readScripted reads mailboxes of a scripted server.
func readScripted(t *testing.T, s scripted) map[string][]sdk.ReadPage {
	t.Helper()
	client := transport.New(transport.Options{Base: s})
	t.Cleanup(client.Close)
	at := &url.URL{Scheme: "https", Host: "mail.example", Path: "/EWS/Exchange.asmx"}
	account := New(Options{Client: ews.New(ews.Options{URL: at, Auth: ews.Basic("u", "p"), Transport: client})})
	var reqs []sdk.ReadRequest
	for mailbox := range s.items {
		reqs = append(reqs, sdk.ReadRequest{
			Mailbox: sdk.Mailbox{Address: mailbox, TimeZone: "Europe/London"}, Detail: sdk.DetailFull, Scope: sdk.ScopeAll,
			Window: calendar.Window{Start: march(1), End: march(31)},
		})
	}
	pages := make(chan sdk.ReadPage, 100)
	if err := account.Read(t.Context(), reqs, func(p sdk.ReadPage) error { pages <- p; return nil }); err != nil {
		t.Fatal(err)
	}
	close(pages)
	answers := map[string][]sdk.ReadPage{}
	for p := range pages {
		answers[p.Mailbox] = append(answers[p.Mailbox], p)
	}
	return answers
}

func occurrence(id, kind, uid, times string) string {
	return `<CalendarItem><ItemId Id="` + id + `"/><Subject>` + id + `</Subject><Sensitivity>Normal</Sensitivity><UID>` + uid + `</UID>` + times +
		`<LegacyFreeBusyStatus>Busy</LegacyFreeBusyStatus><CalendarItemType>` + kind + `</CalendarItemType></CalendarItem>`
}

func on(day string) string {
	return `<Start>2026-03-` + day + `T09:00:00Z</Start><End>2026-03-` + day + `T10:00:00Z</End>`
}

// An occurrence that cannot be read, as one whose series is corrupt, is not read as
// deleted: the mailbox's read fails and says so, and the others go on (E11, A6).
func TestE11CorruptOccurrence(t *testing.T) {
	answers := readScripted(t, scripted{map[string]string{
		"bad@x.example":  occurrence("a", "Occurrence", "u", on("10")) + occurrence("b", "Occurrence", "u", ""),
		"good@x.example": occurrence("c", "Occurrence", "u", on("10")),
	}})
	bad, good := answers["bad@x.example"], answers["good@x.example"]
	if len(bad) != 1 || !errors.Is(bad[0].Err, sdk.ErrBadAnswer) || len(bad[0].Changes) != 0 || bad[0].Complete != nil {
		t.Errorf("the corrupt one: %+v, want an error alone", bad)
	}
	if len(good) != 1 || good[0].Complete == nil || len(good[0].Changes) != 1 {
		t.Errorf("the other mailbox: %+v", good)
	}
}

// Occurrences that nothing says the series of, of kinds that nobody knows, and in any
// order, exceptions before what they are exceptions of, block their time (E9, E12).
func TestE9E12OddOccurrences(t *testing.T) {
	items := []string{
		occurrence("exception", "Exception", "u", on("17")), occurrence("plain", "Occurrence", "u", on("10")),
		occurrence("alone", "Occurrence", "", on("11")), occurrence("odd", "Sometimes", "v", on("12")), occurrence("untyped", "", "", on("13")),
	}
	for range len(items) {
		items = append(items[1:], items[0])
		page := readScripted(t, scripted{map[string]string{"ida@x.example": strings.Join(items, "")}})["ida@x.example"][0]
		series := map[calendar.ItemID]calendar.ItemID{}
		for _, c := range page.Changes {
			series[c.Upsert.ID] = c.Upsert.SeriesID
			if c.Upsert.ShowAs != calendar.ShowAsBusy {
				t.Errorf("%s is %s", c.Upsert.ID, c.Upsert.ShowAs)
			}
		}
		if len(series) != 5 || series["plain"] != "u" || series["exception"] != "u" || series["alone"] != "" || series["odd"] != "" {
			t.Errorf("%v", series)
		}
	}
}
