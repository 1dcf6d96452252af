package host_test

import (
	"context"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	metrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"

	"github.com/trainercal/trainercal/sdk"
)

// receiver is the host's own receiver of traces and metrics.
type receiver struct {
	collector.UnimplementedTraceServiceServer
	mu    sync.Mutex
	spans []received
	// measured are the names of the metrics received.
	measured []string
}

// measures is the receiver's part for metrics.
type measures struct {
	metrics.UnimplementedMetricsServiceServer
	*receiver
}

// Export implements the metrics service.
func (m measures) Export(_ context.Context, req *metrics.ExportMetricsServiceRequest) (*metrics.ExportMetricsServiceResponse, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, resource := range req.GetResourceMetrics() {
		for _, scope := range resource.GetScopeMetrics() {
			for _, metric := range scope.GetMetrics() {
				m.measured = append(m.measured, metric.GetName())
			}
		}
	}
	return &metrics.ExportMetricsServiceResponse{}, nil
}

type received struct{ service, name, trace, parent string }

func (r *receiver) Export(_ context.Context, req *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, resource := range req.GetResourceSpans() {
		service := ""
		for _, a := range resource.GetResource().GetAttributes() {
			if a.GetKey() == "service.name" {
				service = a.GetValue().GetStringValue()
			}
		}
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				r.spans = append(r.spans, received{service, s.GetName(), string(s.GetTraceId()), string(s.GetParentSpanId())})
			}
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.spans)
}

// receive serves a receiver on a socket and returns its address.
func receive(t *testing.T, dir string) (*receiver, string) {
	t.Helper()
	socket := filepath.Join(dir, "otlp.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	r, server := &receiver{}, grpc.NewServer()
	collector.RegisterTraceServiceServer(server, r)
	metrics.RegisterMetricsServiceServer(server, measures{receiver: r})
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Stop(); <-served })
	return r, "unix://" + socket
}

// run-1: a call is one trace across the processes, complete after a flush and again
// after the end of the plugin; the library's own calls are not in it.
func TestOneTraceAcrossProcesses(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	provider := trace.NewTracerProvider(trace.WithSpanProcessor(recorder))
	before, propagator := otel.GetTracerProvider(), otel.GetTextMapPropagator()
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.TraceContext{})
	t.Cleanup(func() {
		otel.SetTracerProvider(before)
		otel.SetTextMapPropagator(propagator)
	})
	o := options(t)
	spans, endpoint := receive(t, o.RunDir)
	o.OTLPEndpoint = endpoint
	p := launch(t, o)
	if err := read(t, p, "plain"); err != nil {
		t.Fatal(err)
	}
	if err := p.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	ours := map[string]string{} // the client spans: the id of each span's trace by its own id
	for _, s := range recorder.Ended() {
		trace, id := s.SpanContext().TraceID(), s.SpanContext().SpanID()
		ours[string(id[:])] = string(trace[:])
	}
	checkSpans(t, spans.all(), ours, 1)
	if err := read(t, p, "plain"); err != nil {
		t.Fatal(err)
	}
	p.Kill()
	for _, s := range recorder.Ended() {
		trace, id := s.SpanContext().TraceID(), s.SpanContext().SpanID()
		ours[string(id[:])] = string(trace[:])
	}
	checkSpans(t, spans.all(), ours, 2)
}

// Metrics reach the host at a flush and again at the plugin's end; not when it wants
// none.
func TestMetricsReachTheHost(t *testing.T) {
	for _, wanted := range []bool{true, false} {
		o := options(t)
		host, endpoint := receive(t, o.RunDir)
		o.OTLPEndpoint, o.Metrics = endpoint, wanted
		p := launch(t, o)
		if err := read(t, p, "plain"); err != nil {
			t.Fatal(err)
		}
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := host.heard("fake.reads"); got != wanted {
			t.Errorf("metrics wanted %v, received at the flush: %v", wanted, got)
		}
		host.forget()
		p.Kill()
		if got := host.heard("fake.reads"); got != wanted {
			t.Errorf("metrics wanted %v, received at the end: %v", wanted, got)
		}
	}
}

func (r *receiver) heard(metric string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.measured, metric)
}

func (r *receiver) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.measured = nil
}

// run-3: what a plugin logs with its call's logger has the ids of run and trace.
func TestRunAndTraceInEveryLine(t *testing.T) {
	before, propagator := otel.GetTracerProvider(), otel.GetTextMapPropagator()
	otel.SetTracerProvider(trace.NewTracerProvider())
	otel.SetTextMapPropagator(propagation.TraceContext{})
	t.Cleanup(func() {
		otel.SetTracerProvider(before)
		otel.SetTextMapPropagator(propagator)
	})
	var log syncBuffer
	o := options(t)
	o.Logger = hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Debug})
	p := launch(t, o)
	a := opened(t, p, "plain")
	ctx, span := otel.Tracer("host").Start(sdk.WithRun(t.Context(), "run-4711"), "a run")
	defer span.End()
	if err := readIn(ctx, a); err != nil {
		t.Fatal(err)
	}
	p.Kill() // ends the reading of the log
	line := regexp.MustCompile(`read in a run: .*`).FindString(log.String())
	for _, want := range []string{"run=run-4711", "trace_id=" + span.SpanContext().TraceID().String(), "count=1"} {
		if !strings.Contains(line, want) {
			t.Errorf("the line %q lacks %s", line, want)
		}
	}
}

// checkSpans counts the plugin's Read spans, each a child of one of the host's.
func checkSpans(t *testing.T, spans []received, ours map[string]string, want int) {
	t.Helper()
	reads, own := 0, 0
	for _, s := range spans {
		if s.service != "gateway-plugin-fake" {
			t.Errorf("span %s of service %q", s.name, s.service)
		}
		switch {
		case strings.HasSuffix(s.name, "/Read"):
			reads++
			if ours[s.parent] != s.trace {
				t.Errorf("span %s is no child of the host's call", s.name)
			}
		case s.name == "own work":
			own++
		case strings.HasPrefix(s.name, "plugin.") || strings.Contains(s.name, "Health") || strings.HasSuffix(s.name, "/Flush"):
			t.Errorf("span %s of the library's own", s.name)
		}
	}
	if reads != want || own != want {
		t.Errorf("%d Read spans and %d of the backend's own, want %d", reads, own, want)
	}
}
