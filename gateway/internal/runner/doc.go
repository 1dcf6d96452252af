// Package runner carries out sync runs: over batches of trainers of one account
// each, it reads calendars, lets reconcile plan, writes, and records what happened,
// all under one trace.
//
// Main types: [Runner] runs a [Job] of one [Kind]; a [Target] is one trainer in it.
// [Runner.Plan] does the reading half and writes nothing.
//
// Most trainers have one turn a run; see phase for the daily full read and for who was
// switched off. What fails for one item and will fail again backs off; see backoff.
//
// It promises that the intention to create or remove an item is stored before the
// write is sent; that each trainer's result is stored in one transaction together
// with the cursor it was learnt by; that one trainer's trouble stops no other; and
// that no call to a plugin happens inside a transaction. It holds the items of a
// few mailboxes at a time, however many a run has. What is left in a calendar that a
// trainer no longer has is removed once the new one is in sync.
//
// Neighbours: store remembers, reconcile decides, pluginhost supplies accounts, and
// cli and scheduler start runs.
package runner
