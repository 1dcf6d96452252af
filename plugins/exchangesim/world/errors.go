package world

import (
	"errors"
	"fmt"
)

// What can be wrong with a request. Methods wrap these with the particulars; a
// front turns each into its protocol's code.
var (
	ErrMailboxNotFound = errors.New("no such mailbox")
	ErrAccessDenied    = errors.New("no access to the mailbox")
	ErrMailboxDisabled = errors.New("the mailbox is disabled or has no licence")
	ErrMailboxMoved    = errors.New("the mailbox lives on another system")
	ErrMailboxMoving   = errors.New("the mailbox is being moved")
	ErrItemNotFound    = errors.New("no such item")
	// ErrConflict: the item has another version than the caller expects.
	ErrConflict = errors.New("the item was changed meanwhile")
	// ErrOccurrenceDeleted and ErrOccurrenceRange: no such occurrence any more, or
	// the series never had it.
	ErrOccurrenceDeleted = errors.New("the occurrence was deleted from its series")
	ErrOccurrenceRange   = errors.New("the series has no such occurrence")
	// ErrOccurrenceCrossing: an exception may not move to or past its neighbours' days.
	ErrOccurrenceCrossing = errors.New("the occurrence would cross its neighbour")
	ErrEndBeforeStart     = errors.New("the end is before the start")
	ErrTooLong            = errors.New("the duration is longer than five years")
	ErrNotMidnight        = errors.New("an all-day item must start and end at midnight in one zone")
	ErrRecurrence         = errors.New("the recurrence is invalid")
	ErrInvalidProperty    = errors.New("a property is invalid")
	ErrQuota              = errors.New("the mailbox is over its quota")
	// ErrTransaction is wrapped by *[TransactionError].
	ErrTransaction = errors.New("the transaction id was used for another item")
	// ErrStaleToken: the change log no longer knows the position.
	ErrStaleToken = errors.New("the position in the change log has expired")
)

// TransactionError refuses a second item under one transaction id.
type TransactionError struct {
	// Existing is the item that has the id.
	Existing ItemID
}

// Error names the existing item.
func (e *TransactionError) Error() string {
	return fmt.Sprintf("%v (item %d)", ErrTransaction, e.Existing)
}

// Unwrap makes errors.Is find [ErrTransaction].
func (e *TransactionError) Unwrap() error { return ErrTransaction }
