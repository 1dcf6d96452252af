package transport

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// scope is the instrumentation scope of the metrics.
const scope = "github.com/trainercal/trainercal/plugins/internal/transport"

// The names of events and metrics; the gateway's guide lists them.
const (
	eventRetry = "trainercal.retry"
	eventWait  = "trainercal.budget.wait"

	keyAccount = attribute.Key("trainercal.account")
	keyReason  = attribute.Key("trainercal.reason")
	keyAttempt = attribute.Key("trainercal.attempt")
	keyWait    = attribute.Key("trainercal.wait")
	keyStatus  = attribute.Key("http.response.status_code")
)

// Why a request waits before it is sent.
const (
	// WaitSlot: as many requests are under way as the account or the mailbox may have.
	WaitSlot = "no_free_slot"
	// WaitPause: the server asked for a pause.
	WaitPause = "server_pause"
)

// shortWait is a wait that is not worth telling.
const shortWait = time.Millisecond

// measures tell traces and metrics how an account's requests fare. Those of a client
// without an account measure nothing but the requests themselves.
type measures struct {
	account   string
	throttled metric.Int64Counter
	waits     metric.Float64Histogram
	// inUse counts the requests under way; load replaces it and the limit.
	inUse  atomic.Int64
	load   atomic.Pointer[func() (inUse, limit int)]
	gauges metric.Registration
}

// newMeasures makes the instruments. One that cannot be made measures nothing: its
// name and unit are constants, which a test holds to be good.
func newMeasures(account string, limit int) *measures {
	m := &measures{account: account}
	if account == "" {
		return m
	}
	meter := otel.Meter(scope)
	m.throttled, _ = meter.Int64Counter("trainercal.requests.throttled", metric.WithUnit("{request}"))
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		// From zero, so that the first one is a change for whoever computes rates.
		m.throttled.Add(context.Background(), 0, metric.WithAttributes(keyAccount.String(account), keyStatus.Int(status)))
	}
	m.waits, _ = meter.Float64Histogram("trainercal.budget.wait", metric.WithUnit("s"),
		metric.WithExplicitBucketBoundaries(0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60))
	inUse, _ := meter.Int64ObservableGauge("trainercal.budget.in_use", metric.WithUnit("{request}"))
	most, _ := meter.Int64ObservableGauge("trainercal.budget.limit", metric.WithUnit("{request}"))
	m.gauges, _ = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		used, bound := int(m.inUse.Load()), limit
		if load := m.load.Load(); load != nil {
			used, bound = (*load)()
		}
		o.ObserveInt64(inUse, int64(used), metric.WithAttributes(keyAccount.String(account)))
		o.ObserveInt64(most, int64(bound), metric.WithAttributes(keyAccount.String(account)))
		return nil
	}, inUse, most)
	return m
}

func (m *measures) close() {
	if m.gauges != nil {
		_ = m.gauges.Unregister() // there is nothing left to observe
	}
}

// attributes are those that the account's requests have in traces and metrics.
func (m *measures) attributes() []attribute.KeyValue {
	if m.account == "" {
		return nil
	}
	return []attribute.KeyValue{keyAccount.String(m.account)}
}

// labelled has the metrics of a request name its account.
func (m *measures) labelled(ctx context.Context) context.Context {
	labels := &otelhttp.Labeler{}
	labels.Add(m.attributes()...)
	return otelhttp.ContextWithClientLabeler(ctx, labels)
}

// ReportBudget has load asked how many of the account's requests are under way and how
// many may be, instead of the client's own count: for whoever limits them before they
// come here.
func (c *Client) ReportBudget(load func() (inUse, limit int)) { c.measures.load.Store(&load) }

// Throttled counts an answer by which the server asked for fewer requests, where the
// HTTP status does not say so. Status is what stands for it.
func (c *Client) Throttled(ctx context.Context, status int) {
	if c.measures.throttled != nil {
		c.measures.throttled.Add(ctx, 1, metric.WithAttributes(keyAccount.String(c.measures.account), keyStatus.Int(status)))
	}
}

// Waited tells that a request waited since a time before it was sent, and why.
func (c *Client) Waited(ctx context.Context, reason string, since time.Time) {
	d := c.opts.Now().Sub(since)
	if d < shortWait {
		return
	}
	trace.SpanFromContext(ctx).AddEvent(eventWait, trace.WithAttributes(keyReason.String(reason), keyWait.Float64(d.Seconds())))
	if c.measures.waits != nil {
		c.measures.waits.Record(ctx, d.Seconds(), metric.WithAttributes(keyAccount.String(c.measures.account), keyReason.String(reason)))
	}
}

// Retrying tells that something is sent again after a wait; attempt is the one that
// comes, from 2.
func Retrying(ctx context.Context, reason string, attempt int, wait time.Duration) {
	trace.SpanFromContext(ctx).AddEvent(eventRetry, trace.WithAttributes(
		keyReason.String(reason), keyAttempt.Int(attempt), keyWait.Float64(wait.Seconds())))
}

// reasonOf names why a request is sent again.
func reasonOf(resp *Response, err error) string {
	var sent *Error
	switch {
	case errors.As(err, &sent):
		return reasons[sent.Kind]
	case resp != nil && resp.Status == http.StatusTooManyRequests:
		return "throttled"
	}
	return "unavailable"
}

// reasons are the kinds of errors as codes.
var reasons = map[Kind]string{
	Invalid: "invalid", Resolve: "name_not_resolved", Connect: "no_connection", TLS: "tls_refused",
	Lost: "connection_lost", Timeout: "timeout", TooLarge: "answer_too_large", Cancelled: "cancelled",
}

// noted counts an answer that asks for fewer requests.
func (c *Client) noted(ctx context.Context, resp *Response) {
	if resp != nil && (resp.Status == http.StatusTooManyRequests || resp.Status == http.StatusServiceUnavailable) {
		c.Throttled(ctx, resp.Status)
	}
}
