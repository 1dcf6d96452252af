package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
)

// ErrLost: a lease was taken by somebody else, or given back. What was about to be stored
// under it is not stored.
var ErrLost = errors.New("another worker has taken over the trainer")

// Schedule says which trainers are due, and who works on them. It assumes nothing about
// how many processes there are: all that they have to agree on is in it.
//
// What is asked for stays until the work is done: a claim keeps it aside, giving the lease
// back forgets it, and a lease that is not given back makes the trainer due again when it
// runs out. So a process may be killed at any moment, and nothing is lost.
type Schedule interface {
	// MarkDue makes trainers due, each at its time or earlier when it was due earlier. A
	// trainer that is being worked on is due again after that (H7).
	MarkDue(ctx context.Context, due []Due) error
	// Assign says which trainers the engine works on, in place of all it was told before.
	// It returns those that it did not work on through the same mapping until now; they
	// are due when [Schedule.MarkDue] says so (map-8).
	Assign(ctx context.Context, assignments []Assignment) ([]platform.TrainerID, error)
	// Dues returns the trainers that are assigned and leased by nobody, with what they are
	// due for, also later; At is zero for nothing.
	Dues(ctx context.Context) ([]Due, error)
	// Turns sets when trainers have their next turn (cause "interval"), in place of the
	// one that they have: those who are due for something else keep that.
	Turns(ctx context.Context, turns []Due) error
	// NextDue returns the trainers that are assigned, due at a time, queued nowhere and
	// leased by nobody, the most overdue of each account first, at most limit of each; and
	// when the next trainer is due after that, zero for never.
	NextDue(ctx context.Context, now time.Time, limit int) (due []Due, next time.Time, err error)
	// Flights returns how many batches of each account are queued or worked on.
	Flights(ctx context.Context, now time.Time) (map[string]Flights, error)
	// Reap takes leases away that have run out, and returns how many: what they were taken
	// for is due again.
	Reap(ctx context.Context, now time.Time) (int, error)
	// Claim leases those of the trainers that nobody else has a lease of. Each claim raises
	// the trainer's epoch and takes the trainer out of the queue.
	Claim(ctx context.Context, claim Claim) ([]Lease, error)
	// Owners returns who has a lease of any of the trainers, by trainer.
	Owners(ctx context.Context, now time.Time, trainers []platform.TrainerID) (map[platform.TrainerID]string, error)
	// Extend keeps leases until a later time and returns those that are still held.
	Extend(ctx context.Context, until time.Time, leases []Lease) ([]Lease, error)
	// Unlease gives leases back at a time, the work being done, and makes trainers due in
	// the same transaction. Leases that are lost are left alone.
	Unlease(ctx context.Context, now time.Time, leases []Lease, due []Due) error
	// Waiting returns how many assigned trainers are due at a time and not worked on, and
	// since when the first of them is; zero where there is none.
	Waiting(ctx context.Context, now time.Time) (trainers int, since time.Time, err error)
	// Jobs makes a queue of batches in the same database. It works off nothing before it
	// is started.
	Jobs(options JobOptions) (Jobs, error)
}

// Due says that a trainer is to be synchronised.
type Due struct {
	Trainer platform.TrainerID
	// Account is "provider/service"; it is read-only, see [Schedule.Assign].
	Account string
	// At is when, Since when it was first asked for, and Asked, which is read-only, when
	// last.
	At, Since, Asked time.Time
	// Cause is the cause of the run, see [Run].
	Cause string
	// Traceparents are the trace contexts of what asked for it, at most
	// [MaxTraceparents], for links of the run's span.
	Traceparents []string
	// Served is when the trainer was last worked on; it is read-only.
	Served time.Time
}

// AskedBy notes what else asked for it, each once and at most [MaxTraceparents].
func (d *Due) AskedBy(traceparents ...string) {
	for _, t := range traceparents {
		if t != "" && len(d.Traceparents) < MaxTraceparents && !slices.Contains(d.Traceparents, t) {
			d.Traceparents = append(d.Traceparents, t)
		}
	}
}

