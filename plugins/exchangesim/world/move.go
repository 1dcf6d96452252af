package world

import "fmt"

// OtherCalendar is a second calendar of the mailbox, for what its owner moves out of
// the first. Items keep their ids in it, as immutable ids do within a mailbox.
const OtherCalendar FolderKind = "otherCalendar"

// MoveToOther moves a single or a series to the other calendar, or back: to the
// calendar it leaves that is a removal, to the one it comes to a creation.
func (m *Mailbox) MoveToOther(id ItemID, back bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.items[id]
	from, to := Calendar, OtherCalendar
	if back {
		from, to = to, from
	}
	if r == nil || r.item.Folder != from {
		return fmt.Errorf("move item %d: %w", id, ErrItemNotFound)
	}
	r.item.Folder = to
	r.item.Version = m.note(id, !back, m.world.now())
	return nil
}

// Rekey gives an item another identity and leaves its content as it is, as happens to
// all items when a mailbox is exported and imported. It answers the new id.
func (m *Mailbox) Rekey(id ItemID) (ItemID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.items[id]
	if r == nil || r.item.Folder != Calendar {
		return 0, fmt.Errorf("rekey item %d: %w", id, ErrItemNotFound)
	}
	delete(m.items, id)
	m.note(id, true, m.world.now())
	r.item.Item = m.world.nextID()
	m.items[r.item.Item] = r
	r.item.Version = m.note(r.item.Item, false, m.world.now())
	return r.item.Item, nil
}
