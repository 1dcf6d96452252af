package systemd

import (
	"context"
	"net"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// manager is a service manager's socket, and a notifier that knows it.
func manager(t *testing.T, env map[string]string) (*net.UnixConn, Notifier) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	env["NOTIFY_SOCKET"] = path
	n := FromEnvironment(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	n.monotonic = func() (time.Duration, error) { return 1234567 * time.Nanosecond, nil }
	return socket, n
}

func hear(t *testing.T, socket *net.UnixConn) string {
	t.Helper()
	text := make([]byte, 200)
	n, err := socket.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(text[:n])
}

func TestNotifier(t *testing.T) {
	socket, n := manager(t, map[string]string{})
	for want, tell := range map[string]func() error{
		"READY=1": n.Ready, "STOPPING=1": n.Stopping, "RELOADING=1\nMONOTONIC_USEC=1234": n.Reloading,
	} {
		if err := tell(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, hear(t, socket)); diff != "" {
			t.Error(diff)
		}
	}
}

// Who was not started by a manager tells nobody; who cannot tell says so.
func TestNobodyToTell(t *testing.T) {
	n := FromEnvironment(func(string) (string, bool) { return "", false })
	if err := n.Ready(); err != nil {
		t.Error(err)
	}
	n.Watch(t.Context(), nil) // returns at once
	n.socket = filepath.Join(t.TempDir(), "nobody")
	if n.Ready() == nil {
		t.Error("a socket that is not there is told without an error")
	}
}

// The watchdog hears of a gateway that is alive, and of no other.
func TestWatchdog(t *testing.T) {
	socket, n := manager(t, map[string]string{"WATCHDOG_USEC": "2000"})
	ctx, stop := context.WithCancel(t.Context())
	asked := 0
	n.Watch(ctx, func(context.Context) bool {
		asked++
		if asked == 3 {
			stop()
		}
		return asked == 2
	})
	if err := n.Stopping(); err != nil {
		t.Fatal(err)
	}
	if got := []string{hear(t, socket), hear(t, socket)}; !cmp.Equal(got, []string{"WATCHDOG=1", "STOPPING=1"}) {
		t.Errorf("the manager heard %q", got)
	}
	other := FromEnvironment(func(name string) (string, bool) {
		return map[string]string{"WATCHDOG_USEC": "1000", "WATCHDOG_PID": strconv.Itoa(1)}[name], true
	})
	if other.watchdog != 0 {
		t.Error("the watchdog of another process is fed")
	}
}
