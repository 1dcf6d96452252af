package exchangeonprem

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/exchange"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
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
			`<Subject>Training</Subject><Sensitivity>Normal</Sensitivity><LegacyFreeBusyStatus>Busy</LegacyFreeBusyStatus>` +
			`<ExtendedProperty><ExtendedFieldURI PropertySetId="` + exchange.MarkerPropertySet + `" PropertyName="` + exchange.MarkerPropertyName +
			`" PropertyType="String"/><Value>` + binnedMarker.String() + `</Value></ExtendedProperty>` +
			`<Start>2026-03-20T08:00:00Z</Start><End>2026-03-20T16:00:00Z</End></CalendarItem></Items>`
	}
	outcome := `"Success"><ResponseCode>NoError`
	if strings.Contains(string(body), "<m:UpdateItem") {
		operation = "UpdateItem"
		if len(b.asked) == 0 { // only the version that it has now is taken
			outcome = `"Error"><ResponseCode>ErrorIrresolvableConflict`
		}
	}
	b.asked = append(b.asked, operation)
	answer := `<Envelope><Body><` + operation + `Response><ResponseMessages><Message ResponseClass=` + outcome + `</ResponseCode>` +
		inner + `</Message></ResponseMessages></` + operation + `Response></Body></Envelope>`
	_, _ = io.WriteString(w, answer)
}

var binnedMarker = calendar.Marker{Installation: "lakeside", Key: "lakeside/ida/course/1", Generation: "g1"}

// What the trainer threw away is not brought up to date among the deleted items, even
// where the server still knows it by its old id (B2): neither by an update that wins in any
// case, nor by one that names a version, which the item lost when it was thrown away.
func TestUpdateOfADeletedItem(t *testing.T) {
	content := calendar.Appointment{
		Subject: "Training", ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
		When: calendar.When{Start: time.Date(2026, 3, 20, 8, 0, 0, 0, time.UTC), End: time.Date(2026, 3, 20, 16, 0, 0, 0, time.UTC)},
	}
	for version, updates := range map[string]int{"": 0, "1": 1} {
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
		op := sdk.Operation{ID: "1", Kind: sdk.Update, ItemID: "item", Version: version, Marker: binnedMarker, Base: &content, Appointment: content}
		op.Appointment.Subject = "Training: moved"
		req := sdk.WriteRequest{Mailbox: sdk.Mailbox{Address: "ida@lakeside.example", TimeZone: "Europe/Berlin"}, Operations: []sdk.Operation{op}}
		err = account.Write(t.Context(), []sdk.WriteRequest{req}, func(r sdk.WriteResult) error {
			if r.Err == nil || !errors.Is(r.Err, sdk.ErrItemNotFound) {
				t.Errorf("version %q: %+v; want ErrItemNotFound", version, r)
			}
			return nil
		})
		if n := strings.Count(strings.Join(server.asked, " "), "UpdateItem"); err != nil || n != updates {
			t.Errorf("version %q: %v after %v", version, err, server.asked)
		}
	}
}
