package world

// ChangeKind is what happened to an item.
type ChangeKind string

// The kinds of [Change].
const (
	Created ChangeKind = "created"
	Updated ChangeKind = "updated"
	// Removed: the item left the calendar (deleted or moved away).
	Removed ChangeKind = "removed"
)

// Position is a place in a mailbox's change log. The zero Position is before everything.
type Position struct {
	// Epoch tells logs apart: [Mailbox.ExpirePositions] begins a new one.
	Epoch uint64
	// Sequence is the number of the last change seen.
	Sequence uint64
}

// Change tells that an item of the calendar changed. Changes of occurrences are
// changes of their master.
type Change struct {
	Sequence uint64
	Item     ItemID
	// Kind compares the position with now: an item made and changed since is Created,
	// one made and removed since is Removed.
	Kind ChangeKind
	// Version is the item's after the change.
	Version uint64
}

// Changes lists what changed in the calendar since a position, oldest first, one
// entry an item, and the position after them. From the zero Position everything that
// is there is Created. A position of another epoch is refused with [ErrStaleToken].
func (m *Mailbox) Changes(since Position) ([]Change, Position, error) { panic("todo") }

// Position is the end of the change log.
func (m *Mailbox) Position() Position { panic("todo") }

// ExpirePositions makes every position handed out so far stale, as an Exchange
// server does that lost its sync state.
func (m *Mailbox) ExpirePositions() { panic("todo") }

type changeLog struct{}
