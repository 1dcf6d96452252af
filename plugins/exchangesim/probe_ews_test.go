package exchangesim_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/plugins/internal/oracle"
)

// python is the system's interpreter: exchangelib comes as a package of the system.
const python = "/usr/bin/python3"

// ewsSteps is how many steps the probe has; fewer passes mean that it stopped early.
const ewsSteps = 29

// withNTLM runs the probe with NTLM in the place of Basic. Its client binds the sign-in to
// the server's certificate by an implementation of its own.
const withNTLM = `import runpy, sys, exchangelib
exchangelib.BASIC = exchangelib.NTLM
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")`

// TestProbeEWS lets a foreign client, exchangelib, work through a calendar: create,
// read, change, synchronise and delete, with series and whole days. Every step must
// pass in every way to sign in and to reach a mailbox, and every answer must be valid
// by Microsoft's schema. What the client sends is its own affair: it starts with a
// version that the schema does not know.
func TestProbeEWS(t *testing.T) {
	probe := exchangelibProbe(t)
	full, impersonation := []string{"--access", "delegate"}, []string{"--access", "impersonation"}
	bound := exchangesim.Options{TLS: true, EWSProtection: exchangesim.ProtectionRequire, EWSSchemes: []string{"Negotiate", "NTLM"}}
	for _, tt := range []struct {
		name    string
		options exchangesim.Options
		ntlm    bool
		args    []string
	}{
		{"full access", exchangesim.Options{}, false, full},
		{"impersonation", exchangesim.Options{}, false, impersonation},
		{"OAuth", exchangesim.Options{}, false, []string{"--auth", "oauth"}},
		{"full access over TLS", exchangesim.Options{TLS: true}, false, full},
		{"impersonation over TLS", exchangesim.Options{TLS: true}, false, impersonation},
		{"full access with NTLM", bound, true, full},
		{"impersonation with NTLM", bound, true, impersonation},
		{"Exchange 2013", exchangesim.Options{EWSServer: "2013"}, false, full},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var answers oracle.EWS
			s := startForProbe(t, tt.options, &answers)
			opts := s.Options()
			args := []string{probe}
			if tt.ntlm {
				args = []string{"-c", withNTLM, probe}
			}
			args = append(append(args,
				"--url", strings.ToLower(s.EWSURL()), "--mailbox", "trainer1@example.org",
				"--user", opts.EWSUser, "--password", opts.EWSPassword,
				"--token-url", s.TokenURL(), "--client-id", opts.ClientID, "--client-secret", opts.ClientSecret,
			), tt.args...)
			cmd := exec.CommandContext(t.Context(), python, args...)
			cmd.Env = os.Environ()
			if opts.TLS {
				cmd.Env = append(cmd.Env, "REQUESTS_CA_BUNDLE="+s.CAFile())
			}
			out, err := cmd.CombinedOutput()
			if err != nil || !bytes.Contains(out, []byte("ALL PASSED")) {
				t.Fatalf("the probe failed: %v\n%s", err, out)
			}
			if passed := bytes.Count(out, []byte("PASS ")); passed < ewsSteps {
				t.Fatalf("%d steps passed, want %d:\n%s", passed, ewsSteps, out)
			}
			if mails := s.Outbox(); len(mails) > 0 {
				t.Errorf("%d mails would have been sent, the first: %+v", len(mails), mails[0])
			}
			answers.Check(t)
		})
	}
}

// exchangelibProbe finds the probe, or skips the test with the reason.
func exchangelibProbe(t *testing.T) string {
	t.Helper()
	root := os.Getenv("TRAINERCAL_ORACLES")
	if root == "" {
		t.Skip("TRAINERCAL_ORACLES is not set: exchangelib does not probe the simulator")
	}
	if err := exec.CommandContext(t.Context(), python, "-c", "import exchangelib").Run(); err != nil {
		t.Skip("exchangelib is not installed (Debian: python3-exchangelib): it does not probe the simulator")
	}
	return filepath.Join(root, "probes/exchangelib_probe.py")
}

// startForProbe serves a world with one trainer, and collects the answers over EWS.
func startForProbe(t *testing.T, options exchangesim.Options, answers *oracle.EWS) *exchangesim.Server {
	t.Helper()
	options.Observe = func(x exchangesim.Exchange) {
		if x.Protocol == "ews" && strings.Contains(x.ResponseHeader.Get("Content-Type"), "xml") {
			answers.Collect("answer to "+x.RequestHeader.Get("User-Agent"), x.ResponseBody)
		}
	}
	s, err := exchangesim.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the simulator: %v", err)
		}
	})
	if _, err := s.World().AddMailbox(world.Profile{SMTP: "trainer1@example.org", Name: "Trainer One"}); err != nil {
		t.Fatal(err)
	}
	return s
}