// MaxTraceparents is how many causes of one run are kept.
const MaxTraceparents = 16

// The causes of runs that start by themselves.
const (
	// CauseInterval: it is the trainer's turn.
	CauseInterval = "interval"
	// CauseNotification: the calendar says that something has changed.
	CauseNotification = "notification"
	// CauseChange: the platform has changed something.
	CauseChange = "change"
)

// Urgent tells which of two causes is told as a run's: what the platform asked for comes
// before what a calendar says, and that before the interval.
func Urgent(a, b string) string {
	rank := map[string]int{CauseInterval: 1, CauseNotification: 2, CauseChange: 3}
	if rank[b] > rank[a] {
		return b
	}
	return a
}

// Assignment says through which account the engine works on a trainer.
type Assignment struct {
	Trainer platform.TrainerID
	Account string
	// Mapping is a digest of what is mapped: another one asks for a run at once.
	Mapping string
}

// Flights counts the batches of an account that are queued or worked on.
type Flights struct {
	// All are all of them, Interval those with no other cause than the interval.
	All, Interval int
}

// Claim asks for leases.
type Claim struct {
	// Owner names who will work, for people too.
	Owner      string
	Now, Until time.Time
	Trainers   []platform.TrainerID
	// Due: only those that are assigned and due by now are claimed.
	Due bool
}

// Lease is the right to work on a trainer. A state write under an older epoch than the
// trainer's is refused with [ErrLost].
type Lease struct {
	Trainer platform.TrainerID
	Owner   string
	Epoch   int64
	Until   time.Time
	// For is what the trainer was due for; its At is zero when it was not due.
	For Due
}

// Work is a batch of trainers of one account, to be worked on together.
type Work struct {
	// ID is the batch's name.
	ID       string
	Account  string
	Trainers []platform.TrainerID
	// Interval: nothing but the interval asks for it.
	Interval bool
}

// Jobs hands batches to workers of any process that has started them.
type Jobs interface {
	// Start lets workers take up batches.
	Start(ctx context.Context) error
	// Enqueue puts batches into the queue and notes so of their trainers until a time, in
	// one transaction: until then they are in no other batch.
	Enqueue(ctx context.Context, batches []Work, until time.Time) error
	// Stop lets no worker begin any more and waits for those at work. When ctx ends, their
	// contexts do.
	Stop(ctx context.Context) error
}

// JobOptions say how a queue is worked off.
type JobOptions struct {
	// Workers is how many batches this process works on at once.
	Workers int
	// Do is the work on a batch. Its context ends when it takes too long, or is to be
	// given up.
	Do func(ctx context.Context, w Work) error
	// Log takes a line for what goes wrong in the queue itself.
	Log func(message string, args ...any)
}

// JobTimeout is how long one batch may be worked on in one go.
const JobTimeout = 2 * time.Minute

// fence is the key of the leases in a context.
type fence struct{}

// UnderLease returns a context under which state of the leased trainers is written only
// while their leases are held: the methods of [Trainers] that change something check it in
// their transaction, and answer [ErrLost].
func UnderLease(ctx context.Context, leases []Lease) context.Context {
	byTrainer := make(map[platform.TrainerID]Lease, len(leases))
	for _, l := range leases {
		byTrainer[l.Trainer] = l
	}
	return context.WithValue(ctx, fence{}, byTrainer)
}

// LeaseOf returns the lease under which a trainer is worked on. Who works under leases has
// none of another trainer: ErrLost is the answer then. Without any lease in the context,
// checked is false.
func LeaseOf(ctx context.Context, id platform.TrainerID) (l Lease, checked bool, err error) {
	leases, checked := ctx.Value(fence{}).(map[platform.TrainerID]Lease)
	if !checked {
		return Lease{}, false, nil
	}
	l, held := leases[id]
	if !held {
		return Lease{}, true, ErrLost
	}
	return l, true, nil
}
