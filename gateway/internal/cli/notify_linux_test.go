package cli

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A service manager hears when serve is ready, reads its configuration again, is alive,
// and stops.
func TestServiceManagerIsTold(t *testing.T) {
	dir := t.TempDir()
	if err := copyFixtures(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.Close() }()
	serve := exec.CommandContext(t.Context(), filepath.Join(programs, "gateway"), "serve")
	serve.Dir = dir
	serve.Env = append(os.Environ(), "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=1000000")
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	// expect waits for a message that begins so; the watchdog's come in between.
	expect := func(want string) {
		t.Helper()
		text := make([]byte, 200)
		for {
			n, err := socket.Read(text)
			if err != nil {
				t.Fatal(err)
			}
			got := string(text[:n])
			if strings.HasPrefix(got, want) {
				return
			}
			if got != "WATCHDOG=1" {
				t.Fatalf("the manager heard %q, want %q", got, want)
			}
		}
	}
	signal := func(s os.Signal) {
		t.Helper()
		if err := serve.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	expect("READY=1")
	expect("WATCHDOG=1")
	signal(syscall.SIGHUP)
	expect("RELOADING=1\nMONOTONIC_USEC=")
	expect("READY=1")
	signal(syscall.SIGTERM)
	expect("STOPPING=1")
	if err := serve.Wait(); err != nil {
		t.Error(err)
	}
}
