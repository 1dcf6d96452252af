package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

func (f *fedService) Deliver(_ context.Context, account, traceparent string, req sdk.DeliverRequest) (sdk.DeliverResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.accounts, f.traces, f.delivered = append(f.accounts, account), append(f.traces, traceparent), append(f.delivered, req)
	return f.answer, f.fails
}

func notify(t *testing.T, s *httptest.Server, method, path, body string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{
		"Content-Type": {"application/json"}, "X-Signature": {"s"}, "Authorization": {"Bearer secret"}, "Cookie": {"a=b"}, "X-Forwarded-For": {"192.0.2.1"},
	}
	resp, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

// A notification reaches its account without a token, any method and path below the
// account's address; the plugin gets none of the sender's credentials, the sender none of
// the plugin's other headers (H5).
func TestNotification(t *testing.T) {
	f, s := newFed(t)
	f.answer = sdk.DeliverResponse{
		Status: http.StatusOK, Body: []byte("token"), Header: http.Header{"Content-Type": {"text/plain"}, "Set-Cookie": {"a=b"}},
	}
	for path, target := range map[string]string{
		"/notifications/northwind/exchange-online?validationToken=a%20b": "?validationToken=a%20b",
		"/notifications/northwind/exchange-online":                       "",
		"/notifications/northwind/exchange-online/life%2Fcycle?x=1":      "/life%2Fcycle?x=1",
	} {
		f.delivered = nil
		resp, text := notify(t, s, http.MethodPut, path, "body")
		if resp.StatusCode != http.StatusOK || text != "token" || resp.Header.Get("Content-Type") != "text/plain" || resp.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: HTTP %d, %q, %v", path, resp.StatusCode, text, resp.Header)
		}
		want := []sdk.DeliverRequest{{
			Method: http.MethodPut, Target: target, Body: []byte("body"),
			Header: http.Header{"Content-Type": {"application/json"}, "X-Signature": {"s"}},
		}}
		if diff := cmp.Diff(want, f.delivered); diff != "" || f.accounts[0] != "northwind/exchange-online" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

// What cannot be handed over is refused by what it is, and says nothing of why.
func TestNotificationRefused(t *testing.T) {
	for name, c := range map[string]struct {
		path   string
		body   string
		fails  error
		status int
	}{
		"an unknown account":      {path: "/notifications/northwind/caldav", status: http.StatusNotFound},
		"an unknown provider":     {path: "/notifications/x/exchange-online/y", status: http.StatusNotFound},
		"too long":                {path: "/notifications/northwind/exchange-online", body: strings.Repeat("x", sdk.MaxDeliverBytes+1), status: http.StatusRequestEntityTooLarge},
		"not watched":             {path: "/notifications/northwind/exchange-online", fails: store.ErrNotFound, status: http.StatusNotFound},
		"a backend that cannot":   {path: "/notifications/northwind/exchange-online", fails: sdk.CodeUnsupported.New("secret"), status: http.StatusNotFound},
		"against the contract":    {path: "/notifications/northwind/exchange-online", fails: sdk.CodeInvalidRequest.New("secret"), status: http.StatusBadRequest},
		"a plugin that is away":   {path: "/notifications/northwind/exchange-online", fails: sdk.CodePluginDied.New("secret"), status: http.StatusServiceUnavailable},
		"a gateway that is amiss": {path: "/notifications/northwind/exchange-online", fails: errors.New("secret"), status: http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			f, s := newFed(t)
			f.fails = c.fails
			resp, text := notify(t, s, http.MethodPost, c.path, c.body)
			if resp.StatusCode != c.status || strings.Contains(text, "secret") {
				t.Errorf("HTTP %d, %q, want %d", resp.StatusCode, text, c.status)
			}
			if c.status == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
				t.Error("it is not said when to come back")
			}
		})
	}
}

// A flood is cut off before it reaches the plugin, and a search for accounts earlier.
func TestNotificationFlood(t *testing.T) {
	f, s := newFed(t)
	f.answer = sdk.DeliverResponse{Status: http.StatusAccepted}
	flood := func(path string, n int) (refused int) {
		for range n {
			if resp, _ := notify(t, s, http.MethodPost, path, ""); resp.StatusCode == http.StatusTooManyRequests {
				refused++
			}
		}
		return refused
	}
	if n := flood("/notifications/northwind/caldav", 2*failedBurst); n == 0 {
		t.Error("guessing accounts is not cut off")
	}
	if n := flood("/notifications/northwind/exchange-online", 100); n != 0 || len(f.delivered) != 100 {
		t.Errorf("%d of 100 notifications were refused, %d delivered", n, len(f.delivered))
	}
	l := &listener{server: New(f, Options{}), accounts: allowances{}, addresses: allowances{}}
	refused := 0
	for range 2 * notifyBurst {
		if !l.allowed("192.0.2.1:1", "northwind/exchange-online") {
			refused++
		}
	}
	if refused == 0 {
		t.Error("a flood of notifications is not cut off")
	}
}
