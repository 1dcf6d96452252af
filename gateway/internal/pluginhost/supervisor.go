package pluginhost

import (
	"context"
	"fmt"
	"sync"
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

// supervisor keeps one service's plugin running.
type supervisor struct {
	service string
	opts    Options

	mu          sync.Mutex
	process     Process
	description sdk.Description
	// deaths are the times of the last deaths.
	deaths  []time.Time
	stopped bool
}

// running returns the live process, starting it where needed.
func (s *supervisor) running(ctx context.Context) (Process, sdk.Description, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil, sdk.Description{}, sdk.CodePluginDied.New("the gateway is shutting down")
	}
	if s.process != nil && alive(s.process) {
		return s.process, s.description, nil
	}
	s.bury()
	if err := s.pause(ctx); err != nil {
		return nil, sdk.Description{}, err
	}
	if err := s.start(ctx); err != nil {
		s.deaths = append(s.deaths, s.opts.Now())
		return nil, sdk.Description{}, err
	}
	return s.process, s.description, nil
}

func alive(p Process) bool {
	select {
	case <-p.Done():
		return false
	default:
		return true
	}
}

// bury cleans up after a process that ended.
func (s *supervisor) bury() {
	if s.process == nil {
		return
	}
	s.process.Kill()
	s.process = nil
	s.deaths = append(s.deaths, s.opts.Now())
	s.opts.Event(fmt.Sprintf("the plugin %s ended unexpectedly and is started again", s.service))
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
		return sdk.CodePluginDied.New("the plugin %s ended %d times within %s", s.service, len(recent), loopWindow).
			WithAdvice("look for its last words in the gateway's log; it is tried again when a minute has passed")
	}
	wait := time.Duration(0)
	if len(recent) > 1 {
		wait = min(firstPause<<(len(recent)-2), longPause)
	}
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return sdk.CodeUnavailable.Wrap(ctx.Err(), "stopped while waiting to start the plugin %s again", s.service)
	}
}

// start launches the plugin and checks that it is the service's.
func (s *supervisor) start(ctx context.Context) error {
	process, err := s.opts.Launch(ctx, s.service)
	if err != nil {
		return launchError(s.service, err)
	}
	description, err := process.Describe(ctx)
	if err != nil {
		process.Kill()
		return sdk.CodePluginDied.Wrap(err, "the plugin %s started and does not answer", s.service)
	}
	if description.Service != s.service {
		process.Kill()
		return sdk.CodeInvalidSettings.New("the program configured for the plugin %s serves %s", s.service, description.Service).
			WithAdvice("correct the command of its plugin block")
	}
	s.process, s.description = process, description
	return nil
}

// stop ends the process for good.
func (s *supervisor) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	if s.process != nil {
		s.process.Kill()
		s.process = nil
	}
}
