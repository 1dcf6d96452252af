package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
)

const tagRuns = "Runs"

// calendarPatience is how long an answer waits for calendars.
const calendarPatience = 60 * time.Second

// errSlowCalendars: calendars took longer than an answer waits for them.
var errSlowCalendars = errors.New("the calendars took too long to answer")

// withCalendars asks something of calendars, for as long as an answer waits for them. What
// then ends for want of time is their fault, and not that of the state.
func withCalendars[T any](ctx context.Context, ask func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, calendarPatience, errSlowCalendars)
	defer cancel()
	out, err := ask(ctx)
	if errors.Is(err, context.DeadlineExceeded) && errors.Is(context.Cause(ctx), errSlowCalendars) {
		err = fmt.Errorf("%w: %w", errSlowCalendars, err)
	}
	return out, err
}

func (s *Server) runRoutes() {
	handle(s, route{
		id: "listRuns", method: http.MethodGet, path: "/v1/runs", tag: tagRuns, scope: config.ScopeRead,
		summary: "List runs", description: "The newest first, a page at a time.",
	}, s.listRuns)
	handle(s, route{
		id: "getRun", method: http.MethodGet, path: "/v1/runs/{id}", tag: tagRuns, scope: config.ScopeRead,
		summary: "Read a run", description: "What it did for each trainer, and why. One that was just begun is `waiting` until nobody else works on its trainers, then `running`.",
	}, s.getRun)
	handle(s, route{
		id: "explain", method: http.MethodGet, path: "/v1/trainers/{provider}/{trainer}/explain", tag: tagTrainers, scope: config.ScopeRead,
		errors: []int{http.StatusServiceUnavailable}, summary: "Explain an item",
		description: "Where an item came from, what was done to it and when, and why it is in the calendar or not. Reads the calendar, where that can be done within a minute.",
	}, s.explain)
}

type runsIn struct{ Page }

// RunPage is a part of the runs.
type RunPage struct {
	Runs []Run  `json:"runs" nullable:"false" doc:"The newest first."`
	Next string `json:"next,omitempty" doc:"For after; absent on the last page."`
}

type runsOut struct{ Body RunPage }

// listRuns leaves out the runs that the caller does not see; a page may so be shorter
// than its limit without being the last.
func (s *Server) listRuns(ctx context.Context, in *runsIn) (*runsOut, error) {
	from, err := readCursor(in.After, 1)
	if err != nil {
		return nil, err
	}
	before := ""
	if from != nil {
		before = from[0]
	}
	runs, err := s.service.RunsBefore(ctx, before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &runsOut{Body: RunPage{Runs: []Run{}}}
	for _, r := range runs {
		if run, visible := runFor(callerOf(ctx), r, false); visible {
			out.Body.Runs = append(out.Body.Runs, run)
		}
	}
	if len(runs) == in.Limit {
		out.Body.Next = cursor{runs[len(runs)-1].ID}.String()
	}
	return out, nil
}

type runIn struct {
	ID string `path:"id" doc:"The run's id." example:"9f2c41d07ab3e65c" maxLength:"64"`
}

type runOut struct{ Body Run }

func (s *Server) getRun(ctx context.Context, in *runIn) (*runOut, error) {
	run, err := s.service.Run(ctx, in.ID)
	if err != nil {
		return nil, problemOf(err, "such run")
	}
	out, visible := runFor(callerOf(ctx), run, true)
	if !visible || run.ID != in.ID {
		return nil, problem(http.StatusNotFound, "There is no such run.")
	}
	return &runOut{out}, nil
}

type explainIn struct {
	TrainerPath
	Item string `query:"item" required:"true" minLength:"1" maxLength:"200" doc:"The id of a course or an unavailability, or a part of its name; of the trainer's own a day (2026-11-24), or the stable id." example:"4711"`
}

type explainOut struct{ Body Explanation }

func (s *Server) explain(ctx context.Context, in *explainIn) (*explainOut, error) {
	id, err := in.configured(ctx)
	if err != nil {
		return nil, err
	}
	x, err := withCalendars(ctx, func(ctx context.Context) (Explanation, error) { return s.service.Explain(ctx, id, in.Item) })
	if err != nil {
		return nil, problemOf(err, "such item")
	}
	return &explainOut{x}, nil
}
