// Package store says, in the gateway's own words, what is remembered between runs:
// platform data, what each trainer's calendar was last seen to hold, and the
// history of runs.
//
// Main types: [Store] is what a database driver implements; [Trainer] is one
// trainer's memory and [Result] what a run changes in it, in one transaction;
// [Run] is an entry of the history.
//
// It promises that a result is stored whole or not at all, and that one process
// owns the state while it is open for writing.
//
// Neighbours: store/sqlite implements it, store/storetest is the suite every driver
// passes, runner and cli use it.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// The errors a store answers with.
var (
	// ErrLocked: another process owns the state.
	ErrLocked = errors.New("the state is in use by another gateway process")
	// ErrNotFound: no such object.
	ErrNotFound = errors.New("not found")
	// ErrNewerSchema: the state was written by a newer gateway.
	ErrNewerSchema = errors.New("the state was written by a newer gateway")
	// ErrReadOnly: the state was opened for reading alone.
	ErrReadOnly = errors.New("the state is open for reading only")
	// ErrDiskFull: there is no room for a change. Nothing that was stored is lost, and
	// the same call succeeds once there is room.
	ErrDiskFull = errors.New("the disk of the state is full")
	// ErrDiskReadOnly: the state's disk, or its files, cannot be written to.
	ErrDiskReadOnly = errors.New("the disk of the state cannot be written to")
	// ErrDisk: the disk failed while reading or writing.
	ErrDisk = errors.New("the disk of the state fails")
	// ErrDamaged: what the disk holds is no whole state.
	ErrDamaged = errors.New("the state is damaged")
)

// Store remembers everything between runs. Its methods are safe for concurrent use
// and return errors that match the ones above or wrap the driver's.
type Store interface {
	Platform
	Objects
	Feed
	Events
	Trainers
	History
	Pages
	Operations
	Schedule
	Watches
	// Close releases the state. It is safe to call twice.
	Close() error
}

// Platform keeps what the training platform told. Objects are keyed by provider
// and id.
type Platform interface {
	// Import stores courses and unavailability in one transaction. Each course or
	// unavailability that differs from the stored one gets a new revision when one
	// of its changed fields is a trigger; a new one always does. No revision is ever
	// used twice, also not after a deletion (push-12). An older version than the
	// stored one is counted and left out. Trainers are due as after [Objects.Apply].
	Import(ctx context.Context, batch Batch) (ImportResult, error)
	// Courses returns the provider's courses by start, then id.
	Courses(ctx context.Context, provider string) ([]CourseRecord, error)
	// Unavailability returns the trainer's unavailability made on the platform.
	// Pulled ones are the mirrors of [Trainer].
	Unavailability(ctx context.Context, trainer platform.TrainerID) ([]UnavailabilityRecord, error)
}

// Batch is what an import brings.
type Batch struct {
	platform.Import
	// Replace: absence of an object means its deletion, within what the import
	// speaks for and as Sweeps say by provider; its guard is not asked.
	Replace bool
	Sweeps  map[string]Sweep
	// RepushOn gives, by provider, the course fields that are triggers (push-7);
	// nil means the default set.
	RepushOn map[string][]string
}

// ImportResult counts what an import did.
type ImportResult struct {
	Created, Updated, Unchanged, Deleted, Stale int
	// Triggered counts those of Updated that changed a trigger.
	Triggered int
}

// CourseRecord is a course with its revision: a number that grows with each trigger.
type CourseRecord struct {
	platform.Course
	Revision int64
	// ETag is another one after each change of what is stored, also of one that is no
	// trigger, and never comes back. It is opaque, of letters and digits, and without
	// the quotes that it has in HTTP.
	ETag string
}

// UnavailabilityRecord is a platform unavailability with its revision and ETag, as in
// [CourseRecord].
type UnavailabilityRecord struct {
	platform.Unavailability
	Revision int64
	ETag     string
}

