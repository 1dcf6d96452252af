//go:build unix

package host_test

import (
	"errors"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/host"
)

// Guard 1. One line on a plugin's standard error ends a host that leaves it to
// go-plugin's parser; ours lives on.
func TestHostileStderrLine(t *testing.T) {
	out, err := exec.Command(self(t), "plain-host").CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.Contains(string(out), "interface conversion") {
		t.Errorf("a host without the guard should panic (else the guard is no longer needed): %v\n%s", err, out)
	}
	o := options(t)
	o.Args = append(o.Args, "hostile")
	p := launch(t, o)
	if _, err := p.Describe(t.Context()); err != nil {
		t.Errorf("after hostile lines: %v", err)
	}
}

// Guard 2. go-plugin alone waits for ever for a stopped plugin to end.
func TestKillOfAHungPlugin(t *testing.T) {
	o := options(t)
	o.KillTimeout = 100 * time.Millisecond
	p := launch(t, o)
	stop(t, p.PID())
	p.Kill()
	<-p.Done()
}

func stop(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
}

// Guard 3. A host that is killed cannot end its plugins: they see it themselves.
func TestKilledHostLeavesNoPlugin(t *testing.T) {
	dir := runDir(t)
	cmd, line := other(t, "host", dir)
	if line != "running <nil>\n" {
		t.Fatal(line)
	}
	sockets, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(sockets) != 1 {
		t.Fatalf("sockets %v, %v", sockets, err)
	}
	first := dial(t, sockets[0])
	if first == nil {
		t.Fatal("the plugin does not run")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// A connection ends with the plugin; as long as it lives, the next one does not.
	for conn := first; conn != nil; conn = dial(t, sockets[0]) {
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
	}
}

// dial connects to a plugin's socket, nil when nobody listens.
func dial(t *testing.T, socket string) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil
	}
	return conn
}

// Guard 4. A call that never ends is ended, and its plugin can still be ended too.
func TestCallThatNeverEnds(t *testing.T) {
	o := options(t)
	o.CallTimeout = 50 * time.Millisecond
	p := launch(t, o)
	if err := read(t, p, "deaf"); !errors.Is(err, sdk.ErrPluginDied) {
		t.Errorf("a call that never ends: %v, want ErrPluginDied", err)
	}
	p.Kill()
	<-p.Done()
}

// Guard 4, too. A plugin that hangs as a whole no longer answers pings: it is killed,
// so that the supervisor starts another, and its calls end.
func TestHungPluginIsKilled(t *testing.T) {
	o := options(t)
	o.PingInterval, o.PingTimeout = 20*time.Millisecond, 500*time.Millisecond
	p := launch(t, o)
	a := opened(t, p, "deaf")
	failed := make(chan error, 1)
	go func() { failed <- readFrom(t, a) }()
	stop(t, p.PID())
	<-p.Done()
	if err := <-failed; !errors.Is(err, sdk.ErrPluginDied) {
		t.Errorf("the call in flight: %v, want ErrPluginDied", err)
	}
}

// A plugin that hangs right after the handshake is given up by ping, and the attempt's
// process goes with it.
func TestPluginThatHangsAfterTheHandshake(t *testing.T) {
	o := options(t)
	o.Args = []string{"half", filepath.Join(o.RunDir, "half.sock")}
	o.PingTimeout, o.KillTimeout = 100*time.Millisecond, 100*time.Millisecond
	if p, err := host.Launch(t.Context(), o); !errors.Is(err, sdk.ErrPluginDied) {
		t.Errorf("got %v, %v, want ErrPluginDied", p, err)
	}
	if conn := dial(t, o.Args[1]); conn != nil {
		t.Error("the process still runs")
		_ = conn.Close()
	}
}
