package pluginhost

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/sdk"
)

// Setup is what a configuration says of plugins and accounts.
type Setup struct {
	// Launch starts the plugin of a service; see [Launcher].
	Launch func(ctx context.Context, service string) (Process, error)
	// Accounts are all accounts of the configuration.
	Accounts []Spec
	// Blocks are the plugin blocks of the configuration: where a plugin that cannot be
	// used is reported. Without one it is at the service's first account.
	Blocks []config.Plugin
	// Eval evaluates the expressions in settings.
	Eval *hcl.EvalContext
}

// block is the service's plugin block; a bare one where there is none.
func (s Setup) block(service string) config.Plugin {
	if i := slices.IndexFunc(s.Blocks, func(p config.Plugin) bool { return p.Service == service }); i >= 0 {
		return s.Blocks[i]
	}
	return config.Plugin{Service: service}
}

// sameProgram reports whether two plugin blocks start the same process.
func sameProgram(x, y config.Plugin) bool {
	return x.Command == y.Command && x.SHA256 == y.SHA256 && slices.Equal(x.Env, y.Env)
}

// generation is the accounts and plugins of one configuration. What a later one does
// not change is shared with it. Its fields are guarded by the host's mutex.
type generation struct {
	setup Setup
	// slots are the configured accounts by name, supervisors the plugins by service.
	slots       map[string]*slot
	supervisors map[string]*supervisor
	// holds counts who works with it.
	holds int
}

// next makes the generation of another setup. The plugins of unchanged blocks, and the
// accounts in them that would be opened with the same settings, are those of now.
func (h *Host) next(setup Setup) *generation {
	h.mu.Lock()
	defer h.mu.Unlock()
	g := &generation{setup: setup, slots: map[string]*slot{}, supervisors: map[string]*supervisor{}, holds: 1}
	for _, spec := range setup.Accounts {
		plugin := h.supervise(g, spec.Service)
		s := &slot{spec: spec, eval: setup.Eval, plugin: plugin, turn: make(chan struct{}, 1), superseded: make(chan struct{})}
		if h.current != nil {
			if old := h.current.slots[spec.Name]; old != nil && old.plugin == plugin && old.opensLike(s) {
				s = old
			}
		}
		g.slots[spec.Name] = s
	}
	h.generations = append(h.generations, g)
	return g
}

// supervise returns the generation's supervisor of a service. The host's mutex is held.
func (h *Host) supervise(g *generation, service string) *supervisor {
	s := g.supervisors[service]
	if s == nil && h.current != nil && sameProgram(h.current.setup.block(service), g.setup.block(service)) {
		s = h.current.supervisors[service]
	}
	if s == nil && !h.closed {
		opts := h.opts
		opts.Setup = g.setup
		s = newSupervisor(service, opts)
	}
	if s != nil {
		g.supervisors[service] = s
	}
	return s
}

// opensLike reports whether an account is open with what another slot would open it
// with, the contents of files with credentials included.
func (s *slot) opensLike(other *slot) bool {
	o := s.opened.Load()
	if o == nil {
		return false
	}
	settings, diags := other.spec.decode(o.process.description.Settings, other.eval)
	return !diags.HasErrors() && credentialsOf(other.spec, settings) == o.credentials
}

// Prepared is a setup whose plugins accepted it, and that is not in force yet. One of
// [Prepared.Use] and [Prepared.Discard] ends it.
type Prepared struct {
	host *Host
	next *generation
}

// Prepare starts the plugins of another setup where they are new, and has them check all
// accounts, as [Host.Validate] does; nothing of what runs is touched. With an error
// among the diagnostics there is nothing to use.
func (h *Host) Prepare(ctx context.Context, setup Setup) (*Prepared, hcl.Diagnostics) {
	p := &Prepared{host: h, next: h.next(setup)}
	diags := h.validateAll(ctx, p.next)
	if diags.HasErrors() {
		p.Discard()
		return nil, diags
	}
	return p, diags
}

