package exchangeonprem_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangeonprem"
	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
)

// handshakes counts what a server saw of sign-ins: challenges it gave, and refused
// requests after which nobody was signed in.
type handshakes struct {
	mu                             sync.Mutex
	challenged, anonymous, refused int
}

func (h *handshakes) observe(x exchangesim.Exchange) {
	h.mu.Lock()
	defer h.mu.Unlock()
	offered := x.ResponseHeader.Values("WWW-Authenticate")
	switch {
	case x.Status != 401:
	case len(offered) == 1 && strings.HasPrefix(offered[0], "NTLM "):
		h.challenged++
	case x.Authorized:
		h.refused++
	default:
		h.anonymous++
	}
}

func ntlmSettings(s *sim) map[string]any {
	return map[string]any{"auth": "ntlm", "ca_file": s.CAFile()}
}

// auth-2, M1: with NTLM over TLS, bound to the certificate as Extended Protection demands, a
// trainer is verified, read and written to, and each connection signs in once.
func TestNTLM(t *testing.T) {
	for _, access := range []string{"full", "impersonation"} {
		t.Run(access, func(t *testing.T) {
			var seen handshakes
			s := newSim(t, simtest.Config{Options: exchangesim.Options{
				TLS: true, EWSProtection: exchangesim.ProtectionRequire, EWSSchemes: []string{"Negotiate", "NTLM"}, Observe: seen.observe,
			}})
			settings := ntlmSettings(s)
			settings["access"] = access
			account := s.open(t, settings)
			var boxes []sdk.Mailbox
			for range 6 {
				boxes = append(boxes, s.mailbox(t, "Europe/London"))
			}
			steps, checks := verify(t, account, boxes...)
			for i, step := range steps {
				if strings.HasSuffix(step, "failed") || step == "credentials: skipped" {
					t.Errorf("%+v", checks[i])
				}
			}
			for i, m := range boxes {
				results := writeAll(t, account, m, course(string(rune('a'+i))))
				if len(results) != 1 || results[0].Err != nil {
					t.Fatalf("%s: %+v", m.Address, results)
				}
			}
			if seen.refused > 0 || seen.challenged == 0 || seen.challenged > 20 {
				t.Errorf("%d handshakes, %d refused; want one for each connection", seen.challenged, seen.refused)
			}
		})
	}
}

