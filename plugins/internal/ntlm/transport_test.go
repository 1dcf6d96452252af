package ntlm

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/trainercal/trainercal/plugins/internal/ntlmserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	username = `CORP\svc`
	password = "pass wörd"
)

// exchange is a server that answers who asked, over connections signed in with NTLM.
type exchange struct {
	*httptest.Server
	ntlm ntlmserver.Server
	// offered are the schemes of a 401.
	offered []string
	// close ends the connection after each answer to a challenge's message.
	closeAfterChallenge bool

	mu                            sync.Mutex
	challenges, refused, requests int
	bodies                        []string
	connections                   map[net.Conn]bool
}

// start starts a server with TLS that also offers HTTP/2.
func start(t *testing.T, protection ntlmserver.Protection) *exchange {
	t.Helper()
	e := &exchange{offered: []string{"Negotiate", "NTLM"}, connections: map[net.Conn]bool{}}
	e.Server = httptest.NewUnstartedServer(e)
	e.EnableHTTP2 = true
	e.Config.ConnContext = ntlmserver.ConnContext
	e.Config.ConnState = func(c net.Conn, s http.ConnState) {
		e.mu.Lock()
		defer e.mu.Unlock()
		if s == http.StateNew {
			e.connections[c] = true
		}
	}
	e.StartTLS()
	t.Cleanup(e.Close)
	e.ntlm = ntlmserver.Server{
		Protection: protection, Binding: Binding(e.Certificate()),
		Password: func(name string) (string, bool) { return password, strings.EqualFold(name, username) },
	}
	return e
}

// ServeHTTP answers the user's name.
func (e *exchange) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	user, reply := e.ntlm.SignIn(r)
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case r.ProtoMajor != 1:
		http.Error(w, "not over HTTP/1.1", http.StatusHTTPVersionNotSupported)
		return
	case user == "":
		if reply != "" {
			e.challenges++
			w.Header().Set("WWW-Authenticate", reply)
			if e.closeAfterChallenge {
				w.Header().Set("Connection", "close")
			}
		} else {
			if r.Header.Get("Authorization") != "" {
				e.refused++
			}
			for _, s := range e.offered {
				w.Header().Add("WWW-Authenticate", s)
			}
		}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, strings.Repeat("refused ", 4000))
		return
	}
	e.requests++
	e.bodies = append(e.bodies, string(body))
	_, _ = io.WriteString(w, user)
}

// counts are the challenges, refused messages, requests and connections so far.
func (e *exchange) counts() [4]int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return [4]int{e.challenges, e.refused, e.requests, len(e.connections)}
}

// client is a transport that trusts the server.
func (e *exchange) client(t *testing.T, edit func(*Options)) *Transport {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(e.Certificate())
	opts := Options{
		Base:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true},
		Username: username, Password: password,
	}
	if edit != nil {
		edit(&opts)
	}
	client := New(opts)
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// post sends a body and returns the status and the answer.
func (e *exchange) post(t *testing.T, client *Transport, body string) (int, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.RoundTrip(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(answer), err
}

func TestOneHandshakePerConnection(t *testing.T) {
	e := start(t, ntlmserver.Require)
	client := e.client(t, nil)
	for range 5 {
		if status, user, err := e.post(t, client, "hello"); err != nil || status != 200 || user != username {
			t.Fatalf("%d %q, %v", status, user, err)
		}
	}
	if got, want := e.counts(), [4]int{1, 0, 5, 1}; got != want {
		t.Errorf("challenges, refusals, requests, connections = %v, want %v", got, want)
	}
}

// Requests side by side go over connections of their own, each signed in once.
func TestSideBySide(t *testing.T) {
	e := start(t, ntlmserver.Require)
	client := e.client(t, nil)
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			for range 3 {
				if status, user, err := e.post(t, client, "hello"); err != nil || status != 200 || user != username {
					t.Errorf("%d %q, %v", status, user, err)
				}
			}
		})
	}
	wg.Wait()
	got := e.counts()
	if got[0] != got[3] || got[1] != 0 || got[2] != 120 || got[3] > 40+20 {
		t.Errorf("challenges, refusals, requests, connections = %v", got)
	}
	if n := len(client.idle); n > 20 {
		t.Errorf("%d connections are kept", n)
	}
}

