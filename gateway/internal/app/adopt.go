package app

import (
	"context"
	"strings"

	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// CauseAdopt is the cause of a run that takes over a former integration's items.
const CauseAdopt = "adopt"

// The words with which the reference integration begins the titles of courses.
const (
	FormerPrefix    = "Training: "
	formerCancelled = "Cancelled: "
)

// former says what a former integration's items look like.
type former struct {
	Prefix string `json:"prefix"`
	Remove bool   `json:"remove"`
}

// Adopt is the work of making a former integration's items ours, or of removing them
// (move-1). The prefix is what its titles of courses begin with.
func Adopt(filter Filter, prefix string, remove bool) Work {
	return Work{filter: filter, work: work{Kind: runner.Adopt, Former: former{prefix, remove}}}
}

// formerOf completes a description of former items with the titles of what is scheduled:
// the one that the gateway writes, and the one that begins with the prefix.
func (a *App) formerOf(ctx context.Context, state store.Store, f former) (reconcile.Former, error) {
	labels, err := a.courseLabels(ctx, state)
	if err != nil {
		return reconcile.Former{}, err
	}
	titles := func(w reconcile.Wanted) []string {
		names := []string{w.Appointment.Subject}
		provider, rest, _ := strings.Cut(w.Key, "/")
		_, thing, _ := strings.Cut(rest, "/")
		if label := labels[provider+"/"+thing]; label != "" {
			names = append(names, f.Prefix+label, formerCancelled+f.Prefix+label)
		}
		return names
	}
	return reconcile.Former{Titles: titles, Remove: f.Remove}, nil
}
