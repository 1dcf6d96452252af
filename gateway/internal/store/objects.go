package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// The reasons why a [Change] is refused; each is an [Outcome]'s Err.
var (
	// ErrStale: the stored object has a newer version than the change.
	ErrStale = errors.New("the stored version is newer")
	// ErrDeleted: the object was deleted at the change's version or a newer one. It is an
	// [ErrStale].
	ErrDeleted = fmt.Errorf("the object was deleted since: %w", ErrStale)
	// ErrPrecondition: the stored object is not the one that the change was meant for.
	ErrPrecondition = errors.New("the object is not as expected")
)

// Objects changes the platform's objects one by one. [Platform.Import] does it by the
// thousand.
type Objects interface {
	// Apply makes changes in one transaction, in their order, and returns an outcome for
	// each: a change that is refused leaves the others alone. Trainers whose calendars
	// are touched by a trigger are due from then on, in the same transaction (eng-3).
	//
	// Of a deletion its version is kept, or without one the object's last: an upsert of
	// that version or an older one makes the object no more, for it is a late repetition.
	// One that has no version, or a newer one, makes it anew. What a snapshot or an import
	// takes away is deleted in this sense too; only another full list may bring it back
	// in the same version.
	Apply(ctx context.Context, changes []Change) ([]Outcome, error)
	// ApplySnapshot applies a full list of a provider's objects, and removes what the
	// provider has and the list lacks, in one transaction.
	ApplySnapshot(ctx context.Context, snapshot Snapshot) (SnapshotResult, error)
	// PruneDeleted forgets the versions of deletions that are older than a time, and
	// returns how many.
	PruneDeleted(ctx context.Context, before time.Time) (int, error)
	// Course returns a course with its revision, or [ErrNotFound].
	Course(ctx context.Context, provider, id string) (CourseRecord, error)
	// UnavailabilityOf returns an unavailability made on the platform, or [ErrNotFound].
	UnavailabilityOf(ctx context.Context, provider, id string) (UnavailabilityRecord, error)
	// CoursesAfter returns at most limit courses of the provider by id, those after an id.
	CoursesAfter(ctx context.Context, provider, after string, limit int) ([]CourseRecord, error)
	// UnavailabilityAfter does the same for unavailability made on the platform.
	UnavailabilityAfter(ctx context.Context, provider, after string, limit int) ([]UnavailabilityRecord, error)
}

// Change is one change of a platform object: exactly one of Course, Unavailability,
// DeleteCourse and DeleteUnavailability is set.
type Change struct {
	Course         *platform.Course
	Unavailability *platform.Unavailability
	// DeleteCourse and DeleteUnavailability are ids within Provider.
	Provider             string
	DeleteCourse         string
	DeleteUnavailability string
	// Version of a deletion: an older one than the stored is refused; empty for none. It is
	// kept also where there is nothing to delete: the upsert may still be under way.
	Version string
	// IfETag, when set, is the ETag that the stored object must have; "*" stands for any
	// object. IfNone: there must be none. Both are looked at before the version.
	IfETag string
	IfNone bool
	// RepushOn are the course fields that are triggers (push-7); nil for the default set.
	RepushOn []string
	// Traceparent is the W3C trace context of the request that asked for the change, for
	// the run that it causes; empty for none.
	Traceparent string
}

// ChangeResult says what a [Change] did.
type ChangeResult string

// The results of a [Change].
const (
	ChangeCreated   ChangeResult = "created"
	ChangeUpdated   ChangeResult = "updated"
	ChangeUnchanged ChangeResult = "unchanged"
	ChangeDeleted   ChangeResult = "deleted"
	// ChangeMissing: there was nothing to delete.
	ChangeMissing ChangeResult = "missing"
	// ChangeRefused: see Err.
	ChangeRefused ChangeResult = "refused"
)

// Outcome is what became of a [Change].
type Outcome struct {
	Result ChangeResult
	// ETag is the object's after the change, and of a refused change the stored one's;
	// empty where there is no object. See [CourseRecord].
	ETag string
	// Triggered: the change is to be sent at once (push-7), and Trainers, whose calendars
	// it touches, are due for it.
	Triggered bool
	Trainers  []platform.TrainerID
	// Err is set when the change was refused: [ErrStale], [ErrDeleted] or
	// [ErrPrecondition].
	Err error
}

// Snapshot is everything that a provider has at one moment, as the platform tells it, so
// that a deletion that was lost leaves no ghost for ever.
type Snapshot struct {
	Provider string
	// Changes are upserts of the provider's courses and unavailability. One that is
	// refused is still of an object that is there.
	Changes []Change
	// OfCourses and OfUnavailability: the list gives all of them, and what it lacks goes.
	OfCourses, OfUnavailability bool
	Sweep
	// Traceparent is as in [Change].
	Traceparent string
}

// Sweep says what goes because a full list lacks it. What is over by Now stays in the
// calendars (push-14): a list of what is still to come says nothing about the past, and
// only a deletion takes the appointment of a course that is over (push-8). So it is kept
// here as well until it is older than any run looks at, by Before, and goes then without
// a trace in a calendar. The zero value knows no past.
type Sweep struct {
	Now, Before time.Time
	// Zone is the provider's, in which whole days begin.
	Zone *time.Location
	// Guard holds the sweep when what it removes, of what is still to come, is beyond both
	// limits; nil for no limit. AllowRemovals is how many may go in any case.
	Guard         *reconcile.Guard
	AllowRemovals int
}

// Exceeds reports whether n removals out of all that is still to come are held.
func (s Sweep) Exceeds(n, all int) bool {
	return s.Guard != nil && n > s.AllowRemovals && n > s.Guard.MaxRemovals && float64(n) > s.Guard.MaxFraction*float64(all)
}

// Owned is an object that a provider has, and when it is over.
type Owned struct {
	ObjectID
	End time.Time
}

// EndOf is when something is over.
func (s Sweep) EndOf(w calendar.When) time.Time {
	zone := s.Zone
	if zone == nil {
		zone = time.UTC
	}
	_, end := w.Span(zone)
	return end
}

// Lacking picks from what a provider has what a full list lacks and what therefore goes:
// what is missing of what is still to come, and what is over long ago. ToCome counts all
// that is still to come.
func (s Sweep) Lacking(all []Owned, listed map[ObjectID]bool) (missing, past []ObjectID, toCome int) {
	for _, o := range all {
		coming := s.Now.IsZero() || o.End.After(s.Now)
		if coming {
			toCome++
		}
		switch {
		case listed[o.ObjectID]:
		case coming:
			missing = append(missing, o.ObjectID)
		case o.End.Before(s.Before):
			past = append(past, o.ObjectID)
		}
	}
	return missing, past, toCome
}

// SnapshotResult says what a [Snapshot] did.
type SnapshotResult struct {
	// Outcomes are those of its changes.
	Outcomes []Outcome
	// Missing is what the list lacks of what is still to come. It is removed, unless Held:
	// then it is still there.
	Missing []ObjectID
	Held    bool
	// Past counts what was over long ago and went as well.
	Past int
	// Trainers are due because of what was removed.
	Trainers []platform.TrainerID
}

// ObjectID names an object of a provider.
type ObjectID struct {
	Kind ObjectKind
	ID   string
}

// ObjectKind is what sort of object it is.
type ObjectKind string

// The kinds of objects.
const (
	ObjectCourse         ObjectKind = "course"
	ObjectUnavailability ObjectKind = "unavailability"
)
