package world

import (
	"fmt"
	"reflect"
	"slices"
)

// Update changes an item. It hands change a copy of the item's appointment, which
// change may write to, and stores what it left; change must not use the mailbox.
// Changing an occurrence makes it an exception. Changing the times or the recurrence
// of a master resets its exceptions and deleted occurrences; another change reaches
// those exceptions that had the same value.
func (m *Mailbox) Update(ref Ref, how Write, change func(*Appointment) error) (Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, err := m.writable(ref, how)
	if err != nil {
		return Item{}, fmt.Errorf("update item %d: %w", ref.Item, err)
	}
	var before, after Item
	if ref.Occurrence.IsZero() {
		before, after, err = r.update(change)
	} else {
		before, after, err = r.updateOccurrence(ref.Occurrence, change)
	}
	if err != nil {
		return Item{}, fmt.Errorf("update item %d: %w", ref.Item, err)
	}
	m.touch(r)
	m.announce(before, after, how.Send)
	if ref.Occurrence.IsZero() {
		return r.snapshot(), nil
	}
	return r.at(ref.Occurrence)
}

// writable finds the record of a ref in the calendar, at the expected version.
func (m *Mailbox) writable(ref Ref, how Write) (*record, error) {
	r := m.items[ref.Item]
	if r == nil {
		return nil, ErrItemNotFound
	}
	if how.IfVersion != 0 && how.IfVersion != r.item.Version {
		return nil, ErrConflict
	}
	return r, nil
}

// update changes a single or a master.
func (r *record) update(change func(*Appointment) error) (before, after Item, err error) {
	before = r.item
	a := before.Appointment.clone()
	if err := change(&a); err != nil {
		return before, before, err
	}
	moved := !sameDay(a, before.Appointment)
	if a.Recurrence != nil && moved && reflect.DeepEqual(a.Recurrence, before.Recurrence) {
		a.Recurrence.Range.Start = DateOf(a.Start)
	}
	if err := a.check(); err != nil {
		return before, before, err
	}
	r.item.Appointment = a
	if rescheduled(before.Appointment, a) {
		clear(r.exceptions)
		clear(r.deleted)
	} else {
		r.inherit(before.Appointment, a)
	}
	return before, r.item, nil
}

// sameDay reports whether both start on the same day of their zones.
func sameDay(a, b Appointment) bool { return DateOf(a.Start) == DateOf(b.Start) }

// rescheduled reports whether a series' occurrences are no longer where they were.
func rescheduled(before, after Appointment) bool {
	return !before.sameTimes(after) || !reflect.DeepEqual(before.Recurrence, after.Recurrence)
}

// inherit hands a master's changes on to the exceptions that had the same value.
func (r *record) inherit(before, after Appointment) {
	for day, it := range r.exceptions {
		a := &it.Appointment
		follow(&a.Subject, before.Subject, after.Subject)
		follow(&a.Body, before.Body, after.Body)
		follow(&a.Location, before.Location, after.Location)
		follow(&a.ShowAs, before.ShowAs, after.ShowAs)
		follow(&a.Sensitivity, before.Sensitivity, after.Sensitivity)
		follow(&a.Importance, before.Importance, after.Importance)
		follow(&a.Categories, before.Categories, after.Categories)
		follow(&a.Reminder, before.Reminder, after.Reminder)
		follow(&a.Attendees, before.Attendees, after.Attendees)
		follow(&a.Response, before.Response, after.Response)
		follow(&a.Cancelled, before.Cancelled, after.Cancelled)
		follow(&a.Properties, before.Properties, after.Properties)
		r.exceptions[day] = it
	}
}

func follow[T any](field *T, before, after T) {
	if reflect.DeepEqual(*field, before) {
		*field = after
	}
}

// updateOccurrence makes an exception of an occurrence, or changes the exception.
func (r *record) updateOccurrence(day Date, change func(*Appointment) error) (before, after Item, err error) {
	before, err = r.at(day)
	if err != nil {
		return before, before, err
	}
	a := before.Appointment.clone()
	if err := change(&a); err != nil {
		return before, before, err
	}
	if a.Recurrence != nil {
		return before, before, fmt.Errorf("%w: an occurrence cannot repeat", ErrRecurrence)
	}
	if err := a.check(); err != nil {
		return before, before, err
	}
	if r.crosses(day, DateOf(a.Start.In(r.item.Start.Location()))) {
		return before, before, ErrOccurrenceCrossing
	}
	after = before
	after.Type, after.Appointment = Exception, a
	r.exceptions[day] = after
	return before, after, nil
}

// announce posts what an update of a meeting sends.
func (m *Mailbox) announce(before, after Item, send Send) {
	if send == "" || send == SendNone || !m.owns(after.Organizer.SMTP) {
		return
	}
	added, removed := newAttendees(before, after), newAttendees(after, before)
	m.post(Cancellation, after, removed)
	if send == SendChanged {
		m.post(Invitation, after, added)
		return
	}
	m.post(UpdateMail, after, after.Attendees)
}

// newAttendees are those of after that before did not have.
func newAttendees(before, after Item) []Attendee {
	var added []Attendee
	for _, a := range after.Attendees {
		known := slices.ContainsFunc(before.Attendees, func(b Attendee) bool { return b.SMTP == a.SMTP })
		if !known {
			added = append(added, a)
		}
	}
	return added
}
