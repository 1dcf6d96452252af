// Package faults makes the simulator misbehave on purpose, and counts what clients
// ask for.
//
// Main types: a [Rule] says which requests fail and how, a [Set] holds the rules and
// the counts; [Run] answers a request in the way a rule says. The fronts ask
// [Set.Take] once for every operation, a $batch item being an operation of its own.
//
// The package promises that a rule with Times hits exactly that many operations, and
// that with Rate it hits the same ones for the same seed and order of requests.
package faults
