package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/trainercal/trainercal/gateway/internal/availability"
	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/httpapi"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Trainers implements [httpapi.Service].
func (s *apiService) Trainers(ctx context.Context, providers []string) ([]httpapi.Trainer, error) {
	standings, err := s.Standings(ctx)
	if err != nil {
		return nil, err
	}
	pauses, err := s.Pauses(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what is paused: %w", err)
	}
	out := []httpapi.Trainer{}
	for _, p := range s.Config().Providers {
		if !slices.Contains(providers, p.Name) {
			continue
		}
		for _, t := range p.Trainers {
			out = append(out, s.trainer(t, standings[t.ID], pauseOf(pauses, t)))
		}
	}
	slices.SortFunc(out, func(a, b httpapi.Trainer) int { return cmp.Compare(a.Trainer, b.Trainer) })
	return out, nil
}

func (s *apiService) trainer(t config.Trainer, standing store.Standing, paused *store.Pause) httpapi.Trainer {
	out := httpapi.Trainer{
		Trainer: t.ID.String(), Name: t.Name, Service: t.Service, Direction: string(t.Direction), Active: t.Active(),
		Health: string(s.app.healthOf(t, standing)), Proven: httpapi.Moment(standing.Proven), Held: standing.Held, Conflicts: standing.Conflicts,
		Paused: httpapi.PausedOf(paused),
	}
	if paused != nil && t.Active() {
		out.Health = string(Paused)
	}
	known := availability.Known{Reads: t.Pull(), Read: standing.Read, StaleAfter: staleAfter * s.app.interval(t.ID)}
	if _, since := known.Doubt(s.app.opts.Now()); !since.IsZero() {
		out.StaleSince = httpapi.Moment(since)
	}
	return out
}

// TrainerDetail implements [httpapi.Service].
func (s *apiService) TrainerDetail(ctx context.Context, id platform.TrainerID) (httpapi.TrainerDetail, error) {
	p, t := s.app.mapping(id)
	if t == nil {
		return httpapi.TrainerDetail{}, store.ErrNotFound
	}
	memory, err := s.Store.Trainer(ctx, id)
	if err != nil {
		return httpapi.TrainerDetail{}, err
	}
	pauses, err := s.Pauses(ctx)
	if err != nil {
		return httpapi.TrainerDetail{}, fmt.Errorf("read what is paused: %w", err)
	}
	courses, err := s.Courses(ctx, p.Name)
	if err != nil {
		return httpapi.TrainerDetail{}, err
	}
	status := s.app.statusOf(*t, memory, pauseOf(pauses, *t))
	known, err := s.app.knownTime(ctx, s, *p, *t, memory, courses)
	if err != nil {
		return httpapi.TrainerDetail{}, err
	}
	standing := store.Standing{Failing: memory.Failing != nil, Proven: memory.Proven, Read: memory.Read.At, Held: status.Held, Conflicts: len(status.Conflicts)}
	return detailOf(s.trainer(*t, standing, status.Paused), status, s.app.availabilityOf(known)), nil
}

func detailOf(t httpapi.Trainer, status TrainerStatus, now Availability) httpapi.TrainerDetail {
	out := httpapi.TrainerDetail{
		Trainer: t, Failing: httpapi.FailingOf(status.Failing), Pushed: status.Pushed, Pulled: status.Pulled, Owed: owedOf(status.Owed),
		Left: len(status.Left), ConflictsList: conflictsOf(status.Trainer, status.Conflicts),
		Now: httpapi.KnownAtOnce{State: string(now.Now), Reason: string(now.Reason), Until: httpapi.Moment(now.Until)},
	}
	return out
}

func owedOf(owed []store.Owed) []httpapi.OwedItem {
	out := []httpapi.OwedItem{}
	for _, o := range owed {
		out = append(out, httpapi.OwedItem{
			Item: o.Key, Op: string(o.Op), Code: o.Code, Message: o.Message, Advice: o.Advice, Since: o.Since.UTC(), Next: httpapi.Moment(o.Next), Attempts: o.Attempts,
		})
	}
	return out
}

func conflictsOf(id platform.TrainerID, conflicts []store.Conflict) []httpapi.Conflict {
	out := []httpapi.Conflict{}
	for _, c := range conflicts {
		out = append(out, httpapi.ConflictOf(id.String(), c))
	}
	return out
}

// Conflicts implements [httpapi.Service].
func (s *apiService) Conflicts(ctx context.Context, providers []string) ([]httpapi.Conflict, error) {
	standings, err := s.Standings(ctx)
	if err != nil {
		return nil, err
	}
	out := []httpapi.Conflict{}
	for _, p := range s.Config().Providers {
		for _, t := range p.Trainers {
			if !slices.Contains(providers, p.Name) || standings[t.ID].Conflicts == 0 || !t.Active() {
				continue
			}
			memory, err := s.Store.Trainer(ctx, t.ID)
			if err != nil {
				return nil, err
			}
			out = append(out, conflictsOf(t.ID, memory.Conflicts)...)
		}
	}
	slices.SortFunc(out, func(a, b httpapi.Conflict) int {
		return cmp.Or(cmp.Compare(a.Trainer, b.Trainer), a.Start.Compare(b.Start), cmp.Compare(a.Course, b.Course), cmp.Compare(a.Other, b.Other))
	})
	return out, nil
}

// KnownTimes implements [httpapi.Service]; each provider's courses are read once.
func (s *apiService) KnownTimes(ctx context.Context, ids []platform.TrainerID) ([]availability.Known, error) {
	courses := map[string][]store.CourseRecord{}
	out := make([]availability.Known, len(ids))
	for i, id := range ids {
		p, t := s.app.mapping(id)
		if t == nil {
			return nil, store.ErrNotFound
		}
		if _, read := courses[p.Name]; !read {
			all, err := s.Courses(ctx, p.Name)
			if err != nil {
				return nil, err
			}
			courses[p.Name] = all
		}
		memory, err := s.Store.Trainer(ctx, id)
		if err != nil {
			return nil, err
		}
		if out[i], err = s.app.knownTime(ctx, s, *p, *t, memory, courses[p.Name]); err != nil {
			return nil, err
		}
	}
	return out, nil
}
