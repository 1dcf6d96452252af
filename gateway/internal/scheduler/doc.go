// Package scheduler decides when runs start by themselves, and for whom: after a change,
// after a hint from a calendar, and once an interval.
//
// Main types: [Dispatcher] puts trainers that are due into batches and these into the
// queue; [Worker] takes a batch from the queue, leases its trainers and has the work
// done; [Held] are leases while they are worked under, by a worker or a command.
// [Slot], [Turns], [Ready] and [Batches] are its decisions: functions of what is known and
// of the time.
//
// It promises that nothing that is due is forgotten, whatever process ends when; that one
// worker at a time has a trainer; that an account with much to do leaves room for the
// others, and a few slow ones too (G4); that who is asked by a server to wait is due when that
// wait is over, with no worker sleeping meanwhile (G1); that a burst of changes becomes one or two runs (H2); and that what an
// outage left undone is made up for little by little (G8). It assumes nothing about how
// many processes there are: what they have to agree on is in [store.Schedule].
//
// Neighbours: app gives it the trainers and does the runs; store keeps who is due and
// has the queue.
package scheduler
