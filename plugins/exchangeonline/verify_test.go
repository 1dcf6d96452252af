package exchangeonline

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/internal/exchange"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// mailboxFake is a fake with one working mailbox: what is created is there until it
// is deleted.
type mailboxFake struct {
	*fake
	events map[string]map[string]any
	// special answers a call instead, when it returns a status.
	special func(call) reply
}

func newMailboxFake(t *testing.T, special func(call) reply) *mailboxFake {
	m := &mailboxFake{events: map[string]map[string]any{}, special: special}
	m.fake = newFake(t, m.serve)
	return m
}

func (m *mailboxFake) serve(c call) reply {
	if m.special != nil {
		if rep := m.special(c); rep.status != 0 {
			return rep
		}
	}
	id := c.path[strings.LastIndex(c.path, "/")+1:]
	switch {
	case c.path == "/":
		return refuse(401, "InvalidAuthenticationToken")
	case c.method == http.MethodPost:
		m.events["T"] = row("T", map[string]any{"sensitivity": "private", "showAs": "free"})
		return reply{status: 201, body: m.events["T"]}
	case c.method == http.MethodDelete:
		delete(m.events, id)
		return reply{status: 204}
	case strings.HasSuffix(c.path, "/calendar"):
		return ok(map[string]any{"id": "C", "canViewPrivateItems": true})
	case strings.HasSuffix(c.path, "/delta"):
		return ok(lastPage("d1"))
	case strings.HasSuffix(c.path, "/events"):
		return ok(map[string]any{"value": slices.AppendSeq([]map[string]any{}, maps.Values(m.events))})
	case m.events[id] != nil:
		return ok(m.events[id])
	}
	return refuse(404, "ErrorItemNotFound")
}

func verify(t *testing.T, a *account, mailboxes ...string) []string {
	t.Helper()
	var boxes []sdk.Mailbox
	for _, m := range mailboxes {
		boxes = append(boxes, sdk.Mailbox{Address: m, TimeZone: "Europe/London"})
	}
	var lines []string
	err := a.Verify(context.Background(), boxes, syncEmit(func(c sdk.Check) {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", c.Mailbox, c.Step, c.Outcome)))
		if c.Outcome == sdk.Failed && (c.Observed == "" || c.Advice == "") {
			t.Errorf("%s fails without a word: %+v", c.Step, c)
		}
		if strings.Contains(c.Observed+c.Advice, "s3cret") {
			t.Errorf("%s gives the secret away: %+v", c.Step, c)
		}
	}))
	if err != nil {
		t.Fatalf("Verify: %v", err)
	}
	return lines
}

var accountPassed = []string{"settings passed", "resolve passed", "tls passed", "credentials passed", "consent skipped", "api passed"}

// A working account passes every step, in order, and nothing is left in the mailbox
// (auth-3).
func TestVerifyPasses(t *testing.T) {
	m := newMailboxFake(t, nil)
	want := append(accountPassed[:6:6], ana+" mailbox passed", ana+" read passed", ana+" private passed", ana+" write passed")
	if diff := cmp.Diff(want, verify(t, m.account(), ana)); diff != "" {
		t.Error(diff)
	}
	if len(m.events) != 0 {
		t.Errorf("left behind: %v", m.events)
	}
	for _, c := range m.calls {
		if strings.Contains(string(c.body), "attendees") {
			t.Errorf("%s %s names attendees", c.method, c.path)
		}
	}
}

