package pluginhost

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync/atomic"

	"github.com/hashicorp/hcl/v2"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/schema"
)

// slot is the place of a configured account. Only whoever holds the token in turn
// opens it, so that accounts do not wait for each other.
type slot struct {
	spec Spec
	eval *hcl.EvalContext
	// plugin is the service's; nil when the host is closed.
	plugin *supervisor
	turn   chan struct{}
	opened atomic.Pointer[opened]
	// superseded is closed when the configuration in force has the account no more, or
	// another way.
	superseded chan struct{}
	// calls counts those that are made just now; closed: no further one begins. The
	// host's mutex guards both.
	calls  int
	closed bool
}

// opened is an account opened in one process.
type opened struct {
	slot     *slot
	process  *instance
	account  sdk.Account
	name     string
	spec     Spec
	settings json.RawMessage
	// identity says which calendars it reaches, credentials which secrets it uses.
	identity, credentials string
	// lost: the process no longer knows the account.
	lost atomic.Bool
}

// open opens the account in the service's running process, or returns it if it is
// open there already. Refused credentials are tried only when forced.
func (h *Host) open(ctx context.Context, g *generation, name string, forced bool) (*opened, error) {
	s, known := g.slots[name]
	if !known {
		return nil, sdk.CodeInvalidSettings.New("no account %s is configured", name)
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, sdk.CodeUnavailable.Wrap(ctx.Err(), "stopped while waiting for account %s", name)
	}
	if s.plugin == nil {
		return nil, errStopping()
	}
	process, err := s.plugin.running(ctx)
	if err != nil {
		return nil, err
	}
	if o := s.opened.Load(); o != nil && o.process == process && !o.lost.Load() && !h.renewed(o) {
		return o, nil
	}
	o, err := h.openIn(ctx, process, s, forced)
	if err != nil {
		return nil, err
	}
	s.opened.Store(o)
	return o, nil
}

// openIn decodes the account's settings by the plugin's schema and opens it.
func (h *Host) openIn(ctx context.Context, process *instance, s *slot, forced bool) (*opened, error) {
	spec := s.spec
	settings, err := s.settings(process)
	if err != nil {
		return nil, err
	}
	o := &opened{
		slot: s, process: process, name: spec.Name, spec: spec, settings: settings,
		identity:    identity(spec, process.description.Settings, settings),
		credentials: credentialsOf(spec, settings),
	}
	if refusal := h.refusal(o); refusal != nil && !forced {
		return nil, refusal // a plugin may sign in while it opens an account
	}
	account, err := process.Open(ctx, sdk.OpenRequest{Name: spec.Name, MasterAccount: spec.MasterAccount, Settings: settings})
	if err != nil {
		noteProcess(process, err)
		h.noteCredentials(o, err)
		return nil, openError(spec, err)
	}
	o.account = account
	return o, nil
}

// settings decodes the account's settings by the plugin's schema.
func (s *slot) settings(process *instance) (json.RawMessage, error) {
	settings, diags := s.spec.decode(process.description.Settings, s.eval)
	if diags.HasErrors() {
		return nil, sdk.CodeInvalidSettings.New("the settings of account %s cannot work: %s", s.spec.Name, firstError(diags)).
			WithAdvice("run gateway validate")
	}
	return settings, nil
}

// identity is a digest of what decides which calendars an account reaches: its
// settings but for the secrets and for what only tunes it.
func identity(spec Spec, s schema.Schema, settings json.RawMessage) string {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(settings, &values); err != nil {
		return fingerprint(spec.Service, spec.MasterAccount)
	}
	for _, a := range s.Attributes {
		if a.Sensitive || a.Tuning {
			delete(values, a.Name)
		}
	}
	public, err := json.Marshal(values) // map keys are sorted
	if err != nil {
		return fingerprint(spec.Service, spec.MasterAccount)
	}
	return fingerprint(spec.Service, string(public))
}

func fingerprint(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s|", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func firstError(diags hcl.Diagnostics) string {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			return fmt.Sprintf("%s; %s", d.Summary, d.Detail)
		}
	}
	return ""
}
