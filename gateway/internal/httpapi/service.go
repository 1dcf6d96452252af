package httpapi

import (
	"context"
	"errors"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/availability"
	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// Service is what the API needs of the gateway. Its methods are safe for concurrent use.
// An object that is not there is a [store.ErrNotFound].
type Service interface {
	// Config is the configuration in force.
	Config() *config.Config
	// Objects changes the platform's objects and reads them; what it makes due is begun
	// at once.
	store.Objects
	// Unavailability returns a trainer's unavailability made on the platform.
	Unavailability(ctx context.Context, trainer platform.TrainerID) ([]store.UnavailabilityRecord, error)
	// PulledByID returns an unavailability that came from a calendar.
	PulledByID(ctx context.Context, provider, id string) (store.FeedItem, error)

	Watching
	Operating
	Feeding
	Notified
}

// Watching tells how things are.
type Watching interface {
	// Trainers returns the configured trainers of the providers, by provider and label.
	Trainers(ctx context.Context, providers []string) ([]Trainer, error)
	// Trainer returns one of them with everything that is known.
	TrainerDetail(ctx context.Context, id platform.TrainerID) (TrainerDetail, error)
	// KnownTimes returns what is known of trainers' time, in their order.
	KnownTimes(ctx context.Context, ids []platform.TrainerID) ([]availability.Known, error)
	// Conflicts returns the conflicts of the providers' trainers, by trainer and start.
	Conflicts(ctx context.Context, providers []string) ([]Conflict, error)
	// RunsBefore returns runs that started before another, the newest first; of an empty
	// id the newest there are.
	RunsBefore(ctx context.Context, id string, limit int) ([]store.Run, error)
	// Run returns one run whole, also one that was begun and waits for its turn.
	Run(ctx context.Context, id string) (store.Run, error)
	// Explain tells of a trainer's item; it reads the calendar until ctx ends.
	Explain(ctx context.Context, trainer platform.TrainerID, item string) (Explanation, error)
	// Status is the state of the gateway and of the providers' accounts.
	GatewayStatus(ctx context.Context, providers []string) (Status, error)
	// Ready reports why the gateway cannot take requests; nil when it can.
	Ready(ctx context.Context) error
}

// The errors of [Operating], besides the store's.
var (
	// ErrNothingToDo: no active trainer matches.
	ErrNothingToDo = errors.New("no active trainer matches")
	// ErrChanged: what is held is not what the request approves.
	ErrChanged = errors.New("what is held has changed since it was shown")
	// ErrStopping: the gateway is about to end and begins nothing new.
	ErrStopping = errors.New("the gateway is stopping")
)

// Operating makes runs, and stops them. Runs are begun and go on by themselves: what is
// returned is the id of the run.
type Operating interface {
	Sync(ctx context.Context, which Selection) (run string, err error)
	Resync(ctx context.Context, which Selection, inPlace bool) (run string, err error)
	// Plan returns what a run would do; it reads calendars until ctx ends.
	Plan(ctx context.Context, which Selection) ([]TrainerPlan, error)
	// Held returns a trainer's removals that wait for approval.
	Held(ctx context.Context, trainer platform.TrainerID) ([]HeldRemoval, error)
	// Approve lets removals go, of the ids given, and returns the record of that.
	Approve(ctx context.Context, trainer platform.TrainerID, ids []string) (run string, err error)
	PauseTrainer(ctx context.Context, trainer platform.TrainerID, reason string) (store.Pause, error)
	// Resume ends a trainer's own pause and reports whether there was one.
	ResumeTrainer(ctx context.Context, trainer platform.TrainerID) (bool, error)
	// Retry ends the pause, and has everything that backs off tried at once. The run is
	// empty where the trainer has no active mapping.
	Retry(ctx context.Context, trainer platform.TrainerID) (run string, err error)
}

// Selection picks trainers; empty lists pick all.
type Selection struct {
	Providers []string
	Services  []string
	Trainers  []platform.TrainerID
}

// HeldRemoval is a pulled unavailability whose removal waits for approval.
type HeldRemoval struct {
	ID   string
	When calendar.When
	// Zone is the trainer's, in which whole days are.
	Zone *time.Location
}
