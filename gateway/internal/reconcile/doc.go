// Package reconcile decides what a sync run does. It compares what is wanted, what
// a read proved to be there, and what is remembered, and returns a [Plan]: steps
// with a reason each.
//
// Main types: [Input], [Plan], [Link] and [Mirror]. The package is pure: no I/O, no
// clock, no logging, no randomness; the same input gives the same plan, in whatever
// order its pages came.
//
// It promises: nothing is removed or added on the strength of a read that did not
// complete; an item without our marker, or that we do not remember as ours, is
// never written; what is in sync yields no step.
//
// Neighbours: runner gathers the input, and carries out and records the plan.
package reconcile
