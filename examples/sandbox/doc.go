// Command sandbox plays two Exchange worlds on this machine, with the trainers of the
// repository's gateway.hcl in them: Exchange Online over Microsoft Graph, and an
// on-prem Exchange over EWS.
//
// Alone it serves until it is interrupted, so that any client can be pointed at it,
// and prints one line of JSON with its addresses when it is ready. With --tour it also
// runs the gateway against itself, tells what happens, checks it from the calendars'
// side, and exits. With --demo it keeps `gateway serve` running beside itself.
//
// What the trainers have in their calendars is in natives.go, what the training
// platform schedules in schedule.go, and the tour's story in tour.go. Everything lies
// in the week after now, so that nothing is ever out of date.
//
// Neighbours: plugins/exchangesim is the simulated Exchange; the gateway and its
// plugins are reached as programs and over HTTP only.
package main
