package pluginhost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

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

// Validate checks the account's settings with its plugin, without reaching any
// server, and returns every diagnostic with its place.
func (h *Host) Validate(ctx context.Context, spec Spec) hcl.Diagnostics {
	process, description, err := h.supervisor(spec.Service).running(ctx)
	if err != nil {
		return hcl.Diagnostics{{
			Severity: hcl.DiagError, Summary: fmt.Sprintf("The plugin of %s cannot be used", spec.Service),
			Detail: err.Error(), Subject: spec.Range.Ptr(),
		}}
	}
	settings, diags := spec.decode(description.Settings, h.opts.Eval)
	if diags.HasErrors() {
		return diags
	}
	account, err := process.Open(ctx, sdk.OpenRequest{Name: spec.Name, MasterAccount: spec.MasterAccount, Settings: settings})
	if err != nil {
		return append(diags, spec.locate(err)...)
	}
	if err := account.Close(); err != nil {
		return append(diags, spec.locate(err)...)
	}
	return diags
}

// locate gives a plugin's word on settings its place in the files.
func (s Spec) locate(err error) hcl.Diagnostics {
	var refused *sdk.SettingsError
	if !errors.As(err, &refused) {
		return hcl.Diagnostics{{
			Severity: hcl.DiagError, Summary: "The plugin could not open the account", Detail: err.Error(), Subject: s.Range.Ptr(),
		}}
	}
	var diags hcl.Diagnostics
	for _, d := range refused.Diagnostics {
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
