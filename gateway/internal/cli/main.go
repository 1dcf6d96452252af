package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/config"
)

// Exit codes.
const (
	exitOK      = 0
	exitError   = 1
	exitChanges = 2 // plan only: there is something to do
	exitNeeds   = 2 // status only: something needs an operator
)

// Program is what a command line runs with.
type Program struct {
	Version string
	Args    []string
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	// Drain ends when the program is asked to stop; Abort when it is asked again.
	// A command that changes nothing stops at the first.
	Drain, Abort context.Context
}

// Main runs the command that the arguments name and returns the exit code.
func Main(p Program) int {
	c := &cli{Program: p}
	root := c.root()
	root.SetArgs(p.Args)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	err := root.ExecuteContext(p.Drain)
	switch {
	case err == nil:
		return c.code
	case errors.Is(err, errSaid):
		return exitError
	}
	fmt.Fprintf(p.Stderr, "Error: %v\n", err)
	return exitError
}

// errSaid ends a command whose failure was printed already.
var errSaid = errors.New("failed")

// cli is one execution of a command line.
type cli struct {
	Program
	configPath string
	json       bool
	logLevel   string
	logFormat  string
	// code is what a command without an error exits with.
	code int
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "gateway",
		Short: "Keeps trainers' calendars and the training platform in sync",
		Long: "The gateway writes courses and unavailability into trainers' own calendars, and reads from\n" +
			"them when a trainer is busy. Exit codes: 0 for success, 1 for an error; plan exits with 2\n" +
			"when there is something to do, and status when something needs you.",
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args:              unknownCommand,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := root.PersistentFlags()
	flags.StringVar(&c.configPath, "config", "gateway.hcl", "configuration: a file or a folder of *.hcl files")
	flags.BoolVar(&c.json, "json", false, "print the result as JSON")
	flags.StringVar(&c.logLevel, "log-level", "", "trace, debug, info, warn or error (default: info for serve, else warn)")
	flags.StringVar(&c.logFormat, "log-format", "text", "text or json")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(c.validate(), c.verify(), c.plan(), c.sync(), c.serve(), c.importData(), c.approve(), c.resync(), c.adopt(),
		c.pause(), c.retry(), c.forget(), c.explain(), c.status(),
		c.runs(), c.trace(), c.plugins(), c.schema(), c.reload(), c.setLogLevel(), c.backup(), c.version())
	return root
}

// open reads the configuration, prints what is wrong with it, and makes the gateway.
// The caller closes it with done.
func (c *cli) open() (*app.App, error) {
	cfg, diags := app.LoadConfig(c.configPath)
	if err := c.printDiagnostics(diags, cfg); err != nil {
		return nil, err
	}
	return c.build(cfg)
}

func (c *cli) build(cfg *config.Config) (*app.App, error) {
	log, err := c.logger(hclog.Warn)
	if err != nil {
		return nil, err
	}
	return app.New(cfg, app.Options{Version: c.Version, Log: log}), nil
}

// state makes the gateway of a configuration that may have mistakes, for what only needs
// to know where the state is: an operator asks for it to mend those.
func (c *cli) state() (*app.App, error) {
	cfg, diags := app.LoadConfig(c.configPath)
	if cfg.State.Path == "" {
		if err := c.printDiagnostics(diags, cfg); err != nil {
			return nil, err
		}
	}
	return c.build(cfg)
}

// done closes the gateway and keeps the first error.
func done(a *app.App, err *error) {
	if closing := a.Close(); closing != nil && *err == nil {
		*err = fmt.Errorf("the work is done, but the gateway did not stop cleanly: %w", closing)
	}
}

// printDiagnostics prints what is wrong with the configuration to stderr, and fails
// when some of it is an error.
func (c *cli) printDiagnostics(diags hcl.Diagnostics, cfg *config.Config) error {
	if len(diags) > 0 {
		style := config.Style{Width: terminalWidth(c.Stderr, 100), Color: isTerminal(c.Stderr)}
		if err := config.WriteDiagnostics(c.Stderr, diags, cfg.Files, style); err != nil {
			return err
		}
	}
	if diags.HasErrors() {
		return errSaid
	}
	return nil
}

// logger writes to stderr from the level of --log-level on.
func (c *cli) logger(standard hclog.Level) (hclog.Logger, error) {
	level := standard
	if c.logLevel != "" {
		var err error
		if level, err = app.ParseLogLevel(c.logLevel); err != nil {
			return nil, fmt.Errorf("--log-level: %w", err)
		}
	}
	if c.logFormat != "text" && c.logFormat != "json" {
		return nil, fmt.Errorf("--log-format %q is none: want text or json", c.logFormat)
	}
	return hclog.New(&hclog.LoggerOptions{Name: "gateway", Level: level, Output: c.Stderr, JSONFormat: c.logFormat == "json"}), nil
}
