// Package systemd tells the service manager how the gateway is (sd_notify(3)): ready,
// reading its configuration again, stopping, and alive.
//
// Main types: [Notifier], which [FromEnvironment] makes. One without a socket tells
// nobody, so that callers need not ask who started them.
//
// It promises to do nothing but to send datagrams to the socket that the manager named.
//
// Neighbours: cli tells it what serve does; examples/systemd has the unit.
package systemd

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// Notifier tells the service manager.
type Notifier struct {
	socket string
	// watchdog is how often the manager wants to hear that the gateway is alive.
	watchdog time.Duration
	// monotonic is the machine's clock since its start.
	monotonic func() (time.Duration, error)
}

// FromEnvironment reads what a manager put into the environment, by lookup; see
// [os.LookupEnv].
func FromEnvironment(lookup func(string) (string, bool)) Notifier {
	n := Notifier{monotonic: monotonic}
	n.socket, _ = lookup("NOTIFY_SOCKET")
	if pid, ok := lookup("WATCHDOG_PID"); ok && pid != strconv.Itoa(os.Getpid()) {
		return n // it is another process that is watched
	}
	if text, ok := lookup("WATCHDOG_USEC"); ok {
		if usec, err := strconv.ParseInt(text, 10, 64); err == nil && usec > 0 {
			n.watchdog = time.Duration(usec) * time.Microsecond
		}
	}
	return n
}

// Ready tells that the gateway takes work, after its start or after a reload.
func (n Notifier) Ready() error { return n.send("READY=1") }

// Reloading tells that the configuration is read again; [Notifier.Ready] ends it. The
// manager wants the time of its own clock, to tell this reload from an earlier one.
func (n Notifier) Reloading() error {
	at, err := n.monotonic()
	if err != nil {
		return fmt.Errorf("read the clock for the service manager: %w", err)
	}
	return n.send("RELOADING=1", fmt.Sprintf("MONOTONIC_USEC=%d", at.Microseconds()))
}

// Stopping tells that the gateway ends its work.
func (n Notifier) Stopping() error { return n.send("STOPPING=1") }

// Watch tells that the gateway is alive, as often as the manager wants, for as long as
// alive answers true, until ctx ends.
func (n Notifier) Watch(ctx context.Context, alive func(context.Context) bool) {
	if n.socket == "" || n.watchdog == 0 {
		return
	}
	turns := time.NewTicker(n.watchdog / 2) // as sd_watchdog_enabled(3) recommends
	defer turns.Stop()
	for {
		if asked, cancel := context.WithTimeout(ctx, n.watchdog/2); alive(asked) {
			cancel()
			_ = n.send("WATCHDOG=1") // the manager notices by itself
		} else {
			cancel()
		}
		select {
		case <-ctx.Done():
			return
		case <-turns.C:
		}
	}
}

// send sends one datagram. An "@" begins the name of an abstract socket.
func (n Notifier) send(lines ...string) error {
	if n.socket == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	defer conn.Close() //nolint:errcheck // a datagram is sent or not
	if _, err := conn.Write([]byte(strings.Join(lines, "\n"))); err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	return nil
}
