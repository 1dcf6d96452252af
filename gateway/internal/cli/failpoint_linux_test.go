package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestKilledAnywhere kills the gateway, or its plugins, at every moment that matters:
// before, within and after each call to a plugin, and on both sides of each commit of
// the state. The next sync ends as if nobody had been killed, with no item twice (L2,
// P6, push-10). Few of the moments are tried unless TRAINERCAL_LONG or
// TRAINERCAL_KILLS is set.
func TestKilledAnywhere(t *testing.T) {
	gateway := gatewayWithFailpoints(t)
	for _, scenario := range killScenarios {
		t.Run(scenario.name, func(t *testing.T) {
			killWork{prepare: scenario.prepare, command: []string{"sync"}, fewest: 20, tried: 8}.everywhere(t, gateway)
		})
	}
}

// gatewayWithFailpoints is a gateway that can be killed at its failpoints, beside which
// its plugins lie.
func gatewayWithFailpoints(t *testing.T) string {
	t.Helper()
	name, err := buildWithFailpoints()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

var buildWithFailpoints = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(programs, "failpoints")
	name := filepath.Join(dir, "gateway")
	if out, err := exec.Command("go", "build", "-tags", "failpoints", "-o", name, "../..").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the gateway with failpoints: %w\n%s", err, out)
	}
	plugins, err := filepath.Glob(filepath.Join(programs, "gateway-plugin-*"))
	if err != nil || len(plugins) == 0 {
		return "", fmt.Errorf("no plugins in %s: %w", programs, err)
	}
	for _, p := range plugins {
		if err := os.Symlink(p, filepath.Join(dir, filepath.Base(p))); err != nil {
			return "", err
		}
	}
	return name, nil
})

// points runs a command and returns the failpoints that it reached in order, each
// as NAME:N for its N-th time.
func (r *killRig) points(gateway string, command []string) []string {
	r.t.Helper()
	log := filepath.Join(r.dir, "failpoints")
	r.run(gateway, command, false, "TRAINERCAL_FAILPOINT_LOG="+log)
	text, err := os.ReadFile(log)
	if err != nil {
		r.t.Fatal(err)
	}
	times := map[string]int{}
	var points []string
	for _, name := range strings.Fields(string(text)) {
		times[name]++
		points = append(points, fmt.Sprintf("%s:%d", name, times[name]))
	}
	return points
}

// run makes a command, which ends by itself, or dies at the failpoint. It may fail where
// plugins are killed again and again: then the next one does what is left.
func (r *killRig) run(gateway string, command []string, dies bool, env string) {
	r.t.Helper()
	cmd := exec.Command(gateway, append(slices.Clone(command), "--json")...)
	cmd.Dir, cmd.Env = r.dir, append(r.env[:len(r.env):len(r.env)], env)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	killed := exit != nil && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
	if killed != dies {
		r.t.Fatalf("killed: %v, want %v (%v)\n%s", killed, dies, err, out)
	}
}

// nothingLeft checks that a further run writes nothing (P1).
func (r *killRig) nothingLeft() {
	r.t.Helper()
	var run runJSON
	if err := json.Unmarshal(r.command("sync", "--json"), &run); err != nil {
		r.t.Fatal(err)
	}
	if run.Totals.Writes != 0 {
		r.t.Errorf("a further run writes %d items", run.Totals.Writes)
	}
}
