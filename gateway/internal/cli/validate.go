package cli

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/config"
)

func (c *cli) validate() *cobra.Command {
	return &cobra.Command{
		Use:   "validate",
		Short: "Check the configuration: files, exclusion rules, and each plugin's own settings",
		Long: "Reports every mistake at once with file, line and column. It asks the plugins about their\n" +
			"settings and reaches no server; see verify for that.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return c.runValidate() },
	}
}

// validateJSON is the form that validate --json prints.
type validateJSON struct {
	Valid       bool                `json:"valid"`
	Diagnostics []config.Diagnostic `json:"diagnostics"`
}

func (c *cli) runValidate() (err error) {
	cfg, diags := app.LoadConfig(c.configPath)
	a, err := c.build(cfg)
	if err != nil {
		return err
	}
	defer done(a, &err)
	diags = append(diags, a.Validate(c.Drain)...)
	if diags.HasErrors() {
		c.code = exitError
	}
	if c.json {
		return c.printJSON(validateJSON{!diags.HasErrors(), config.Explain(diags, cfg.Files)})
	}
	if err := c.printDiagnostics(diags, cfg); err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.Stdout, summary(cfg, diags))
	return err
}

// summary says what a valid configuration holds.
func summary(cfg *config.Config, diags hcl.Diagnostics) string {
	trainers, active := 0, 0
	for _, p := range cfg.Providers {
		for _, t := range p.Trainers {
			trainers++
			if t.Active() {
				active++
			}
		}
	}
	text := fmt.Sprintf("The configuration is valid: %s, %s, %d of them active.",
		plural(len(cfg.Providers), "provider"), plural(trainers, "trainer"), active)
	if len(diags) > 0 {
		text += fmt.Sprintf(" There are warnings (%d).", len(diags))
	}
	return text
}
