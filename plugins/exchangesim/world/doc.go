// Package world is Exchange in memory: mailboxes with a calendar each, as both of
// Exchange's protocols see them. An item that is written over one protocol is seen
// over the other.
//
// Main types: [World] holds mailboxes and accounts, [Mailbox] has the operations on
// one calendar, [Appointment] is what an item says, [Item] is a stored item or one
// occurrence of a series, [Ref] names either, [Change] is an entry of a mailbox's
// change log, [Mail] is what Exchange would have sent.
//
// The package knows Exchange's rules and neither protocol: ids, dates and errors are
// plain values that each front encodes in its own way. It promises:
//   - every write makes a new version of the item and a new entry in the change log;
//   - a returned item is a snapshot: later writes do not change it, and callers must
//     not change its maps and slices;
//   - a series is expanded by wall clock in the zone of its start, so that it keeps
//     its local time across clock changes;
//   - no mail leaves: what Exchange would have sent is in the outbox, nothing else;
//   - the clock is injected, and every method may be called from several goroutines.
//
// Neighbours: plugins/exchangesim/internal/graph and plugins/exchangesim/internal/ews
// are its fronts, plugins/exchangesim/internal/control shows and edits it.
package world
