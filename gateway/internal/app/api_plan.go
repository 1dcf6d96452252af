package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/httpapi"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

// Plan implements [httpapi.Service].
func (s *apiService) Plan(ctx context.Context, which httpapi.Selection) ([]httpapi.TrainerPlan, error) {
	trainers, err := s.picked(ctx, which)
	if err != nil {
		return nil, err
	}
	job, err := s.app.job(ctx, s.app.Config(), s, "", trainers)
	if err != nil {
		return nil, err
	}
	plans, err := s.app.planJob(ctx, s, job)
	if err != nil {
		return nil, err
	}
	var out []httpapi.TrainerPlan
	for _, p := range plans {
		out = append(out, s.planOf(p))
	}
	return out, ctx.Err()
}

func (s *apiService) planOf(p runner.TrainerPlan) httpapi.TrainerPlan {
	out := httpapi.TrainerPlan{
		Trainer: p.Trainer.String(), Steps: []httpapi.Step{}, Held: []httpapi.Step{}, Skipped: map[string]int{}, Findings: map[string]int{},
		Conflicts: conflictsOf(p.Trainer, p.Conflicts), Failing: planFailure(p.Err), Paused: httpapi.PausedOf(p.Paused),
	}
	provider, t := s.app.mapping(p.Trainer)
	zone := time.UTC
	if t != nil {
		zone, out.Pilot = t.TimeZone, provider.Pilot
	}
	if p.Err != nil {
		return out
	}
	var steps, held []store.RunStep
	for _, c := range p.Plan.Calendar {
		steps = append(steps, runner.PushStep(c, zone))
	}
	for _, c := range p.Plan.Platform {
		steps = append(steps, runner.PullStep(c, zone))
	}
	for _, m := range p.Plan.Held {
		held = append(held, runner.HeldStep(m, zone))
	}
	out.Steps, out.Held = httpapi.StepsOf(steps), httpapi.StepsOf(held)
	for _, skipped := range p.Plan.Skipped {
		out.Skipped[string(skipped.Reason)]++
	}
	for _, f := range p.Plan.Findings {
		out.Findings[string(f.Reason)]++
	}
	return out
}

// planFailure is why a calendar could not be read.
func planFailure(err *sdk.Error) *httpapi.PlanFailure {
	if err == nil {
		return nil
	}
	return &httpapi.PlanFailure{Code: string(err.Code), Message: err.Message, Advice: err.Advice}
}

// Explain implements [httpapi.Service].
func (s *apiService) Explain(ctx context.Context, id platform.TrainerID, item string) (httpapi.Explanation, error) {
	x, err := s.app.Explain(ctx, id.String(), item)
	if errors.Is(err, ErrNoItem) {
		return httpapi.Explanation{}, fmt.Errorf("explain: %w", store.ErrNotFound)
	}
	if err != nil {
		return httpapi.Explanation{}, err
	}
	out := httpapi.Explanation{Trainer: id.String(), Looked: x.Looked, Failure: planFailure(x.Err), Items: []httpapi.ExplainedItem{}}
	for _, e := range x.Items {
		out.Items = append(out.Items, explainedOf(id, x.Looked, e))
	}
	return out, nil
}

func explainedOf(id platform.TrainerID, looked bool, e Explained) httpapi.ExplainedItem {
	out := httpapi.ExplainedItem{
		Kind: string(e.Kind), ID: e.ID, Label: e.Label, Start: httpapi.Moment(e.Start), End: httpapi.Moment(e.End),
		OnPlatform: e.Mirror != nil || e.Kind != KindOwn && e.Kind != KindWritten, Held: e.Mirror != nil && e.Mirror.Held,
		Reasons: []string{}, Planned: httpapi.StepsOf(e.Planned), History: []httpapi.PastStep{}, Owed: owedOf(e.Owed), Conflicts: conflictsOf(id, e.Conflicts),
	}
	if looked {
		out.InCalendar = &e.Seen
	}
	for _, r := range e.Reasons {
		out.Reasons = append(out.Reasons, string(r))
	}
	for _, step := range e.Steps {
		past := httpapi.PastStep{Step: httpapi.StepsOf([]store.RunStep{step.Step})[0], Run: step.Run, Time: step.Time.UTC()}
		out.History = append(out.History, past)
	}
	return out
}
