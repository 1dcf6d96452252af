package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/config"
)

func (c *cli) serve() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the engine until stopped",
		Long: "Makes a run for every trainer at start and on the interval, where the engine is switched on, and\n" +
			"does the work of other commands that change something. On SIGTERM or an interrupt the run under\n" +
			"way ends and nothing else begins; a second signal aborts it, and the next start does what is left.\n" +
			"SIGHUP reads the configuration again, as gateway reload does.\n" +
			"With --json, standard output gets one document when the gateway is ready.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return c.runServe() },
	}
}

func (c *cli) runServe() (err error) {
	cfg, diags := app.LoadConfig(c.configPath)
	if err := c.printDiagnostics(diags, cfg); err != nil {
		return err
	}
	log, err := c.logger(hclog.Info)
	if err != nil {
		return err
	}
	a := app.New(cfg, app.Options{
		Version: c.Version, Log: log,
		Load: func() (*config.Config, hcl.Diagnostics) { return app.LoadConfig(c.configPath) },
	})
	defer done(a, &err)
	defer c.reloadOnHangup(a)()
	return a.Serve(c.Abort, c.Drain.Done(), c.ready)
}

// reloadOnHangup has SIGHUP read the configuration again, until stop is called.
func (c *cli) reloadOnHangup(a *app.App) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	ctx, cancel := context.WithCancel(c.Drain)
	var reloading sync.WaitGroup
	reloading.Go(func() { a.ReloadOn(ctx, hangups) })
	return func() {
		signal.Stop(hangups)
		cancel()
		reloading.Wait()
	}
}

func (c *cli) ready(s app.Serving) {
	if c.json {
		_ = c.printJSON(s)
		return
	}
	engine := "the engine is off: runs are made by gateway sync only"
	if s.Engine {
		engine = "the engine is on"
	}
	fmt.Fprintf(c.Stdout, "gateway %s is ready, %s\n", s.Version, engine)
}
