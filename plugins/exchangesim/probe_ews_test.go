package exchangesim_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trainercal/trainercal/plugins/exchangesim/internal/ews"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/plugins/internal/oracle"
)

// python is the system's interpreter: exchangelib comes as a package of the system.
const python = "/usr/bin/python3"

// TestProbeEWS lets a foreign client, exchangelib, work through a calendar: create,
// read, change, synchronise and delete, with series and whole days. Every step must
// pass in every way to sign in and to reach a mailbox, and every answer must be valid
// by Microsoft's schema.
func TestProbeEWS(t *testing.T) {
	probe := exchangelibProbe(t)
	for _, tt := range []struct {
		name string
		args []string
	}{
		{"full access", []string{"--access", "delegate"}},
		{"impersonation", []string{"--access", "impersonation"}},
		{"OAuth", []string{"--auth", "oauth", "--client-id", "app", "--client-secret", "secret"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var messages oracle.EWS
			url := startEWS(t, &messages)
			args := append([]string{
				probe, "--url", url + "/ews/exchange.ASMX", "--token-url", url + "/token",
				"--user", `EXAMPLE\svc`, "--password", "pw", "--mailbox", "trainer1@example.org",
			}, tt.args...)
			out, err := exec.CommandContext(t.Context(), python, args...).CombinedOutput()
			if err != nil || !bytes.Contains(out, []byte("ALL PASSED")) {
				t.Fatalf("the probe failed: %v\n%s", err, out)
			}
			t.Logf("%s", out)
			messages.Check(t)
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

// startEWS serves a world with one trainer and a master account over EWS, with a
// token endpoint beside it.
func startEWS(t *testing.T, messages *oracle.EWS) (url string) {
	t.Helper()
	w := world.New(world.Options{})
	if _, err := w.AddMailbox(world.Profile{SMTP: "trainer1@example.org", Name: "Trainer One"}); err != nil {
		t.Fatal(err)
	}
	w.SetAccount(world.Account{
		User: "svc@example.org", Aliases: []string{`EXAMPLE\svc`}, Password: "pw",
		Default: world.Access{Full: true, Impersonate: true},
	})
	issued := rand.Text()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(rw http.ResponseWriter, r *http.Request) {
		if id, secret, _ := r.BasicAuth(); id != "app" && r.FormValue("client_id") != "app" || secret != "secret" && r.FormValue("client_secret") != "secret" {
			http.Error(rw, `{"error":"invalid_client"}`, http.StatusUnauthorized)
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(rw).Encode(map[string]any{"token_type": "Bearer", "expires_in": 3599, "access_token": issued})
	})
	mux.Handle("/", ews.New(ews.Options{
		World: w,
		Token: func(token string) bool { return token == issued },
		Observe: func(o ews.Observation) {
			messages.Collect(o.Operation+" answer "+strings.Join(o.Mailboxes, ","), o.Answer)
		},
	}))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}
