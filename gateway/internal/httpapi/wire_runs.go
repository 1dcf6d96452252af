package httpapi

import (
	"time"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Counts are numbers of one side.
type Counts struct {
	Created int `json:"created"`
	Updated int `json:"updated"`
	Removed int `json:"removed"`
}

// Totals are the numbers of a run, or of a trainer in it.
type Totals struct {
	Push   Counts `json:"push" doc:"Appointments in calendars."`
	Pull   Counts `json:"pull" doc:"Unavailability on the platform."`
	Writes int    `json:"writes" doc:"The sum of all."`
	Missed int    `json:"missed" doc:"Those of them that only a full read found."`
}

func totalsOf(c store.Counts) Totals {
	return Totals{
		Counts{c.PushCreated, c.PushUpdated, c.PushRemoved}, Counts{c.PullCreated, c.PullUpdated, c.PullRemoved}, c.Writes(), c.Missed,
	}
}

// Step is one thing that was done, or would be, to one item. It holds no text of
// appointments.
type Step struct {
	Direction string     `json:"direction" enum:"push,pull"`
	Op        string     `json:"op" enum:"create,update,remove"`
	Reason    string     `json:"reason" doc:"Why, a code." example:"changed"`
	Item      string     `json:"item" doc:"The key of an item of the gateway's, or the id of a pulled unavailability." example:"northwind/ana/course/4711"`
	Start     *time.Time `json:"start,omitempty"`
	End       *time.Time `json:"end,omitempty"`
	Failed    string     `json:"failed,omitempty" doc:"The error's code when it did not succeed."`
}

// StepsOf are steps in the API's form.
func StepsOf(steps []store.RunStep) []Step {
	out := []Step{}
	for _, s := range steps {
		out = append(out, Step{string(s.Direction), string(s.Op), string(s.Reason), s.Item, Moment(s.Start), Moment(s.End), s.Failed})
	}
	return out
}

// Run is one pass over trainers. Of a run that is also over trainers that the token does
// not see, it tells of the others alone.
type Run struct {
	ID       string       `json:"id" example:"9f2c41d07ab3e65c"`
	TraceID  string       `json:"trace_id,omitempty" doc:"The trace of the run, for whoever has a collector; the run's operator shows it with gateway trace."`
	Cause    string       `json:"cause" example:"interval" doc:"What started it."`
	State    string       `json:"state" enum:"waiting,running,ok,partial,failed,aborted,canceled" example:"ok" doc:"waiting: it was asked for, and others work on its trainers still."`
	Started  time.Time    `json:"started"`
	Finished *time.Time   `json:"finished,omitempty"`
	Message  string       `json:"message,omitempty" doc:"What failed when the run as a whole did."`
	Totals   Totals       `json:"totals"`
	Trainers []RunTrainer `json:"trainers,omitempty" nullable:"false" doc:"Of one run alone; lists leave them out."`
	Events   []RunEvent   `json:"events,omitempty" nullable:"false" doc:"What happened to the run, such as the restart of a plugin."`
}

// RunTrainer is a run's outcome for a trainer.
type RunTrainer struct {
	Trainer string         `json:"trainer" example:"northwind/ana"`
	State   string         `json:"state" enum:"waiting,running,ok,partial,failed,aborted,canceled,paused"`
	Totals  Totals         `json:"totals"`
	Steps   []Step         `json:"steps" nullable:"false"`
	Held    []Step         `json:"held" nullable:"false" doc:"Removals that wait for approval."`
	Skipped map[string]int `json:"skipped" doc:"How many items were left alone, by reason."`
	Failing *Failing       `json:"failing,omitempty"`
	Paused  *Paused        `json:"paused,omitempty"`
	Pilot   bool           `json:"pilot,omitempty" doc:"The steps are what would have been done."`
}

// RunEvent is one thing that happened to a run.
type RunEvent struct {
	Time time.Time `json:"time"`
	Text string    `json:"text"`
}

// runFor is a run as a caller may see it, and whether it may at all. What a run says as a
// whole is told only to those who see all of it.
func runFor(who caller, run store.Run, whole bool) (Run, bool) {
	out := Run{
		ID: run.ID, TraceID: run.TraceID, Cause: run.Cause, State: string(run.State), Started: run.Started.UTC(), Finished: Moment(run.Finished),
	}
	var sum store.Counts
	visible := 0
	for _, t := range run.Trainers {
		if !who.sees(t.Trainer.Provider) {
			continue
		}
		visible++
		sum = sum.Add(t.Counts)
		if whole {
			out.Trainers = append(out.Trainers, runTrainerOf(t))
		}
	}
	out.Totals = totalsOf(sum)
	if who.token.Providers == nil || visible == len(run.Trainers) && visible > 0 {
		out.Message = run.Message
		for _, e := range run.Events {
			if whole {
				out.Events = append(out.Events, RunEvent{e.Time.UTC(), e.Text})
			}
		}
	}
	return out, visible > 0 || who.token.Providers == nil
}

func runTrainerOf(t store.RunTrainer) RunTrainer {
	out := RunTrainer{
		Trainer: t.Trainer.String(), State: string(t.State), Totals: totalsOf(t.Counts), Steps: StepsOf(t.Steps), Held: StepsOf(t.Held),
		Skipped: map[string]int{}, Failing: FailingOf(t.Failing), Paused: PausedOf(t.Paused), Pilot: t.Pilot,
	}
	for reason, n := range t.Skipped {
		out.Skipped[string(reason)] = n
	}
	return out
}

// TrainerPlan is what a run would do for a trainer.
type TrainerPlan struct {
	Trainer   string         `json:"trainer" example:"northwind/ana"`
	Steps     []Step         `json:"steps" nullable:"false"`
	Held      []Step         `json:"held" nullable:"false" doc:"Removals that a run would not make before they are approved."`
	Skipped   map[string]int `json:"skipped" doc:"How many items would be left alone, by reason."`
	Findings  map[string]int `json:"findings" doc:"What else there is to tell of items, by reason."`
	Conflicts []Conflict     `json:"conflicts" nullable:"false" doc:"As they would be after the run."`
	Failing   *PlanFailure   `json:"failing,omitempty" doc:"Why there is no plan."`
	Paused    *Paused        `json:"paused,omitempty"`
	Pilot     bool           `json:"pilot,omitempty" doc:"A run would do none of this."`
}

// PlanFailure is why there is no plan for a trainer.
type PlanFailure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Advice  string `json:"advice,omitempty"`
}

