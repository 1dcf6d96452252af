package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// What a command asks of the running serve, one JSON value on the control socket.
type request struct {
	// Version is the asking program's: both ends must be of the same release.
	Version   string    `json:"version"`
	Operation operation `json:"operation"`
	Filter    Filter    `json:"filter"`
	Work      *work     `json:"work,omitempty"`
	Pause     *pausing  `json:"pause,omitempty"`
	Retry     *scope    `json:"retry,omitempty"`
	// Forget is a trainer to erase.
	Forget *platform.TrainerID `json:"forget,omitempty"`
	Import *store.Batch        `json:"import,omitempty"`
	// Verified are the logs of a verification; where an account passed, its credentials
	// may be tried again.
	Verified []store.Verification `json:"verified,omitempty"`
	Accounts []string             `json:"accounts,omitempty"`
	// Approved are removals that an operator was shown.
	Approved *approved `json:"approved,omitempty"`
	// LogLevel is that to set; empty to ask.
	LogLevel string `json:"log_level,omitempty"`
}

type operation string

const (
	opSync     operation = "sync"
	opImport   operation = "import"
	opVerified operation = "verified"
	opApprove  operation = "approve"
	opWork     operation = "work"
	opPause    operation = "pause"
	opRetry    operation = "retry"
	opForget   operation = "forget"
	opPing     operation = "ping"
	opReload   operation = "reload"
	opLogLevel operation = "log-level"
)

// reply is one JSON value of the answer. All but the last have Trainer or Event.
type reply struct {
	Trainer  *store.RunTrainer   `json:"trainer,omitempty"`
	Event    string              `json:"event,omitempty"`
	Run      *store.Run          `json:"run,omitempty"`
	Imported *store.ImportResult `json:"imported,omitempty"`
	Pong     *Serving            `json:"pong,omitempty"`
	Paused   *store.Pause        `json:"paused,omitempty"`
	Retried  *Retried            `json:"retried,omitempty"`
	// Forgotten is what was erased.
	Forgotten *Forgotten `json:"forgotten,omitempty"`
	// Reload is what became of a reload.
	Reload *Reload `json:"reload,omitempty"`
	// LogLevel is that of the serve.
	LogLevel *LogLevel `json:"log_level,omitempty"`
	Error    string    `json:"error,omitempty"`
}

func (r reply) last() bool {
	return r.Trainer == nil && r.Event == ""
}

// Serving says what the running serve is.
type Serving struct {
	Version string    `json:"version"`
	PID     int       `json:"pid"`
	Since   time.Time `json:"since"`
	// Config is a digest of the configuration it runs with, Configured when that was
	// loaded: at its start, or by the last reload.
	Config     string    `json:"config"`
	Configured time.Time `json:"configured"`
	Engine     bool      `json:"engine"`
	// Interval is how often it runs by itself.
	Interval Interval `json:"interval"`
	// LogLevel is the level from which it logs.
	LogLevel string `json:"log_level"`
	// Certificate is what its API answers with over TLS; absent without.
	Certificate *Certificate `json:"certificate,omitempty"`
}

// Interval is a duration that is written as the configuration writes it, "15m".
type Interval time.Duration

// String writes the interval without what is zero.
func (i Interval) String() string {
	text := time.Duration(i).String()
	if whole, ok := strings.CutSuffix(text, "m0s"); ok {
		text = whole + "m"
	}
	if whole, ok := strings.CutSuffix(text, "h0m"); ok {
		text = whole + "h"
	}
	return text
}

// MarshalText writes what [Interval.String] does.
func (i Interval) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads it again.
func (i *Interval) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*i = Interval(d)
	return err
}

// Limits of the control socket. Only the gateway's own user can reach it; they keep
// a mistake from filling the memory or from blocking the gateway's end.
const (
	maxControlBytes = 256 << 20
	requestPatience = 30 * time.Second
)

// errNoServe: nobody listens on the control socket.
var errNoServe = errors.New("no gateway serve is running on this state")

// control is the serve's end of the socket.
type control struct {
	listener net.Listener
	answer   func(ctx context.Context, req request, send func(reply)) reply
	log      hclog.Logger
	wait     sync.WaitGroup
}

// acceptPause is how long the serve waits after a command could not be taken.
const acceptPause = time.Second

// listenControl starts to take requests. The caller owns the state, so a socket that
// is there already is a dead process's.
func listenControl(p paths, log hclog.Logger, answer func(context.Context, request, func(reply)) reply) (*control, error) {
	if err := p.makeRunDir(); err != nil {
		return nil, err
	}
	if err := os.Remove(p.control()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove the socket of an earlier serve: %w", err)
	}
	listener, err := net.Listen("unix", p.control())
	if err != nil {
		return nil, fmt.Errorf("listen for other commands: %w", err)
	}
	if err := os.Chmod(p.control(), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("protect the control socket: %w", err), listener.Close())
	}
	return &control{listener: listener, answer: answer, log: log}, nil
}

// serve takes requests until the listener is closed, and returns when all are
// answered.
func (c *control) serve(ctx context.Context) error {
	defer c.wait.Wait()
	for {
		conn, err := c.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			// Too many open files, for example: it goes away with what caused it, and the
			// engine is not to end for the lack of a command.
			c.log.Warn("a command could not be taken from the control socket; it is tried again", "error", err)
			if sleep(ctx, acceptPause) != nil {
				return nil
			}
			continue
		}
		c.wait.Go(func() { c.handle(ctx, conn) })
	}
}

// handle answers one request. A command that went away does not stop what it began:
// the run is recorded like any other.
func (c *control) handle(ctx context.Context, conn net.Conn) {
	defer conn.Close() //nolint:errcheck // the answer was sent or nobody reads it
	encoder := json.NewEncoder(conn)
	var req request
	_ = conn.SetReadDeadline(time.Now().Add(requestPatience))
	if err := json.NewDecoder(io.LimitReader(conn, maxControlBytes)).Decode(&req); err != nil {
		_ = encoder.Encode(reply{Error: "the request could not be read"})
		return
	}
	send := func(r reply) {
		_ = conn.SetWriteDeadline(time.Now().Add(requestPatience))
		_ = encoder.Encode(r)
	}
	send(c.answer(ctx, req, send))
}

// ask sends a request to the running serve and returns its last reply; each hears of
// the others. Without a serve it answers errNoServe.
func ask(ctx context.Context, p paths, req request, each func(reply)) (reply, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", p.control())
	if err != nil {
		return reply{}, errNoServe
	}
	defer conn.Close() //nolint:errcheck // only read from
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	if err := json.NewEncoder(conn).Encode(req); err != nil {
		return reply{}, lost(ctx, err)
	}
	decoder := json.NewDecoder(conn)
	for {
		var r reply
		if err := decoder.Decode(&r); err != nil {
			return reply{}, lost(ctx, err)
		}
		switch {
		case r.Error != "":
			return r, errors.New(r.Error)
		case r.last():
			return r, nil
		}
		each(r)
	}
}

func lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("stopped waiting; the work goes on in the running gateway serve, see gateway runs: %w", ctx.Err())
	}
	return fmt.Errorf("the running gateway serve ended before it answered; see gateway runs: %w", err)
}
