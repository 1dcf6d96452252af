package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
)

func (c *cli) setLogLevel() *cobra.Command {
	return &cobra.Command{
		Use:   "log-level [LEVEL]",
		Short: "Have the running gateway serve log from another level on; without LEVEL, say which it is",
		Long: "LEVEL is trace, debug, info, warn or error. It holds at once and until the serve ends; the next one\n" +
			"starts with its own --log-level. What plugins log is left out by the same level. Plugins that run\n" +
			"already tell no more than they were started with: those that start from then on do.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return c.runLogLevel(args) },
	}
}

func (c *cli) runLogLevel(args []string) (err error) {
	level := ""
	if len(args) > 0 {
		if _, err := app.ParseLogLevel(args[0]); err != nil {
			return err
		}
		level = args[0]
	}
	a, err := c.state()
	if err != nil {
		return err
	}
	defer done(a, &err)
	now, err := a.LogLevel(c.Drain, level)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(now)
	}
	if level == "" {
		_, err = fmt.Fprintf(c.Stdout, "gateway serve logs from %s on\n", now.Level)
		return err
	}
	_, err = fmt.Fprintf(c.Stdout, "gateway serve logs from %s on, before from %s\n", now.Level, now.Before)
	return err
}
