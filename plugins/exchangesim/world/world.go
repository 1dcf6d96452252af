package world

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options configure a [World].
type Options struct {
	// Now is the world's clock; nil is time.Now.
	Now func() time.Time
}

// World is an Exchange organisation.
type World struct {
	now    func() time.Time
	lastID atomic.Int64
	outbox outbox
	heard  listeners

	mu sync.RWMutex
	// byAddress finds mailboxes by each of their addresses and ids, in lower case.
	byAddress map[string]*Mailbox
	accounts  map[string]Account
	// scope holds the addresses that the application is limited to; nil for all.
	scope map[string]bool
}

// New returns an empty world.
func New(opts Options) *World {
	w := &World{now: opts.Now, byAddress: map[string]*Mailbox{}, accounts: map[string]Account{}}
	if w.now == nil {
		w.now = time.Now
	}
	return w
}

// Now tells the world's time.
func (w *World) Now() time.Time { return w.now() }

// AddMailbox makes an empty mailbox. It fails when an address is taken.
func (w *World) AddMailbox(p Profile) (*Mailbox, error) {
	if !strings.Contains(p.SMTP, "@") {
		return nil, fmt.Errorf("add mailbox %q: not an SMTP address", p.SMTP)
	}
	id := w.nextID()
	if p.UserID == "" {
		p.UserID = fmt.Sprintf("00000000-0000-4000-8000-%012x", int64(id))
	}
	m := newMailbox(w, p, uint64(id))
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range m.names() {
		if w.byAddress[name] != nil {
			return nil, fmt.Errorf("add mailbox %s: %s is taken", p.SMTP, name)
		}
	}
	for _, name := range m.names() {
		w.byAddress[name] = m
	}
	return m, nil
}

// RemoveMailbox deletes a mailbox and its user. It reports whether there was one.
func (w *World) RemoveMailbox(address string) bool {
	m, err := w.Mailbox(address)
	if err != nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range m.names() {
		delete(w.byAddress, name)
	}
	return true
}

// Mailbox finds a mailbox by any of its SMTP addresses or its user id, whatever the
// case. Its state does not matter; see [Mailbox.Usable].
func (w *World) Mailbox(address string) (*Mailbox, error) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if m := w.byAddress[strings.ToLower(address)]; m != nil {
		return m, nil
	}
	return nil, ErrMailboxNotFound
}

// LimitApplication gives the application access to the mailboxes of these addresses
// alone, as an RBAC role with a scope does; without addresses to all of them again.
func (w *World) LimitApplication(addresses ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.scope = nil
	for _, a := range addresses {
		if w.scope == nil {
			w.scope = map[string]bool{}
		}
		w.scope[strings.ToLower(a)] = true
	}
}

// Mailboxes lists the mailboxes by primary address.
func (w *World) Mailboxes() []*Mailbox {
	w.mu.RLock()
	defer w.mu.RUnlock()
	seen := map[*Mailbox]bool{}
	var all []*Mailbox
	for _, m := range w.byAddress {
		if !seen[m] {
			seen[m] = true
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b *Mailbox) int { return strings.Compare(a.Address(), b.Address()) })
	return all
}

// nextID makes ids unique in the world; the fronts put the mailbox into theirs.
func (w *World) nextID() ItemID { return ItemID(w.lastID.Add(1)) }
