// Package riverjobs is a queue of batches on River, for any database that River has a
// driver for.
//
// Main types: [Queue], which is made for the transactions of one driver.
//
// It promises that a batch is queued in the transaction of the one who queues it, or not
// at all; that a worker's context ends after [store.JobTimeout]; and that a batch whose
// worker died is given to another one within minutes. It does not promise that a batch is
// worked on once, or by one worker at a time: that is what the leases of [store.Schedule]
// are for.
//
// Neighbours: the drivers of the store make it of their connections, scheduler uses it as
// a [store.Jobs].
package riverjobs
