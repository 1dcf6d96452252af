package exchangeonline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// One token an hour serves all workers of all accounts that are the same application in
// the same tenant, and is replaced before its end (the platform's tokens live 3599 s and
// are replaced 5 minutes before: 12 in ten and a half hours).
func TestTokenOncePerHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, nil)
		b := f.backend()
		accounts := []*account{f.accountOf(b, nil), f.accountOf(b, map[string]any{"concurrency": 8})}
		other := f.accountOf(b, map[string]any{"tenant_id": "lakeside.example"})
		begin := time.Now()
		for time.Since(begin) < 10*time.Hour+30*time.Minute {
			var wg sync.WaitGroup
			for i := range 40 {
				wg.Go(func() {
					if _, err := accounts[i%2].graph.tokens.get(t.Context()); err != nil {
						t.Errorf("token: %v", err)
					}
				})
			}
			wg.Wait()
			time.Sleep(time.Minute)
		}
		if f.tokens != 12 {
			t.Errorf("%d token requests in ten and a half hours, want 12", f.tokens)
		}
		if _, err := other.graph.tokens.get(t.Context()); err != nil || f.tokens != 13 {
			t.Errorf("another tenant: %v after %d requests, want a token of its own", err, f.tokens)
		}
		for _, a := range append(accounts, other) {
			_ = a.Close()
		}
		if len(b.shared.signIns) != 0 {
			t.Errorf("%d sign-ins are kept after the last account was closed", len(b.shared.signIns))
		}
	})
}

// While the sign-in service fails, a token is used to its end; then the service's
// trouble is the account's.
func TestTokenWhileSignInFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, nil)
		tokens := f.account().graph.tokens
		if _, err := tokens.get(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.token = func(int) reply { return reply{status: 503, body: "busy"} }
		time.Sleep(lifetimeOfFake - tokenMargin + time.Second)
		for range 20 {
			if tok, err := tokens.get(t.Context()); err != nil || tok != grantedToken(1) {
				t.Errorf("token %q, %v; want the old one", tok, err)
			}
		}
		if f.tokens > 1+4 {
			t.Errorf("%d token requests for 20 uses, want one with its repetitions", f.tokens)
		}
		time.Sleep(tokenMargin)
		if _, err := tokens.get(t.Context()); codeOf(err) != sdk.CodeUnavailable {
			t.Errorf("err = %v after the token's end, want unavailable", err)
		}
	})
}

// A sign-in service that asks to wait is left alone for as long, and no longer than an
// hour whatever it says.
func TestTokenRetryAfter(t *testing.T) {
	for asked, want := range map[string]time.Duration{"120": 2 * time.Minute, "99999999999": time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t, nil)
			f.token = func(int) reply { return reply{status: 429, body: "x", header: map[string]string{"Retry-After": asked}} }
			tokens := f.account().graph.tokens
			for range 3 {
				if _, err := tokens.get(t.Context()); codeOf(err) != sdk.CodeThrottled || err.RetryAfter != want {
					t.Errorf("Retry-After %s: %v after %v, want to wait %v", asked, err, err.RetryAfter, want)
				}
			}
			time.Sleep(want - time.Second)
			if _, err := tokens.get(t.Context()); err == nil || f.tokens != 1 {
				t.Errorf("%d requests before the time, want one", f.tokens)
			}
			f.token = nil
			time.Sleep(time.Second)
			if _, err := tokens.get(t.Context()); err != nil {
				t.Errorf("after the time: %v", err)
			}
		})
	}
}

// A refusal is remembered for a minute, so that a run of hundreds of requests does
// not make the sign-in service block the application.
func TestTokenRefusalRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, nil)
		f.token = func(int) reply { return refusedToken("invalid_client", 7000222) }
		a := f.account()
		for range 5 {
			if _, err := a.graph.tokens.get(t.Context()); !errors.Is(err, sdk.ErrCredentials) {
				t.Errorf("err = %v", err)
			}
		}
		if f.tokens != 1 {
			t.Errorf("asked %d times, want once", f.tokens)
		}
		f.token = nil
		time.Sleep(refusalMemory)
		if _, err := a.graph.tokens.get(t.Context()); err != nil {
			t.Errorf("a minute later: %v, want a token", err)
		}
	})
}

// A waiter whose caller gives up does not wait for the token.
func TestTokenWaiterGivesUp(t *testing.T) {
	f := newFake(t, nil)
	a := f.account()
	a.graph.tokens.turn <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.graph.tokens.get(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want the context's", err)
	}
}

func refusedToken(code string, numbers ...int) reply {
	return reply{status: 401, body: map[string]any{
		"error": code, "error_description": "AADSTS: secret text", "error_codes": numbers,
		"trace_id": "t", "correlation_id": "c",
	}}
}

