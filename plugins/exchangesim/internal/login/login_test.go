package login

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const tokenPath = "/tenant-1/oauth2/v2.0/token"

func newEndpoint(now func() time.Time) *Endpoint {
	return New(Options{TenantID: "tenant-1", Domains: []string{"x.example"}, ClientID: "app", ClientSecret: "s~.+/", Now: now})
}

func form(changes ...string) url.Values {
	values := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"app"}, "client_secret": {"s~.+/"},
		"scope": {"https://graph.microsoft.com/.default"},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		values.Set(changes[i], changes[i+1])
	}
	return values
}

func ask(e *Endpoint, path string, values url.Values) (int, map[string]any) {
	req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(values.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	recorder := httptest.NewRecorder()
	e.ServeHTTP(recorder, req)
	var answer map[string]any
	if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
		return recorder.Code, nil
	}
	return recorder.Code, answer
}

func TestTokensExpireAndAreRevoked(t *testing.T) {
	now := time.Date(2026, 10, 20, 9, 0, 0, 0, time.UTC)
	e := newEndpoint(func() time.Time { return now })
	issue := func() string {
		t.Helper()
		status, answer := ask(e, "/X.example/oauth2/v2.0/token", form())
		token, _ := answer["access_token"].(string)
		if status != 200 || token == "" || answer["expires_in"] != 3599.0 {
			t.Fatalf("%d %v", status, answer)
		}
		return token
	}
	first := issue()
	now = now.Add(Lifetime - time.Second)
	second := issue()
	if !e.Valid(first) || !e.Valid(second) || e.Valid("made up") {
		t.Error("a good token is refused, or a bad one accepted")
	}
	now = now.Add(time.Second)
	if e.Valid(first) || !e.Valid(second) {
		t.Error("the first token should have expired alone")
	}
	e.Revoke()
	if e.Valid(second) {
		t.Error("a revoked token is accepted")
	}
}

// What the platform refuses, with the AADSTS numbers that operators look up.
func TestRefusals(t *testing.T) {
	e := newEndpoint(time.Now)
	for _, tc := range []struct {
		name, path string
		form       url.Values
		status     int
		code       string
		aadsts     float64
	}{
		{"tenant", "/common/oauth2/v2.0/token", form(), 400, "invalid_request", 90002},
		{"client", tokenPath, form("client_id", "other"), 400, "unauthorized_client", 700016},
		{"no secret", tokenPath, form("client_secret", ""), 401, "invalid_client", 7000218},
		{"wrong secret", tokenPath, form("client_secret", "x"), 401, "invalid_client", 7000215},
		{"grant", tokenPath, form("grant_type", "password"), 400, "unsupported_grant_type", 70003},
		{"scope", tokenPath, form("scope", "Calendars.Read"), 400, "invalid_scope", 70011},
		{"path", "/tenant-1/authorize", form(), 404, "invalid_request", 900144},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, answer := ask(e, tc.path, tc.form)
			numbers, _ := answer["error_codes"].([]any)
			if status != tc.status || answer["error"] != tc.code || len(numbers) != 1 || numbers[0] != tc.aadsts {
				t.Errorf("%d %v, want %d %s %v", status, answer, tc.status, tc.code, tc.aadsts)
			}
		})
	}
}
