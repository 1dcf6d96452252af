package runner

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/telemetry"
)

// CauseApprove is the cause of a run that lets held removals go.
const CauseApprove = "approve"

// Approve lets those of a trainer's held removals go that are named by the stable id
// of their unavailability (hold-1), and records that as a run, so that it is told why
// they went. What was seen again since it was shown stays. Zone is the trainer's.
func (r *Runner) Approve(ctx context.Context, id platform.TrainerID, zone *time.Location, items []string) (store.Run, error) {
	run := store.Run{ID: r.runID(), Cause: CauseApprove, Started: r.Now(), State: store.RunRunning}
	ctx, span := r.begin(ctx, &run, nil, telemetry.Trainer.String(id.String()))
	defer span.End()
	if err := r.Memory.BeginRun(ctx, run); err != nil {
		return run, fmt.Errorf("record the start of run %s: %w", run.ID, err)
	}
	outcome, err := r.release(ctx, id, zone, items)
	run.Finished, run.State, run.Trainers = r.Now(), outcome.State, []store.RunTrainer{outcome}
	r.end(ctx, span, run)
	if err != nil {
		run.Message = "the gateway could not store the approval; nothing was removed"
	}
	// The run is recorded even when it was cancelled.
	if finish := r.Memory.FinishRun(context.WithoutCancel(ctx), run); finish != nil && err == nil {
		err = fmt.Errorf("record the end of run %s: %w", run.ID, finish)
	}
	return run, err
}

// release drops what is approved and tells what went and what is held still.
func (r *Runner) release(ctx context.Context, id platform.TrainerID, zone *time.Location, items []string) (store.RunTrainer, error) {
	out := store.RunTrainer{Trainer: id, State: store.RunFailed, Skipped: map[reconcile.Reason]int{}}
	memory, err := r.Memory.Trainer(ctx, id)
	if err != nil {
		return out, err
	}
	released, err := r.Memory.Release(ctx, id, items)
	if err != nil {
		return out, err
	}
	out.State = store.RunOK
	for _, step := range heldSteps(memory.Mirrors, zone) {
		if slices.Contains(released, step.Item) {
			out.Steps = append(out.Steps, step)
			out.Counts.PullRemoved++
		} else {
			out.Held = append(out.Held, step)
		}
	}
	return out, nil
}