// Use puts the setup in force. Who holds the former one ends with it; then its accounts
// that are no longer configured so are closed, and its plugins end. Watches of those
// accounts end at once.
func (p *Prepared) Use() {
	h := p.host
	h.mu.Lock()
	former := h.current
	h.current = p.next
	for name, s := range former.slots {
		if p.next.slots[name] != s {
			close(s.superseded)
		}
	}
	former.holds--
	h.mu.Unlock()
	h.sweep()
}

// Discard leaves the setup in force that is.
func (p *Prepared) Discard() { p.host.drop(p.next) }

func (h *Host) drop(g *generation) {
	h.mu.Lock()
	g.holds--
	h.mu.Unlock()
	h.sweep()
}

// Held is the accounts of the configuration that was in force when [Host.Hold] was
// called, whatever is loaded meanwhile (L4). It implements [runner.Accounts].
type Held struct {
	host    *Host
	of      *generation
	release sync.Once
}

// Hold keeps the accounts of now open until [Held.Release].
func (h *Host) Hold() *Held {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.current.holds++
	return &Held{host: h, of: h.current}
}

// Account is [Host.Account] of the configuration that is held.
func (v *Held) Account(ctx context.Context, name string) (runner.Account, error) {
	return v.host.account(ctx, v.of, name)
}

// Release lets go of the accounts. It is safe to call twice.
func (v *Held) Release() { v.release.Do(func() { v.host.drop(v.of) }) }

// enter notes that a call of an account begins, leave that it ended: an account that is
// not configured any more is closed after its last call.
func (h *Host) enter(s *slot) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.closed {
		return sdk.CodeUnavailable.New("account %s was configured anew meanwhile", s.spec.Name)
	}
	s.calls++
	return nil
}

func (h *Host) leave(s *slot) {
	h.mu.Lock()
	s.calls--
	last := s.calls == 0
	h.mu.Unlock()
	if last && s.isSuperseded() {
		h.sweep()
	}
}

func (s *slot) isSuperseded() bool {
	select {
	case <-s.superseded:
		return true
	default:
		return false
	}
}

// sweep closes what no configuration in use has any more.
func (h *Host) sweep() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return // Close ends everything
	}
	used, gone := h.partition()
	h.generations = used
	slots, plugins := inUse(used)
	for _, g := range gone {
		for _, s := range g.slots {
			if !slots[s] && !s.closed {
				s.closed = true
				if plugins[s.plugin] {
					h.closing.Go(s.close)
				}
			}
		}
		for _, p := range g.supervisors {
			if !plugins[p] {
				plugins[p] = true // once
				h.closing.Go(p.retire)
			}
		}
	}
}

// partition tells the generations that somebody works with from those that nobody does.
// One of the latter stays among the former while one of its accounts is in a call.
func (h *Host) partition() (used, gone []*generation) {
	for _, g := range h.generations {
		calls := false
		for _, s := range g.slots {
			calls = calls || s.calls > 0 && s.isSuperseded()
		}
		if g.holds > 0 || calls {
			used = append(used, g)
		} else {
			gone = append(gone, g)
		}
	}
	return used, gone
}

// inUse are the accounts and plugins of generations that are used.
func inUse(used []*generation) (map[*slot]bool, map[*supervisor]bool) {
	slots, plugins := map[*slot]bool{}, map[*supervisor]bool{}
	for _, g := range used {
		for s := range maps.Values(g.slots) {
			slots[s] = true
		}
		for p := range maps.Values(g.supervisors) {
			plugins[p] = true
		}
	}
	return slots, plugins
}

// close closes the account in its plugin.
func (s *slot) close() {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if o := s.opened.Load(); o != nil && o.process.alive() {
		_ = o.account.Close() // a plugin that lost it has nothing to close
	}
}

// retirePatience bounds how long a plugin that is no longer needed may take to send its
// last spans.
const retirePatience = 5 * time.Second

// retire ends a plugin that no configuration has any more.
func (s *supervisor) retire() {
	ctx, cancel := context.WithTimeout(context.Background(), retirePatience)
	defer cancel()
	if plugin := s.live(ctx); plugin != nil {
		_ = plugin.Flush(ctx) // its spans are lost, not its work
	}
	s.close()
}
