package store

import (
	"context"
	"errors"

	"github.com/trainercal/trainercal/gateway/internal/platform"
)

// The reasons why a [Change] is refused; each is an [Outcome]'s Err.
var (
	// ErrStale: the stored object has a newer version than the change.
	ErrStale = errors.New("the stored version is newer")
	// ErrPrecondition: the stored object is not the one that the change was meant for.
	ErrPrecondition = errors.New("the object is not as expected")
)

// Objects changes the platform's objects one by one. [Platform.Import] does it by the
// thousand.
type Objects interface {
	// Apply makes changes in one transaction, in their order, and returns an outcome for
	// each: a change that is refused leaves the others alone. Trainers whose calendars
	// are touched by a trigger are due from then on, in the same transaction (eng-3).
	Apply(ctx context.Context, changes []Change) ([]Outcome, error)
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
	// Version of a deletion: an older one than the stored is refused; empty for none.
	Version string
	// IfETag, when set, is the ETag that the stored object must have; "*" stands for any
	// object. IfNone: there must be none.
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
	// ETag is the object's after the change; empty after a deletion. It changes with
	// every change of the stored object, also with one that is no trigger.
	ETag string
	// Triggered: trainers are due because of it.
	Triggered bool
	Trainers  []platform.TrainerID
	// Err is set when the change was refused: [ErrStale] or [ErrPrecondition].
	Err error
}
