package world

import "fmt"

// Delete removes an item from its folder, or an occurrence from its series.
func (m *Mailbox) Delete(ref Ref, where Disposal, how Write) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, err := m.writable(ref, how)
	if err != nil {
		return fmt.Errorf("delete item %d: %w", ref.Item, err)
	}
	if ref.Occurrence.IsZero() {
		m.cancel(r.item, how.Send)
		m.remove(r, where)
		return nil
	}
	it, err := r.at(ref.Occurrence)
	if err != nil {
		return fmt.Errorf("delete an occurrence of item %d: %w", ref.Item, err)
	}
	m.cancel(it, how.Send)
	delete(r.exceptions, ref.Occurrence)
	r.deleted[ref.Occurrence] = true
	m.touch(r)
	return nil
}

// remove takes an item out of its folder; what is in Deleted Items already goes for good.
func (m *Mailbox) remove(r *record, where Disposal) {
	delete(m.items, r.item.Item)
	if r.item.Folder != Calendar {
		return
	}
	version := m.note(r.item.Item, true, m.world.now())
	if where != ToDeletedItems {
		return
	}
	r.item.Item = m.world.nextID()
	r.item.Folder, r.item.Version = DeletedItems, version
	m.items[r.item.Item] = r
}

// cancel posts the cancellation of the owner's own meeting.
func (m *Mailbox) cancel(it Item, send Send) {
	if send != "" && send != SendNone && m.owns(it.Organizer.SMTP) {
		m.post(Cancellation, it, it.Attendees)
	}
}
