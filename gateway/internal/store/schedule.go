package store

import (
	"context"
	"errors"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
)

// ErrLost: a lease was taken by somebody else. What was about to be stored under it is
// not stored.
var ErrLost = errors.New("another worker has taken over the trainer")

// Schedule says which trainers are due, and who works on them. It assumes nothing about
// how many processes there are.
type Schedule interface {
	// MarkDue makes trainers due, each at its time or earlier when it was due earlier. A
	// trainer that is being worked on is due again after that (H7).
	MarkDue(ctx context.Context, due []Due) error
	// NextDue returns the trainers that are due at a time and leased by nobody, the most
	// overdue first, at most limit; and when the next one is due after that, zero for
	// never.
	NextDue(ctx context.Context, now time.Time, limit int) (due []Due, next time.Time, err error)
	// Claim leases those of the trainers that nobody else has a lease of, until a time,
	// and clears what they were due for. Each claim raises the trainer's epoch.
	Claim(ctx context.Context, owner string, now, until time.Time, trainers []platform.TrainerID) ([]Lease, error)
	// Extend keeps leases until a later time and returns those that are still held.
	Extend(ctx context.Context, until time.Time, leases []Lease) ([]Lease, error)
	// Unlease gives leases back.
	Unlease(ctx context.Context, leases []Lease) error
}

// Due says that a trainer is to be synchronised.
type Due struct {
	Trainer platform.TrainerID
	// At is when, Since when it was first asked for.
	At, Since time.Time
	// Cause is the cause of the run, see [Run].
	Cause string
	// Traceparents are the trace contexts of what asked for it, at most
	// [MaxTraceparents], for links of the run's span.
	Traceparents []string
}

// MaxTraceparents is how many causes of one run are kept.
const MaxTraceparents = 16

// Lease is the right to work on a trainer. A state write under an older epoch than the
// trainer's is refused with [ErrLost].
type Lease struct {
	Trainer platform.TrainerID
	Owner   string
	Epoch   int64
	Until   time.Time
}
