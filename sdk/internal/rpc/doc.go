// Package rpc moves the contract's calls over gRPC: a server in front of a
// backend, and a client that is an account again on the other side.
//
// Main types: [Server] and [Client]. [ServerOptions] and [DialOptions] are the gRPC
// options that both ends need: limits, keepalive, recovery of panics, traces.
//
// The package promises that no message is larger than 1 MiB or holds more than 500
// items, whatever a backend emits or a host asks; that a slow receiver slows the
// sender, so that a batch is never held whole; that every call of the client has a
// deadline; and that both sides hold the contract (package guard).
//
// Neighbours: sdk/serve puts the server into a plugin process, sdk/host the client
// into the gateway; package wire translates.
package rpc
