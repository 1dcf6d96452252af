package host_test

import (
	"os"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/trainercal/trainercal/sdk/host"
	"github.com/trainercal/trainercal/sdk/serve"
)

// The test program is its own plugin, and its own host where a host must be killed:
// the first argument says what to be.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if role, known := roles[os.Args[1]]; known {
			role()
			return
		}
	}
	os.Exit(m.Run())
}

var roles = map[string]func(){
	"plugin": func() { serve.Main(&fake{}) },
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// runDir is a folder with a short path, for sockets.
func runDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// options run the test program as the plugin.
func options(t *testing.T) host.Options {
	return host.Options{
		Command: self(t), Args: []string{"plugin"}, RunDir: runDir(t),
		Logger: hclog.New(&hclog.LoggerOptions{Output: testWriter{t}, Level: hclog.Debug}),
	}
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	if w.t.Context().Err() == nil {
		w.t.Log(string(b))
	}
	return len(b), nil
}

func launch(t *testing.T, o host.Options) *host.Process {
	t.Helper()
	p, err := host.Launch(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}
