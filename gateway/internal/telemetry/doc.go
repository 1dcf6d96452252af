// Package telemetry sets up OpenTelemetry for the gateway and its plugins, and keeps
// the traces of recent runs where they can be read without any outside tool.
//
// Main types: [Telemetry] is the running set-up: a tracer provider for the gateway,
// an OTLP receiver on a private unix socket for its plugins, the local [History],
// [Metrics] for Prometheus and a collector, and a relay to the operator's own
// collector when one is configured. [Tree], [Waterfall] and [SVG] make a trace
// readable. What there is of attributes, events and metrics is in [AttributeTable],
// [EventTable] and [MetricTable], and in gateway/README.md.
//
// It promises that spans and metrics of both kinds of processes pass one filter before
// they are stored or sent anywhere: only listed attributes, events and metrics survive,
// of a plugin's text only what looks like a code or a name, and never a URL or an
// exception's message; that a plugin adds to the gateway's traces and replaces nothing;
// that memory and files are bounded whatever a plugin sends; that nothing is sent over
// the network unless the operator named a collector; and that after [Telemetry.Flush]
// the history holds every span the gateway has ended.
//
// Neighbours: app starts it, runner and pluginhost make spans with its tracer, cli
// prints traces.
package telemetry
