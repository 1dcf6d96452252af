package world

import (
	"slices"
	"sync"
	"time"
)

// MailKind is why Exchange sends a mail.
type MailKind string

// The kinds of [Mail].
const (
	Invitation   MailKind = "invitation"
	UpdateMail   MailKind = "update"
	Cancellation MailKind = "cancellation"
)

// Mail is a message that Exchange would have sent.
type Mail struct {
	Kind MailKind
	// From is the organizer's address, To the attendees'.
	From    string
	To      []string
	Subject string
	Item    Ref
	// Time is when it would have left.
	Time time.Time
}

type outbox struct {
	mu   sync.Mutex
	mail []Mail
}

// Outbox lists every mail that Exchange would have sent, oldest first.
func (w *World) Outbox() []Mail {
	w.outbox.mu.Lock()
	defer w.outbox.mu.Unlock()
	return slices.Clone(w.outbox.mail)
}

// ClearOutbox forgets the mails.
func (w *World) ClearOutbox() {
	w.outbox.mu.Lock()
	defer w.outbox.mu.Unlock()
	w.outbox.mail = nil
}

// post records a mail about an item to the given people; the organizer writes none
// to themselves.
func (m *Mailbox) post(kind MailKind, it Item, to []Attendee) {
	mail := Mail{Kind: kind, From: m.Address(), Subject: it.Subject, Item: it.Ref, Time: m.world.now()}
	for _, a := range to {
		if !m.owns(a.SMTP) {
			mail.To = append(mail.To, a.SMTP)
		}
	}
	if len(mail.To) == 0 {
		return
	}
	m.world.outbox.mu.Lock()
	defer m.world.outbox.mu.Unlock()
	m.world.outbox.mail = append(m.world.outbox.mail, mail)
}
