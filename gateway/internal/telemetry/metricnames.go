package telemetry

import "go.opentelemetry.io/otel/attribute"

// Kind says how a metric is to be read.
type Kind string

// The kinds of metrics.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
)

// Metric documents a metric: [MetricTable] has all there are.
type Metric struct {
	Name string
	Kind Kind
	// Unit is in UCUM's notation.
	Unit       string
	Attributes []attribute.Key
	// Plugin: plugins measure it.
	Plugin bool
	// Meaning is a sentence for the guide.
	Meaning string
}

// The attributes of metrics that no span has.
const (
	Direction = attribute.Key("trainercal.direction")
	Operation = attribute.Key("trainercal.operation")
	Outcome   = attribute.Key("trainercal.outcome")
	Reason    = attribute.Key("trainercal.reason")
	Health    = attribute.Key("trainercal.health")
	Signal    = attribute.Key("trainercal.signal")
	// Webhook is the name of the block, WebhookEvent the type of message.
	Webhook      = attribute.Key("trainercal.webhook")
	WebhookEvent = attribute.Key("trainercal.event")
	// CredentialKind is what the account signs in with.
	CredentialKind = attribute.Key("trainercal.credential.kind")
	// Within is the upper bound of a bucket, in seconds, by Prometheus's name for it.
	Within = attribute.Key("le")
)

// The keys of semantic conventions that metrics have.
const (
	httpMethod    = attribute.Key("http.request.method")
	httpStatus    = attribute.Key("http.response.status_code")
	serverAddress = attribute.Key("server.address")
	errorType     = attribute.Key("error.type")
	rpcMethod     = attribute.Key("rpc.method")
	rpcStatus     = attribute.Key("rpc.response.status_code")
)

func keyList(keys ...attribute.Key) []attribute.Key { return keys }

// MetricTable is every metric that leaves the gateway, by name. The guide has the same
// table. Trainers are never among the attributes: their number has no bound.
var MetricTable = []Metric{
	{"http.client.request.duration", Histogram, "s", keyList(Account, Service, httpMethod, httpStatus, serverAddress, errorType), true, "How long requests to calendar servers took; its count is the number of requests."},
	{"rpc.client.call.duration", Histogram, "s", keyList(rpcMethod, rpcStatus, errorType), false, "How long calls to plugins took."},
	{"trainercal.budget.in_use", Gauge, "{request}", keyList(Account, Service), true, "Requests of the account that are under way."},
	{"trainercal.budget.limit", Gauge, "{request}", keyList(Account, Service), true, "How many may be under way at once; the difference is the headroom."},
	{"trainercal.budget.wait", Histogram, "s", keyList(Account, Service, Reason), true, "How long requests waited for their turn: for a slot of the account or mailbox, or because the server asked for a pause."},
	{"trainercal.changes", Counter, "{change}", keyList(Account, Direction, Operation, Outcome), false, "Changes pushed into calendars and pulled from them; the outcome is done or an error code."},
	{"trainercal.conflicts", Gauge, "{conflict}", keyList(Account), false, "Courses that overlap an unavailability from the trainer's calendar, or another course."},
	{"trainercal.credential.expiry", Gauge, "s", keyList(Account, Service, CredentialKind), true, "Seconds until the account's credential expires; negative when it has."},
	{"trainercal.drift.repaired", Counter, "{appointment}", keyList(Account, Reason), false, "Appointments restored after an edit (drift) or a deletion (deleted_in_calendar) by hand."},
	{"trainercal.guard.trips", Counter, "{trainer}", keyList(Account), false, "How often the guard began to hold a trainer's removals."},
	{"trainercal.missed_changes", Counter, "{change}", keyList(Account), false, "Changes that reading by difference missed and a full read found."},
	{"trainercal.plugin.restarts", Counter, "{restart}", keyList(Service), false, "How often a plugin ended unexpectedly and was started again."},
	{"trainercal.queue.age", Gauge, "s", nil, false, "How long the longest waiting group of trainers has been due; 0 when nothing waits."},
	{"trainercal.queue.depth", Gauge, "{batch}", nil, false, "Groups of trainers that are due and not worked on yet."},
	{"trainercal.removals.held", Gauge, "{unavailability}", keyList(Account), false, "Removals that wait for approval."},
	{"trainercal.requests.throttled", Counter, "{request}", keyList(Account, Service, httpStatus), true, "Answers by which a calendar server asked for fewer requests."},
	{"trainercal.run.duration", Histogram, "s", keyList(RunCause, RunState), false, "How long runs took; its count is the number of runs. Exemplars name their traces."},
	{"trainercal.sync.age.max", Gauge, "s", keyList(Account), false, "Seconds since the account's longest waiting trainer was last proven in sync."},
	{"trainercal.sync.age.trainers", Gauge, "{trainer}", keyList(Account, Within), false, "Active trainers last proven in sync at most le seconds ago, a cumulative distribution for histogram_quantile; +Inf counts those never proven too."},
	{"trainercal.telemetry.dropped", Counter, "{item}", keyList(Signal, Reason), false, "Spans and metrics that were dropped, and why."},
	{"trainercal.trainers", Gauge, "{trainer}", keyList(Account, Health), false, "Active trainers by health, as gateway status shows it."},
	{"trainercal.webhook.messages", Counter, "{message}", keyList(Webhook, WebhookEvent, Outcome), false, "Messages sent to receivers of webhooks; the outcome is done or failed, and one that failed is sent again."},
}

// metricByName finds a metric's entry.
var metricByName = func() map[string]Metric {
	byName := map[string]Metric{}
	for _, m := range MetricTable {
		byName[m.Name] = m
	}
	return byName
}()
