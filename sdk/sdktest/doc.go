// Package sdktest is the conformance suite of calendar backends: what a backend
// must do for the gateway to work with it, as tests.
//
// Main function: [Run], which a backend's test calls with a [Subject]: how to make
// a world (a server with mailboxes) and how to act as a trainer in it. Each case
// makes its own world and depends on no other; each runs in process and over gRPC.
// [Memory] is a reference backend that passes, for tests that need some calendar.
// [OverGRPC] puts a backend behind the contract's real transport.
//
// The package promises that a case which a backend cannot pass by its nature is
// skipped only where the subject states the limitation, with its reason, or where it
// needs a capability that the backend does not announce. [Listen] plays the host's
// listener for backends that take notifications.
//
// Neighbours: package sdk is the contract; each case's comment cites the
// behaviours and scenarios it stands for.
package sdktest
