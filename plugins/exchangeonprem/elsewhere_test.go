package exchangeonprem

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/trainercal/trainercal/sdk"
)

// binned is a server whose one item lies in the deleted items under its old id. It
// notes the operations asked for.
type binned struct{ asked []string }

// ServeHTTP answers a request.
func (b *binned) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
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
	_, _ = io.WriteString(w, answer)
}

// What the trainer threw away is not brought up to date among the deleted items, even
// where the server still knows it by its old id (B2).
func TestUpdateOfADeletedItem(t *testing.T) {
	server := &binned{}
	listener := httptest.NewServer(server)
	defer listener.Close()
	account, err := New().Open(t.Context(), sdk.OpenRequest{
		Settings: []byte(`{"url":"` + listener.URL + `","username":"u","password":"p"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer account.Close()
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
