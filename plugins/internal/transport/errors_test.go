package transport

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

var refusedDial = net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}

// What net/http says becomes one of few kinds, and loses its URL.
func TestClassify(t *testing.T) {
	tests := map[string]struct {
		err       error
		kind      Kind
		maybeDone bool
	}{
		"unknown name":  {&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "x"}}, Resolve, false},
		"refused":       {&refusedDial, Connect, false},
		"bad alert":     {fmt.Errorf("remote error: %w", tls.AlertError(42)), TLS, false},
		"not TLS":       {tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, TLS, false},
		"broken":        {errors.New("unexpected EOF"), Lost, true},
		"dial time-out": {&net.OpError{Op: "dial", Err: timeoutError{}}, Connect, false},
		"read time-out": {&net.OpError{Op: "read", Err: timeoutError{}}, Timeout, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := classify(t.Context(), "graph.test", &url.Error{Op: "Get", URL: "https://graph.test/users/ana@x.example?secret", Err: test.err})
			if got.Kind != test.kind || got.MaybeDone() != test.maybeDone {
				t.Errorf("got %q, maybe done %v", got.Kind, got.MaybeDone())
			}
			for e := error(got); e != nil; e = errors.Unwrap(e) {
				if strings.Contains(e.Error(), "ana@") {
					t.Errorf("the chain names the mailbox: %v", e)
				}
			}
		})
	}
}

type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

// A certificate that nobody vouches for is refused as such, over a real connection.
func TestUnknownCertificate(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // it minds the refusal
	srv.StartTLS()
	defer srv.Close()
	c := New(Options{Attempts: 1})
	defer c.Close()
	_, err := c.Do(t.Context(), Request{Method: "GET", URL: srv.URL}, read)
	wantKind(t, err, TLS, false)
}

// Nobody listens: the request was surely not carried out.
func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + l.Addr().String()
	l.Close()
	c := New(Options{Attempts: 1})
	defer c.Close()
	_, err = c.Do(t.Context(), Request{Method: "GET", URL: address}, read)
	wantKind(t, err, Connect, false)
}

// A URL that cannot be is refused before anything is sent.
func TestInvalidRequest(t *testing.T) {
	_, err := New(Options{}).Do(t.Context(), Request{Method: "GET", URL: "https://graph.test/\x00secret"}, read)
	wantKind(t, err, Invalid, false)
}

// Addresses that would send credentials in the clear, or hold them, are refused
// without being repeated.
func TestCheckEndpoint(t *testing.T) {
	good := []string{"https://graph.microsoft.com", "https://x.example/EWS/Exchange.asmx", "http://127.0.0.1:18080/graph", "http://[::1]:1", "http://localhost"}
	for _, raw := range good {
		if u, err := CheckEndpoint(raw); err != nil || u.String() != raw {
			t.Errorf("%s: %v, %v", raw, u, err)
		}
	}
	bad := []string{
		"", "graph.microsoft.com", "http://graph.microsoft.com", "http://127.0.0.1.evil.example", "https://user:hunter2@x.example",
		"https://x.example/?hunter2", "https://x.example/#hunter2", "ftp://x.example", "https:x.example", "http://10.0.0.1", "https://",
	}
	for _, raw := range bad {
		if u, err := CheckEndpoint(raw); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, %v, want an error without the secret", raw, u, err)
		}
	}
}
