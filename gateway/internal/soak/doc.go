// Package soak holds no code of the gateway: its tests drive the engine through random
// histories and compare it with a model of what should be true.
//
// The model (model_test.go) is written apart from reconcile and is as simple as can
// be: what the platform schedules, what trainers put into their calendars, and from
// both what each side should show. A history interleaves edits on both sides, moved
// and copied items, runs, the passing of time, changed mappings, faults of every
// kind, crashes at any step, and the loss of the state.
//
// Promised by it, by name (check_test.go): P1 a run without a change writes nothing;
// P2 after a run nothing is planned; P3 a failed read removes nothing; P4 a native
// item is never touched; P5 the order of pages does not matter; P6 a crash and a
// rerun end like no crash; P7 private text is nowhere in the state; P8 a quiet run
// costs one read; one item for a course and trainer (push-10); no mail (push-11); what
// the guard holds stays until it is approved, and all else goes on (hold-1); what an
// operator's template fails for is left as it was, and told (push-4, push-6); what was
// written stays, or goes, where a direction is switched off (map-2); only what was written
// for something scheduled is adopted (move-1); and convergence after any history. Mutants
// (.ci/mutants) prove that these checks can fail.
//
// It runs over calendars in memory and over the simulated Exchange through both of
// its plugins. `make soak` lets it run for long; a failing history is replayed with
// the command that the failure prints.
//
// Neighbours: runner and store/sqlite are under test, sdk/sdktest and
// plugins/exchangesim are the calendars.
package soak
