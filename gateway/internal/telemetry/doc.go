// Package telemetry sets up OpenTelemetry for the gateway and its plugins, and keeps
// the traces of recent runs where they can be read without any outside tool.
//
// Main types: [Telemetry] is the running set-up: a tracer provider for the gateway,
// an OTLP receiver on a private unix socket for its plugins, the local [History], and
// a relay to the operator's own collector when one is configured. [Tree] and
// [Waterfall] make a trace readable. The names of spans and attributes are in
// attributes.go and are documented in gateway/README.md.
//
// It promises that both kinds of spans pass one filter before they are stored or sent
// anywhere: only listed attributes survive, of a plugin's text only what looks like a
// code or a name, and never a URL, an event or an exception's message; that nothing
// is sent over the network unless the operator named a collector; and that after
// [Telemetry.Flush] the history holds every span the gateway has ended.
//
// Neighbours: app starts it, runner and pluginhost make spans with its tracer, cli
// prints traces.
package telemetry
