package telemetry

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	colmetricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/protobuf/proto"
)

// scrape reads the metrics as Prometheus does, in the form with exemplars.
func scrape(t *testing.T, tel *Telemetry) string {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	w := httptest.NewRecorder()
	tel.MetricsHandler().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("the scrape ended with %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// lines are those of the series that begin so, without exemplars.
func lines(text, prefix string) []string {
	var out []string
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, prefix) {
			line, _, _ = strings.Cut(line, " # ")
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
}

func measured(t *testing.T, opts Options) *Telemetry {
	t.Helper()
	opts.Socket, opts.Prometheus = filepath.Join(shortDir(t), "o.sock"), true
	tel := start(t, opts)
	t.Cleanup(func() {
		if err := tel.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return tel
}

func TestOwnMetrics(t *testing.T) {
	tel := measured(t, Options{})
	m := tel.Metrics()
	ctx, span := tel.Tracer().Start(t.Context(), SpanRun)
	m.Run(ctx, "interval", "ok", 3*time.Second)
	span.End()
	m.Change(ctx, "n/x", "push", "create", Done, 3)
	m.Change(ctx, "n/x", "push", "create", "throttled", 1)
	m.Drift(ctx, "n/x", "drift")
	m.Missed(ctx, "n/x", 2)
	m.GuardTripped(ctx, "n/x")
	m.PluginRestarted(ctx, "x")
	if err := m.ObserveQueue(func() (int, time.Duration) { return 2, 90 * time.Second }); err != nil {
		t.Fatal(err)
	}
	err := m.ObserveTrainers(func() time.Time { return noon }, func(context.Context) ([]Standing, error) {
		return []Standing{
			{Account: "n/x", Health: "in_sync", Proven: noon.Add(-time.Minute)},
			{Account: "n/x", Health: "stale", Proven: noon.Add(-2 * time.Hour), Held: 4, Conflicts: 1},
			{Account: "n/x", Health: "unknown"},
		}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	text := scrape(t, tel)
	for prefix, want := range map[string][]string{
		"trainercal_changes_total": {
			`trainercal_changes_total{trainercal_account="n/x",trainercal_direction="push",trainercal_operation="create",trainercal_outcome="done"} 3.0`,
			`trainercal_changes_total{trainercal_account="n/x",trainercal_direction="push",trainercal_operation="create",trainercal_outcome="throttled"} 1.0`,
		},
		"trainercal_drift_repaired_total":        {`trainercal_drift_repaired_total{trainercal_account="n/x",trainercal_reason="drift"} 1.0`},
		"trainercal_missed_changes_total":        {`trainercal_missed_changes_total{trainercal_account="n/x"} 2.0`},
		"trainercal_guard_trips_total":           {`trainercal_guard_trips_total{trainercal_account="n/x"} 1.0`},
		"trainercal_plugin_restarts_total":       {`trainercal_plugin_restarts_total{trainercal_service="x"} 1.0`},
		"trainercal_queue":                       {`trainercal_queue_age_seconds 90.0`, `trainercal_queue_depth 2.0`},
		"trainercal_sync_age_max":                {`trainercal_sync_age_max_seconds{trainercal_account="n/x"} 7200.0`},
		"trainercal_conflicts":                   {`trainercal_conflicts{trainercal_account="n/x"} 1.0`},
		"trainercal_removals_held":               {`trainercal_removals_held{trainercal_account="n/x"} 4.0`},
		`trainercal_sync_age_trainers{le="60"`:   {`trainercal_sync_age_trainers{le="60",trainercal_account="n/x"} 1.0`},
		`trainercal_sync_age_trainers{le="7200"`: {`trainercal_sync_age_trainers{le="7200",trainercal_account="n/x"} 2.0`},
		`trainercal_sync_age_trainers{le="+Inf"`: {`trainercal_sync_age_trainers{le="+Inf",trainercal_account="n/x"} 3.0`},
		"trainercal_trainers": {
			`trainercal_trainers{trainercal_account="n/x",trainercal_health="in_sync"} 1.0`,
			`trainercal_trainers{trainercal_account="n/x",trainercal_health="stale"} 1.0`,
			`trainercal_trainers{trainercal_account="n/x",trainercal_health="unknown"} 1.0`,
		},
		`trainercal_run_duration_seconds_bucket{trainercal_run_cause="interval",trainercal_run_state="ok",le="2.5"}`: {
			`trainercal_run_duration_seconds_bucket{trainercal_run_cause="interval",trainercal_run_state="ok",le="2.5"} 0`,
		},
	} {
		if diff := cmp.Diff(want, lines(text, prefix)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", prefix, diff)
		}
	}
	exemplar := fmt.Sprintf(`trace_id="%s"`, span.SpanContext().TraceID())
	if !strings.Contains(text, exemplar) {
		t.Errorf("the run's duration has no exemplar with %s:\n%s", exemplar, text)
	}
}

// pluginMeter measures as a plugin process does, whose first process has instance "1".
func pluginMeter(t *testing.T, endpoint, service, instance string) (*sdkmetric.MeterProvider, metric.Meter) {
	t.Helper()
	exporter, err := otlpmetricgrpc.New(t.Context(), otlpmetricgrpc.WithEndpoint(endpoint), otlpmetricgrpc.WithInsecure())
	if err != nil {
		t.Fatal(err)
	}
	p := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter)), sdkmetric.WithResource(
		resource.NewSchemaless(semconv.ServiceName(service), semconv.ServiceInstanceID(instance))))
	return p, p.Meter("transport")
}

// measure has one plugin process measure, send and end.
func measure(t *testing.T, tel *Telemetry, service, instance string, do func(metric.Meter)) {
	t.Helper()
	p, meter := pluginMeter(t, tel.Endpoint(), service, instance)
	do(meter)
	if err := p.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// What a plugin measures is served with the gateway's own: known metrics and known
// attributes alone, sums going on over a restart.
func TestPluginMetrics(t *testing.T) {
	tel := measured(t, Options{})
	account := attribute.String("trainercal.account", "n/exchange-online")
	requests := func(m metric.Meter) {
		h := must(m.Float64Histogram("http.client.request.duration", metric.WithExplicitBucketBoundaries(1, 5)))
		h.Record(t.Context(), 0.5, metric.WithAttributes(account, attribute.String("http.request.method", "GET"),
			attribute.Int("http.response.status_code", 200), attribute.String("url.full", "https://h/"+secret)))
		h.Record(t.Context(), 2, metric.WithAttributes(account, attribute.String("http.request.method", "GET"),
			attribute.Int("http.response.status_code", 200), attribute.String("url.full", "https://h/other")))
		must(m.Int64Counter("trainercal.requests.throttled")).Add(t.Context(), 2, metric.WithAttributes(account,
			attribute.String("http.response.status_code", "the "+secret)))
		must(m.Float64Gauge("trainercal.credential.expiry")).Record(t.Context(), 3600, metric.WithAttributes(account))
		must(m.Int64Counter("trainercal.changes")).Add(t.Context(), 1) // the gateway's own
		must(m.Int64Counter(secret)).Add(t.Context(), 1)
	}
	measure(t, tel, "gateway-plugin-exchange-online", "1", requests)
	measure(t, tel, "gateway-plugin-exchange-online", "2", requests)
	measure(t, tel, ServiceName, "3", func(m metric.Meter) {
		must(m.Int64Counter("trainercal.requests.throttled")).Add(t.Context(), 7)
	})
	text := scrape(t, tel)
	for prefix, want := range map[string][]string{
		"http_client_request_duration_seconds_": {
			`http_client_request_duration_seconds_bucket{http_request_method="GET",http_response_status_code="200",trainercal_account="n/exchange-online",trainercal_service="exchange-online",le="+Inf"} 4`,
			`http_client_request_duration_seconds_bucket{http_request_method="GET",http_response_status_code="200",trainercal_account="n/exchange-online",trainercal_service="exchange-online",le="1.0"} 2`,
			`http_client_request_duration_seconds_bucket{http_request_method="GET",http_response_status_code="200",trainercal_account="n/exchange-online",trainercal_service="exchange-online",le="5.0"} 4`,
			`http_client_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",trainercal_account="n/exchange-online",trainercal_service="exchange-online"} 4`,
			`http_client_request_duration_seconds_sum{http_request_method="GET",http_response_status_code="200",trainercal_account="n/exchange-online",trainercal_service="exchange-online"} 5.0`,
		},
		"trainercal_requests_throttled_total": {
			`trainercal_requests_throttled_total{trainercal_account="n/exchange-online",trainercal_service="exchange-online"} 4.0`,
			`trainercal_requests_throttled_total{trainercal_service="unknown"} 7.0`,
		},
		"trainercal_credential_expiry": {
			`trainercal_credential_expiry_seconds{trainercal_account="n/exchange-online",trainercal_service="exchange-online"} 3600.0`,
		},
		"trainercal_changes": nil,
	} {
		if diff := cmp.Diff(want, lines(text, prefix)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", prefix, diff)
		}
	}
	if strings.Contains(text, secret) {
		t.Errorf("text of a plugin is in the metrics:\n%s", text)
	}
}

// A plugin that makes up accounts without end fills its own room and nothing else.
func TestPluginMetricsAreBounded(t *testing.T) {
	tel := measured(t, Options{})
	measure(t, tel, "gateway-plugin-hostile", "1", func(m metric.Meter) {
		c := must(m.Int64Counter("trainercal.requests.throttled"))
		h := must(m.Float64Gauge("trainercal.budget.limit"))
		for i := range maxSeries {
			account := metric.WithAttributes(attribute.String("trainercal.account", fmt.Sprintf("n/%d", i)))
			c.Add(t.Context(), 1, account)
			h.Record(t.Context(), 1, account)
		}
	})
	text := scrape(t, tel)
	if n := len(lines(text, "trainercal_requests_throttled_total")) + len(lines(text, "trainercal_budget_limit")); n > maxSeries {
		t.Errorf("%d series, want at most %d", n, maxSeries)
	}
	if len(lines(text, `trainercal_telemetry_dropped_total{trainercal_reason="too_many_series"`)) != 1 {
		t.Error("nothing says that series were dropped")
	}
}

// A gauge that its plugin no longer reports is not shown for ever.
func TestGaugesEnd(t *testing.T) {
	now := noon
	var mu sync.Mutex
	tel := measured(t, Options{Now: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }})
	measure(t, tel, "gateway-plugin-x", "1", func(m metric.Meter) {
		must(m.Float64Gauge("trainercal.budget.limit")).Record(t.Context(), 8)
	})
	if got := lines(scrape(t, tel), "trainercal_budget_limit"); len(got) != 1 {
		t.Fatalf("the gauge: %v", got)
	}
	mu.Lock()
	now = now.Add(gaugeLife + time.Second)
	mu.Unlock()
	if got := lines(scrape(t, tel), "trainercal_budget_limit"); len(got) != 0 {
		t.Errorf("the gauge of a plugin that ended: %v", got)
	}
}

// metricCollector is an operator's collector of metrics over HTTP.
type metricCollector struct {
	mu    sync.Mutex
	names map[string]bool
}

func (c *metricCollector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	req := &colmetricspb.ExportMetricsServiceRequest{}
	if err != nil || r.URL.Path != "/v1/metrics" || proto.Unmarshal(body, req) != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rm := range req.GetResourceMetrics() {
		for _, sm := range rm.GetScopeMetrics() {
			for _, m := range sm.GetMetrics() {
				c.names[m.GetName()] = true
			}
		}
	}
}

// Metrics of a process that ends soon reach the collector all the same: the gateway's
// own and its plugins'.
func TestMetricsOverOTLP(t *testing.T) {
	c := &metricCollector{names: map[string]bool{}}
	server := httptest.NewServer(c)
	defer server.Close()
	tel := start(t, Options{Socket: filepath.Join(shortDir(t), "o.sock"), MetricsEndpoint: server.URL})
	tel.Metrics().Change(t.Context(), "n/x", "pull", "create", Done, 1)
	measure(t, tel, "gateway-plugin-x", "1", func(m metric.Meter) {
		must(m.Int64Counter("trainercal.requests.throttled")).Add(t.Context(), 2)
	})
	if err := tel.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"trainercal.changes": true, "trainercal.requests.throttled": true}
	if diff := cmp.Diff(want, c.names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A collector of metrics that is away fails no run and keeps nobody waiting.
func TestMetricCollectorAway(t *testing.T) {
	tel := start(t, Options{Socket: filepath.Join(shortDir(t), "o.sock"), MetricsEndpoint: "http://127.0.0.1:1"})
	tel.Metrics().Change(t.Context(), "n/x", "pull", "create", Done, 1)
	if err := tel.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// Nobody reads metrics: measuring costs nothing and fails nothing, and plugins are not
// asked to send any.
func TestNobodyMeasures(t *testing.T) {
	tel := start(t, Options{Socket: filepath.Join(shortDir(t), "o.sock")})
	tel.Metrics().Run(t.Context(), "sync", "ok", time.Second)
	if tel.Measures() || tel.MetricsHandler() != nil {
		t.Error("somebody reads metrics")
	}
	if err := tel.Close(t.Context()); err != nil {
		t.Error(err)
	}
	var none *Metrics
	none.Run(t.Context(), "sync", "ok", time.Second)
	none.Change(t.Context(), "n/x", "pull", "create", Done, 1)
}