// Explanation tells of the items that a question means.
type Explanation struct {
	Trainer string          `json:"trainer" example:"northwind/ana"`
	Looked  bool            `json:"looked" doc:"Whether the calendar was read just now."`
	Failure *PlanFailure    `json:"failure,omitempty" doc:"Why it could not be."`
	Items   []ExplainedItem `json:"items" nullable:"false"`
}

// ExplainedItem is what is known of an item. It holds no text of a trainer's own.
type ExplainedItem struct {
	Kind       string     `json:"kind" enum:"course,unavailability,written,own" doc:"A course or an unavailability of the platform; something of the gateway's that the platform no longer knows; an appointment of the trainer's own."`
	ID         string     `json:"id,omitempty"`
	Label      string     `json:"label,omitempty"`
	Start      *time.Time `json:"start,omitempty"`
	End        *time.Time `json:"end,omitempty"`
	InCalendar *bool      `json:"in_calendar,omitempty" doc:"Absent when the calendar was not read just now."`
	OnPlatform bool       `json:"on_platform"`
	Held       bool       `json:"held" doc:"Its removal waits for approval."`
	Reasons    []string   `json:"reasons" nullable:"false" doc:"Why a run would leave it alone."`
	Planned    []Step     `json:"planned" nullable:"false" doc:"What a run would do."`
	History    []PastStep `json:"history" nullable:"false" doc:"What runs did, the newest first."`
	Owed       []OwedItem `json:"owed" nullable:"false"`
	Conflicts  []Conflict `json:"conflicts" nullable:"false"`
}

// PastStep is what a run did to an item.
type PastStep struct {
	Step
	Run  string    `json:"run"`
	Time time.Time `json:"time"`
}
