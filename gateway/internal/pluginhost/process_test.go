//go:build unix

package pluginhost

import (
	"os"
	"syscall"
	"testing"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/sdk/host"
)

// realHost runs the test program as the plugin of caldav.
func realHost(t *testing.T) *Host {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	runDir, err := os.MkdirTemp("", "ph") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(runDir) })
	cfg := load(t, twoAccounts)
	launcher := Launcher{
		Plugins:   []config.Plugin{{Service: "caldav", Command: own, Env: []string{asPlugin, "UNSET"}}},
		RunDir:    runDir,
		LookupEnv: func(name string) (string, bool) { return "1", name == asPlugin },
	}
	h := New(Options{Setup: Setup{Launch: launcher.Launch, Accounts: specs(cfg), Eval: cfg.EvalContext}})
	t.Cleanup(h.Close)
	return h
}

// TestRealProcess: a plugin that is killed is started again, and the account works.
func TestRealProcess(t *testing.T) {
	h := realHost(t)
	if err := readOne(t, h, "a/caldav"); err != nil {
		t.Fatal(err)
	}
	first := h.current.supervisors["caldav"].current
	pid := first.Process.(*host.Process).PID()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-first.Done()
	if err := readOne(t, h, "a/caldav"); err != nil {
		t.Fatalf("after the kill: %v", err)
	}
	if again := h.current.supervisors["caldav"].current.Process.(*host.Process).PID(); again == pid {
		t.Error("the process is the one that was killed")
	}
	if err := h.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	if diags := h.Validate(t.Context()); diags.HasErrors() {
		t.Error(diags)
	}
}

// TestRealProgramIsMissing: the launcher's error says which program and what to do.
func TestRealProgramIsMissing(t *testing.T) {
	l := Launcher{Finder: Finder{Dir: t.TempDir()}}
	h := New(Options{Setup: Setup{Launch: l.Launch}})
	defer h.Close()
	if _, err := h.Describe(t.Context(), "caldav"); err == nil {
		t.Error("a plugin without a program was started")
	}
}