// writeAll writes operations to a mailbox.
func writeAll(t testing.TB, account sdk.Account, m sdk.Mailbox, ops ...sdk.Operation) (results []sdk.WriteResult) {
	t.Helper()
	err := account.Write(t.Context(), []sdk.WriteRequest{{Mailbox: m, Operations: ops}}, func(r sdk.WriteResult) error {
		results = append(results, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// auth-7: a wrong password is sent twice over NTLM, too, however many mailboxes are asked
// about; the challenges before do not count.
func TestNTLMWrongPassword(t *testing.T) {
	var seen handshakes
	s := newSim(t, simtest.Config{Options: exchangesim.Options{TLS: true, Observe: seen.observe}})
	settings := ntlmSettings(s)
	settings["password"] = "wrong-password"
	var boxes []sdk.Mailbox
	for range 20 {
		boxes = append(boxes, s.mailbox(t, "Europe/London"))
	}
	account := s.open(t, settings)
	_, err := readAll(t, account, windowsOf(boxes)...)
	if !errors.Is(err, sdk.ErrCredentials) {
		t.Errorf("%v; want ErrCredentials", err)
	}
	if seen.refused != 2 {
		t.Errorf("the password was sent %d times, want 2", seen.refused)
	}
}

func windowsOf(boxes []sdk.Mailbox) []sdk.ReadRequest {
	var reqs []sdk.ReadRequest
	for _, m := range boxes {
		reqs = append(reqs, readRequest(m, nil))
	}
	return reqs
}

// auth-7: what is wrong with a sign-in is told apart as far as a server lets it, each with
// what to do, and the steps that were not made say so.
func TestVerifySignIn(t *testing.T) {
	later := []string{"api: skipped", "mailbox: skipped"}
	for name, c := range map[string]struct {
		options  exchangesim.Options
		settings map[string]any
		want     []string
		advice   string
	}{
		"Extended Protection is required, and left out": {
			exchangesim.Options{EWSProtection: exchangesim.ProtectionRequire},
			map[string]any{"auth": "ntlm", "channel_binding": false},
			append([]string{"schemes: passed", "credentials: failed"}, later...), "Extended Protection",
		},
		"NTLM is not offered": {
			exchangesim.Options{EWSSchemes: []string{`Basic realm="x"`}},
			map[string]any{"auth": "ntlm"},
			append([]string{"schemes: failed", "credentials: skipped"}, later...), `auth = "basic"`,
		},
		"Basic is not offered": {
			exchangesim.Options{EWSSchemes: []string{"NTLM"}},
			map[string]any{"auth": "basic"},
			append([]string{"schemes: failed", "credentials: skipped"}, later...), `auth = "ntlm"`,
		},
		"a wrong name": {
			exchangesim.Options{},
			map[string]any{"auth": "ntlm", "username": `SIM\nobody`},
			append([]string{"schemes: passed", "credentials: failed"}, later...), "username",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.TLS = true
			s := newSim(t, simtest.Config{Options: c.options})
			c.settings["ca_file"] = s.CAFile()
			steps, checks := verify(t, s.open(t, c.settings), s.mailbox(t, "Europe/London"))
			want := append([]string{"settings: passed", "resolve: passed", "tls: passed"}, c.want...)
			if diff := cmp.Diff(want, steps); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			for _, check := range checks {
				if check.Outcome == sdk.Failed && !strings.Contains(check.Advice, c.advice) {
					t.Errorf("the advice does not name %q: %+v", c.advice, check)
				}
			}
		})
	}
}

// M2: the versions that are supported work alike, and say what they are; an older one is
// told apart.
func TestServerVersions(t *testing.T) {
	for server, product := range map[string]string{
		"2013": "Exchange Server 2013 (15.0.1497)", "2016": "Exchange Server 2016 (15.1.2507)",
		"2019": "Exchange Server 2019 (15.2.1544)", "SE": "Exchange Server Subscription Edition (15.2.2562)",
	} {
		t.Run(server, func(t *testing.T) {
			s := newSim(t, simtest.Config{Options: exchangesim.Options{EWSServer: server}})
			m := s.mailbox(t, "Europe/London")
			account := s.open(t, nil)
			steps, checks := verify(t, account, m)
			for i, c := range checks {
				if c.Outcome == sdk.Failed || c.Step == "api" && !strings.Contains(c.Observed, product) {
					t.Errorf("%s: %+v", steps[i], c)
				}
			}
			if results := writeAll(t, account, m, course("1")); results[0].Err != nil {
				t.Errorf("%v", results[0].Err)
			}
		})
	}
	s := newSim(t, simtest.Config{Options: exchangesim.Options{EWSServer: "2010"}})
	steps, checks := verify(t, s.open(t, nil), s.mailbox(t, "Europe/London"))
	if steps[5] != "api: failed" || !strings.Contains(checks[5].Observed, "Exchange Server 2010") {
		t.Errorf("%v, %+v", steps, checks[5])
	}
}

// G3: a server that grants an account three requests at a time is asked for no more,
// after a while, and no mailbox fails.
func TestFewConnections(t *testing.T) {
	busy := 0
	var mu sync.Mutex
	s := newSim(t, simtest.Config{Options: exchangesim.Options{
		EWSConcurrency: 3, Latency: 2 * time.Millisecond,
		Observe: func(x exchangesim.Exchange) {
			mu.Lock()
			defer mu.Unlock()
			if strings.Contains(string(x.ResponseBody), "ErrorExceededConnectionCount") {
				busy++
			}
		},
	}})
	var boxes []sdk.Mailbox
	for range 60 {
		boxes = append(boxes, s.mailbox(t, "Europe/London"))
	}
	account := s.open(t, nil)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			answers, err := readAll(t, account, windowsOf(boxes[10*i:10*i+10])...)
			if err != nil {
				t.Error(err)
			}
			for address, a := range answers {
				if a.complete == nil {
					t.Errorf("%s: %+v", address, a.err)
				}
			}
		})
	}
	wg.Wait()
	if busy > 12 {
		t.Errorf("the server complained %d times", busy)
	}
}

