// Package app builds the gateway from its configuration, and starts and stops its
// parts in the right order. It is the only package that knows all others.
//
// Main types: [App] is a built gateway; [Parts] says which parts a command needs;
// [Filter] picks trainers; [Operations] are the changing commands, done here or
// handed to the running serve that owns the state.
//
// It promises that whatever was started is stopped by [App.Close], in any state,
// and that a command which only reads never takes the state's lock.
//
// Neighbours: cli calls it; everything else is below it.
package app
