package ews

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// tokenServer takes the token that is good, and no other.
type tokenServer struct {
	good string
	seen []string
}

func (s *tokenServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.seen = append(s.seen, r.Header.Get("Authorization"))
	out := calendarFolder()
	if r.Header.Get("Authorization") != "Bearer "+s.good {
		out = reply{status: 401, header: http.Header{"Www-Authenticate": {`Bearer claims="x"`}}}
	}
	return (&server{answer: always(out)}).RoundTrip(r)
}

// bearerClient signs in with t1, t2 and so on, the next when one was refused.
func bearerClient(t *testing.T, base http.RoundTripper, refused *[]string) *Client {
	t.Helper()
	u, err := url.Parse("https://outlook.office365.com/EWS/Exchange.asmx")
	if err != nil {
		t.Fatal(err)
	}
	n := 1
	return New(Options{
		URL: u, Transport: transport.New(transport.Options{Base: base}), Impersonate: true,
		Auth: Bearer(func(context.Context) (string, *sdk.Error) { return fmt.Sprintf("t%d", n), nil },
			func(token string, answer http.Header) {
				*refused = append(*refused, token+" "+answer.Get("WWW-Authenticate"))
				n++
			}),
	})
}

// A refused token is replaced by another at once, which is told what the server wants.
func TestBearer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &tokenServer{good: "t2"}
		var refused []string
		c := bearerClient(t, s, &refused)
		for range 2 {
			if _, _, err := c.GetCalendar(t.Context(), "ana@northwind.example"); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]string{"Bearer t1", "Bearer t2", "Bearer t2"}, s.seen); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{`t1 Bearer claims="x"`}, refused); diff != "" {
			t.Error(diff)
		}
	})
}

// A server that takes no token ends it after a bounded number of attempts.
func TestBearerRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &tokenServer{good: "none"}
		var refused []string
		c := bearerClient(t, s, &refused)
		for range 20 {
			if _, _, err := c.GetCalendar(t.Context(), "ana@northwind.example"); !errors.Is(err, sdk.ErrCredentials) {
				t.Errorf("err = %v, want credentials refused", err)
			}
		}
		if len(s.seen) > 4 {
			t.Errorf("%d requests with refused tokens, want at most 4", len(s.seen))
		}
	})
}

// Without a token nothing is sent, and the error is that of signing in.
func TestBearerWithoutToken(t *testing.T) {
	s := &tokenServer{}
	u := &url.URL{Scheme: "https", Host: "outlook.office365.com"}
	c := New(Options{
		URL: u, Transport: transport.New(transport.Options{Base: s}),
		Auth: Bearer(func(context.Context) (string, *sdk.Error) { return "", sdk.CodeAccountBlocked.New("no token") }, nil),
	})
	if _, _, err := c.GetCalendar(t.Context(), "ana@northwind.example"); !errors.Is(err, sdk.ErrAccountBlocked) || len(s.seen) != 0 {
		t.Errorf("err = %v after %d requests, want that of signing in after none", err, len(s.seen))
	}
}

// A 403 is explained by whoever knows what the server is.
func TestForbidden(t *testing.T) {
	c, _ := newFake(t, always(reply{status: 403, header: http.Header{http.CanonicalHeaderKey(policyHeader): {"EWS is disabled for this user or tenant"}}}))
	if _, _, err := c.GetCalendar(t.Context(), "ana@northwind.example"); !errors.Is(err, sdk.ErrAccountBlocked) {
		t.Errorf("err = %v, want the account blocked", err)
	}
	c.opts.Forbidden = func(mailbox string, h http.Header) *sdk.Error {
		return sdk.CodeMailboxUnavailable.New("%s: %s", mailbox, h.Get(policyHeader))
	}
	var e *sdk.Error
	if _, _, err := c.GetCalendar(t.Context(), "ana@northwind.example"); !errors.As(err, &e) || e.Message != "ana@northwind.example: EWS is disabled for this user or tenant" {
		t.Errorf("err = %v, want the explanation", err)
	}
}
