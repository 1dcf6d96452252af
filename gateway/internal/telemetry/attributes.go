package telemetry

import "go.opentelemetry.io/otel/attribute"

// The names of the gateway's spans. A run is one trace:
// sync run → sync batch → plugin call → the gRPC call and the plugin's own spans;
// sync trainer is a sibling of the calls and linked to those that served it.
const (
	SpanRun     = "sync run"
	SpanPlan    = "plan"
	SpanBatch   = "sync batch"
	SpanTrainer = "sync trainer"
	// SpanCall is followed by the call's name, for example "plugin Read".
	SpanCall = "plugin"
)

// ownPrefix begins every attribute and every event of the gateway's own.
const ownPrefix = "trainercal."

// The gateway's own attributes. The standard ones (http.*, rpc.*, server.*) follow
// OpenTelemetry's semantic conventions.
const (
	RunID        = attribute.Key("trainercal.run.id")
	RunCause     = attribute.Key("trainercal.run.cause")
	RunCausedBy  = attribute.Key("trainercal.run.caused_by")
	RunState     = attribute.Key("trainercal.run.state")
	Account      = attribute.Key("trainercal.account")
	Service      = attribute.Key("trainercal.service")
	MailboxCount = attribute.Key("trainercal.mailbox.count")
	Trainer      = attribute.Key("trainercal.trainer")
	ErrorCode    = attribute.Key("trainercal.error.code")
	PushCreated  = attribute.Key("trainercal.push.created")
	PushUpdated  = attribute.Key("trainercal.push.updated")
	PushRemoved  = attribute.Key("trainercal.push.removed")
	PullCreated  = attribute.Key("trainercal.pull.created")
	PullUpdated  = attribute.Key("trainercal.pull.updated")
	PullRemoved  = attribute.Key("trainercal.pull.removed")
	// SkippedPrefix is followed by the reason, for example
	// "trainercal.skipped.in_sync".
	SkippedPrefix = "trainercal.skipped."
)

// The events of spans, and the attributes that events alone have.
const (
	EventRetry      = "trainercal.retry"
	EventWait       = "trainercal.budget.wait"
	EventHeld       = "trainercal.guard.held"
	EventQuarantine = "trainercal.quarantine"
	EventRestart    = "trainercal.plugin.restart"
	EventSpansLost  = "trainercal.spans.lost"

	Attempt = attribute.Key("trainercal.attempt")
	// Wait is a time in seconds.
	Wait  = attribute.Key("trainercal.wait")
	Count = attribute.Key("trainercal.count")
)

// Attribute documents an attribute of spans, or of the events on them.
type Attribute struct {
	Name attribute.Key
	// Type is string, int, double or bool.
	Type string
	// On names the spans, or the event.
	On      string
	Meaning string
	Example string
	// Plugin: plugins may set it too.
	Plugin bool
}

// AttributeTable is every attribute that leaves the gateway on a span or an event, by
// name. The guide has the same table. A name that ends with a dot is a prefix.
var AttributeTable = []Attribute{
	{"error.type", "string", "any span that failed", "the kind of failure, a code", "429", true},
	{"http.request.method", "string", "HTTP requests", "the method", "POST", true},
	{"http.response.status_code", "int", "HTTP requests", "the answer's status", "200", true},
	{"http.route", "string", "requests to the gateway's API", "the route, without ids", "/v1/providers/{provider}/courses/{id}", false},
	{"network.protocol.version", "string", "HTTP requests", "the version of HTTP", "1.1", true},
	{"rpc.method", "string", "gRPC calls, both sides", "the call", "calendar.v1.CalendarService/Read", true},
	{"rpc.response.status_code", "string", "gRPC calls, both sides", "how it ended", "OK", true},
	{"rpc.system.name", "string", "gRPC calls, both sides", "always grpc", "grpc", true},
	{"server.address", "string", "HTTP requests", "the server's name", "graph.microsoft.com", true},
	{"server.port", "int", "HTTP requests, where it is not the standard one", "the server's port", "8443", true},
	{"trainercal.account", "string", "batch, call, HTTP requests", "provider/service", "northwind/exchange-online", true},
	{"trainercal.attempt", "int", "event `trainercal.retry`", "which attempt comes next, from 2", "2", true},
	{"trainercal.count", "int", "events `trainercal.guard.held`, `trainercal.quarantine`", "how many items", "14", false},
	{"trainercal.error.code", "string", "call, trainer", "the code of what failed", "mailbox_not_found", true},
	{"trainercal.mailbox.count", "int", "batch, call", "how many mailboxes", "200", true},
	{"trainercal.pull.created", "int", "run, trainer", "unavailability made on the platform", "2", false},
	{"trainercal.pull.removed", "int", "run, trainer", "unavailability removed from the platform", "0", false},
	{"trainercal.pull.updated", "int", "run, trainer", "unavailability changed on the platform", "1", false},
	{"trainercal.push.created", "int", "run, trainer", "appointments made in calendars", "3", false},
	{"trainercal.push.removed", "int", "run, trainer", "appointments removed from calendars", "0", false},
	{"trainercal.push.updated", "int", "run, trainer", "appointments changed in calendars", "1", false},
	{"trainercal.reason", "string", "all events", "why it happened, a code", "throttled", true},
	{"trainercal.run.cause", "string", "run", "what started it: sync (by hand), change, notification, interval, approve …", "interval", false},
	{"trainercal.run.caused_by", "string", "run", "the traces of the requests and notifications that asked for it; the span links to them", "4bf92f3577b34da6a3ce929d0e0e4736", false},
	{"trainercal.run.id", "string", "run", "the run's id, as in gateway runs", "9f2c41d07ab3e65c", false},
	{"trainercal.run.state", "string", "run", "ok, partial, failed or canceled", "ok", false},
	{"trainercal.service", "string", "events `trainercal.plugin.restart`, `trainercal.spans.lost`", "the service", "exchange-online", false},
	{"trainercal.skipped.", "int", "trainer", "items left alone, by reason", "trainercal.skipped.in_sync = 12", false},
	{"trainercal.trainer", "string", "trainer", "provider/label", "northwind/ana", false},
	{"trainercal.wait", "double", "events `trainercal.retry`, `trainercal.budget.wait`", "seconds waited", "1.5", true},
}

// Event documents an event of a span.
type Event struct {
	Name string
	// On names the spans.
	On      string
	Meaning string
	// Plugin: plugins may add it too.
	Plugin bool
}

// EventTable is every event that leaves the gateway, by name. The guide has the same
// table.
var EventTable = []Event{
	{EventWait, "plugin's spans", "a request waited for its turn: for a slot of the account or mailbox, or because the server asked for a pause", true},
	{EventHeld, "run, trainer", "the guard holds removals until gateway approve", false},
	{EventRestart, "run", "a plugin ended during the run and was started again", false},
	{EventQuarantine, "trainer", "items that kept failing wait before they are tried again", false},
	{EventRetry, "plugin's spans, trainer", "a request, or all of a trainer's work, is tried again", true},
	{EventSpansLost, "run", "a plugin ended or did not answer before its last spans were sent: the trace is not whole", false},
}
