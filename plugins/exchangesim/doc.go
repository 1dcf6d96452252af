// Package exchangesim is Exchange in memory: one world of mailboxes served over both of
// Exchange's protocols, Microsoft Graph and EWS, with a token endpoint, so that an item
// written over one is seen over the other. Tests, benchmarks and the sandbox use it in
// place of a server.
//
// Main types: [Start] starts a [Server] on a local port from [Options]; its World is
// where mailboxes and appointments are made, [Seed] fills it for load. Observe sees
// every request with its answer as an [Exchange]. Faults make requests fail on purpose.
// The same can be done over HTTP, see README.md.
//
// It promises to follow what is known of Exchange, not what its clients would like:
// where the protocol leaves something open it does the harder thing. It sends no mail;
// what Exchange would have sent is in the outbox.
//
// Neighbours: package world has the calendars, internal/graph and internal/ews are the
// fronts, internal/login the token endpoint, internal/faults what goes wrong,
// internal/control the control interface and the pages, package simtest starts a server
// for a test.
package exchangesim
