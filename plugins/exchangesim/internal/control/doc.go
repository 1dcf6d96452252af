// Package control is the simulator's remote control: an HTTP interface with JSON to
// look at and edit mailboxes as their owners would, to make requests fail and to count
// them, and plain pages that show a mailbox's week.
//
// Main type: [Handler], which serves / (pages) and /control/ (JSON). The interface is
// described in plugins/exchangesim/README.md. It has no credentials: it belongs on a
// loopback address.
//
// What an owner does through it sends no mail, but is otherwise a change like any
// other: it gets a version and is seen over both protocols.
package control
