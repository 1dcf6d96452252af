// Package calendar holds the plain values that the gateway and its calendar
// backends share: appointments, items as a calendar shows them, the changes a
// read reports, and the marker by which the gateway knows its own items.
//
// Main types: [Appointment] (what an item says), [When] (its time), [Item] (an
// appointment in a mailbox, with its remote identity), [Change] (one entry of a
// read), [Marker] (whose item it is) and [Window] (a half-open span of time).
//
// The package promises that values are plain: no I/O, no clock, no goroutines.
// An appointment has no attendees on purpose, so that no backend can invite or
// mail anybody by mistake.
//
// Neighbours: package sdk builds the backend contract from these values, and the
// gateway's reconcile package plans with them.
package calendar
