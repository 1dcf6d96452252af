// Command load proves that the gateway loses nothing under load. It starts a simulated
// Exchange that answers slowly, and `gateway serve` with a generated configuration of
// many trainers beside it. Then it plays, at the same time and from one seed,
//
//   - the training platform: so many writes a second, of courses and unavailability, one
//     by one with ETags and versions, and in bulk, some of which must be refused;
//   - the trainers, who edit their calendars, also what the gateway wrote there;
//   - a follower of the feed, from its beginning, and one who begins in the middle with a
//     snapshot.
//
// With --kill the gateway is killed (SIGKILL) in the middle and started again, and the
// clients repeat what was not answered. At the end it prints figures and a verdict; the
// exit code is 0 when everything is proven, else 1. What is proven:
//
//   - no request was lost or answered with an error of the server's;
//   - what was accepted last is what GET returns, and what was deleted is not there;
//   - after a while the calendars hold exactly one item for each course and trainer, as
//     it is scheduled, and no other of the gateway's; at no moment was there a second one;
//   - the feed has the end state of every calendar edit, in order, without gaps for those
//     who follow, and replayed from its beginning and from the snapshot it leads to what
//     GET returns, which is what the calendars hold;
//   - nobody was sent mail.
//
// A request's latency counts from when it was due, not from when it was sent, so a gateway
// that stalls cannot hide it. Main types: options says how much, site is the simulator and
// the gateway, ledger remembers what was accepted, person edits calendars, follower reads
// the feed; the check functions compare what should be with what is, and know no network.
//
// Neighbours: plugins/exchangesim is the simulated Exchange; the gateway is reached as a
// program and over HTTP only. `make load` runs both forms.
package main
