// Package faults makes the simulator misbehave on purpose, and counts what clients
// ask for.
//
// Main types: a [Rule] says which requests fail and how, a [Set] holds the rules and
// the counts; [Run] answers a request in the way a rule says. The fronts ask
// [Set.Take] once for every operation, a $batch item being an operation of its own.
//
// [Random] are faults of every kind that Graph is known for, a share of all requests.
//
// The package promises that a rule with Times hits exactly that many operations, and
// that with Rate it hits the same ones for the same seed: what is asked for a mailbox
// at the same time as another's requests does not change what hits them.
package faults
