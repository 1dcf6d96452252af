package exchangeonprem_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangeonprem"
	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
)

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

// A trainer's address in another domain than the master account's leads the password
// nowhere, whatever answers there.
func TestAutodiscoverStaysInTheAccountsDomain(t *testing.T) {
	var sent atomic.Int32
	s := newSim(t, simtest.Config{Options: exchangesim.Options{
		TLS: true, Names: []string{"evil.example", "mail.lakeside.example"},
		Autodiscover: map[string]exchangesim.AutodiscoverAnswer{"evil.example": {EWSURL: "https://evil.example/EWS/Exchange.asmx"}},
		Observe: func(x exchangesim.Exchange) {
			if x.Authorized {
				sent.Add(1)
			}
		},
	}})
	m := sdk.Mailbox{Address: "trainer@evil.example", TimeZone: "Europe/London"}
	if _, err := s.World().AddMailbox(world.Profile{SMTP: m.Address, Zone: m.TimeZone}); err != nil {
		t.Fatal(err)
	}
	for _, auth := range []string{"basic", "ntlm"} {
		steps, checks := verify(t, s.discovered(t, map[string]any{"auth": auth}), m)
		if steps[1] != "autodiscover: failed" || checks[1].Advice == "" {
			t.Errorf("%s: %v, %+v", auth, steps, checks[1])
		}
	}
	if n := sent.Load(); n != 0 {
		t.Errorf("credentials were sent %d times", n)
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
