package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server answers requests in the caller's goroutine, so that tests can run on a fake
// clock.
type server func(n int, r *http.Request) (*http.Response, error)

// script is a base that answers the nth request (from 1) by the server.
type script struct {
	server
	n atomic.Int32
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	return s.server(int(s.n.Add(1)), r)
}

func answer(status int, header http.Header, body string) *http.Response {
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body))}
}

var read = Meta{Operation: "test read", Mailboxes: []string{"ana@northwind.example"}, Idempotent: true}

func get(t *testing.T, c *Client, meta Meta) (*Response, error) {
	t.Helper()
	return c.Do(t.Context(), Request{Method: http.MethodGet, URL: "https://graph.test/users/ana?secret=1"}, meta)
}

// What may be repeated is repeated, what may not is not, and the number of attempts
// is told (G1, G6).
func TestRepetition(t *testing.T) {
	throttled := answer(429, http.Header{"Retry-After": {"1"}}, "wait")
	tests := map[string]struct {
		first      *http.Response
		err        error
		idempotent bool
		attempts   int
	}{
		"success":                      {answer(200, nil, "x"), nil, false, 1},
		"refused":                      {answer(403, nil, "x"), nil, true, 1},
		"server error with a body":     {answer(500, nil, "x"), nil, true, 1},
		"throttled write":              {throttled, nil, false, 2},
		"unavailable read":             {answer(503, nil, "x"), nil, true, 2},
		"unavailable write":            {answer(503, nil, "x"), nil, false, 1},
		"bad gateway":                  {answer(502, nil, "x"), nil, true, 2},
		"asks for too long":            {answer(429, http.Header{"Retry-After": {"3600"}}, "x"), nil, true, 1},
		"connection lost, read":        {nil, io.ErrUnexpectedEOF, true, 2},
		"connection lost, other write": {nil, io.ErrUnexpectedEOF, false, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				base := &script{server: func(n int, _ *http.Request) (*http.Response, error) {
					if n > 1 {
						return answer(200, nil, "done"), nil
					}
					return test.first, test.err
				}}
				meta := read
				meta.Idempotent = test.idempotent
				resp, err := get(t, New(Options{Base: base}), meta)
				if got := int(base.n.Load()); got != test.attempts {
					t.Errorf("%d attempts, want %d", got, test.attempts)
				}
				if err == nil && resp.Attempts != test.attempts {
					t.Errorf("Attempts = %d, want %d", resp.Attempts, test.attempts)
				}
			})
		})
	}
}

// The server's wait is kept, and attempts come to an end.
func TestRetryAfterIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		base := &script{server: func(int, *http.Request) (*http.Response, error) {
			return answer(429, http.Header{"Retry-After": {"3"}}, "wait"), nil
		}}
		resp, err := get(t, New(Options{Base: base, Attempts: 3}), read)
		if err != nil || resp.Status != 429 || resp.Attempts != 3 {
			t.Errorf("resp = %+v, err = %v, want the last refusal after three", resp, err)
		}
		if took := time.Since(started); took < 6*time.Second || took > 8*time.Second {
			t.Errorf("took %v, want two waits of three seconds and a little", took)
		}
	})
}

// A body is sent again whole.
func TestBodyIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bodies []string
		base := &script{server: func(n int, r *http.Request) (*http.Response, error) {
			b, _ := io.ReadAll(r.Body)
			bodies = append(bodies, string(b))
			if n == 1 {
				return answer(503, nil, ""), nil
			}
			return answer(200, nil, ""), nil
		}}
		_, err := New(Options{Base: base}).Do(t.Context(), Request{Method: "POST", URL: "https://graph.test/", Body: []byte("same")}, read)
		if diff := cmp.Diff([]string{"same", "same"}, bodies); diff != "" || err != nil {
			t.Errorf("err = %v\n%s", err, diff)
		}
	})
}

// One id follows a request through its attempts; headers of the caller are kept.
func TestHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ids := map[string]int{}
		base := &script{server: func(n int, r *http.Request) (*http.Response, error) {
			ids[r.Header.Get("client-request-id")]++
			if r.Header.Get("User-Agent") != "agent" || r.Header.Get("Prefer") != "x" || r.Header.Get("return-client-request-id") != "true" {
				t.Errorf("headers = %v", r.Header)
			}
			return answer(503, nil, ""), nil
		}}
		_, err := New(Options{Base: base, UserAgent: "agent", Attempts: 2}).Do(t.Context(),
			Request{Method: "GET", URL: "https://graph.test/", Header: http.Header{"Prefer": {"x"}}}, read)
		if err != nil || len(ids) != 1 || ids[""] != 0 {
			t.Errorf("ids = %v, err = %v, want one id for both attempts", ids, err)
		}
	})
}

// An attempt ends at its time-out, the caller's end at once (G7).
func TestTimeouts(t *testing.T) {
	hang := &script{server: func(_ int, r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}}
	t.Run("attempt", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, err := get(t, New(Options{Base: hang, Timeout: time.Minute, Attempts: 2}), read)
			wantKind(t, err, Timeout, true)
		})
	})
	t.Run("caller", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := New(Options{Base: hang}).Do(ctx, Request{Method: "GET", URL: "https://graph.test/"}, read)
			wantKind(t, err, Cancelled, true)
		})
	})
	t.Run("caller, while waiting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			base := &script{server: func(int, *http.Request) (*http.Response, error) {
				return answer(429, http.Header{"Retry-After": {"9"}}, ""), nil
			}}
			resp, err := New(Options{Base: base}).Do(ctx, Request{Method: "GET", URL: "https://graph.test/"}, read)
			if err != nil || resp.Status != 429 {
				t.Errorf("resp = %+v, err = %v, want the refusal", resp, err)
			}
		})
	})
}

