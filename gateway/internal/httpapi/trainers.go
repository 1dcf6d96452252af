package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/availability"
	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// TrainerPath names a trainer in an address.
type TrainerPath struct {
	Provider string `path:"provider" doc:"The provider." example:"northwind"`
	Trainer  string `path:"trainer" doc:"The trainer's label." example:"ana" maxLength:"64"`
}

// configured is the trainer, if the configuration has it.
func (p TrainerPath) configured(ctx context.Context) (platform.TrainerID, error) {
	id := platform.TrainerID{Provider: p.Provider, Label: p.Trainer}
	return id, known(ctx, id, "path.trainer")
}

// known refuses a trainer that does not exist for the caller.
func known(ctx context.Context, id platform.TrainerID, location string) error {
	if p := callerOf(ctx).provider(id.Provider); p != nil {
		if slices.ContainsFunc(p.Trainers, func(t config.Trainer) bool { return t.ID == id }) {
			return nil
		}
	}
	return problem(http.StatusNotFound, "There is no such trainer in the configuration.").add(location, "is not known")
}

// named is the trainer that provider/label means, if it exists for the caller.
func named(ctx context.Context, name, location string) (platform.TrainerID, error) {
	id, err := platform.ParseTrainerID(name)
	if err != nil {
		return id, problem(http.StatusUnprocessableEntity, "Want provider/label.").add(location, "is not of the form provider/label")
	}
	return id, known(ctx, id, location)
}

const tagTrainers = "Trainers"

func (s *Server) trainerRoutes() {
	handle(s, route{
		id: "listTrainers", method: http.MethodGet, path: "/v1/trainers", tag: tagTrainers, scope: config.ScopeRead,
		summary: "List trainers", description: "Where each configured trainer stands, by provider and label, a page at a time.", errors: []int{http.StatusNotFound},
	}, s.listTrainers)
	handle(s, route{
		id: "getTrainer", method: http.MethodGet, path: "/v1/trainers/{provider}/{trainer}", tag: tagTrainers, scope: config.ScopeRead,
		summary: "Read a trainer", description: "Everything that is known of a trainer's calendar, and what to do where something fails.",
	}, s.getTrainer)
	handle(s, route{
		id: "listConflicts", method: http.MethodGet, path: "/v1/conflicts", tag: tagTrainers, scope: config.ScopeRead, errors: []int{http.StatusNotFound},
		summary: "List conflicts", description: "Courses that overlap an appointment in the trainer's calendar, or another course of the trainer's. The gateway changes nothing about them.",
	}, s.listConflicts)
	handle(s, route{
		id: "getAvailability", method: http.MethodGet, path: "/v1/availability", tag: tagTrainers, scope: config.ScopeRead, errors: []int{http.StatusNotFound},
		summary: "Who is free when",
		description: fmt.Sprintf("The time of up to %d trainers in a window, parted into pieces that are free, busy or unknown. "+
			"Unknown is never free: the calendar was not read there, or too long ago.", maxAsked),
	}, s.getAvailability)
}

type trainersIn struct {
	Page
	Provider string `query:"provider" doc:"Those of one provider." maxLength:"64"`
}

// TrainerPage is a part of the trainers.
type TrainerPage struct {
	Trainers []Trainer `json:"trainers" nullable:"false" doc:"By provider and label."`
	Next     string    `json:"next,omitempty" doc:"For after; absent on the last page."`
}

type trainersOut struct{ Body TrainerPage }

func (s *Server) listTrainers(ctx context.Context, in *trainersIn) (*trainersOut, error) {
	providers, err := callerOf(ctx).only(in.Provider)
	if err != nil {
		return nil, err
	}
	from, err := readCursor(in.After, 1)
	if err != nil {
		return nil, err
	}
	all, err := s.service.Trainers(ctx, providers)
	if err != nil {
		return nil, err
	}
	if from != nil {
		i, found := slices.BinarySearchFunc(all, from[0], func(t Trainer, name string) int { return strings.Compare(t.Trainer, name) })
		if found {
			i++
		}
		all = all[i:]
	}
	out := &trainersOut{}
	out.Body.Trainers, out.Body.Next = pageOf(all, in.Limit, func(t Trainer) cursor { return cursor{t.Trainer} })
	return out, nil
}

type trainerOut struct{ Body TrainerDetail }

func (s *Server) getTrainer(ctx context.Context, in *TrainerPath) (*trainerOut, error) {
	id, err := in.configured(ctx)
	if err != nil {
		return nil, err
	}
	detail, err := s.service.TrainerDetail(ctx, id)
	return &trainerOut{detail}, err
}

