// Command gateway keeps trainers' calendars and the training platform in sync.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // the machine may have no time zones

	"github.com/trainercal/trainercal/gateway/internal/cli"
)

// version is set when a release is built (-ldflags "-X main.version=…").
var version = "0.1.0-dev"

func main() {
	drain, stop := context.WithCancel(context.Background())
	abort, kill := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		stop()
		<-signals
		kill()
	}()
	os.Exit(cli.Main(cli.Program{
		Version: version, Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Drain: drain, Abort: abort,
	}))
}
