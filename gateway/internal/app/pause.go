package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// CauseRetry is the cause of a run that an operator asked for with retry.
const CauseRetry = "retry"

// scope is a trainer, or a provider when the label is empty.
type scope struct {
	Provider string `json:"provider"`
	Label    string `json:"label"`
}

func (s scope) String() string {
	if s.Label == "" {
		return s.Provider
	}
	return platform.TrainerID{Provider: s.Provider, Label: s.Label}.String()
}

func (s scope) filter() Filter {
	if s.Label == "" {
		return Filter{Provider: s.Provider}
	}
	return Filter{Trainers: []string{s.String()}}
}

// scopeOf finds the trainer or the provider that a name means.
func scopeOf(cfg *config.Config, name string) (scope, error) {
	providers, _, trainers := names(cfg)
	labelled := slices.ContainsFunc(trainers, func(t platform.TrainerID) bool { return t.Label == name || t.String() == name })
	if slices.Contains(providers, name) {
		if labelled {
			return scope{}, fmt.Errorf("%q is a provider and a trainer: name the trainer with the provider", name)
		}
		return scope{Provider: name}, nil
	}
	if !labelled {
		var known []string
		for _, t := range trainers {
			known = append(known, t.Label, t.String())
		}
		return scope{}, fmt.Errorf("no trainer and no provider %q in the configuration.%s", name, config.Suggest(name, append(known, providers...)))
	}
	if err := (Filter{}).checkTrainer(name, trainers); err != nil {
		return scope{}, err
	}
	i := slices.IndexFunc(trainers, func(t platform.TrainerID) bool { return t.Label == name || t.String() == name })
	return scope{trainers[i].Provider, trainers[i].Label}, nil
}

// pausing asks for a pause.
type pausing struct {
	Scope  scope  `json:"scope"`
	Reason string `json:"reason"`
}

// Pause stops everything for a trainer or a provider until Retry: nothing is read or
// written, by itself or by hand. It returns what is paused.
func (a *App) Pause(ctx context.Context, name, reason string) (store.Pause, error) {
	s, err := scopeOf(a.Config(), name)
	if err != nil {
		return store.Pause{}, err
	}
	what := pausing{Scope: s, Reason: reason}
	var paused store.Pause
	err = a.change(ctx, request{Operation: opPause, Pause: &what}, Watcher{},
		func() (err error) {
			paused, err = a.pause(ctx, what)
			return err
		},
		func(r reply) { paused = *r.Paused })
	return paused, err
}

// pause stores a pause in this process. A run that is under way ends first, so that
// nothing is read or written once this returns.
func (a *App) pause(ctx context.Context, what pausing) (store.Pause, error) {
	p := store.Pause{Provider: what.Scope.Provider, Label: what.Scope.Label, Since: a.opts.Now().UTC(), Reason: what.Reason}
	state, err := a.own(ctx)
	if err != nil {
		return p, err
	}
	if err := state.Pause(ctx, p); err != nil {
		return p, fmt.Errorf("store the pause of %s: %w", what.Scope, err)
	}
	trainers, err := what.Scope.filter().Pick(a.Config())
	if err != nil && !errors.Is(err, ErrNothingToDo) {
		return p, err
	}
	// What begins from now on knows of the pause; what began before is waited for.
	nothing := func(context.Context, func(platform.TrainerID, time.Time)) error { return nil }
	if err := a.leased(ctx, "gateway pause", idsOf(trainers), false, nothing); err != nil {
		return p, fmt.Errorf("%s is paused, but not everything has ended that began before: %w", what.Scope, err)
	}
	return asPaused(ctx, state, p)
}

// asPaused is a pause as it is stored: one that was there already keeps its time. One that
// has been ended meanwhile stays as it is.
func asPaused(ctx context.Context, state store.Operations, p store.Pause) (store.Pause, error) {
	all, err := state.Pauses(ctx)
	if err != nil {
		return p, fmt.Errorf("read the pause of %s: %w", scope{p.Provider, p.Label}, err)
	}
	i := slices.IndexFunc(all, func(o store.Pause) bool { return o.Provider == p.Provider && o.Label == p.Label })
	if i < 0 {
		return p, nil
	}
	return all[i], nil
}

// Retried is what Retry did.
type Retried struct {
	// Scope is the trainer or the provider.
	Scope string
	// Resumed says that a pause was ended.
	Resumed bool
	// Run is empty when no trainer of the scope has an active mapping.
	Run store.Run
}

// Retry ends a pause, and makes a run at once in which items that back off are tried
// too.
func (a *App) Retry(ctx context.Context, name string, watch Watcher) (Retried, error) {
	s, err := scopeOf(a.Config(), name)
	if err != nil {
		return Retried{}, err
	}
	out := Retried{Scope: s.String()}
	err = a.change(ctx, request{Operation: opRetry, Retry: &s}, watch,
		func() (err error) {
			out, err = a.retry(ctx, s, watch)
			return err
		},
		func(r reply) { out = *r.Retried })
	return out, err
}

func (a *App) retry(ctx context.Context, s scope, watch Watcher) (Retried, error) {
	out := Retried{Scope: s.String()}
	state, err := a.own(ctx)
	if err != nil {
		return out, err
	}
	if out.Resumed, err = state.Resume(ctx, s.Provider, s.Label); err != nil {
		return out, fmt.Errorf("end the pause of %s: %w", s, err)
	}
	trainers, err := s.filter().Pick(a.Config())
	if errors.Is(err, ErrNothingToDo) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	retrying := a.syncing(trainers, runner.Job{Cause: CauseRetry, Impatient: true})
	out.Run, err = a.inRun(ctx, CauseRetry, idsOf(trainers), watch, retrying)
	return out, err
}

func (a *App) answerPause(ctx context.Context, req request, send func(reply)) reply {
	if req.Pause == nil {
		return reply{Error: "the request names nothing to pause"}
	}
	send(reply{Event: "accepted"})
	paused, err := a.pause(ctx, *req.Pause)
	if err != nil {
		return reply{Error: err.Error()}
	}
	return reply{Paused: &paused}
}

func (a *App) answerRetry(ctx context.Context, req request, send func(reply)) reply {
	if req.Retry == nil {
		return reply{Error: "the request names nothing to try again"}
	}
	send(reply{Event: "accepted"})
	out, err := a.retry(ctx, *req.Retry, Watcher{Trainer: func(t store.RunTrainer) { send(reply{Trainer: &t}) }})
	if err != nil && out.Run.ID == "" {
		return reply{Error: otherConfiguration(err)}
	}
	return reply{Retried: &out}
}
