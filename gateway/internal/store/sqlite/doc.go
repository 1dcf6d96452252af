// Package sqlite remembers in one SQLite file. It needs no C compiler.
//
// Main types: [Store] implements store.Store; [Open] owns the state, [OpenReadOnly]
// reads it while another process owns it.
//
// It promises that one process owns the state at a time, by a lock on the file
// beside the database which ends with the process; that a method's changes are
// stored whole or not at all, and are on the disk when it returns; and that readers
// neither wait for writers nor keep them waiting. Writes go through one connection.
//
// Neighbours: store defines what is kept, store/storetest holds what every driver
// must do, app opens it.
//
// A state moves forward alone: a migration checks it and leaves a copy of what was
// beside it. [Backup] copies it while it is in use. What the disk causes is a
// [DiskError], which names the file and says what to do.
package sqlite
