package exchangeonprem

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// binned is a server whose one item lies in the deleted items under its old id. It
// notes the operations asked for.
type binned struct{ asked []string }

// RoundTrip answers a request.
func (b *binned) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	operation, inner := "GetFolder", `<Folders><CalendarFolder><FolderId Id="calendar"/></CalendarFolder></Folders>`
	if !strings.Contains(string(body), "<m:GetFolder>") {
		operation = "GetItem"
		inner = `<Items><CalendarItem><ItemId Id="item" ChangeKey="2"/><ParentFolderId Id="deleted"/>` +
			`<Start>2026-03-20T08:00:00Z</Start><End>2026-03-20T16:00:00Z</End></CalendarItem></Items>`
	}
	if strings.Contains(string(body), "<m:UpdateItem") {
		operation = "UpdateItem"
	}
	b.asked = append(b.asked, operation)
	answer := `<Envelope><Body><` + operation + `Response><ResponseMessages><Message ResponseClass="Success"><ResponseCode>NoError</ResponseCode>` +
		inner + `</Message></ResponseMessages></` + operation + `Response></Body></Envelope>`
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// What the trainer threw away is not brought up to date among the deleted items, even
// where the server still knows it by its old id (B2).
func TestUpdateOfADeletedItem(t *testing.T) {
	server := &binned{}
	account, err := backend{base: server, now: time.Now}.Open(t.Context(), sdk.OpenRequest{
		Settings: []byte(`{"url":"https://mail.example","username":"u","password":"p"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	req := sdk.WriteRequest{
		Mailbox:    sdk.Mailbox{Address: "ida@lakeside.example", TimeZone: "Europe/Berlin"},
		Operations: []sdk.Operation{{ID: "1", Kind: sdk.Update, ItemID: "item"}},
	}
	err = account.Write(t.Context(), []sdk.WriteRequest{req}, func(r sdk.WriteResult) error {
		if r.Err == nil || !errors.Is(r.Err, sdk.ErrItemNotFound) {
			t.Errorf("%+v; want ErrItemNotFound", r)
		}
		return nil
	})
	if err != nil || strings.Contains(strings.Join(server.asked, " "), "UpdateItem") {
		t.Errorf("%v after %v", err, server.asked)
	}
}
