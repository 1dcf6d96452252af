package exchangeonline

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/trainercal/trainercal/sdk"
)

// Graph's refusals become the contract's codes, with advice where an operator can do
// something (exchange errors of the calendar API; trap 34: letter case is ignored,
// an unknown code is judged by its status).
func TestRefusals(t *testing.T) {
	tests := []struct {
		status  int
		code    string
		want    sdk.Code
		advised string
	}{
		{400, "ErrorInvalidRequest", sdk.CodeInvalidItem, ""},
		{400, "ErrorPropertyValidationFailure", sdk.CodeInvalidItem, ""},
		{400, "ErrorInvalidIdMalformed", sdk.CodeItemNotFound, ""},
		{400, "ErrorInvalidMailboxItemId", sdk.CodeItemNotFound, ""},
		{400, "ErrorDuplicateTransactionId", sdk.CodeConflict, ""},
		{401, "InvalidAuthenticationToken", sdk.CodeCredentials, "tenant_id"},
		{403, "ErrorAccessDenied", sdk.CodeAccessDenied, "Calendars.ReadWrite with admin consent"},
		{403, "ErrorAccessDenied", sdk.CodeAccessDenied, `RBAC for Applications role "Application Calendars.ReadWrite"`},
		{403, "Authorization_RequestDenied", sdk.CodeAccessDenied, "Calendars.ReadWrite"},
		{404, "Request_ResourceNotFound", sdk.CodeMailboxNotFound, "email address"},
		{404, "ErrorInvalidUser", sdk.CodeMailboxNotFound, "email address"},
		{404, "MailboxNotEnabledForRESTAPI", sdk.CodeMailboxUnavailable, "exchange-onprem"},
		{404, "mailboxnotenabledforrestapi", sdk.CodeMailboxUnavailable, "exchange-onprem"},
		{404, "ResourceNotFound", sdk.CodeMailboxUnavailable, "quarter of an hour"},
		{404, "ErrorItemNotFound", sdk.CodeItemNotFound, ""},
		{404, "", sdk.CodeBadAnswer, "graph_url"},
		{409, "ErrorDuplicateTransactionId", sdk.CodeConflict, ""},
		{412, "ErrorIrresolvableConflict", sdk.CodeConflict, ""},
		{412, "PreconditionFailed", sdk.CodeConflict, ""},
		{424, "FailedDependency", sdk.CodeUnavailable, ""},
		{429, "ApplicationThrottled", sdk.CodeThrottled, ""},
		{429, "activityLimitReached", sdk.CodeThrottled, ""},
		{429, "", sdk.CodeThrottled, ""},
		{500, "InternalServerError", sdk.CodeUnavailable, ""},
		{503, "ErrorMailboxMoveInProgress", sdk.CodeUnavailable, ""},
		{503, "ServiceUnavailable", sdk.CodeUnavailable, ""},
		{507, "ErrorQuotaExceeded", sdk.CodeMailboxUnavailable, "quota"},
		{302, "", sdk.CodeBadAnswer, "proxy"},
		{418, "SomethingNew", sdk.CodeInvalidItem, ""},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.status, " ", test.code), func(t *testing.T) {
			body, err := json.Marshal(refuse(test.status, test.code).body)
			if err != nil {
				t.Fatal(err)
			}
			got := readRefusal(test.status, body).err()
			if got.Code != test.want || !strings.Contains(got.Advice, test.advised) {
				t.Errorf("got %v, want %s that advises %q", got, test.want, test.advised)
			}
			if test.code != "" && got.Detail != test.code {
				t.Errorf("detail = %q, want the server's code", got.Detail)
			}
		})
	}
}

// A block by user agent is told from a lack of permission.
func TestODataDisabled(t *testing.T) {
	got := readRefusal(403, []byte(`{"error":{"code":"ErrorAccessDenied","message":"Access to OData is disabled."}}`)).err()
	if got.Code != sdk.CodeAccessDenied || !strings.Contains(got.Advice, userAgent) {
		t.Errorf("got %v, want advice that names the user agent", got)
	}
}

// What a server calls its code reaches operators only if it looks like one (J7).
func TestCodesAreHarmless(t *testing.T) {
	for code, want := range map[string]string{
		"ErrorAccessDenied": "ErrorAccessDenied", "ana@northwind.example": "", "a b": "", strings.Repeat("x", 81): "", "": "",
	} {
		if got := safeCode(code); got != want {
			t.Errorf("safeCode(%q) = %q, want %q", code, got, want)
		}
	}
}
