package pluginhost

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/sdk"
)

// Process is a running plugin.
type Process interface {
	Describe(ctx context.Context) (sdk.Description, error)
	Open(ctx context.Context, req sdk.OpenRequest) (sdk.Account, error)
	// Flush has the plugin send what it buffers of its traces.
	Flush(ctx context.Context) error
	// Done is closed when the process has ended.
	Done() <-chan struct{}
	// Kill ends the process; it returns within seconds whatever the plugin does.
	Kill()
}

// Options are what a [Host] needs.
type Options struct {
	// Setup is the configuration's, until [Host.Prepare] brings another one.
	Setup
	// Known are refusals from before this process; Refused hears of each new one, and
	// Accepted of an account whose credentials are no longer refused. Both may be nil.
	Known    []Refusal
	Refused  func(Refusal)
	Accepted func(account, fingerprint string)
	// Now is the clock; nil for [time.Now].
	Now func() time.Time
	// Restart hears of the service whose plugin ended unexpectedly and is started again,
	// with the context of the work that needs it; nil for nobody.
	Restart func(ctx context.Context, service string)
}

// Host runs the plugins of one gateway. Its methods may be called at the same time.
type Host struct {
	opts Options

	mu sync.Mutex
	// current is the configuration in force; generations are that one, those that somebody
	// works with still, and those that are being prepared.
	current     *generation
	generations []*generation
	closed      bool
	// closing waits for what is closed in the background.
	closing sync.WaitGroup
	// refused holds, by credential fingerprint, why the server refused them.
	refused map[string]Refusal
}

// New makes a host. Nothing is started before it is needed.
func New(opts Options) *Host {
	if opts.Restart == nil {
		opts.Restart = func(context.Context, string) {}
	}
	if opts.Refused == nil {
		opts.Refused = func(Refusal) {}
	}
	if opts.Accepted == nil {
		opts.Accepted = func(string, string) {}
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	h := &Host{opts: opts, refused: map[string]Refusal{}}
	for _, r := range opts.Known {
		h.refused[r.Fingerprint] = r
	}
	h.current = h.next(opts.Setup)
	return h
}

// Describe returns what the service's plugin says of itself.
func (h *Host) Describe(ctx context.Context, service string) (sdk.Description, error) {
	held := h.Hold()
	defer held.Release()
	plugin, err := h.running(ctx, held.of, service)
	if err != nil {
		return sdk.Description{}, err
	}
	return plugin.description, nil
}

// running returns the live process of a service in a generation.
func (h *Host) running(ctx context.Context, g *generation, service string) (*instance, error) {
	h.mu.Lock()
	s := h.supervise(g, service)
	h.mu.Unlock()
	if s == nil {
		return nil, errStopping()
	}
	return s.running(ctx)
}

// Account returns the account named "provider/service", opened in a running
// plugin. It implements [runner.Accounts]. The account is the host's: the caller
// does not close it.
func (h *Host) Account(ctx context.Context, name string) (runner.Account, error) {
	held := h.Hold()
	defer held.Release()
	return held.Account(ctx, name)
}

func (h *Host) account(ctx context.Context, g *generation, name string) (runner.Account, error) {
	o, err := h.open(ctx, g, name, false)
	if err != nil {
		return runner.Account{}, err
	}
	if refusal := h.refusal(o); refusal != nil {
		return runner.Account{}, refusal
	}
	return runner.Account{Account: &guarded{host: h, opened: o}, Identity: o.identity}, nil
}

// Verified returns the account for an operator's verify, which tries refused
// credentials again. When they pass, the account works again.
func (h *Host) Verified(ctx context.Context, name string) (sdk.Account, error) {
	held := h.Hold()
	defer held.Release()
	o, err := h.open(ctx, held.of, name, true)
	if err != nil {
		return nil, err
	}
	return &guarded{host: h, opened: o, forced: true}, nil
}

// Fingerprint is a digest of everything that an account is opened with, contents of
// files with credentials included (auth-5). It starts the plugin and reaches no server.
func (h *Host) Fingerprint(ctx context.Context, name string) (string, error) {
	held := h.Hold()
	defer held.Release()
	s, known := held.of.slots[name]
	if !known {
		return "", sdk.CodeInvalidSettings.New("no account %s is configured", name)
	}
	process, err := h.running(ctx, held.of, s.spec.Service)
	if err != nil {
		return "", err
	}
	settings, err := s.settings(process)
	if err != nil {
		return "", err
	}
	return credentialsOf(s.spec, settings), nil
}

// Forgive lets an account's refused credentials be tried again, after somebody saw that
// they are good.
func (h *Host) Forgive(ctx context.Context, name string) error {
	held := h.Hold()
	defer held.Release()
	o, err := h.open(ctx, held.of, name, true)
	if err != nil {
		return err
	}
	h.forgive(o)
	return nil
}

// Flush has all running plugins send what they buffer of their traces, so that a
// finished run can be read whole.
func (h *Host) Flush(ctx context.Context) error {
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	for _, s := range h.all() {
		wg.Go(func() {
			plugin := s.live(ctx)
			if plugin == nil {
				return
			}
			if err := plugin.Flush(ctx); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Close ends all plugins, and whatever waits for one. It is safe to call twice.
func (h *Host) Close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	var wg sync.WaitGroup
	for _, s := range h.all() {
		wg.Go(s.close)
	}
	wg.Wait()
	h.closing.Wait()
}

func (h *Host) all() []*supervisor {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := map[*supervisor]bool{}
	for _, g := range h.generations {
		for _, s := range g.supervisors {
			all[s] = true
		}
	}
	return slices.Collect(maps.Keys(all))
}
