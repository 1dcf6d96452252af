package world

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// State says whether a mailbox can be used. Zero is read as [OK].
type State string

// The states of a mailbox.
const (
	OK State = "ok"
	// NoPermission: nobody but its owner may open it.
	NoPermission State = "noPermission"
	// Disabled: the user exists and has no usable mailbox (account disabled, no licence).
	Disabled State = "disabled"
	// Moved: the mailbox is hosted elsewhere (on-premises seen from the cloud, or
	// the other way round).
	Moved State = "moved"
	// Moving: for now a move locks the mailbox.
	Moving State = "moving"
	// OnPremises: the mailbox is hosted on-premises, where users with passwords find
	// it; Exchange Online, where applications with tokens look, only knows its user.
	OnPremises State = "onPremises"
)

// Profile describes a mailbox.
type Profile struct {
	// SMTP is the primary address, Aliases further ones.
	SMTP    string
	Aliases []string
	// UserID is the directory's object id; made when empty.
	UserID string
	Name   string
	// Zone is the IANA name of the owner's zone; empty is UTC.
	Zone  string
	State State
	// MaxItems is how many items fit; 0 is no limit.
	MaxItems int
}

// FolderKind names a folder.
type FolderKind string

// The folders of a mailbox.
const (
	Root         FolderKind = "root"
	Calendar     FolderKind = "calendar"
	DeletedItems FolderKind = "deletedItems"
)

// Folder is a snapshot of a folder.
type Folder struct {
	Kind FolderKind
	ID   ItemID
	Name string
	// Class is its MAPI container class, for example "IPF.Appointment".
	Class string
	// Items is how many items and masters are in it.
	Items int
	// Version grows with every change in the mailbox's calendar.
	Version uint64
	// LastChange is the time of the last change of any item in it
	// (PR_LOCAL_COMMIT_TIME_MAX), Removed how many items ever left it
	// (PR_DELETED_COUNT_TOTAL).
	LastChange time.Time
	Removed    int
}

// Send says which mails a write sends.
type Send string

// The values of [Send]. Zero is read as [SendNone].
const (
	SendNone Send = "none"
	SendAll  Send = "all"
	// SendChanged: an update only goes to attendees added or removed by it.
	SendChanged Send = "changed"
)

// Write are the conditions of an update or deletion.
type Write struct {
	// IfVersion refuses with [ErrConflict] unless it is the item's version; 0 for any.
	IfVersion uint64
	Send      Send
}

// Disposal says where a deleted item goes.
type Disposal string

// The values of [Disposal].
const (
	// ToDeletedItems moves the item to Deleted Items; as with every move to another
	// folder it gets a new id there.
	ToDeletedItems Disposal = "deletedItems"
	// Gone: nothing that a client can read is left (soft and hard deletion).
	Gone Disposal = "gone"
)

// Mailbox is one mailbox. A *Mailbox stays valid after the mailbox was removed;
// its items are then out of everybody's reach.
type Mailbox struct {
	world *World

	mu      sync.RWMutex
	profile Profile
	folders map[FolderKind]*Folder
	items   map[ItemID]*record
	log     changeLog
	// transactions holds, by transaction id, what was asked for and what was made.
	transactions map[string]transaction
}

type transaction struct {
	asked Appointment
	made  ItemID
}

func newMailbox(w *World, p Profile, epoch uint64) *Mailbox {
	m := &Mailbox{
		world: w, profile: p,
		folders:      map[FolderKind]*Folder{},
		items:        map[ItemID]*record{},
		log:          changeLog{epoch: epoch, latest: map[ItemID]logEntry{}},
		transactions: map[string]transaction{},
	}
	for _, f := range []Folder{
		{Kind: Root, Name: "Top of Information Store", Class: "IPF.Note"},
		{Kind: Calendar, Name: "Calendar", Class: "IPF.Appointment"},
		{Kind: DeletedItems, Name: "Deleted Items", Class: "IPF.Note"},
	} {
		f.ID, f.LastChange = w.nextID(), w.now()
		m.folders[f.Kind] = &f
	}
	return m
}

// Profile describes the mailbox.
func (m *Mailbox) Profile() Profile {
	m.mu.RLock()
	defer m.mu.RUnlock()
	p := m.profile
	p.Aliases = slices.Clone(p.Aliases)
	return p
}

// Address is the primary SMTP address.
func (m *Mailbox) Address() string { return m.profile.SMTP }

// SetState changes the mailbox's state.
func (m *Mailbox) SetState(s State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.profile.State = s
}

// SetMaxItems changes how many items fit; 0 is no limit.
func (m *Mailbox) SetMaxItems(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.profile.MaxItems = n
}

// Usable says why the mailbox cannot be used by anybody but its owner, if so.
func (m *Mailbox) Usable() error {
	switch m.Profile().State {
	case NoPermission:
		return ErrAccessDenied
	case Disabled:
		return ErrMailboxDisabled
	case Moved:
		return ErrMailboxMoved
	case Moving:
		return ErrMailboxMoving
	}
	return nil
}

// Online says why an application cannot use the mailbox in Exchange Online, if so.
func (w *World) Online(m *Mailbox) error {
	if m.Profile().State == OnPremises {
		return ErrMailboxMoved
	}
	if err := m.Usable(); err != nil {
		return err
	}
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.scope == nil || slices.ContainsFunc(m.names(), func(name string) bool { return w.scope[name] }) {
		return nil
	}
	return ErrAccessDenied
}

// names are the addresses and ids that find the mailbox, in lower case. They never change.
func (m *Mailbox) names() []string {
	names := []string{strings.ToLower(m.profile.SMTP), strings.ToLower(m.profile.UserID)}
	for _, a := range m.profile.Aliases {
		names = append(names, strings.ToLower(a))
	}
	return names
}

func (m *Mailbox) owns(address string) bool {
	return slices.Contains(m.names(), strings.ToLower(address))
}

// UserID is the directory's object id of the owner.
func (m *Mailbox) UserID() string { return m.profile.UserID }
