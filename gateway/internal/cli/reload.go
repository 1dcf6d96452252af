package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/config"
)

func (c *cli) reload() *cobra.Command {
	return &cobra.Command{
		Use:   "reload",
		Short: "Have the running gateway serve read its configuration again: all of it, or nothing",
		Long: "The serve reads the files it was started with, checks them as validate does, and puts all of it in\n" +
			"force; with a mistake anywhere, the former configuration stays in force, and the mistakes are\n" +
			"printed. Runs that are under way end with the configuration they began with. SIGHUP does the same\n" +
			"and tells the log. Accounts and mappings that are new or changed are verified and synchronised at\n" +
			"once. The state, the installation and telemetry's addresses change with a restart only.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return c.runReload() },
	}
}

func (c *cli) runReload() (err error) {
	a, err := c.state()
	if err != nil {
		return err
	}
	defer done(a, &err)
	result, err := a.Reload(c.Drain)
	if err != nil {
		return err
	}
	if !result.Done {
		c.code = exitError
	}
	if c.json {
		return c.printJSON(result)
	}
	style := config.Style{Width: terminalWidth(c.Stderr, 100), Color: isTerminal(c.Stderr)}
	if err := config.WriteExplained(c.Stderr, result.Diagnostics, style); err != nil {
		return err
	}
	if !result.Done {
		_, err = fmt.Fprintln(c.Stdout, "The configuration was not changed: the one of "+moment(result.Serving.Configured)+" stays in force.")
		return err
	}
	_, err = fmt.Fprintln(c.Stdout, "The configuration is in force.")
	return err
}