// Two users at one server never share a connection.
func TestUsersDoNotMix(t *testing.T) {
	e := start(t, ntlmserver.Require)
	e.ntlm.Password = func(string) (string, bool) { return password, true }
	ana := e.client(t, func(o *Options) { o.Username = "ana@corp.example" })
	ben := e.client(t, func(o *Options) { o.Username = "ben@corp.example" })
	for range 3 {
		for want, client := range map[string]*Transport{"ana@corp.example": ana, "ben@corp.example": ben} {
			if _, user, err := e.post(t, client, "hello"); err != nil || user != want {
				t.Errorf("%q, %v; want %q", user, err, want)
			}
		}
	}
	if got, want := e.counts(), [4]int{2, 0, 6, 2}; got != want {
		t.Errorf("challenges, refusals, requests, connections = %v, want %v", got, want)
	}
}

// M1: a connection that was lost between requests is made and signed in anew, and the
// body arrives once.
func TestConnectionLost(t *testing.T) {
	e := start(t, ntlmserver.Require)
	client := e.client(t, nil)
	for range 3 {
		status, _, err := e.post(t, client, "hello")
		if err != nil { // the end of the connection was seen only when the request was sent
			status, _, err = e.post(t, client, "hello")
		}
		if err != nil || status != 200 {
			t.Fatalf("%d, %v", status, err)
		}
		e.CloseClientConnections()
	}
	if got := e.counts(); got[0] != 3 || got[2] != 3 || got[3] != 3 {
		t.Errorf("challenges, refusals, requests, connections = %v, want 3 of each and no refusal", got)
	}
	if got := strings.Join(e.bodies, ","); got != "hello,hello,hello" {
		t.Errorf("bodies %q", got)
	}
}

// auth-7: a wrong password is tried once for each request, and once for all that wait
// for their turn together.
func TestWrongPassword(t *testing.T) {
	e := start(t, ntlmserver.Require)
	client := e.client(t, func(o *Options) { o.Password = "wrong" })
	status, _, err := e.post(t, client, "hello")
	if err != nil || status != 401 || e.counts()[1] != 1 {
		t.Errorf("%d, %v after %d attempts; want 401 after 1", status, err, e.counts()[1])
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if status, _, err := e.post(t, client, "hello"); err != nil || status != 401 {
				t.Errorf("%d, %v; want 401", status, err)
			}
		})
	}
	wg.Wait()
	if n := e.counts()[1]; n > 1+20 || e.counts()[2] != 0 {
		t.Errorf("%d attempts", n)
	}
}

// What waits behind an attempt that is refused is refused with it.
func TestRefusedTogether(t *testing.T) {
	e := start(t, ntlmserver.Require)
	client := e.client(t, func(o *Options) { o.Password = "wrong" })
	// Nobody gets a turn until everybody waits for one.
	if err := client.attempts.Acquire(t.Context(), attemptsAtOnce); err != nil {
		t.Fatal(err)
	}
	var wg, begun sync.WaitGroup
	for range 20 {
		begun.Add(1)
		wg.Go(func() {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.URL, http.NoBody)
			if err != nil {
				t.Error(err)
				return
			}
			l := client.take("https://" + r.URL.Host)
			before := client.seen()
			begun.Done()
			resp, err := l.signIn(r, nil, before)
			if err != nil || resp.StatusCode != 401 {
				t.Errorf("%v, %v; want 401", resp, err)
				return
			}
			drain(resp)
			l.close()
		})
	}
	begun.Wait()
	client.attempts.Release(attemptsAtOnce)
	wg.Wait()
	if n := e.counts()[1]; n < 1 || n > attemptsAtOnce {
		t.Errorf("%d attempts with a wrong password, want %d at most", n, attemptsAtOnce)
	}
}

