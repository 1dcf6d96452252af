// Package live has trainers synchronised as soon as their calendars say that something
// has changed (pull-9): it keeps watches on their mailboxes through the plugins, and
// takes the notifications that servers send.
//
// Main types: [Live] keeps the watches; [Account] says which mailboxes of an account are
// to be watched; [Live.Deliver] hands a notification to its account. What they hint at
// becomes due in the schedule, with the trace of the notification that said so.
//
// It promises that a hint costs nobody else time: hints are gathered and stored together,
// however many come. A hint that is lost, with a process or a connection, is healed by
// the interval (H1). A watch that ends is begun again, ever more rarely while it fails, with
// the states that were stored; who is not watched is noted with the reason. A change of
// the mailboxes restarts the watches that it touches and no others.
//
// A plugin that falls silent during a watch is ended by the package sdk/host; here that is
// a watch that failed.
//
// Neighbours: app says what is to be watched and listens for notifications; store keeps
// the states and the schedule; pluginhost opens the accounts.
package live