func wantKind(t *testing.T, err error, kind Kind, maybeDone bool) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != kind || e.MaybeDone() != maybeDone {
		t.Errorf("err = %v, want %q with MaybeDone %v", err, kind, maybeDone)
	}
	if e != nil && strings.Contains(e.Error(), "secret") {
		t.Errorf("the error names the URL: %v", e)
	}
}

// An attempt that may have been carried out is remembered when a later one surely
// was not.
func TestMaybeDoneIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := &script{server: func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				return nil, io.ErrUnexpectedEOF
			}
			return nil, &refusedDial
		}}
		_, err := get(t, New(Options{Base: base, Attempts: 2}), read)
		wantKind(t, err, Connect, true)
	})
}

// Bodies are bounded, unpacked ones too.
func TestBodyTooLarge(t *testing.T) {
	c := New(Options{Base: &script{server: func(int, *http.Request) (*http.Response, error) {
		return answer(200, nil, strings.Repeat("x", 11)), nil
	}}, MaxBody: 10})
	_, err := get(t, c, read)
	wantKind(t, err, TooLarge, true)
}

// A body that breaks off is a lost answer, not a short one (A3).
func TestBodyCutOff(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "only a part")
	}))
	defer srv.Close()
	c := New(Options{Attempts: 1})
	defer c.Close()
	_, err := c.Do(t.Context(), Request{Method: "GET", URL: srv.URL}, read)
	wantKind(t, err, Lost, true)
}

// Redirects are answered, not followed: the token would go with them (trap 72).
func TestRedirectsAreNotFollowed(t *testing.T) {
	base := &script{server: func(n int, r *http.Request) (*http.Response, error) {
		return answer(302, http.Header{"Location": {"https://evil.example/"}}, ""), nil
	}}
	resp, err := get(t, New(Options{Base: base}), read)
	if err != nil || resp.Status != 302 || base.n.Load() != 1 {
		t.Errorf("resp = %+v, err = %v after %d requests, want the redirect itself", resp, err, base.n.Load())
	}
}

// No mailbox ever has more requests in flight than its limit, nor has the account
// (G2, P8).
func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most := map[string]int{}, map[string]int{}
		base := &script{server: func(_ int, r *http.Request) (*http.Response, error) {
			box := r.Header.Get("Box")
			mu.Lock()
			for _, k := range []string{box, "all"} {
				now[k]++
				most[k] = max(most[k], now[k])
			}
			mu.Unlock()
			time.Sleep(100 * time.Millisecond)
			mu.Lock()
			now[box]--
			now["all"]--
			mu.Unlock()
			return answer(200, nil, ""), nil
		}}
		c := New(Options{Base: base, PerMailbox: 3, PerAccount: 5})
		var wg sync.WaitGroup
		for i := range 40 {
			box := []string{"ana@x.example", "ANA@X.example", "ben@x.example"}[i%3]
			wg.Go(func() {
				meta := Meta{Operation: "test", Mailboxes: []string{box}}
				if _, err := c.Do(t.Context(), Request{Method: "GET", URL: "https://graph.test/", Header: http.Header{"Box": {strings.ToLower(box)}}}, meta); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		want := map[string]int{"ana@x.example": 3, "ben@x.example": 3, "all": 5}
		for k, n := range want {
			if most[k] > n {
				t.Errorf("%d at once for %s, at most %d allowed", most[k], k, n)
			}
		}
		if most["all"] < 4 {
			t.Errorf("only %d at once: the limits hold up more than they should", most["all"])
		}
		if len(c.mailboxes.slots) != 0 {
			t.Errorf("%d mailboxes are kept for ever", len(c.mailboxes.slots))
		}
	})
}

// Requests that need several mailboxes, in any order and number, never wait for each
// other for ever.
func TestNoDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := &script{server: func(int, *http.Request) (*http.Response, error) {
			time.Sleep(10 * time.Millisecond)
			return answer(200, nil, ""), nil
		}}
		c := New(Options{Base: base, PerAccount: 2})
		var wg sync.WaitGroup
		sets := [][]string{{"a", "b"}, {"b", "a"}, {"c", "b", "a"}, {"a", "a", "a", "a", "a", "b"}, {"c", "c"}}
		for i := range 50 {
			wg.Go(func() {
				if _, err := get(t, c, Meta{Mailboxes: sets[i%len(sets)]}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

// Waiting for a slot ends with the caller, and gives back what was taken.
func TestWaitingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		base := &script{server: func(int, *http.Request) (*http.Response, error) {
			<-release
			return answer(200, nil, ""), nil
		}}
		c := New(Options{Base: base, PerMailbox: 1})
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = get(t, c, Meta{Mailboxes: []string{"b"}}) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Do(ctx, Request{Method: "GET", URL: "https://graph.test/"}, Meta{Mailboxes: []string{"a", "b"}})
		wantKind(t, err, Cancelled, true)
		close(release)
		wg.Wait()
		if len(c.mailboxes.slots) != 0 {
			t.Errorf("slots are kept: %v", c.mailboxes.slots)
		}
	})
}
