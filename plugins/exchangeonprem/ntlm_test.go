package exchangeonprem_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
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
			t.Parallel() // most of it waits
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
