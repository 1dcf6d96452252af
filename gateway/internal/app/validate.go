package app

import (
	"context"

	"github.com/hashicorp/hcl/v2"
)

// Validate asks the plugins about the settings of every account, and reaches no
// server. The configuration itself was checked when it was loaded; one with errors
// may be asked about too, so that every mistake is reported at once.
func (a *App) Validate(ctx context.Context) hcl.Diagnostics {
	host, err := a.bareHost()
	if err != nil {
		return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "The plugins cannot be started", Detail: err.Error()}}
	}
	return host.Validate(ctx)
}
