package store

import (
	"context"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// Operations keeps what operators decided and what was learnt of accounts.
type Operations interface {
	// Pauses returns what is paused, by provider and label.
	Pauses(ctx context.Context) ([]Pause, error)
	// Pause stores a pause. One that is there already keeps its time and gets the new
	// reason.
	Pause(ctx context.Context, p Pause) error
	// Resume ends a provider's pause, with an empty label, or a trainer's own, and
	// reports whether there was one.
	Resume(ctx context.Context, provider, label string) (bool, error)
	// Forget erases a trainer's text and history (forget-1), so that the file holds it
	// no more: links, pulled and platform unavailability, conflicts, what was left
	// elsewhere, verifications, pauses and the trainer's part of all runs. Courses stay.
	Forget(ctx context.Context, id platform.TrainerID) (Forgotten, error)

	// Refusals returns the credentials that a server refused, by account.
	Refusals(ctx context.Context) ([]Refusal, error)
	// Refuse stores a refusal. Another one of the same account goes: those credentials
	// were changed.
	Refuse(ctx context.Context, r Refusal) error
	// Forgive drops the refusal of a fingerprint and those of the account.
	Forgive(ctx context.Context, account, fingerprint string) error

	// AccountTroubles returns, by account, what keeps a whole account from working.
	AccountTroubles(ctx context.Context) (map[string]Failing, error)
	// SetAccountTrouble stores what keeps an account from working; nil for nothing any
	// more.
	SetAccountTrouble(ctx context.Context, account string, f *Failing) error

	// Verifications returns the last verification of each account and mapping, by
	// account and trainer.
	Verifications(ctx context.Context) ([]Verification, error)
	// PutVerifications stores verifications, each in place of the last one.
	PutVerifications(ctx context.Context, verifications []Verification) error
}

// Pause says that nothing is read or written of a trainer, or of a provider when the
// label is empty, until it is resumed.
type Pause struct {
	Provider, Label string
	Since           time.Time
	Reason          string
}

// Covers reports whether the pause stops the trainer.
func (p Pause) Covers(id platform.TrainerID) bool {
	return p.Provider == id.Provider && (p.Label == "" || p.Label == id.Label)
}

// Forgotten counts what was erased.
type Forgotten struct {
	Links, Mirrors, Unavailability, Runs int
}

// Refusal remembers that a server refused an account's credentials, so that no later
// process tries them again by itself and locks the account out.
type Refusal struct {
	Account string
	// Fingerprint is a digest of the credentials, files they are read from included.
	Fingerprint string
	// Code, Message, Advice and Detail are the refusal's own.
	Code, Message, Advice, Detail string
	Since                         time.Time
}

// Verification is the log of verifying an account, or one trainer's mailbox in it
// (auth-5).
type Verification struct {
	// Account is "provider/service"; Label is empty for the account itself.
	Account, Label string
	// Fingerprint says what was verified: another one means that it is out of date.
	Fingerprint string
	At          time.Time
	Checks      []sdk.Check
}

// Leftover is an item of ours in a calendar that the trainer no longer has (map-5).
type Leftover struct {
	Place Place
	// Binding identifies the calendar; see [Trainer].
	Binding         string
	Key, Generation string
	ItemID          calendar.ItemID
	// When is the item's time as last written.
	When  calendar.When
	Since time.Time
}

// Move says that a trainer has another calendar than before. Nothing is written to
// either before it is stored.
type Move struct {
	ID      platform.TrainerID
	Binding string
	Place   Place
	// Links are all links, as intended in the new calendar.
	Links []reconcile.Link
	// Left are our items in the old one, as far as known.
	Left []Leftover
}

// Conflict is a course that overlaps an appointment of the trainer's own, or another
// course of the trainer (conflict-1). It holds no text of appointments.
type Conflict struct {
	reconcile.Conflict
	// Since is when it was first found.
	Since time.Time
}

// ItemStep is what a run did to one item.
type ItemStep struct {
	Run   string
	Cause string
	Time  time.Time
	Step  RunStep
}
