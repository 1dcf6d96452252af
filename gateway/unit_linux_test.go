package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The unit is one that systemd understands whole, and as closed as it can be; both are
// judged by its own tool, where there is one.
func TestUnitIsJudged(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	text, err := os.ReadFile("../examples/systemd/gateway.service")
	if err != nil {
		t.Fatal(err)
	}
	// A program that is there, instead of the one that is installed.
	unit := filepath.Join(t.TempDir(), "gateway.service")
	if err := os.WriteFile(unit, []byte(strings.ReplaceAll(string(text), "/opt/trainercal/gateway ", "/bin/true ")), 0o600); err != nil {
		t.Fatal(err)
	}
	// It tells of the machine's other units too, which are none of ours.
	out, err := exec.CommandContext(t.Context(), analyze, "verify", unit).CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "gateway.service") {
		t.Errorf("systemd-analyze verify says\n%s", out)
	}
	const threshold = "15" // 1.5 of 10
	if out, err := exec.CommandContext(t.Context(), analyze, "security", "--offline=yes", "--threshold="+threshold, unit).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}