// Each trouble fails its own step, and what depends on it is not tried.
func TestVerifyFails(t *testing.T) {
	on := func(method, suffix string, rep reply) func(call) reply {
		return func(c call) reply {
			if c.method == method && strings.HasSuffix(c.path, suffix) {
				return rep
			}
			return reply{}
		}
	}
	tests := map[string]struct {
		special func(call) reply
		token   reply
		want    []string
	}{
		"wrong secret": {
			token: refusedToken("invalid_client", 7000215),
			want:  append(accountPassed[:3:3], "credentials failed", ana+" mailbox skipped"),
		},
		"a proxy's page instead of the sign-in": {
			token: reply{status: 200, body: "<html>", contentType: "text/html"},
			want:  append(accountPassed[:3:3], "credentials failed", ana+" mailbox skipped"),
		},
		"a proxy that fails": {
			token: reply{status: 502, body: "<html>", contentType: "text/html"},
			want:  append(accountPassed[:3:3], "credentials failed", ana+" mailbox skipped"),
		},
		"not Graph": {
			special: on("GET", "/calendar", reply{status: 200, body: "<html>", contentType: "text/html"}),
			want:    append(accountPassed[:5:5], "api failed", ana+" mailbox skipped"),
		},
		"Graph fails": {
			special: on("GET", "/calendar", refuse(500, "InternalServerError")),
			want:    append(accountPassed[:5:5], "api failed", ana+" mailbox skipped"),
		},
		"no mailbox": {
			special: on("GET", "/calendar", refuse(404, "MailboxNotEnabledForRESTAPI")),
			want:    append(accountPassed[:6:6], ana+" mailbox failed"),
		},
		"no permission to read": {
			special: on("GET", "/delta", refuse(403, "ErrorAccessDenied")),
			want:    append(accountPassed[:6:6], ana+" mailbox passed", ana+" read failed"),
		},
		"no permission to write": {
			special: on("POST", "/events", refuse(403, "ErrorAccessDenied")),
			want:    append(accountPassed[:6:6], ana+" mailbox passed", ana+" read passed", ana+" private skipped", ana+" write failed"),
		},
		"private unseen": {
			special: on("GET", "/calendar", ok(map[string]any{"id": "C", "canViewPrivateItems": false})),
			want:    append(accountPassed[:6:6], ana+" mailbox passed", ana+" read passed", ana+" private failed", ana+" write passed"),
		},
		"cannot remove": {
			special: on("DELETE", "/T", refuse(403, "ErrorAccessDenied")),
			want:    append(accountPassed[:6:6], ana+" mailbox passed", ana+" read passed", ana+" private passed", ana+" write failed"),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMailboxFake(t, test.special)
				if test.token.status != 0 {
					m.token = func(int) reply { return test.token }
				}
				if diff := cmp.Diff(test.want, verify(t, m.account(), ana)); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// A test appointment whose answer was lost is found and removed all the same.
func TestVerifyCleansUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		posts := 0
		m := newMailboxFake(t, nil)
		m.special = func(c call) reply {
			switch {
			case c.method == http.MethodPost:
				if posts++; posts > 4 {
					return reply{}
				}
				m.events["T"] = row("T", map[string]any{"sensitivity": "private"})
				return reply{status: 201, body: m.events["T"], lost: true}
			case c.method == http.MethodGet && strings.HasSuffix(c.path, "/events"):
				return ok(map[string]any{"value": []any{}})
			}
			return reply{}
		}
		lines := verify(t, m.account(), ana)
		if last := lines[len(lines)-1]; last != ana+" write passed" || len(m.events) != 0 {
			t.Errorf("ends with %q, left behind %v", last, m.events)
		}
	})
}

// A check that was killed leaves its test appointment behind; the next one removes it, and
// nothing else that carries a marker.
func TestVerifyRemovesWhatAKilledOneLeft(t *testing.T) {
	m := newMailboxFake(t, nil)
	for id, installation := range map[string]string{"left": verifyInstallation, "course": "northwind-sync"} {
		marker := calendar.Marker{Installation: installation, Key: "verify", Generation: "1"}
		m.events[id] = row(id, map[string]any{"singleValueExtendedProperties": []any{
			map[string]any{"id": exchange.GraphMarkerProperty, "value": marker.String()},
		}})
	}
	lines := verify(t, m.account(), ana)
	if last := lines[len(lines)-1]; last != ana+" write passed" || len(m.events) != 1 || m.events["course"] == nil {
		t.Errorf("ends with %q, there is %v", last, m.events)
	}
}

// A server that cannot be reached fails the step that says how far the request got.
func TestVerifyUnreachable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMailboxFake(t, nil)
		a := m.account()
		a.client.Close()
		opened, err := backend{base: brokenBase{}, now: a.now}.Open(t.Context(), sdk.OpenRequest{Settings: []byte(
			`{"tenant_id":"t","client_id":"app","client_secret":"s3cret","graph_url":"https://graph.test","login_url":"https://login.test"}`)})
		if err != nil {
			t.Fatal(err)
		}
		defer opened.Close() //nolint:errcheck // it has nothing to say
		want := []string{"settings passed", "resolve failed", ana + " mailbox skipped"}
		if diff := cmp.Diff(want, verify(t, opened.(*account), ana)); diff != "" {
			t.Error(diff)
		}
	})
}

type brokenBase struct{}

func (brokenBase) RoundTrip(*http.Request) (*http.Response, error) { return nil, io.ErrClosedPipe }
