// Package icstest reads real calendars that are known to be nasty through the whole
// chain: iCalendar files are loaded into the simulated Exchange as a client would store
// them, both Exchange plugins read them back, and every occurrence is compared with what
// two foreign libraries, ical.js and recurring_ical_events, say about the same files.
//
// It has tests only. The calendars and the expectations are no part of this repository;
// the variable TRAINERCAL_ORACLES names their folder, and without it the test skips.
//
// Loading promises that a rule stays a series wherever Exchange has a pattern for it;
// the test prints how many did and fails below a set number. What Exchange cannot hold
// becomes what its clients make of it; only of disputed series, see below, are occurrences
// taken from the expectations instead:
//   - an RDATE is an item of its own, unless the rule has that occurrence anyway;
//   - a rule for chosen months of a year ("the third Wednesday, not in summer") and a
//     series whose start is not on its own pattern are items of their own;
//   - a change of an occurrence and all later ones ends the series and begins another;
//   - an occurrence moved past its neighbours is deleted and is an item of its own;
//   - the change of an occurrence that the series excludes is dropped;
//   - of several versions of an event the newest counts, and where a property comes
//     twice that may come once, the first; an event without a start is left out;
//   - a zone that the file defines under its own name is the IANA zone with those
//     rules; a zone that nobody defines leaves the time floating, in the reader's zone.
//
// Where a whole-day series ends by an instant (UNTIL in UTC), both libraries take the
// day as written, Exchange meant the day of its own zone; the test follows the libraries.
// Both libraries keep a cancelled occurrence, as Exchange does.
//
// What the libraries dispute is judged one by one in verdicts, with the reason; it is
// loaded and read back like the rest. The expectations list only the first twelve
// occurrences of a disputed series; what follows them is compared between the calendar
// and the plugins alone.
//
// Neighbours: plugins/exchangesim/world holds the calendars, plugins/exchangeonline and
// plugins/exchangeonprem read them.
package icstest
