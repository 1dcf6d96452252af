package exchangesim_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// graphSteps is how many steps the probe has; fewer passes mean that it stopped early.
const graphSteps = 36

// graphNotes are the probe's observations where Microsoft's pages leave the answer open,
// as clients have seen them: a token that is none is refused with 400 or 410, a
// transaction id used twice for the same answers the first's event, and a stale version
// is refused with 412.
var graphNotes = []string{
	"NOTE garbage delta token -> 400 SyncStateInvalid",
	"NOTE same transactionId twice -> same event",
	"NOTE PATCH with a stale If-Match -> 412",
}

// TestProbeGraph lets Microsoft's own JavaScript client work through a calendar:
// create, read, page, follow deltas, change, batch and delete. Every step must pass, over
// http and over https, where the client follows links by itself.
func TestProbeGraph(t *testing.T) {
	probe := graphProbe(t)
	// The client itself refuses to follow links over plain http: one step less.
	for name, steps := range map[string]int{"http": graphSteps - 1, "https": graphSteps} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := exchangesim.Start(exchangesim.Options{TLS: name == "https"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			if _, err := s.World().AddMailbox(world.Profile{SMTP: "trainer1@example.org", Name: "Trainer One"}); err != nil {
				t.Fatal(err)
			}
			out := runGraphProbe(t, probe, s)
			if passed := bytes.Count(out, []byte("\nPASS ")) + 1; passed < steps {
				t.Fatalf("%d steps passed, want %d:\n%s", passed, steps, out)
			}
			for _, note := range graphNotes {
				if !bytes.Contains(out, []byte(note)) {
					t.Errorf("the probe did not observe %q:\n%s", note, out)
				}
			}
			if mails := s.Outbox(); len(mails) > 0 {
				t.Errorf("%d mails would have been sent, the first: %+v", len(mails), mails[0])
			}
		})
	}
}

// runGraphProbe runs the probe against a simulator and answers what it wrote.
func runGraphProbe(t *testing.T, probe string, s *exchangesim.Server) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), "node", filepath.Join(probe, "graph_probe.mjs"),
		"--base", s.GraphURL(), "--token-url", s.TokenURL(), "--user", "trainer1@example.org",
		"--client-id", s.Options().ClientID, "--client-secret", s.Options().ClientSecret,
		"--schema", filepath.Join(os.Getenv("TRAINERCAL_ORACLES"), "graph/graph-calendar.schema.json"))
	command.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+s.CAFile())
	out, err := command.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("ALL PASSED")) {
		t.Fatalf("the probe failed: %v\n%s", err, out)
	}
	return out
}

// graphProbe makes a folder with the probe and what it needs, or skips the test with
// the reason. The folder is kept in the user's cache, because npm is slow.
func graphProbe(t *testing.T) string {
	t.Helper()
	root := os.Getenv("TRAINERCAL_ORACLES")
	if root == "" {
		t.Skip("TRAINERCAL_ORACLES is not set: Microsoft's client does not probe the simulator")
	}
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed: Microsoft's client does not probe the simulator", program)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	dir := filepath.Join(cache, "trainercal", "graph-probe")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"package.json", "graph_probe.mjs"} {
		copyFile(t, filepath.Join(root, "probes", name), filepath.Join(dir, name))
	}
	installProbe(t, dir)
	return dir
}

func installProbe(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "ajv")); err == nil {
		return
	}
	command := exec.CommandContext(t.Context(), "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts")
	command.Dir = dir
	command.WaitDelay = time.Second
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("npm install for the probe: %v\n%s", err, out)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
