package world

import (
	"fmt"
	"slices"
	"sort"
)

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
	// one that is gone is Removed.
	Kind ChangeKind
	// Version is the item's after the change.
	Version uint64
}

// changeLog remembers of each item its last change, in order.
type changeLog struct {
	epoch, head uint64
	entries     []logEntry
	latest      map[ItemID]logEntry
}

type logEntry struct {
	sequence, created, version uint64
	item                       ItemID
	removed                    bool
}

// add notes a change of an item and returns its number.
func (l *changeLog) add(item ItemID, removed bool) uint64 {
	l.head++
	e := logEntry{sequence: l.head, created: l.head, version: l.head, item: item, removed: removed}
	if before, known := l.latest[item]; known {
		e.created = before.created
	}
	l.latest[item] = e
	l.entries = append(l.entries, e)
	l.compact()
	return l.head
}

// compact drops overtaken entries once they are the majority.
func (l *changeLog) compact() {
	if len(l.entries) > 2*len(l.latest)+64 {
		l.entries = slices.DeleteFunc(l.entries, l.overtaken)
	}
}

func (l *changeLog) overtaken(e logEntry) bool { return l.latest[e.item].sequence != e.sequence }

// since lists each item's last change after a sequence number, what is gone by now
// included where removed says so.
func (l *changeLog) since(sequence uint64, removed bool) []Change {
	first := sort.Search(len(l.entries), func(i int) bool { return l.entries[i].sequence > sequence })
	var changes []Change
	for _, e := range l.entries[first:] {
		if !l.overtaken(e) && (removed || !e.removed) {
			changes = append(changes, Change{Sequence: e.sequence, Item: e.item, Kind: e.kind(sequence), Version: e.version})
		}
	}
	return changes
}

func (e logEntry) kind(since uint64) ChangeKind {
	switch {
	case e.removed:
		return Removed
	case e.created > since:
		return Created
	}
	return Updated
}

// Changes lists what changed in the calendar since a position, oldest first, one
// entry an item, and the position after them. From the zero Position everything that
// is there is Created. A position of another epoch is refused with [ErrStaleToken].
func (m *Mailbox) Changes(since Position) ([]Change, Position, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if since != (Position{}) && since.Epoch != m.log.epoch || since.Sequence > m.log.head {
		return nil, Position{}, fmt.Errorf("read changes from %d: %w", since.Sequence, ErrStaleToken)
	}
	return m.log.since(since.Sequence, since != (Position{})), m.position(), nil
}

// Position is the end of the change log.
func (m *Mailbox) Position() Position {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.position()
}

func (m *Mailbox) position() Position { return Position{Epoch: m.log.epoch, Sequence: m.log.head} }

// ExpirePositions makes every position handed out so far stale, as an Exchange
// server does that lost its sync state.
func (m *Mailbox) ExpirePositions() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.log.epoch = uint64(m.world.nextID())
}
