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

// One token serves everybody for an hour, and is replaced before its end.
func TestTokenOncePerHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, nil)
		a := f.account()
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				if tok, err := a.graph.tokens.get(t.Context()); err != nil || tok != "token-1" {
					t.Errorf("token %q, %v", tok, err)
				}
			})
		}
		wg.Wait()
		time.Sleep(54 * time.Minute)
		if tok, _ := a.graph.tokens.get(t.Context()); tok != "token-1" || f.tokens != 1 {
			t.Errorf("token %q after %d requests, want the first still", tok, f.tokens)
		}
		time.Sleep(2 * time.Minute)
		if tok, _ := a.graph.tokens.get(t.Context()); tok != "token-2" || f.tokens != 2 {
			t.Errorf("token %q after %d requests, want the second", tok, f.tokens)
		}
	})
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
		"busy":             {reply{status: 503, body: "x"}, sdk.CodeUnavailable, ""},
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

// Every number of the table leads to its own words, and a detail for support.
func TestAADSTSTable(t *testing.T) {
	for number, h := range aadsts {
		err := explainAADSTS(tokenAnswer{Error: "invalid_client", Codes: []int{number}})
		if err.Code != h.code || err.Message != h.message || err.Detail != fmt.Sprintf("AADSTS%d", number) {
			t.Errorf("AADSTS%d = %+v", number, err)
		}
	}
}
