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
	"github.com/trainercal/trainercal/gateway/internal/systemd"
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
	m := manager{systemd.FromEnvironment(os.LookupEnv), log}
	a := app.New(cfg, app.Options{
		Version: c.Version, Log: log, Reloading: m.reloading,
		Load: func() (*config.Config, hcl.Diagnostics) { return app.LoadConfig(c.configPath) },
	})
	defer done(a, &err)
	defer c.reloadOnHangup(a)()
	defer context.AfterFunc(c.Drain, func() { m.told(m.Stopping()) })()
	var watchdog sync.WaitGroup
	defer watchdog.Wait()
	alive, stop := context.WithCancel(context.Background())
	defer stop()
	return a.Serve(c.Abort, c.Drain.Done(), func(s app.Serving) {
		c.ready(s)
		m.told(m.Ready())
		watchdog.Go(func() { m.Watch(alive, m.answers(a, c.Drain)) })
	})
}

// manager is the service manager that started serve, if there is one.
type manager struct {
	systemd.Notifier
	log hclog.Logger
}

// told notes that the manager could not be told: it will think what it thinks.
func (m manager) told(err error) {
	if err != nil {
		m.log.Warn("the service manager does not know how the gateway is", "error", err)
	}
}

func (m manager) reloading() (over func()) {
	m.told(m.Reloading())
	return func() { m.told(m.Ready()) }
}

// answers asks the gateway as a command would. While it drains, a run that ends is what
// it waits for.
func (m manager) answers(a *app.App, drain context.Context) func(context.Context) bool {
	return func(ctx context.Context) bool { return drain.Err() != nil || a.Serving(ctx) != nil }
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
