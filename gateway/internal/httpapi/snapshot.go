package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// SnapshotResult says what a snapshot did.
type SnapshotResult struct {
	BulkResult
	Removed int `json:"removed" doc:"How many objects are not in the snapshot, and are gone." example:"1"`
}

type putSnapshotIn struct {
	ProviderPath
	Incoming
	AllowRemovals int      `query:"allow_removals" doc:"How many objects may be removed although that is beyond the guard: the number that the 409 told." minimum:"0"`
	Of            []string `query:"of" doc:"What the snapshot speaks for, courses or unavailability; both by default. The other kind is left as it is." enum:"courses,unavailability"`
}

type putSnapshotOut struct{ Body SnapshotResult }

// The kinds of objects that a snapshot may speak for.
const (
	kindCourses        = "courses"
	kindUnavailability = "unavailability"
)

// snapshot takes in everything that a provider has. It is held whole until it has all
// come, so one is taken in at a time.
func (s *Server) snapshot(ctx context.Context, in *putSnapshotIn) (*putSnapshotOut, error) {
	select {
	case s.snapshots <- struct{}{}:
		defer func() { <-s.snapshots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	whole := fullList{of: in.Of, seen: map[store.ObjectID]bool{}}
	t := s.intake(ctx, in.Provider, in.reader)
	t.max, t.seen, t.apply = maxSnapshotLines, whole.see, whole.keep
	if err := t.run(ctx); err != nil {
		return nil, err
	}
	return s.replace(ctx, in, whole, t)
}

// replace stores the objects of a snapshot. What it lacks goes only when every line was
// understood.
func (s *Server) replace(ctx context.Context, in *putSnapshotIn, whole fullList, t *intake) (*putSnapshotOut, error) {
	understood := len(t.result.Errors) == 0
	snapshot := store.Snapshot{
		Provider: in.Provider, Changes: whole.changes, Traceparent: traceparent(ctx), Sweep: SweepOf(*callerOf(ctx).provider(in.Provider), s.opts.Now()),
		OfCourses: understood && whole.speaksFor(kindCourses), OfUnavailability: understood && whole.speaksFor(kindUnavailability),
	}
	snapshot.AllowRemovals = in.AllowRemovals
	done, err := s.service.ApplySnapshot(ctx, snapshot)
	if err != nil {
		return nil, fmt.Errorf("store the snapshot of %s: %w", in.Provider, err)
	}
	t.tell(done.Outcomes, whole.numbers)
	switch {
	case !understood:
		return nil, notSwept(t.result)
	case done.Held:
		return nil, heldSweep(done.Missing)
	}
	return &putSnapshotOut{SnapshotResult{t.result, len(done.Missing) + done.Past}}, nil
}

// SweepOf is what a provider's configuration says of what a full list of its objects
// takes away, in a snapshot or an import (push-14).
func SweepOf(p config.Provider, now time.Time) store.Sweep {
	return store.Sweep{
		Now: now, Before: now.Add(-p.Sync.Past), Zone: p.TimeZone,
		Guard: &reconcile.Guard{MaxRemovals: p.Sync.Guard.MaxRemovals, MaxFraction: p.Sync.Guard.MaxFraction},
	}
}

// notSwept says which lines kept a snapshot from removing anything.
func notSwept(r BulkResult) *Problem {
	p := problem(http.StatusUnprocessableEntity, "Some of %d lines are wrong. The others were taken in; nothing was removed.", r.Lines)
	for _, e := range r.Errors {
		for _, item := range e.Errors {
			at := fmt.Sprintf("line[%d]", e.Line)
			if item.Location != "" {
				at += "." + item.Location
			}
			p.add(at, item.Message)
		}
	}
	return p
}

// maxToldRemovals is how many ids a refusal of the guard names.
const maxToldRemovals = 10_000

// heldSweep says what the guard holds (hold-1), and how to let it go.
func heldSweep(missing []store.ObjectID) *Problem {
	p := problem(http.StatusConflict, "%d stored objects are not in the snapshot, more than the guard lets go. All objects of the snapshot were taken in, and nothing was removed; "+
		"repeat the request with allow_removals=%d if they are to go.", len(missing), len(missing))
	for _, m := range missing[:min(len(missing), maxToldRemovals)] {
		p.Errors = append(p.Errors, ProblemItem{string(m.Kind) + "." + m.ID, "would be removed"})
	}
	return p
}

// fullList is a snapshot as it comes.
type fullList struct {
	// of are the kinds it speaks for; none for both.
	of      []string
	seen    map[store.ObjectID]bool
	changes []store.Change
	numbers []int
}

func (l *fullList) speaksFor(kind string) bool { return len(l.of) == 0 || slices.Contains(l.of, kind) }

// see refuses an object that the snapshot has twice or does not speak for.
func (l *fullList) see(c store.Change) error {
	key, kind := store.ObjectID{Kind: store.ObjectCourse}, kindCourses
	if c.Course != nil {
		key.ID = c.Course.ID
	} else {
		key, kind = store.ObjectID{Kind: store.ObjectUnavailability, ID: c.Unavailability.ID}, kindUnavailability
	}
	switch {
	case !l.speaksFor(kind):
		return platform.ImportErrors{{Path: string(key.Kind), Message: "does not belong here: the snapshot is of something else"}}
	case l.seen[key]:
		return platform.ImportErrors{{Path: string(key.Kind) + ".id", Message: "came before in the same snapshot"}}
	}
	l.seen[key] = true
	return nil
}

// keep holds a batch back until the snapshot has come whole.
func (l *fullList) keep(_ context.Context, batch []store.Change, numbers []int) ([]store.Outcome, error) {
	l.changes, l.numbers = append(l.changes, batch...), append(l.numbers, numbers...)
	return nil, nil
}
