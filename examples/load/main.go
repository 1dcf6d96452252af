package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// options say how much of everything.
type options struct {
	seed     uint64
	trainers int
	// rate is writes a second for length, edits are calendar edits a second.
	rate, edits int
	length      time.Duration
	// latency is how long the simulator waits before each answer; a part of the answers
	// takes longer.
	latency time.Duration
	// interval is the gateway's, patience how long calendars may take to become true
	// after the last write, steady how long they must stay so.
	interval, patience, steady time.Duration
	kill                       bool
	// programs is the folder of the gateway and its plugin.
	programs string
}

// Exit codes.
const (
	exitProven = iota
	exitFailed
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func command(ctx context.Context, args []string, out, errOut io.Writer) int {
	o, err := parse(args, errOut)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitProven
	case err == nil:
		err = prove(ctx, o, out)
	}
	if err != nil {
		fmt.Fprintln(errOut, "load:", err)
		return exitFailed
	}
	return exitProven
}

func parse(args []string, errOut io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("load", flag.ContinueOnError)
	f.SetOutput(errOut)
	f.Uint64Var(&o.seed, "seed", 0, "`seed` of everything that is random; 0 chooses one")
	f.IntVar(&o.trainers, "trainers", 2000, "`N` trainers, all synchronised both ways")
	f.IntVar(&o.rate, "rate", 200, "`N` writes a second")
	f.IntVar(&o.edits, "edits", 20, "`N` calendar edits a second")
	f.DurationVar(&o.length, "for", time.Minute, "how long to write and edit")
	f.DurationVar(&o.latency, "latency", 30*time.Millisecond, "how long the calendars' server waits before each answer")
	f.DurationVar(&o.interval, "interval", 30*time.Second, "the gateway's interval")
	f.DurationVar(&o.patience, "patience", 10*time.Minute, "how long calendars may take to become true afterwards")
	f.DurationVar(&o.steady, "steady", 35*time.Second, "how long they must stay so")
	f.BoolVar(&o.kill, "kill", false, "kill the gateway in the middle")
	f.StringVar(&o.programs, "programs", "", "`folder` of the gateway and its plugin; by default this program's own")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q; see --help", f.Arg(0))
	}
	return o, o.complete()
}

// complete checks what was given and fills in what depends on the machine.
func (o *options) complete() error {
	if o.trainers < 1 || o.rate < 1 || o.edits < 1 || o.length <= 0 || o.latency < 0 || o.patience <= 0 || o.steady < 0 {
		return errors.New("numbers and times must be positive")
	}
	if o.seed == 0 {
		o.seed = uint64(time.Now().UnixNano())
	}
	if o.programs != "" {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find my own program: %w", err)
	}
	o.programs = filepath.Dir(self)
	return nil
}