// Extended Protection: a required binding must be there, an allowed one must be right
// when it is there.
func TestExtendedProtection(t *testing.T) {
	for name, c := range map[string]struct {
		protection ntlmserver.Protection
		none, bad  bool
		want       int
	}{
		"required and sent":            {protection: ntlmserver.Require, want: 200},
		"required and left out":        {protection: ntlmserver.Require, none: true, want: 401},
		"required, another's":          {protection: ntlmserver.Require, bad: true, want: 401},
		"allowed and sent":             {protection: ntlmserver.Allow, want: 200},
		"allowed and left out":         {protection: ntlmserver.Allow, none: true, want: 200},
		"allowed, another's":           {protection: ntlmserver.Allow, bad: true, want: 401},
		"off, whatever is sent":        {protection: ntlmserver.Off, bad: true, want: 200},
		"off, and nothing is sent":     {protection: ntlmserver.Off, none: true, want: 200},
		"off, and the binding is sent": {protection: ntlmserver.Off, want: 200},
	} {
		t.Run(name, func(t *testing.T) {
			e := start(t, c.protection)
			if c.bad {
				// TLS ends at something with another certificate than the server's.
				e.ntlm.Binding = make([]byte, 16)
			}
			status, _, err := e.post(t, e.client(t, func(o *Options) { o.NoChannelBinding = c.none }), "hello")
			if err != nil || status != c.want {
				t.Errorf("%d, %v; want %d", status, err, c.want)
			}
		})
	}
}

// Servers that offer Negotiate alone take NTLM under that name; those with neither
// answer what they offer, and see no credentials.
func TestSchemes(t *testing.T) {
	e := start(t, ntlmserver.Require)
	e.offered = []string{"Negotiate"}
	front := e.Config.Handler
	e.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Authorization"), "NTLM ") {
			r.Header.Del("Authorization")
		}
		front.ServeHTTP(w, r)
	})
	if status, user, err := e.post(t, e.client(t, nil), "hello"); err != nil || status != 200 || user != username {
		t.Errorf("%d %q, %v", status, user, err)
	}
	e.offered = []string{`Basic realm="x"`}
	e.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Authorization")
		front.ServeHTTP(w, r)
	})
	before := e.counts()
	if status, _, err := e.post(t, e.client(t, nil), "hello"); err != nil || status != 401 || e.counts()[0] != before[0] {
		t.Errorf("%d, %v; want 401 without a challenge", status, err)
	}
}

// A handshake that something in between breaks is told from wrong credentials.
func TestBrokenHandshake(t *testing.T) {
	for name, edit := range map[string]func(*exchange){
		"the connection is not kept": func(e *exchange) { e.closeAfterChallenge = true },
		"no challenge comes": func(e *exchange) {
			e.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("WWW-Authenticate", "NTLM")
				w.WriteHeader(http.StatusUnauthorized)
			})
		},
		"an unreadable challenge": func(e *exchange) {
			e.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("WWW-Authenticate", "NTLM TlRMTVNTUAACAAAA")
				w.WriteHeader(http.StatusUnauthorized)
			})
		},
		"no base64": func(e *exchange) {
			e.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("WWW-Authenticate", "NTLM ???")
				w.WriteHeader(http.StatusUnauthorized)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := start(t, ntlmserver.Require)
			edit(e)
			_, _, err := e.post(t, e.client(t, nil), "hello")
			var broken *Error
			if !errors.As(err, &broken) || broken.Reason == "" || strings.Contains(err.Error(), password) {
				t.Errorf("%v; want an Error with a reason", err)
			}
			if e.counts()[2] != 0 {
				t.Error("the request was carried out")
			}
		})
	}
}

// An answer to the first message that is none of NTLM's goes to the caller.
func TestOtherAnswers(t *testing.T) {
	e := start(t, ntlmserver.Require)
	e.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	if status, _, err := e.post(t, e.client(t, nil), "hello"); err != nil || status != 503 {
		t.Errorf("%d, %v; want 503", status, err)
	}
	e.Close()
	if _, _, err := e.post(t, e.client(t, nil), "hello"); err == nil {
		t.Error("no error without a server")
	}
}

// An answer that takes long, such as a stream, keeps its connection from others.
func TestStreamHoldsItsConnection(t *testing.T) {
	e := start(t, ntlmserver.Require)
	client := e.client(t, nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.URL, strings.NewReader("stream"))
	if err != nil {
		t.Fatal(err)
	}
	stream, err := client.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	if status, _, err := e.post(t, client, "other"); err != nil || status != 200 {
		t.Errorf("%d, %v", status, err)
	}
	if n := e.counts()[3]; n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
	drain(stream)
	// Closing twice gives the connection back once.
	_ = stream.Body.Close()
	if n := len(client.idle); n != 2 {
		t.Errorf("%d connections are free, want 2", n)
	}
}
