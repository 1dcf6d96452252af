package telemetry

import "go.opentelemetry.io/otel/attribute"

// The names of the gateway's spans. A run is one trace:
// sync run → sync batch → plugin call → the gRPC call and the plugin's own spans;
// sync trainer is a sibling of the calls and linked to those that served it.
const (
	SpanRun     = "sync run"
	SpanPlan    = "plan"
	SpanVerify  = "verify"
	SpanBatch   = "sync batch"
	SpanTrainer = "sync trainer"
	// SpanCall is followed by the call's name, for example "plugin Read".
	SpanCall = "plugin"
)

// ownPrefix begins every attribute of the gateway's own.
const ownPrefix = "trainercal."

// The gateway's own attributes. The standard ones (http.*, rpc.*, server.*) follow
// OpenTelemetry's semantic conventions.
const (
	RunID        = attribute.Key("trainercal.run.id")
	RunCause     = attribute.Key("trainercal.run.cause")
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
