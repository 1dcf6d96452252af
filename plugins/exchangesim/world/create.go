package world

import (
	"fmt"
	"time"
)

// Create stores an appointment in the calendar and sends what send says.
func (m *Mailbox) Create(a Appointment, send Send) (Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.create(a, "", send)
}

// CreateOnce is Create under a transaction id. The id's second use returns the item
// of its first, with made false, if the same was asked for, and fails with a
// *[TransactionError] otherwise. An item deleted meanwhile keeps its id taken.
func (m *Mailbox) CreateOnce(id string, a Appointment, send Send) (it Item, made bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if before, used := m.transactions[id]; used {
		there := m.items[before.made]
		if there == nil || !before.asked.equal(a) {
			return Item{}, false, &TransactionError{Existing: before.made}
		}
		return there.snapshot(), false, nil
	}
	asked := a.clone()
	if it, err = m.create(a, id, send); err != nil {
		return Item{}, false, err
	}
	m.transactions[id] = transaction{asked: asked, made: it.Item}
	return it, true, nil
}

func (m *Mailbox) create(a Appointment, transactionID string, send Send) (Item, error) {
	if limit := m.profile.MaxItems; limit > 0 && len(m.items) >= limit {
		return Item{}, fmt.Errorf("create an item in %s: %w", m.Address(), ErrQuota)
	}
	id := m.world.nextID()
	a = a.clone()
	m.setDefaults(&a, id)
	if err := a.check(); err != nil {
		return Item{}, fmt.Errorf("create an item in %s: %w", m.Address(), err)
	}
	r := &record{
		item: Item{
			Ref: Ref{Item: id}, Created: m.world.now(), Folder: Calendar,
			TransactionID: transactionID, Appointment: a,
		},
		exceptions: map[Date]Item{},
		deleted:    map[Date]bool{},
	}
	m.items[id] = r
	m.touch(r)
	if send != SendNone && send != "" {
		m.post(Invitation, r.item, a.Attendees)
	}
	return r.snapshot(), nil
}

// setDefaults fills in what Exchange fills in for a new item.
func (m *Mailbox) setDefaults(a *Appointment, id ItemID) {
	setDefault(&a.ShowAs, Busy)
	setDefault(&a.Sensitivity, Normal)
	setDefault(&a.Importance, ImportanceNormal)
	setDefault(&a.StartZone, a.Start.Location().String())
	setDefault(&a.EndZone, a.End.Location().String())
	setDefault(&a.UID, fmt.Sprintf("040000008200E00074C5B7101A82E008%048X", int64(id)))
	setDefault(&a.Organizer, Address{Name: m.profile.Name, SMTP: m.profile.SMTP})
	if m.owns(a.Organizer.SMTP) {
		a.Response = Organized
	}
	setDefault(&a.Response, NoResponse)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// touch gives a changed record its type and a new version, and notes the change.
func (m *Mailbox) touch(r *record) {
	r.item.Type = Single
	if r.item.Recurrence != nil {
		r.item.Type = Master
	}
	r.item.Modified = m.world.now()
	r.item.Version = m.note(r.item.Item, false, r.item.Modified)
}

// note enters a change of an item of the calendar into the log and the folder.
func (m *Mailbox) note(id ItemID, removed bool, at time.Time) (version uint64) {
	version = m.log.add(id, removed)
	folder := m.folders[Calendar]
	folder.Version, folder.LastChange = version, at
	if removed {
		folder.Removed++
	}
	kind := m.log.latest[id].kind(version - 1)
	m.world.heard.tell(m, Change{Sequence: version, Item: id, Kind: kind, Version: version})
	return version
}
