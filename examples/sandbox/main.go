package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
)

// options are the command line's.
type options struct {
	listen           string
	empty, tls       bool
	mailboxes, items int
	seed             uint64
	latency          time.Duration
	schedule         string
	tour, demo       bool
	config, programs string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	sim, err := start(o)
	if err != nil {
		return err
	}
	defer sim.Close()
	switch {
	case o.tour:
		return takeTour(ctx, o, sim)
	case o.demo:
		return runDemo(ctx, o, sim)
	}
	if err := announce(os.Stdout, sim); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	f.StringVar(&o.listen, "listen", "127.0.0.1:0", "`address` to serve on; gateway.hcl expects 127.0.0.1:18080")
	f.BoolVar(&o.empty, "empty", false, "no mailboxes at all")
	f.BoolVar(&o.tls, "tls", false, "serve https with a certificate made at start")
	f.IntVar(&o.mailboxes, "mailboxes", 0, "`N` generated mailboxes instead of gateway.hcl's trainers")
	f.IntVar(&o.items, "items", 50, "`M` items in each generated mailbox")
	f.Uint64Var(&o.seed, "seed", 1, "`seed` of the generated mailboxes")
	f.DurationVar(&o.latency, "latency", 0, "wait before each answer, for example 30ms")
	f.StringVar(&o.schedule, "schedule", "", "also write the platform's courses to this `file`, for gateway import")
	f.BoolVar(&o.tour, "tour", false, "run the gateway against the sandbox, tell what happens, and exit")
	f.BoolVar(&o.demo, "demo", false, "keep `gateway serve` running beside the sandbox until interrupted")
	f.StringVar(&o.config, "config", "gateway.hcl", "the gateway's configuration `file` for --tour and --demo")
	f.StringVar(&o.programs, "programs", "", "`folder` of the gateway and its plugins; by default the sandbox's own")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q; see --help", f.Arg(0))
	}
	generated := map[string]bool{"items": true, "seed": true}
	var err error
	f.Visit(func(given *flag.Flag) {
		if generated[given.Name] && o.mailboxes == 0 {
			err = fmt.Errorf("--%s belongs to --mailboxes, which is not given", given.Name)
		}
	})
	return o, errors.Join(err, o.check())
}

// check refuses options that contradict each other.
func (o *options) check() error {
	guided := o.tour || o.demo
	switch {
	case o.tour && o.demo:
		return errors.New("--tour ends and --demo stays: choose one")
	case o.empty && o.mailboxes > 0:
		return errors.New("--empty and --mailboxes contradict each other")
	case guided && (o.empty || o.mailboxes > 0 || o.tls):
		return errors.New("--tour and --demo tell the story of gateway.hcl's trainers over http: leave --empty, --mailboxes and --tls out")
	case o.mailboxes < 0 || o.items < 0 || o.latency < 0:
		return errors.New("numbers must not be negative")
	}
	if o.programs == "" {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find my own program: %w", err)
		}
		o.programs = filepath.Dir(self)
	}
	return nil
}

// start starts the simulator and fills it.
func start(o options) (*exchangesim.Server, error) {
	sim, err := exchangesim.Start(exchangesim.Options{
		Listen: o.listen, TLS: o.tls, Latency: o.latency,
		TenantID: tenantID, ClientID: clientID, ClientSecret: clientSecret,
		EWSUser: ewsUser, EWSPassword: ewsPassword,
	})
	if err != nil {
		return nil, fmt.Errorf("start the simulator: %w", err)
	}
	if err := fill(sim, o); err != nil {
		sim.Close()
		return nil, err
	}
	return sim, nil
}

func fill(sim *exchangesim.Server, o options) error {
	if o.schedule != "" {
		if err := writeSchedule(o.schedule, newSchedule(sim.World().Now())); err != nil {
			return err
		}
	}
	switch {
	case o.empty:
		return nil
	case o.mailboxes > 0:
		return exchangesim.Seed(sim.World(), o.mailboxes, o.items, o.seed)
	}
	return settle(sim.World())
}

func writeSchedule(path string, s schedule) error {
	text, err := s.json()
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("write the schedule: %w", err)
	}
	return nil
}
