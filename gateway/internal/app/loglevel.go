package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/go-hclog"
)

// LogLevel is from which level on the running serve logs.
type LogLevel struct {
	Level string `json:"level"`
	// Before is the level before the command; the same when it only asked.
	Before string `json:"before"`
}

// ParseLogLevel reads a level's name.
func ParseLogLevel(name string) (hclog.Level, error) {
	level := hclog.LevelFromString(name)
	if level == hclog.NoLevel || level == hclog.Off {
		return level, fmt.Errorf("%q is no log level: want trace, debug, info, warn or error", name)
	}
	return level, nil
}

// LogLevel has the running serve log from another level on; an empty one only asks. It
// holds until the serve ends. What plugins log goes through the serve and is left out from
// then on like its own; more than before is told by plugins that start from then on.
func (a *App) LogLevel(ctx context.Context, level string) (LogLevel, error) {
	last, err := ask(ctx, a.paths, request{Version: a.opts.Version, Operation: opLogLevel, LogLevel: level}, func(reply) {})
	if err != nil {
		return LogLevel{}, err
	}
	if last.LogLevel == nil {
		return LogLevel{}, errors.New("the running gateway serve did not say from which level on it logs")
	}
	return *last.LogLevel, nil
}

// answerLogLevel sets the level of this process's log, of all its named parts.
func (a *App) answerLogLevel(req request) reply {
	before := a.opts.Log.GetLevel()
	if req.LogLevel != "" {
		level, err := ParseLogLevel(req.LogLevel)
		if err != nil {
			return reply{Error: err.Error()}
		}
		a.opts.Log.SetLevel(level)
	}
	return reply{LogLevel: &LogLevel{Level: a.opts.Log.GetLevel().String(), Before: before.String()}}
}
