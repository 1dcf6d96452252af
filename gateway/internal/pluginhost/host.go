package pluginhost

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/sdk"
)

// Process is a running plugin.
type Process interface {
	Describe(ctx context.Context) (sdk.Description, error)
	Open(ctx context.Context, req sdk.OpenRequest) (sdk.Account, error)
	// Done is closed when the process has ended.
	Done() <-chan struct{}
	// Kill ends the process; it returns within seconds whatever the plugin does.
	Kill()
}

// Options are what a [Host] needs.
type Options struct {
	// Launch starts the plugin of a service.
	Launch func(ctx context.Context, service string) (Process, error)
	// Accounts are all accounts of the configuration.
	Accounts []Spec
	// Eval evaluates the expressions in settings.
	Eval *hcl.EvalContext
	Now  func() time.Time
	// Event hears of plugins that ended or were started again; nil for nobody.
	Event func(text string)
}

// Host runs the plugins of one gateway.
type Host struct {
	opts  Options
	specs map[string]Spec

	mu          sync.Mutex
	supervisors map[string]*supervisor
	opened      map[string]*opened
	// refused holds, by credential fingerprint, why the server refused them.
	refused map[string]*sdk.Error
}

// New makes a host. Nothing is started before it is needed.
func New(opts Options) *Host {
	if opts.Event == nil {
		opts.Event = func(string) {}
	}
	h := &Host{
		opts: opts, specs: map[string]Spec{},
		supervisors: map[string]*supervisor{}, opened: map[string]*opened{}, refused: map[string]*sdk.Error{},
	}
	for _, s := range opts.Accounts {
		h.specs[s.Name] = s
	}
	return h
}

// Describe returns what the service's plugin says of itself.
func (h *Host) Describe(ctx context.Context, service string) (sdk.Description, error) {
	_, d, err := h.supervisor(service).running(ctx)
	return d, err
}

func (h *Host) supervisor(service string) *supervisor {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, ok := h.supervisors[service]
	if !ok {
		s = &supervisor{service: service, opts: h.opts}
		h.supervisors[service] = s
	}
	return s
}

// Account returns the account named "provider/service", opened in a running
// plugin. It implements [runner.Accounts]. The account is the host's: the caller
// does not close it.
func (h *Host) Account(ctx context.Context, name string) (runner.Account, error) {
	o, err := h.open(ctx, name, true)
	if err != nil {
		return runner.Account{}, err
	}
	return runner.Account{Account: &guarded{host: h, opened: o}, Identity: o.identity}, nil
}

// Verified returns the account for an operator's verify, which tries refused
// credentials again.
func (h *Host) Verified(ctx context.Context, name string) (sdk.Account, error) {
	o, err := h.open(ctx, name, false)
	if err != nil {
		return nil, err
	}
	h.forgive(o)
	return &guarded{host: h, opened: o}, nil
}

// open opens the account in the service's running process, or returns it if it is
// open there already.
func (h *Host) open(ctx context.Context, name string, guard bool) (*opened, error) {
	spec, known := h.specs[name]
	if !known {
		return nil, sdk.CodeInvalidSettings.New("no account %s is configured", name)
	}
	process, description, err := h.supervisor(spec.Service).running(ctx)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	o := h.opened[name]
	if o == nil || o.process != process || o.lost {
		if o, err = h.openIn(ctx, process, description, spec); err != nil {
			return nil, err
		}
		h.opened[name] = o
	}
	if refusal := h.refused[o.credentials]; guard && refusal != nil {
		return nil, refusal
	}
	return o, nil
}

// openIn decodes the account's settings by the plugin's schema and opens it.
func (h *Host) openIn(ctx context.Context, process Process, d sdk.Description, spec Spec) (*opened, error) {
	settings, diags := spec.decode(d.Settings, h.opts.Eval)
	if diags.HasErrors() {
		return nil, sdk.CodeInvalidSettings.New("the settings of account %s cannot work: %s", spec.Name, firstError(diags)).
			WithAdvice("run gateway validate")
	}
	account, err := process.Open(ctx, sdk.OpenRequest{Name: spec.Name, MasterAccount: spec.MasterAccount, Settings: settings})
	if err != nil {
		return nil, openError(spec, err)
	}
	return &opened{
		name: spec.Name, process: process, account: account,
		identity:    identity(spec, d.Settings, settings),
		credentials: fingerprint(spec.Service, spec.MasterAccount, string(settings)),
	}, nil
}

// Close ends all plugins. It is safe to call twice.
func (h *Host) Close() {
	h.mu.Lock()
	supervisors := slices.Collect(maps.Values(h.supervisors))
	h.mu.Unlock()
	var wg sync.WaitGroup
	for _, s := range supervisors {
		wg.Go(s.stop)
	}
	wg.Wait()
}

func firstError(diags hcl.Diagnostics) string {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			return fmt.Sprintf("%s; %s", d.Summary, d.Detail)
		}
	}
	return ""
}
