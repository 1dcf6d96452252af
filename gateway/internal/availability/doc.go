// Package availability says whether a trainer is free, busy or not known to be either at
// some time (avail-1).
//
// Main types: [Known] is what is known of a trainer; [Known.Over] and [Known.Timeline]
// answer with a [State], and with the [Reason] where nothing is known.
//
// It promises that unknown is never free: a trainer is free where no block is and the
// calendar was read, not long ago, for all of the time that is asked about. A block that
// is known stays a block, however old the knowledge is. The package is pure: no I/O, no
// clock.
//
// Neighbours: app makes a Known from the state and shows the answers.
package availability