type conflictsIn struct {
	Page
	Provider string `query:"provider" doc:"Those of one provider." maxLength:"64"`
}

// ConflictPage is a part of the conflicts.
type ConflictPage struct {
	Conflicts []Conflict `json:"conflicts" nullable:"false" doc:"By trainer and start."`
	Next      string     `json:"next,omitempty" doc:"For after; absent on the last page."`
}

type conflictsOut struct{ Body ConflictPage }

func (s *Server) listConflicts(ctx context.Context, in *conflictsIn) (*conflictsOut, error) {
	providers, err := callerOf(ctx).only(in.Provider)
	if err != nil {
		return nil, err
	}
	from, err := readCursor(in.After, 4)
	if err != nil {
		return nil, err
	}
	all, err := s.service.Conflicts(ctx, providers)
	if err != nil {
		return nil, err
	}
	if from != nil {
		all = slices.DeleteFunc(all, func(c Conflict) bool { return slices.Compare(c.place(), from) <= 0 })
	}
	out := &conflictsOut{}
	out.Body.Conflicts, out.Body.Next = pageOf(all, in.Limit, Conflict.place)
	return out, nil
}

// place is a conflict's in the list of all.
func (c Conflict) place() cursor {
	return cursor{c.Trainer, c.Start.UTC().Format(sortable), c.Course, c.Other}
}

// sortable is a form of instants whose order is theirs.
const sortable = "2006-01-02T15:04:05.000000000Z"

// The bounds of a question for availability.
const (
	maxAsked  = 100
	maxWindow = 731 * 24 * time.Hour
)

type availabilityIn struct {
	Trainer []string  `query:"trainer,explode" doc:"provider/label; may be repeated." required:"true" minItems:"1" maxItems:"100" example:"northwind/ana"`
	Start   time.Time `query:"start" doc:"When the window begins, RFC 3339." required:"true" example:"2026-12-01T00:00:00Z"`
	End     time.Time `query:"end" doc:"When it ends; at most two years later." required:"true" example:"2026-12-02T00:00:00Z"`
}

// Availabilities is whether trainers are free.
type Availabilities struct {
	Trainers []TrainerTime `json:"trainers" nullable:"false" doc:"In the order of the question."`
}

// TrainerTime is a trainer's time in a window.
type TrainerTime struct {
	Trainer    string      `json:"trainer" example:"northwind/ana"`
	StaleSince *time.Time  `json:"stale_since,omitempty" doc:"When the calendar was last read, if that is too long ago."`
	Spans      []TimePiece `json:"spans" nullable:"false" doc:"The window, in order and without gaps."`
}

// TimePiece is a piece of a window.
type TimePiece struct {
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
	State  string    `json:"state" enum:"free,busy,unknown" example:"free"`
	Reason string    `json:"reason,omitempty" enum:"not_read,never_read,stale,outside_window" doc:"Why it is unknown."`
}

type availabilityOut struct{ Body Availabilities }

func (s *Server) getAvailability(ctx context.Context, in *availabilityIn) (*availabilityOut, error) {
	window := calendar.Window{Start: in.Start.UTC(), End: in.End.UTC()}
	if length := window.End.Sub(window.Start); length <= 0 || length > maxWindow {
		return nil, problem(http.StatusUnprocessableEntity, "Want a window that ends after it begins, and within two years.").add("query.end", "is not in the two years after the start")
	}
	ids, err := asked(ctx, in.Trainer)
	if err != nil {
		return nil, err
	}
	times, err := s.service.KnownTimes(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := &availabilityOut{Body: Availabilities{Trainers: []TrainerTime{}}}
	now := s.opts.Now()
	for i, k := range times {
		out.Body.Trainers = append(out.Body.Trainers, timeOf(ids[i], k, now, window))
	}
	return out, nil
}

// asked are the trainers that a question names.
func asked(ctx context.Context, names []string) ([]platform.TrainerID, error) {
	ids := make([]platform.TrainerID, len(names))
	for i, name := range names {
		id, err := named(ctx, name, fmt.Sprintf("query.trainer[%d]", i))
		if err != nil {
			return nil, err
		}
		ids[i] = id
	}
	return ids, nil
}

func timeOf(id platform.TrainerID, k availability.Known, now time.Time, window calendar.Window) TrainerTime {
	out := TrainerTime{Trainer: id.String(), Spans: []TimePiece{}}
	if why, since := k.Doubt(now); why != "" {
		out.StaleSince = Moment(since)
	}
	for _, span := range k.Timeline(now, window) {
		out.Spans = append(out.Spans, TimePiece{span.Start.UTC(), span.End.UTC(), string(span.State), string(span.Reason)})
	}
	return out
}
