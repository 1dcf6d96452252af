package world

import "time"

// Create stores an appointment in the calendar and sends what send says.
func (m *Mailbox) Create(a Appointment, send Send) (Item, error) {
	panic("todo")
}

// CreateOnce is Create under a transaction id. The id's second use returns the item
// of its first, with made false, if the same was asked for, and fails with a
// *[TransactionError] otherwise; an item deleted meanwhile keeps its id taken.
func (m *Mailbox) CreateOnce(id string, a Appointment, send Send) (it Item, made bool, err error) {
	panic("todo")
}

// Get returns an item or an occurrence, from whichever folder it is in.
func (m *Mailbox) Get(ref Ref) (Item, error) { panic("todo") }

// Update changes an item. It hands change the item's appointment, a copy that
// change may write to, and stores what it left. Changing an occurrence makes it an
// exception. Changing times or recurrence of a master resets its exceptions and
// deleted occurrences; other changes reach the exceptions that had the same value.
func (m *Mailbox) Update(ref Ref, how Write, change func(*Appointment) error) (Item, error) {
	panic("todo")
}

// Delete removes an item, or an occurrence from its series.
func (m *Mailbox) Delete(ref Ref, where Disposal, how Write) error { panic("todo") }

// View lists what a calendar shows between two instants: singles, occurrences and
// exceptions, by start. An item counts that starts before end and ends after start;
// with touching also one that ends exactly at start, as in EWS's CalendarView. An
// item without duration counts where it starts.
func (m *Mailbox) View(start, end time.Time, touching bool) []Item { panic("todo") }

// Instances is View for one series.
func (m *Mailbox) Instances(master ItemID, start, end time.Time, touching bool) ([]Item, error) {
	panic("todo")
}

// Instance returns the occurrence with the given index, from 1, of a series.
func (m *Mailbox) Instance(master ItemID, index int) (Item, error) { panic("todo") }

// Items lists singles and masters of a folder by id.
func (m *Mailbox) Items(f FolderKind) []Item { panic("todo") }

// WithProperty lists the calendar's singles and masters that have the property.
func (m *Mailbox) WithProperty(p Property) []Item { panic("todo") }

// Folder describes a folder.
func (m *Mailbox) Folder(kind FolderKind) Folder { panic("todo") }