// What the sign-in service says is turned into what to do, whatever it is.
func TestTokenErrors(t *testing.T) {
	tests := map[string]struct {
		answer reply
		code   sdk.Code
		advice string
	}{
		"wrong secret":     {refusedToken("invalid_client", 7000215), sdk.CodeCredentials, "client_secret"},
		"expired secret":   {refusedToken("invalid_client", 7000222), sdk.CodeCredentials, "new client secret"},
		"unknown app":      {refusedToken("unauthorized_client", 700016), sdk.CodeCredentials, "client_id"},
		"unknown tenant":   {refusedToken("invalid_request", 90002), sdk.CodeCredentials, "tenant_id"},
		"no consent":       {refusedToken("invalid_grant", 65001), sdk.CodeCredentials, "Calendars.ReadWrite"},
		"blocked":          {refusedToken("access_denied", 53003), sdk.CodeAccountBlocked, "policy"},
		"in a loop":        {refusedToken("invalid_grant", 50196), sdk.CodeThrottled, "client_id"},
		"unknown number":   {refusedToken("invalid_client", 99999), sdk.CodeCredentials, "sign-in logs"},
		"no number":        {refusedToken("invalid_client"), sdk.CodeCredentials, "sign-in logs"},
		"for now":          {refusedToken("temporarily_unavailable"), sdk.CodeUnavailable, ""},
		"busy":             {reply{status: 503, body: "x"}, sdk.CodeUnavailable, "service health"},
		"proxy in the way": {reply{status: 502, body: "<html>", contentType: "text/html"}, sdk.CodeUnavailable, "proxy"},
		"login page":       {reply{status: 200, body: "<html>", contentType: "text/html"}, sdk.CodeBadAnswer, "login_url"},
		"refusal in HTML":  {reply{status: 403, body: "<html>", contentType: "text/html"}, sdk.CodeBadAnswer, "proxy"},
		"redirect":         {reply{status: 302, header: map[string]string{"Location": "https://evil.example/"}}, sdk.CodeBadAnswer, "login_url"},
		"token is missing": {ok(map[string]any{"token_type": "Bearer"}), sdk.CodeBadAnswer, "login_url"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, nil)
				f.token = func(int) reply { return test.answer }
				_, err := f.account().graph.tokens.get(t.Context())
				if codeOf(err) != test.code || !strings.Contains(err.Advice, test.advice) {
					t.Errorf("err = %v, want %s that advises %q", err, test.code, test.advice)
				}
				for _, secret := range []string{"s3cret", "secret text"} {
					if strings.Contains(fmt.Sprintf("%v", err), secret) {
						t.Errorf("the error gives away %q: %v", secret, err)
					}
				}
			})
		})
	}
}

// The numbers that operators meet ("Microsoft Entra authentication and authorization
// error codes"), and whether waiting helps.
var knownAADSTS = map[int]bool{
	7000215: false, 7000222: false, 7000218: false, 700016: false, 90002: false, 900023: false, 50049: false,
	90038: false, 65001: false, 500011: false, 70011: false, 700022: false, 700027: false, 700024: false,
	50012: false, 50048: false, 700030: false, 70021: false, 700213: false, 700229: false, 7000112: false,
	70001: false, 650056: false, 650057: false, 53003: false, 9001023: false,
	50126: false, 50053: false, 50055: false, 50057: false, 50076: false,
	50196: true, 90055: true,
}

// Every number leads to its own words, to what to do, and to what Microsoft's support
// finds the request by.
func TestAADSTS(t *testing.T) {
	for number, transient := range knownAADSTS {
		err := explainAADSTS(tokenAnswer{
			Error: "invalid_client", Codes: []int{number}, TraceID: "8ca4c5e1-0e9d-4d8a-a5b3-3f6d4a0b1200",
			CorrelationID: "<script>", Timestamp: "2026-11-24 10:00:00Z",
		})
		want := fmt.Sprintf("AADSTS%d, trace 8ca4c5e1-0e9d-4d8a-a5b3-3f6d4a0b1200, at 2026-11-24 10:00:00Z", number)
		if err.Detail != want {
			t.Errorf("AADSTS%d: detail %q, want %q", number, err.Detail, want)
		}
		if err.Advice == "" || err.Message == "the sign-in service refused the application" {
			t.Errorf("AADSTS%d is not explained: %v", number, err)
		}
		if err.Code.Transient() != transient || err.Code.Fault() == sdk.FaultRemote != transient {
			t.Errorf("AADSTS%d is %s; waiting helps: %v", number, err.Code, transient)
		}
	}
	for number := range aadsts {
		if _, known := knownAADSTS[number]; !known {
			t.Errorf("AADSTS%d is explained and not in the test's list", number)
		}
	}
}
