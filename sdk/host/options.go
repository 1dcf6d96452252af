package host

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"

	"github.com/trainercal/trainercal/sdk/internal/rpc"
)

// Options say how to run a plugin.
type Options struct {
	// Command is the path of the plugin program.
	Command string
	Args    []string
	// SHA256 is the program's pinned checksum in hexadecimal; empty for none. It is
	// checked right before each start, not in the same step: it finds a wrong or a
	// damaged program, and is no defence against somebody who can replace the file at
	// any moment. The file and its folders must belong to those who may run the gateway.
	SHA256 string
	// Env adds variables, in the form NAME=value.
	Env []string
	// RunDir is where sockets are made: a folder that only the gateway's user can
	// enter, with a short path (a socket's path has at most 107 bytes). It is made
	// when it does not exist.
	RunDir string
	// OTLPEndpoint is the address of the host's own receiver of traces and metrics, for
	// example "unix:///run/gateway/otlp.sock"; empty when there is none.
	OTLPEndpoint string
	// Metrics: the receiver takes metrics too.
	Metrics bool
	// Logger hears what the plugin logs and how it fares; nil for nobody.
	Logger hclog.Logger

	// Zero durations have defaults.

	// StartTimeout bounds the start, up to the first answer. Default 30 s.
	StartTimeout time.Duration
	// ShortTimeout bounds Describe, Close and Deliver. Default 10 s.
	ShortTimeout time.Duration
	// OpenTimeout bounds Open. Default 30 s.
	OpenTimeout time.Duration
	// CallTimeout bounds Verify, Read, Get, Write and Find. Default 10 min.
	CallTimeout time.Duration
	// SilenceTimeout bounds the time between two signs of life of a Watch. Default 90 s.
	SilenceTimeout time.Duration
	// KillTimeout is how long a plugin may take to end by itself when asked to;
	// then it is killed. Default 5 s.
	KillTimeout time.Duration
	// PingInterval is the time between health pings, PingTimeout how long the plugin
	// may take to answer one. Three pings without an answer in a row, and the plugin
	// is killed. Defaults 10 s and 5 s.
	PingInterval, PingTimeout time.Duration
}

// pingFailures in a row mean that the plugin hangs.
const pingFailures = 3

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&o.StartTimeout, 30 * time.Second},
		{&o.ShortTimeout, 10 * time.Second},
		{&o.OpenTimeout, 30 * time.Second},
		{&o.CallTimeout, 10 * time.Minute},
		{&o.SilenceTimeout, 90 * time.Second},
		{&o.KillTimeout, 5 * time.Second},
		{&o.PingInterval, 10 * time.Second},
		{&o.PingTimeout, 5 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	return o
}

func (o Options) timeouts() rpc.Timeouts {
	return rpc.Timeouts{
		Short: o.ShortTimeout, Open: o.OpenTimeout, Flush: o.ShortTimeout, Call: o.CallTimeout, Silence: o.SilenceTimeout,
	}
}

// checkProgram compares the program with its pinned checksum.
func (o Options) checkProgram() error {
	if o.SHA256 == "" {
		return nil
	}
	sum, err := hex.DecodeString(o.SHA256)
	if err != nil || len(sum) != sha256.Size {
		return fmt.Errorf("the pinned checksum of %s is not the hexadecimal form of a SHA-256", o.Command)
	}
	same, err := (&plugin.SecureConfig{Checksum: sum, Hash: sha256.New()}).Check(o.Command)
	if err != nil {
		return fmt.Errorf("check the program's checksum: %w", err)
	}
	if !same {
		return fmt.Errorf("the checksum of %s is not the pinned one", o.Command)
	}
	return nil
}

// longestRunDir leaves room in a socket's path for what go-plugin appends.
const longestRunDir = 60

// makeRunDir makes RunDir, or refuses one that others can enter.
func (o Options) makeRunDir() error {
	if o.RunDir == "" || !filepath.IsAbs(o.RunDir) || len(o.RunDir) > longestRunDir {
		return fmt.Errorf("the run directory %q must be an absolute path of at most %d bytes", o.RunDir, longestRunDir)
	}
	if err := os.MkdirAll(o.RunDir, 0o700); err != nil {
		return fmt.Errorf("make the run directory: %w", err)
	}
	info, err := os.Lstat(o.RunDir)
	if err != nil {
		return fmt.Errorf("look at the run directory: %w", err)
	}
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || !ownedByUs(info) {
		return fmt.Errorf("the run directory %s must be a folder, no link, that belongs to this user alone: want mode 0700", o.RunDir)
	}
	return nil
}
