package ews

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// seeker is a client whose server is to be found, and counts the searches.
func seeker(t *testing.T, base http.RoundTripper, locate func(n int, mailbox string) (string, *sdk.Error)) (c *Client, searches *int) {
	t.Helper()
	c, _ = newFake(t, nil)
	c.opts.URL, c.opts.Transport = nil, transport.New(transport.Options{Base: base, Attempts: 1})
	searches = new(int)
	c.opts.Locate = func(_ context.Context, mailbox string) (*url.URL, *sdk.Error) {
		*searches++
		raw, err := locate(*searches, mailbox)
		if err != nil {
			return nil, err
		}
		u, _ := url.Parse(raw)
		return u, nil
	}
	return c, searches
}

// One search serves everybody who waits for it, and all that come later.
func TestLocatedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, searches := seeker(t, &server{answer: always(calendarFolder())}, func(int, string) (string, *sdk.Error) {
			time.Sleep(time.Second)
			return "https://mail.example.org/EWS/Exchange.asmx", nil
		})
		var wg sync.WaitGroup
		for _, m := range addresses(20) {
			wg.Go(func() {
				if _, _, err := c.GetCalendar(t.Context(), m); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if *searches != 1 {
			t.Errorf("%d searches, want 1", *searches)
		}
	})
}

// A search that fails by one mailbox may succeed by another; those that go on failing
// are not made for every mailbox.
func TestNotLocated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, searches := seeker(t, &server{answer: always(calendarFolder())}, func(int, string) (string, *sdk.Error) {
			return "", sdk.CodeUnavailable.New("not found")
		})
		for _, m := range addresses(20) {
			if _, _, err := c.GetCalendar(t.Context(), m); !errors.Is(err, sdk.ErrUnavailable) {
				t.Errorf("%v; want ErrUnavailable", err)
			}
		}
		if *searches != maxSearches {
			t.Errorf("%d searches, want %d", *searches, maxSearches)
		}
		time.Sleep(searchAgain)
		_, _, _ = c.GetCalendar(t.Context(), "ana@example.org")
		if *searches != maxSearches+1 {
			t.Errorf("%d searches after a while, want one more", *searches)
		}
		c.TryAgain()
		_, _, _ = c.GetCalendar(t.Context(), "ana@example.org")
		if *searches != maxSearches+2 {
			t.Errorf("%d searches after TryAgain, want one more", *searches)
		}
	})
}

// auth-7: credentials that Autodiscover refuses are those of the account: it is tried
// twice, whoever asks, and then left alone.
func TestLocateRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, searches := seeker(t, &server{answer: always(calendarFolder())}, func(int, string) (string, *sdk.Error) {
			return "", sdk.CodeCredentials.New("refused")
		})
		var wg sync.WaitGroup
		for _, m := range addresses(20) {
			wg.Go(func() {
				if _, _, err := c.GetCalendar(t.Context(), m); !errors.Is(err, sdk.ErrCredentials) {
					t.Errorf("%v; want ErrCredentials", err)
				}
			})
		}
		wg.Wait()
		if *searches != 2 {
			t.Errorf("%d searches with wrong credentials, want 2", *searches)
		}
	})
}

// A server that moved is searched for again, once the address has led nowhere for a while.
func TestLocatedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == "old.example.org" {
				return nil, &net.OpError{Op: "dial", Err: errors.New("no route")}
			}
			return (&server{answer: always(calendarFolder())}).RoundTrip(r)
		})
		c, searches := seeker(t, base, func(n int, _ string) (string, *sdk.Error) {
			return map[bool]string{true: "https://old.example.org/", false: "https://new.example.org/"}[n == 1], nil
		})
		for range 10 {
			if _, _, err := c.GetCalendar(t.Context(), "ana@example.org"); !errors.Is(err, sdk.ErrUnavailable) {
				t.Errorf("%v; want ErrUnavailable", err)
			}
		}
		time.Sleep(searchAgain)
		if _, _, err := c.GetCalendar(t.Context(), "ana@example.org"); err != nil || *searches != 2 {
			t.Errorf("%v after %d searches; want success after 2", err, *searches)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
