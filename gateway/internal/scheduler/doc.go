// Package scheduler says when runs start by themselves: every group of trainers once
// an interval, the groups spread evenly over it (eng-2).
//
// Main types: [Loop], and [Queue], which tells what waits in one.
//
// It promises that groups never run at the same time, that every group runs at once
// when the loop starts, so that a new mapping does not wait for its turn (map-8), and
// that a loop which cannot keep up skips turns instead of hurrying after them.
//
// Neighbours: app gives it groups of trainers and does their runs. It knows nothing
// of either.
package scheduler
