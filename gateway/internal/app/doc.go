// Package app builds the gateway from its configuration, and starts and stops its
// parts in the right order. It is the only package that knows all others.
//
// Main types: [App] is a gateway whose parts start when they are first needed; its
// methods are what commands do. [Filter] picks trainers, [Watcher] hears of progress.
//
// One process owns the state. A method that changes something ([App.Sync],
// [App.Import], [App.DoWork], [App.Pause], [App.Forget], [App.Serve]) takes the state's
// lock; when a running serve holds it, the work is handed to that process over a unix
// socket and its progress and result come back ([control.go]). Methods that only read
// open the state read-only and never take the lock: also [App.Plan], [App.PlanWork], [App.Explain] and [App.Verify],
// which run plugins of their own.
//
// It promises that whatever was started is stopped by [App.Close], in any state, and
// that a run which began is recorded, however it ends.
//
// Neighbours: cli calls it; everything else is below it.
package app