// G3: an account that is over its budget of server time waits as long as the server says,
// all of it, and everything is read in the end.
func TestBackOff(t *testing.T) {
	var mu sync.Mutex
	busy, all := 0, 0
	s := newSim(t, simtest.Config{Options: exchangesim.Options{
		EWSThrottling: exchangesim.Throttling{
			Cost: 10 * time.Millisecond, Burst: 200 * time.Millisecond, Cutoff: 100 * time.Millisecond, Recharge: 2 * time.Hour,
		},
		Observe: func(x exchangesim.Exchange) {
			mu.Lock()
			defer mu.Unlock()
			all++
			if strings.Contains(string(x.ResponseBody), "BackOffMilliseconds") {
				busy++
			}
		},
	}})
	var boxes []sdk.Mailbox
	for range 40 {
		boxes = append(boxes, s.mailbox(t, "Europe/London"))
	}
	answers, err := readAll(t, s.open(t, nil), windowsOf(boxes)...)
	if err != nil {
		t.Fatal(err)
	}
	for address, a := range answers {
		if a.complete == nil {
			t.Errorf("%s: %+v", address, a.err)
		}
	}
	if busy == 0 || busy > all/4 {
		t.Errorf("%d of %d requests were refused; want some, and few", busy, all)
	}
}

// discovered is an account at hosts that Autodiscover has to find.
func (s *sim) discovered(t *testing.T, changes map[string]any) sdk.Account {
	t.Helper()
	block := map[string]any{
		"autodiscover": true, "username": s.Options().EWSUser, "password": s.Options().EWSPassword, "ca_file": s.CAFile(),
	}
	for k, v := range changes {
		block[k] = v
	}
	data, err := json.Marshal(block)
	if err != nil {
		t.Fatal(err)
	}
	dial := func(ctx context.Context, _, address string) (net.Conn, error) {
		host, port, _ := net.SplitHostPort(address)
		if _, known := s.Options().Autodiscover[host]; (!known && host != "mail.lakeside.example") || port != "443" {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		var d net.Dialer
		return d.DialContext(ctx, "tcp", strings.TrimPrefix(s.URL(), "https://"))
	}
	account, err := exchangeonprem.NewDialing(dial).Open(t.Context(), sdk.OpenRequest{
		Name: "lakeside/exchange-onprem", MasterAccount: "calendar@lakeside.example", Settings: data,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = account.Close() })
	return account
}

// lakeside is the domain's hosts.
func lakeside(answer exchangesim.AutodiscoverAnswer) exchangesim.Options {
	return exchangesim.Options{
		TLS: true, Names: []string{"autodiscover.lakeside.example", "mail.lakeside.example"},
		Autodiscover: map[string]exchangesim.AutodiscoverAnswer{"autodiscover.lakeside.example": answer},
	}
}

// The server is found by the domain of the master account, by a trainer's address where
// the account has no mailbox, over both ways to sign in.
func TestAutodiscover(t *testing.T) {
	for _, auth := range []string{"basic", "ntlm"} {
		t.Run(auth, func(t *testing.T) {
			s := newSim(t, simtest.Config{Options: lakeside(exchangesim.AutodiscoverAnswer{EWSURL: "https://mail.lakeside.example/EWS/Exchange.asmx"})})
			m := s.mailbox(t, "Europe/London")
			account := s.discovered(t, map[string]any{"auth": auth})
			steps, checks := verify(t, account, m)
			if steps[1] != "autodiscover: passed" || !strings.Contains(checks[1].Observed, "mail.lakeside.example") || steps[len(steps)-1] != "write: passed" {
				t.Errorf("%v, %+v", steps, checks[1])
			}
			if results := writeAll(t, account, m, course("1")); results[0].Err != nil {
				t.Errorf("%v", results[0].Err)
			}
		})
	}
}

// Where Autodiscover leads astray, or nowhere, verify says what to do, and no password
// went there.
func TestAutodiscoverFails(t *testing.T) {
	for name, c := range map[string]struct {
		answer exchangesim.AutodiscoverAnswer
		advice string
	}{
		"to a host of others": {exchangesim.AutodiscoverAnswer{EWSURL: "https://evil.example/EWS/Exchange.asmx"}, "autodiscover_hosts"},
		"to nothing":          {exchangesim.AutodiscoverAnswer{ErrorCode: "603"}, "set url"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, simtest.Config{Options: lakeside(c.answer)})
			steps, checks := verify(t, s.discovered(t, nil), s.mailbox(t, "Europe/London"))
			want := []string{
				"settings: passed", "autodiscover: failed", "resolve: skipped", "tls: skipped", "schemes: skipped",
				"credentials: skipped", "api: skipped", "mailbox: skipped",
			}
			if diff := cmp.Diff(want, steps); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if !strings.Contains(checks[1].Advice, c.advice) {
				t.Errorf("%+v", checks[1])
			}
		})
	}
}