// Trainers keeps what is known of each trainer's calendar.
type Trainers interface {
	// Trainer returns the trainer's memory; a trainer never seen has an empty one.
	Trainer(ctx context.Context, id platform.TrainerID) (Trainer, error)
	// Intend commits links in state intended or removing before their writes are
	// sent, so that a crash in between is recovered.
	Intend(ctx context.Context, id platform.TrainerID, links []reconcile.Link) error
	// Commit stores a run's result for a trainer in one transaction.
	Commit(ctx context.Context, result Result) error
	// RetryOwed makes everything that is owed to the trainer's calendar due at the next
	// run, and returns how many items that is.
	RetryOwed(ctx context.Context, id platform.TrainerID) (int, error)
	// Release drops the pulled unavailability of these ids, in one transaction, where
	// its removal is held: what was seen again in the meantime stays. It returns the
	// ids of what went.
	Release(ctx context.Context, id platform.TrainerID, mirrors []string) ([]string, error)
	// Move stores that the trainer has another calendar, in one transaction: the new
	// binding without a cursor, the links, and what is left in the old calendar.
	Move(ctx context.Context, move Move) error
	// DropLeft forgets items left in old calendars, by binding and key.
	DropLeft(ctx context.Context, id platform.TrainerID, left []Leftover) error
	// TrainerIDs returns every trainer something is remembered of.
	TrainerIDs(ctx context.Context) ([]platform.TrainerID, error)
	// Standings returns where each of them stands; it is cheap for many trainers.
	Standings(ctx context.Context) (map[platform.TrainerID]Standing, error)
}

// Standing is a trainer's memory in numbers.
type Standing struct {
	// Failing: something keeps the trainer from being in sync, of the code FailingCode,
	// since FailingSince.
	Failing      bool
	FailingCode  string
	FailingSince time.Time
	// Proven is as in [Trainer], and Read the time of its last complete read.
	Proven, Read time.Time
	// Held counts the removals that wait for approval, Conflicts what is scheduled
	// against each other.
	Held, Conflicts int
}

// Trainer is what is remembered of one trainer's calendar.
type Trainer struct {
	ID platform.TrainerID
	// Binding identifies the account and mailbox the rest was learnt from; another
	// binding means that markers must be searched first.
	Binding string
	// Cursor continues the mailbox's read; Fingerprint is what it was made for.
	Cursor      []byte
	Fingerprint string
	Links       []reconcile.Link
	Mirrors     []reconcile.Mirror
	Failing     *Failing
	// Proven is when the calendar was last read completely with nothing owed; zero
	// when never.
	Proven time.Time
	// Place is the calendar that Binding stands for.
	Place Place
	// Read is the last complete read of the trainer's own appointments.
	Read Reading
	// Owed is what should be in the calendar and could not be written.
	Owed []Owed
	// Left are items of ours in calendars that the trainer no longer has.
	Left []Leftover
	// Conflicts are as of the last result.
	Conflicts []Conflict
}

// Place is a calendar: a mailbox, and the account that reaches it.
type Place struct {
	// Account is "provider/service".
	Account string
	Mailbox sdk.Mailbox
}

// Reading says when a calendar was last read completely, and which time that read
// covers. The zero value is never.
type Reading struct {
	At      time.Time
	Covered calendar.Window
}

// Owed is one item that could not be brought into the calendar, or out of it, for a
// reason that will hardly go away by itself: it is tried again ever more rarely (C8).
type Owed struct {
	// Key is the item's key, Op what was tried, and Reason why.
	Key    string           `json:"key"`
	Op     reconcile.Op     `json:"op"`
	Reason reconcile.Reason `json:"reason"`
	// Step tells one attempt from another: a change of the item is another step, and is
	// tried at once.
	Step string `json:"step"`
	// Code, Message and Advice are as in [Failing].
	Code    string    `json:"code"`
	Message string    `json:"message"`
	Advice  string    `json:"advice,omitempty"`
	Since   time.Time `json:"since"`
	// Next is when it is tried again; zero for at the next run.
	Next     time.Time `json:"next,omitzero"`
	Attempts int       `json:"attempts"`
}

// Failing says why a trainer is not in sync.
type Failing struct {
	// Code is the error's stable code; Message and Advice are for people and hold
	// no text of appointments.
	Code, Message, Advice string
	Since                 time.Time
	Attempts              int
	// Next is when it is tried again; zero for at the next run.
	Next time.Time
}

// Result is what a run changes in a trainer's memory.
type Result struct {
	ID          platform.TrainerID
	Binding     string
	Cursor      []byte
	Fingerprint string
	// PutLinks and DropLinks change links by key; PutMirrors and DropMirrors change
	// pulled unavailability by its stable id.
	PutLinks  []reconcile.Link
	DropLinks []string
	// What is put and dropped is dropped in the end. Of a private mirror no text is
	// kept.
	PutMirrors  []reconcile.Mirror
	DropMirrors []string
	// Failing replaces what is stored; nil clears it.
	Failing *Failing
	// Proven, Place and Read are stored when not zero.
	Proven time.Time
	Place  Place
	Read   Reading
	// Owed and Conflicts replace what is stored.
	Owed      []Owed
	Conflicts []Conflict
}

