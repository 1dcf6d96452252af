package cli

import (
	"time"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// The JSON forms that several commands print. Their fields are documented in the
// operator's guide and stable: fields may be added, none changes its meaning.

type countsJSON struct {
	Created int `json:"created"`
	Updated int `json:"updated"`
	Removed int `json:"removed"`
}

type totalsJSON struct {
	Push countsJSON `json:"push"`
	Pull countsJSON `json:"pull"`
	// Writes is the sum of all.
	Writes int `json:"writes"`
	// Missed counts those changes that a daily full read found and reads of changes had
	// not told of.
	Missed int `json:"missed"`
}

func totalsOf(c store.Counts) totalsJSON {
	return totalsJSON{
		Push:   countsJSON{c.PushCreated, c.PushUpdated, c.PushRemoved},
		Pull:   countsJSON{c.PullCreated, c.PullUpdated, c.PullRemoved},
		Writes: c.Writes(),
		Missed: c.Missed,
	}
}

type stepJSON struct {
	// Direction is "push" or "pull"; Op "create", "update" or "remove".
	Direction store.Direction  `json:"direction"`
	Op        reconcile.Op     `json:"op"`
	Reason    reconcile.Reason `json:"reason"`
	// Item is the key of an item of ours, or the stable id of a pulled one.
	Item string `json:"item"`
	// Label is the course's.
	Label string    `json:"label,omitempty"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	// Failed is an error code.
	Failed string `json:"failed,omitempty"`
}

type failingJSON struct {
	Code     string    `json:"code"`
	Message  string    `json:"message"`
	Advice   string    `json:"advice,omitempty"`
	Since    time.Time `json:"since"`
	Attempts int       `json:"attempts"`
	// Next is when it is tried again; null for at the next run.
	Next *time.Time `json:"next,omitempty"`
}

func failingOf(f *store.Failing) *failingJSON {
	if f == nil {
		return nil
	}
	return &failingJSON{Code: f.Code, Message: f.Message, Advice: f.Advice, Since: f.Since, Attempts: f.Attempts, Next: instant(f.Next)}
}

type runTrainerJSON struct {
	Trainer string                   `json:"trainer"`
	State   store.RunState           `json:"state"`
	Counts  totalsJSON               `json:"counts"`
	Skipped map[reconcile.Reason]int `json:"skipped"`
	Steps   []stepJSON               `json:"steps"`
	// Held are removals that wait for approval.
	Held    []stepJSON   `json:"held"`
	Failing *failingJSON `json:"failing,omitempty"`
	// Paused says why the trainer was left alone; State is then "paused".
	Paused *pauseJSON `json:"paused,omitempty"`
	// Pilot: the steps are what would have been done.
	Pilot bool `json:"pilot,omitempty"`
}

type eventJSON struct {
	Time time.Time `json:"time"`
	Text string    `json:"text"`
}

// runJSON is a run. Lists of runs leave out trainers and events.
type runJSON struct {
	ID       string           `json:"id"`
	TraceID  string           `json:"trace_id"`
	Cause    string           `json:"cause"`
	State    store.RunState   `json:"state"`
	Started  time.Time        `json:"started"`
	Finished *time.Time       `json:"finished,omitempty"`
	Message  string           `json:"message,omitempty"`
	Totals   totalsJSON       `json:"totals"`
	Trainers []runTrainerJSON `json:"trainers,omitempty"`
	Events   []eventJSON      `json:"events,omitempty"`
}

func runOf(run store.Run, n names) runJSON {
	out := runJSON{
		ID: run.ID, TraceID: run.TraceID, Cause: run.Cause, State: run.State, Started: run.Started.UTC(), Message: run.Message,
		Totals: totalsOf(app.Totals(run)),
	}
	if !run.Finished.IsZero() {
		finished := run.Finished.UTC()
		out.Finished = &finished
	}
	for _, t := range byName(run.Trainers) {
		out.Trainers = append(out.Trainers, runTrainerOf(t, n))
	}
	for _, e := range run.Events {
		out.Events = append(out.Events, eventJSON{e.Time.UTC(), e.Text})
	}
	return out
}

func runTrainerOf(t store.RunTrainer, n names) runTrainerJSON {
	out := runTrainerJSON{
		Trainer: t.Trainer.String(), State: t.State, Counts: totalsOf(t.Counts), Skipped: t.Skipped,
		Steps: stepsOf(t.Trainer, t.Steps, n), Held: stepsOf(t.Trainer, t.Held, n), Failing: failingOf(t.Failing), Pilot: t.Pilot, Paused: pauseOf(t.Paused),
	}
	if out.Skipped == nil {
		out.Skipped = map[reconcile.Reason]int{}
	}
	return out
}

func stepsOf(t platform.TrainerID, steps []store.RunStep, n names) []stepJSON {
	out := []stepJSON{}
	for _, s := range steps {
		out = append(out, stepJSON{
			Direction: s.Direction, Op: s.Op, Reason: s.Reason, Item: s.Item, Label: n.label(t, s.Item),
			Start: s.Start.UTC(), End: s.End.UTC(), Failed: s.Failed,
		})
	}
	return out
}
