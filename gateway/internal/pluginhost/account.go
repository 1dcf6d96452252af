package pluginhost

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/schema"
)

// opened is an account opened in one process.
type opened struct {
	name    string
	process Process
	account sdk.Account
	// identity says which calendars it reaches, credentials which secrets it uses.
	identity, credentials string
	// lost: the process no longer knows the account.
	lost bool
}

// identity is a digest of what decides which calendars an account reaches: its
// settings but for the secrets.
func identity(spec Spec, s schema.Schema, settings json.RawMessage) string {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(settings, &values); err != nil {
		return fingerprint(spec.Service, spec.MasterAccount)
	}
	for _, a := range s.Attributes {
		if a.Sensitive {
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

// note learns from a call's error: an account the process lost is opened again, and
// refused credentials are not tried again by themselves.
func (h *Host) note(o *opened, err error) {
	if err == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var known *sdk.Error
	switch {
	case errors.Is(err, sdk.ErrPluginDied), errors.Is(err, sdk.ErrUnknownAccount):
		o.lost = true
	case errors.Is(err, sdk.ErrCredentials) && errors.As(err, &known):
		h.refused[o.credentials] = known
	}
}

// forgive lets refused credentials be tried again.
func (h *Host) forgive(o *opened) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.refused, o.credentials)
}

// guarded passes calls on and learns from how they end.
type guarded struct {
	host   *Host
	opened *opened
}

func (g *guarded) noted(err error) error {
	g.host.note(g.opened, err)
	return err
}

// Verify implements [sdk.Account].
func (g *guarded) Verify(ctx context.Context, mailboxes []sdk.Mailbox, emit func(sdk.Check) error) error {
	return g.noted(g.opened.account.Verify(ctx, mailboxes, emit))
}

// Read implements [sdk.Account].
func (g *guarded) Read(ctx context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
	return g.noted(g.opened.account.Read(ctx, reqs, emit))
}

// Get implements [sdk.Account].
func (g *guarded) Get(ctx context.Context, reqs []sdk.GetRequest, emit func(sdk.GetPage) error) error {
	return g.noted(g.opened.account.Get(ctx, reqs, emit))
}

// Write implements [sdk.Account].
func (g *guarded) Write(ctx context.Context, reqs []sdk.WriteRequest, emit func(sdk.WriteResult) error) error {
	return g.noted(g.opened.account.Write(ctx, reqs, emit))
}

// Find implements [sdk.Account].
func (g *guarded) Find(ctx context.Context, reqs []sdk.FindRequest, emit func(sdk.FindPage) error) error {
	return g.noted(g.opened.account.Find(ctx, reqs, emit))
}

// Close does nothing: the account is the host's.
func (g *guarded) Close() error { return nil }