// History keeps runs.
type History interface {
	// BeginRun stores a run that has started.
	BeginRun(ctx context.Context, run Run) error
	// FinishRun stores its end and its trainers' outcomes.
	FinishRun(ctx context.Context, run Run) error
	// Runs returns the newest runs first, without their trainers' steps.
	Runs(ctx context.Context, limit int) ([]Run, error)
	// Run returns one run whole; the id may be shortened to a unique prefix.
	Run(ctx context.Context, id string) (Run, error)
	// ItemSteps returns what runs did to one item of the trainer's, the newest first.
	ItemSteps(ctx context.Context, id platform.TrainerID, item string, limit int) ([]ItemStep, error)
	// PruneRuns deletes runs that started before t and returns how many.
	PruneRuns(ctx context.Context, before time.Time) (int, error)
}

// RunState says how a run ended.
type RunState string

// The states of a [Run].
const (
	RunRunning  RunState = "running"
	RunOK       RunState = "ok"
	RunPartial  RunState = "partial" // some trainers failed
	RunFailed   RunState = "failed"  // all trainers failed, or the run as a whole
	RunAborted  RunState = "aborted" // the process ended before the run did
	RunCanceled RunState = "canceled"
	// RunPaused is a trainer's alone: a pause kept the run from the trainer.
	RunPaused RunState = "paused"
	// RunWaiting is a run that was asked for and waits for its turn. It is not stored.
	RunWaiting RunState = "waiting"
)

// Run is one pass over a set of trainers.
type Run struct {
	ID      string
	TraceID string
	// Cause is what started it: "sync", "interval".
	Cause             string
	Started, Finished time.Time
	State             RunState
	// Message says what failed when the run as a whole did.
	Message  string
	Trainers []RunTrainer
	// Events are what happened to the run that an operator should know, such as the
	// restart of a plugin. They hold no text of appointments.
	Events []RunEvent
}

// RunEvent is one thing that happened during a run.
type RunEvent struct {
	Time time.Time
	Text string
}

// RunTrainer is a run's outcome for one trainer.
type RunTrainer struct {
	Trainer platform.TrainerID
	State   RunState
	Counts  Counts
	Failing *Failing
	// Steps are what was done, without text of appointments.
	Steps []RunStep
	// Held are the removals that wait for approval (hold-1).
	Held []RunStep
	// Skipped counts what was left alone, by reason.
	Skipped map[reconcile.Reason]int
	// Pilot: Steps are what would have been done; nothing was (pilot-1).
	Pilot bool
	// Paused says why the trainer was left alone.
	Paused *Pause
}

// Counts are the numbers of one trainer or one run.
type Counts struct {
	PushCreated, PushUpdated, PushRemoved int
	PullCreated, PullUpdated, PullRemoved int
	// Missed counts those of the changes that a daily full read found, and that the
	// reads of changes before it had not told of (F9).
	Missed int
}

// Writes is how many calendar writes and changed platform rows the counts stand for.
func (c Counts) Writes() int {
	return c.PushCreated + c.PushUpdated + c.PushRemoved + c.PullCreated + c.PullUpdated + c.PullRemoved
}

// Add returns the sum of both.
func (c Counts) Add(o Counts) Counts {
	return Counts{
		c.PushCreated + o.PushCreated, c.PushUpdated + o.PushUpdated, c.PushRemoved + o.PushRemoved,
		c.PullCreated + o.PullCreated, c.PullUpdated + o.PullUpdated, c.PullRemoved + o.PullRemoved,
		c.Missed + o.Missed,
	}
}

// Direction says which way a step went.
type Direction string

// The directions of a [RunStep].
const (
	Push Direction = "push"
	Pull Direction = "pull"
)

// RunStep is one thing a run did for a trainer.
type RunStep struct {
	Direction Direction
	Op        reconcile.Op
	Reason    reconcile.Reason
	// Item is the key of an item of ours, or the stable id of a pulled
	// unavailability.
	Item string
	// Start and End are the item's time as instants.
	Start, End time.Time
	// Failed is the error's code when the step did not succeed.
	Failed string
}
