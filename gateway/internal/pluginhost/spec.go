package pluginhost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/hashicorp/hcl/v2"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/schema"
)

// Spec is an account as the operator configured it.
type Spec struct {
	// Name is "provider/service".
	Name, Service, MasterAccount string
	// Settings is the undecoded block; nil when there is none.
	Settings hcl.Body
	// Range is the account block's place, SettingsRange that of its settings block.
	Range, SettingsRange hcl.Range
}

// SpecOf makes the spec of a configured account.
func SpecOf(a config.Account) Spec {
	return Spec{
		Name: a.Name(), Service: a.Service, MasterAccount: a.MasterAccount,
		Settings: a.Settings, Range: a.Range, SettingsRange: a.SettingsRange,
	}
}

// place is where the operator finds the settings, or misses them.
func (s Spec) place() hcl.Range {
	if s.Settings == nil {
		return s.Range
	}
	return s.SettingsRange
}

func (s Spec) decode(sch schema.Schema, eval *hcl.EvalContext) (json.RawMessage, hcl.Diagnostics) {
	return config.DecodeSettings(s.Settings, s.place(), sch, eval)
}

// Validate checks the settings of all accounts with their plugins, without reaching
// any server, and returns every diagnostic with its place. A plugin that cannot be
// used is reported once, at its first account; a program that is not there is not
// reported, because loading the configuration did (see [Finder.Check]).
func (h *Host) Validate(ctx context.Context) hcl.Diagnostics {
	held := h.Hold()
	defer held.Release()
	return h.validateAll(ctx, held.of)
}

func (h *Host) validateAll(ctx context.Context, g *generation) hcl.Diagnostics {
	byService := map[string][]Spec{}
	for _, spec := range g.setup.Accounts {
		byService[spec.Service] = append(byService[spec.Service], spec)
	}
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		diags hcl.Diagnostics
	)
	for service, specs := range byService {
		wg.Go(func() {
			found := h.validate(ctx, g, service, specs)
			mu.Lock()
			defer mu.Unlock()
			diags = append(diags, found...)
		})
	}
	wg.Wait()
	return diags
}

// validate checks the accounts of one service.
func (h *Host) validate(ctx context.Context, g *generation, service string, specs []Spec) hcl.Diagnostics {
	plugin, err := h.running(ctx, g, service)
	switch {
	case errors.Is(err, ErrNoProgram):
		return nil
	case err != nil:
		return hcl.Diagnostics{{
			Severity: hcl.DiagError, Summary: "Plugin cannot be used",
			Detail: fmt.Sprintf("The plugin of %q cannot be used: %s.", service, err), Subject: g.setup.blockOf(service, specs[0]).Ptr(),
		}}
	}
	var diags hcl.Diagnostics
	for _, spec := range specs {
		found := g.setup.validateIn(ctx, plugin, spec)
		config.HideSecrets(found, spec.Settings, plugin.description.Settings)
		diags = append(diags, found...)
	}
	return diags
}

// blockOf is the place of a service's plugin block, else of its first account.
func (s Setup) blockOf(service string, first Spec) hcl.Range {
	for _, p := range s.Blocks {
		if p.Service == service && p.Range != (hcl.Range{}) {
			return p.Range
		}
	}
	return first.Range
}

// validateIn checks one account. What it opens has nothing to do with the account
// that runs use, and is closed again.
func (s Setup) validateIn(ctx context.Context, plugin *instance, spec Spec) hcl.Diagnostics {
	settings, diags := spec.decode(plugin.description.Settings, s.Eval)
	if diags.HasErrors() {
		return diags
	}
	account, err := plugin.Open(ctx, sdk.OpenRequest{Name: spec.Name, MasterAccount: spec.MasterAccount, Settings: settings})
	if err == nil {
		diags = append(diags, spec.warnings(account)...)
		err = account.Close()
	}
	if err != nil {
		noteProcess(plugin, err)
		return append(diags, spec.locate(err)...)
	}
	return diags
}

// warnings are what a plugin has to say of settings that it accepts.
func (s Spec) warnings(account sdk.Account) hcl.Diagnostics {
	warner, ok := account.(sdk.Warner)
	if !ok {
		return nil
	}
	return s.located(warner.Warnings())
}

// locate gives a plugin's word on settings its place in the files.
func (s Spec) locate(err error) hcl.Diagnostics {
	var refused *sdk.SettingsError
	if !errors.As(err, &refused) {
		return hcl.Diagnostics{{
			Severity: hcl.DiagError, Summary: "Account cannot be opened",
			Detail: fmt.Sprintf("The plugin could not open the account: %s.", err), Subject: s.Range.Ptr(),
		}}
	}
	return s.located(refused.Diagnostics)
}

// located gives a plugin's words their places in the files.
func (s Spec) located(said []schema.Diagnostic) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, d := range said {
		severity := hcl.DiagError
		if d.Severity == schema.Warning {
			severity = hcl.DiagWarning
		}
		place := config.AttributePathRange(s.Settings, d.Path, s.place())
		diags = append(diags, &hcl.Diagnostic{Severity: severity, Summary: d.Summary, Detail: d.Detail, Subject: place.Ptr()})
	}
	return diags
}

// openError says why an account could not be opened in the run's words.
func openError(spec Spec, err error) error {
	var refused *sdk.SettingsError
	if errors.As(err, &refused) {
		return sdk.CodeInvalidSettings.New("account %s: %s", spec.Name, refused.Error()).WithAdvice("run gateway validate")
	}
	return err
}

// launchError says why a plugin could not be started.
func launchError(service string, err error) error {
	var known *sdk.Error
	if errors.As(err, &known) {
		return known
	}
	return sdk.CodePluginDied.Wrap(err, "the plugin %s could not be started: %v", service, err)
}
