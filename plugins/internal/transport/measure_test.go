package transport

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// once throttles the first request, and answers the others.
type once struct {
	mu    sync.Mutex
	calls int
}

// RoundTrip answers.
func (o *once) RoundTrip(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls++
	resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(nil)), Request: r}
	if o.calls == 1 {
		resp.StatusCode = http.StatusTooManyRequests
		resp.Header.Set("Retry-After", "0")
	}
	return resp, nil
}

// series are the metrics' data points: the values of counters and gauges, and the
// counts of histograms, by name and attributes.
func series(t *testing.T, reader *sdkmetric.ManualReader) map[string]float64 {
	t.Helper()
	var data metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	put := func(name string, attributes attribute.Set, v float64) {
		out[name+" "+attributes.Encoded(attribute.DefaultEncoder())] = v
	}
	for _, sm := range data.ScopeMetrics {
		for _, m := range sm.Metrics {
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range d.DataPoints {
					put(m.Name, p.Attributes, float64(p.Value))
				}
			case metricdata.Gauge[int64]:
				for _, p := range d.DataPoints {
					put(m.Name, p.Attributes, float64(p.Value))
				}
			case metricdata.Histogram[float64]:
				for _, p := range d.DataPoints {
					put(m.Name, p.Attributes, float64(p.Count))
				}
			}
		}
	}
	return out
}

// What an account's requests met is in its metrics and, as events, on the span of the
// call that made them.
func TestMeasures(t *testing.T) {
	reader, spans := sdkmetric.NewManualReader(), tracetest.NewSpanRecorder()
	meters, tracers := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)), sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	metersBefore, tracersBefore := otel.GetMeterProvider(), otel.GetTracerProvider()
	otel.SetMeterProvider(meters)
	otel.SetTracerProvider(tracers)
	t.Cleanup(func() {
		otel.SetMeterProvider(metersBefore)
		otel.SetTracerProvider(tracersBefore)
	})
	c := New(Options{Account: "northwind/exchange-online", Base: &once{}, PerAccount: 5})
	ctx, call := tracers.Tracer("test").Start(t.Context(), "call")
	if _, err := c.Do(ctx, Request{Method: http.MethodGet, URL: "https://host.example/users/ana"}, Meta{Operation: "graph delta"}); err != nil {
		t.Fatal(err)
	}
	c.Waited(ctx, WaitPause, time.Now().Add(-time.Minute))
	c.Waited(ctx, WaitSlot, time.Now()) // not worth telling
	call.End()
	got := series(t, reader)
	for key, want := range map[string]float64{
		"trainercal.requests.throttled http.response.status_code=429,trainercal.account=northwind/exchange-online": 1,
		"trainercal.budget.in_use trainercal.account=northwind/exchange-online":                                    0,
		"trainercal.budget.limit trainercal.account=northwind/exchange-online":                                     5,
		"trainercal.budget.wait trainercal.account=northwind/exchange-online,trainercal.reason=server_pause":       1,
	} {
		if v, ok := got[key]; !ok || v != want {
			t.Errorf("%s is %v (there: %v), want %v", key, v, ok, want)
		}
	}
	requests := 0.0
	for key, n := range got {
		if bytes.Contains([]byte(key), []byte("http.client.request.duration ")) && bytes.Contains([]byte(key), []byte("trainercal.account=northwind/exchange-online")) {
			requests += n
		}
	}
	if requests != 2 {
		t.Errorf("%v requests are measured for the account, want 2", requests)
	}
	checkEvents(t, spans)
	c.ReportBudget(func() (int, int) { return 3, 9 })
	got = series(t, reader)
	if got["trainercal.budget.in_use trainercal.account=northwind/exchange-online"] != 3 || got["trainercal.budget.limit trainercal.account=northwind/exchange-online"] != 9 {
		t.Error("a reported budget is not the one that is measured")
	}
	c.Close()
	if _, there := series(t, reader)["trainercal.budget.limit trainercal.account=northwind/exchange-online"]; there {
		t.Error("a closed client still reports its budget")
	}
}

func checkEvents(t *testing.T, spans *tracetest.SpanRecorder) {
	t.Helper()
	var events []string
	for _, s := range spans.Ended() {
		account := slices.Contains(s.Attributes(), keyAccount.String("northwind/exchange-online"))
		if (s.Name() == "graph delta") != account {
			t.Errorf("span %s names the account: %v", s.Name(), account)
		}
		for _, e := range s.Events() {
			text := s.Name() + ": " + e.Name
			for _, a := range e.Attributes {
				if a.Key != keyWait {
					text += " " + a.Value.String()
				}
			}
			events = append(events, text)
		}
	}
	want := []string{"call: trainercal.retry throttled 2", "call: trainercal.budget.wait server_pause"}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// A client without an account measures requests that are nobody's, and no budget.
func TestMeasuresOfNobody(t *testing.T) {
	c := New(Options{Base: &once{}})
	c.Throttled(context.Background(), 429)
	c.Waited(context.Background(), WaitSlot, time.Now().Add(-time.Second))
	if got := c.measures.attributes(); got != nil {
		t.Errorf("attributes %v", got)
	}
	c.Close()
}

// Every kind of error has a code for traces.
func TestReasons(t *testing.T) {
	for _, k := range []Kind{Invalid, Resolve, Connect, TLS, Lost, Timeout, TooLarge, Cancelled} {
		if reasons[k] == "" {
			t.Errorf("%q has no code", k)
		}
	}
}
