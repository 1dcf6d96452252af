package ews

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/trainercal/trainercal/plugins/internal/transport"
)

// noted keeps the last request.
type noted struct {
	server
	anchor, body string
}

// RoundTrip notes the request and lets the fake answer it.
func (n *noted) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	n.anchor, n.body = r.Header.Get("X-AnchorMailbox"), string(body)
	r.Body = io.NopCloser(strings.NewReader(n.body))
	return n.server.RoundTrip(r)
}

// One way of access per request: who acts as the owner names no foreign mailbox, and
// who does not names no owner. A request about the account itself acts for nobody.
func TestImpersonation(t *testing.T) {
	const header, foreign = "<t:PrimarySmtpAddress>ana@example.org</t:PrimarySmtpAddress>", "<t:EmailAddress>ana@example.org</t:EmailAddress>"
	for name, c := range map[string]struct {
		impersonate     bool
		mailbox         string
		header, foreign int
	}{
		"full access":                {false, "ana@example.org", 0, 1},
		"impersonation":              {true, "ana@example.org", 1, 0},
		"the account itself":         {true, "", 0, 0},
		"the account of full access": {false, "", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			n := &noted{server: server{answer: always(calendarFolder())}}
			u, err := url.Parse("https://mail.example.org/EWS/Exchange.asmx")
			if err != nil {
				t.Fatal(err)
			}
			client := New(Options{
				URL: u, Auth: Basic("svc", "secret"), Transport: transport.New(transport.Options{Base: n}), Impersonate: c.impersonate,
			})
			if _, _, err := client.GetCalendar(t.Context(), c.mailbox); err != nil {
				t.Fatal(err)
			}
			if strings.Count(n.body, header) != c.header || strings.Count(n.body, foreign) != c.foreign || n.anchor != c.mailbox {
				t.Errorf("anchored at %q:\n%s", n.anchor, n.body)
			}
		})
	}
}
