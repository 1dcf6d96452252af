package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// How a plugin that died is started again: at once, then after growing pauses, and
// not at all for a while after too many deaths in a row.
const (
	firstPause = 100 * time.Millisecond
	longPause  = 10 * time.Second
	loopDeaths = 6
	loopWindow = time.Minute
)

// instance is a process as the supervisor started it.
type instance struct {
	Process
	description sdk.Description
	// broken: a call found that it does not answer, so it is replaced.
	broken atomic.Bool
}

func (i *instance) alive() bool {
	select {
	case <-i.Done():
		return false
	default:
		return !i.broken.Load()
	}
}

// supervisor keeps one service's plugin running.
type supervisor struct {
	service string
	opts    Options
	// stopping ends whatever the supervisor waits for.
	stopping context.Context
	stop     context.CancelFunc

	// turn holds one token: whoever has it may use what follows. Waiting for it can
	// be given up, which waiting for a mutex cannot.
	turn    chan struct{}
	current *instance
	// deaths are the times of the last deaths, last is why the last start failed.
	deaths []time.Time
	last   error
}

func newSupervisor(service string, opts Options) *supervisor {
	s := &supervisor{service: service, opts: opts, turn: make(chan struct{}, 1)}
	s.stopping, s.stop = context.WithCancel(context.Background())
	s.turn <- struct{}{}
	return s
}

// take waits for the token, until ctx ends or the supervisor is stopped.
func (s *supervisor) take(ctx context.Context) error {
	if s.stopping.Err() != nil {
		return errStopping()
	}
	select {
	case <-s.turn:
		if s.stopping.Err() != nil {
			s.give()
			return errStopping()
		}
		return nil
	case <-s.stopping.Done():
		return errStopping()
	case <-ctx.Done():
		return sdk.CodeUnavailable.Wrap(ctx.Err(), "stopped while waiting for the plugin %s", s.service)
	}
}

func (s *supervisor) give() { s.turn <- struct{}{} }

func errStopping() *sdk.Error { return sdk.CodeUnavailable.New("the gateway is shutting down") }

// running returns the live process, starting it where needed.
func (s *supervisor) running(ctx context.Context) (*instance, error) {
	if err := s.take(ctx); err != nil {
		return nil, err
	}
	defer s.give()
	if s.current != nil && s.current.alive() {
		return s.current, nil
	}
	s.bury(ctx)
	// Both the caller and close can end the attempt.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.stopping, cancel)()
	if err := s.pause(ctx); err != nil {
		return nil, err
	}
	started, err := s.start(ctx)
	if err != nil {
		s.failed(ctx, err)
		return nil, err
	}
	s.current, s.last = started, nil
	return started, nil
}

// live returns the process if it is running; nil otherwise.
func (s *supervisor) live(ctx context.Context) *instance {
	if s.take(ctx) != nil {
		return nil
	}
	defer s.give()
	if s.current == nil || !s.current.alive() {
		return nil
	}
	return s.current
}

// failed counts a start that failed as a death. What was given up says nothing of
// the plugin, and a wrong configuration does not mend itself by waiting.
func (s *supervisor) failed(ctx context.Context, err error) {
	if ctx.Err() == nil && !errors.Is(err, sdk.ErrInvalidSettings) {
		s.deaths, s.last = append(s.deaths, s.opts.Now()), err
	}
}

// bury cleans up after a process that ended.
func (s *supervisor) bury(ctx context.Context) {
	if s.current == nil {
		return
	}
	s.current.Kill()
	s.current = nil
	s.deaths = append(s.deaths, s.opts.Now())
	s.opts.Restart(ctx, s.service)
}

// pause waits before another start, longer after each recent death.
func (s *supervisor) pause(ctx context.Context) error {
	recent := s.deaths[:0]
	for _, t := range s.deaths {
		if s.opts.Now().Sub(t) < loopWindow {
			recent = append(recent, t)
		}
	}
	s.deaths = recent
	if len(recent) >= loopDeaths {
		return s.crashLoop()
	}
	wait := time.Duration(0)
	if len(recent) > 1 {
		wait = min(firstPause<<(len(recent)-2), longPause)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return sdk.CodeUnavailable.Wrap(ctx.Err(), "stopped while waiting to start the plugin %s again", s.service)
	}
}

func (s *supervisor) crashLoop() *sdk.Error {
	text := fmt.Sprintf("the plugin %s ended %d times within %s", s.service, len(s.deaths), loopWindow)
	if s.last != nil {
		text += "; the last start failed: " + s.last.Error()
	}
	return sdk.CodePluginDied.New("%s", text).
		WithAdvice("look for its last words in the gateway's log; it is tried again when a minute has passed")
}

// start launches the plugin and checks that it is the service's.
func (s *supervisor) start(ctx context.Context) (*instance, error) {
	process, err := s.opts.Launch(ctx, s.service)
	if err != nil {
		return nil, launchError(s.service, err)
	}
	description, err := process.Describe(ctx)
	if err != nil {
		process.Kill()
		return nil, sdk.CodePluginDied.Wrap(err, "the plugin %s started and does not answer", s.service)
	}
	if description.Service != s.service {
		process.Kill()
		return nil, sdk.CodeInvalidSettings.New("the program configured for the plugin %s serves %q", s.service, description.Service).
			WithAdvice("correct the command of its plugin block")
	}
	return &instance{Process: process, description: description}, nil
}

// close ends the process for good, and whatever start is under way.
func (s *supervisor) close() {
	s.stop()
	<-s.turn
	defer s.give()
	if s.current != nil {
		s.current.Kill()
		s.current = nil
	}
}
