package world

import (
	"crypto/subtle"
	"strings"
)

// Access is what an account may do with a mailbox.
type Access struct {
	// Full is full access; Impersonate is the right to act as the owner.
	Full, Impersonate bool
	// Delegate is access to the calendar folder alone, ViewPrivate with sight of
	// private items' text.
	Delegate, ViewPrivate bool
}

// Account is a user who signs in with a password, for example the master account.
type Account struct {
	// User is the name to sign in with, a UPN or DOMAIN\user; any case.
	User, Password string
	// Aliases are further spellings of User.
	Aliases []string
	// Default is the access to every mailbox, Mailboxes the access to particular
	// ones, by primary SMTP address in lower case.
	Default   Access
	Mailboxes map[string]Access
}

// SetAccount adds an account or replaces it.
func (w *World) SetAccount(a Account) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range append([]string{a.User}, a.Aliases...) {
		w.accounts[strings.ToLower(name)] = a
	}
}

// Account finds an account by a name that it signs in with.
func (w *World) Account(user string) (Account, bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	a, known := w.accounts[strings.ToLower(user)]
	return a, known
}

// Authenticate finds the account of a user name and password.
func (w *World) Authenticate(user, password string) (Account, bool) {
	a, known := w.Account(user)
	same := subtle.ConstantTimeCompare([]byte(a.Password), []byte(password)) == 1
	return a, known && same
}

// AccessTo says what the account may do with a mailbox: everything with its own.
func (a Account) AccessTo(m *Mailbox) Access {
	for _, name := range m.names() {
		if strings.EqualFold(name, a.User) {
			return Access{Full: true, Impersonate: true, ViewPrivate: true}
		}
	}
	if particular, ok := a.Mailboxes[strings.ToLower(m.Address())]; ok {
		return particular
	}
	return a.Default
}
