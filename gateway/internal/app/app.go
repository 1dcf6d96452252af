package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/hcl/v2"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/live"
	"github.com/trainercal/trainercal/gateway/internal/pluginhost"
	"github.com/trainercal/trainercal/gateway/internal/scheduler"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
	"github.com/trainercal/trainercal/gateway/internal/telemetry"
	"github.com/trainercal/trainercal/gateway/internal/tlsfiles"
)

// Options are what a gateway takes from its surroundings.
type Options struct {
	// Version is the program's.
	Version string
	Log     hclog.Logger
	// Now is the clock; nil for [time.Now].
	Now func() time.Time
	// Load reads the configuration anew for a reload; nil where there is none.
	Load func() (*config.Config, hcl.Diagnostics)
	// Reloading hears that a reload begins, and over that it ended; nil for nobody.
	Reloading func() (over func())
}

// App is a gateway. Its parts start when a method first needs them, and stop with
// [App.Close]. It is safe for concurrent use.
type App struct {
	// config is replaced whole by a reload; what runs takes it once and keeps to it.
	config atomic.Pointer[config.Config]
	opts   Options
	paths  paths

	// mu guards the parts below, which are nil until they are needed.
	mu        sync.Mutex
	state     store.Store
	reader    store.Store
	host      *pluginhost.Host
	telemetry *telemetry.Telemetry
	runDir    string
	// prometheus is where serve answers Prometheus; nil for nowhere.
	prometheus net.Listener
	// restarts counts plugins that ended; nil without telemetry.
	restarts *telemetry.Metrics
	// live watches calendars while serve runs; nil otherwise.
	live atomic.Pointer[live.Live]
	// dispatcher looks for who is due while serve runs; nil otherwise.
	dispatcher atomic.Pointer[scheduler.Dispatcher]

	// certificate is what the API answers with over TLS; nil without.
	certificate atomic.Pointer[tlsfiles.Certificate]

	// claiming lets one command at a time wait for trainers.
	claiming sync.Mutex
	// reloading lets one reload happen at a time.
	reloading sync.Mutex
	// reloaded is closed by the next reload; configured is when the last one was. Both are
	// guarded by mu.
	reloaded   chan struct{}
	configured time.Time
	// pruned is when old runs and traces were last deleted, in nanoseconds since 1970.
	pruned atomic.Int64
}

// New makes a gateway of a checked configuration. Nothing is started.
func New(cfg *config.Config, opts Options) *App {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Reloading == nil {
		opts.Reloading = func() func() { return func() {} }
	}
	a := &App{opts: opts, paths: pathsOf(cfg.State.Path), reloaded: make(chan struct{}), configured: opts.Now()}
	a.config.Store(cfg)
	return a
}

// Config is the configuration in force.
func (a *App) Config() *config.Config { return a.config.Load() }

// newID makes the random id of a run or of an item's generation.
func newID() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails: see crypto/rand
	return hex.EncodeToString(id[:])
}

// own takes the state's lock, or answers [store.ErrLocked].
func (a *App) own(ctx context.Context) (store.Store, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state != nil {
		return a.state, nil
	}
	state, err := sqlite.Open(ctx, a.Config().State.Path)
	if err != nil {
		return nil, fmt.Errorf("open the state %s: %w", a.Config().State.Path, err)
	}
	state.UseClock(a.opts.Now)
	if err := a.retime(ctx, state); err != nil {
		return nil, errors.Join(err, state.Close())
	}
	a.state = state
	return state, nil
}

// read opens the state for reading. Where there is none yet, it is empty.
func (a *App) read(ctx context.Context) (store.Store, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state != nil {
		return a.state, nil
	}
	if a.reader != nil {
		return a.reader, nil
	}
	reader, err := sqlite.OpenReadOnly(ctx, a.Config().State.Path)
	if errors.Is(err, store.ErrNotFound) {
		return noState{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the state %s for reading: %w", a.Config().State.Path, err)
	}
	a.reader = reader
	return reader, nil
}

// closePatience bounds what closing waits for besides the plugins, whose end is
// bounded by itself.
const closePatience = 10 * time.Second

// Close stops what was started: plugins first, so that their last spans are taken in,
// then telemetry, then the state. It is safe to call twice.
func (a *App) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), closePatience)
	defer cancel()
	var errs []error
	if a.host != nil {
		a.host.Close()
	}
	if a.telemetry != nil {
		errs = append(errs, a.telemetry.Close(ctx))
	}
	for _, s := range []store.Store{a.reader, a.state} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	if a.runDir != "" {
		errs = append(errs, os.RemoveAll(a.runDir))
	}
	a.host, a.telemetry, a.reader, a.state, a.runDir = nil, nil, nil, nil, ""
	return errors.Join(errs...)
}