// auth-7: a wrong password is sent twice by reads that Autodiscover goes before.
func TestAutodiscoverWrongPassword(t *testing.T) {
	var seen handshakes
	options := lakeside(exchangesim.AutodiscoverAnswer{EWSURL: "https://mail.lakeside.example/EWS/Exchange.asmx"})
	options.Observe = seen.observe
	s := newSim(t, simtest.Config{Options: options})
	account := s.discovered(t, map[string]any{"password": "wrong-password"})
	for range 3 {
		_, err := readAll(t, account, windowsOf([]sdk.Mailbox{s.mailbox(t, "Europe/London"), s.mailbox(t, "Europe/London")})...)
		if !errors.Is(err, sdk.ErrCredentials) {
			t.Errorf("%v; want ErrCredentials", err)
		}
	}
	if seen.refused > 2 {
		t.Errorf("the password was sent %d times, want 2 at most", seen.refused)
	}
}

// G7: a server that never answers ends with the caller's patience.
func TestServerHangs(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	s.fault(t, exchangesim.Fault{Mode: exchangesim.FaultHang, Kind: "SyncFolderItems"})
	s.fault(t, exchangesim.Fault{Mode: exchangesim.FaultHang, Kind: "FindItem"})
	s.fault(t, exchangesim.Fault{Mode: exchangesim.FaultHang, Kind: "GetFolder"})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := s.open(t, nil).Read(ctx, windowsOf([]sdk.Mailbox{m}), func(e sdk.ReadPage) error {
		if e.Complete != nil {
			t.Errorf("read without an answer: %+v", e)
		}
		return nil
	})
	if !errors.Is(err, sdk.ErrUnavailable) {
		t.Errorf("%v; want ErrUnavailable", err)
	}
}

// A mailbox's own account needs neither role nor rights, and one without mailbox is none
// worse (I4).
func TestAccountsOfEveryKind(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	s.World().SetAccount(world.Account{User: m.Address, Password: "pw"})
	steps, _ := verify(t, s.open(t, map[string]any{"username": m.Address, "password": "pw"}), m)
	if steps[len(steps)-1] != "write: passed" {
		t.Errorf("%v", steps)
	}
}
