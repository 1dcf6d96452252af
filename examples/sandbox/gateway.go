package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
)

// gateway runs the gateway's program against the sandbox.
type gateway struct {
	program, config, state string
	env                    []string
}

// stateVariable is how gateway.hcl lets itself be told where to remember.
const stateVariable = "GATEWAY_STATE"

// newGateway tells the program, through the variables of gateway.hcl, where the
// sandbox is and where to remember.
func newGateway(o options, sim *exchangesim.Server, state string) *gateway {
	return &gateway{
		program: filepath.Join(o.programs, "gateway"),
		config:  o.config,
		state:   state,
		env: append(os.Environ(),
			"NORTHWIND_GRAPH_URL="+sim.GraphURL(), "NORTHWIND_LOGIN_URL="+sim.LoginURL(),
			"LAKESIDE_EWS_URL="+sim.EWSURL(), stateVariable+"=sqlite://"+state,
			"NORTHWIND_TENANT_ID="+tenantID, "NORTHWIND_CLIENT_ID="+clientID, "NORTHWIND_CLIENT_SECRET="+clientSecret,
			"LAKESIDE_USERNAME="+ewsUser, "LAKESIDE_PASSWORD="+ewsPassword,
		),
	}
}

// run shows a command and its output, and fails unless it ends with one of the
// expected exit codes.
func (g *gateway) run(ctx context.Context, expected []int, args ...string) error {
	fmt.Printf("\n$ gateway %s\n", strings.Join(args, " "))
	cmd := g.command(ctx, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("gateway %s: %w", args[0], err)
	}
	if code := cmd.ProcessState.ExitCode(); !slices.Contains(expected, code) {
		return fmt.Errorf("gateway %s ended with exit code %d", args[0], code)
	}
	return nil
}

// output returns what a command prints.
func (g *gateway) output(ctx context.Context, args ...string) ([]byte, error) {
	cmd := g.command(ctx, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("gateway %s: %w", strings.Join(args, " "), err)
	}
	return out, nil
}

func (g *gateway) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, g.program, append([]string{args[0], "--config", g.config}, args[1:]...)...)
	cmd.Env = g.env
	// An interrupted gateway finishes what it is doing.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	return cmd
}
