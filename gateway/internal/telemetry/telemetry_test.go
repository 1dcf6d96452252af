package telemetry

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// secret stands for text that no trace may hold.
const secret = "Chemotherapy"

// collector is an operator's collector in the test's process.
type collector struct {
	coltracepb.UnimplementedTraceServiceServer
	mu    sync.Mutex
	spans []*tracepb.ResourceSpans
}

func (c *collector) Export(_ context.Context, req *coltracepb.ExportTraceServiceRequest) (*coltracepb.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spans = append(c.spans, req.GetResourceSpans()...)
	return &coltracepb.ExportTraceServiceResponse{}, nil
}

// ServeHTTP takes OTLP over HTTP, with protobuf bodies.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	req := &coltracepb.ExportTraceServiceRequest{}
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, req) != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	_, _ = c.Export(r.Context(), req)
}

func (c *collector) overGRPC(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	coltracepb.RegisterTraceServiceServer(server, c)
	go server.Serve(listener) //nolint:errcheck // ends with Stop
	t.Cleanup(server.Stop)
	return "http://" + listener.Addr().String()
}

func (c *collector) overHTTP(t *testing.T) string {
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return server.URL
}

func (c *collector) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return protojson.Format(&coltracepb.ExportTraceServiceRequest{ResourceSpans: c.spans})
}

// shortDir is a folder whose sockets' paths fit.
func shortDir(t *testing.T) string {
	dir, err := os.MkdirTemp("", "tc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func start(t *testing.T, opts Options) *Telemetry {
	t.Helper()
	opts.Log = hclog.NewNullLogger()
	if opts.Env == nil {
		opts.Env = func(string) string { return "" }
	}
	if opts.Sample == 0 {
		opts.Sample = 1
	}
	tel, err := Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return tel
}

// plugin exports to the host's socket as a plugin process does.
func plugin(t *testing.T, endpoint string) *sdktrace.TracerProvider {
	t.Helper()
	exporter, err := otlptracegrpc.New(t.Context(), otlptracegrpc.WithEndpoint(endpoint), otlptracegrpc.WithInsecure())
	if err != nil {
		t.Fatal(err)
	}
	return sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(
		resource.NewSchemaless(semconv.ServiceName("gateway-plugin-exchange-online"), attribute.String("host.name", secret))))
}

// record makes the spans of a small run and returns its trace id.
func record(t *testing.T, tel *Telemetry) string {
	t.Helper()
	ctx, run := tel.Tracer().Start(t.Context(), SpanRun, trace.WithAttributes(RunCause.String("sync"), RunID.String("r1")))
	batchCtx, batch := tel.Tracer().Start(ctx, SpanBatch, trace.WithAttributes(Account.String("northwind/exchange-online")))
	callCtx, call := tel.Tracer().Start(batchCtx, SpanCall+" Read", trace.WithAttributes(MailboxCount.Int(1)))

	p := plugin(t, tel.Endpoint())
	served, inPlugin := p.Tracer("sdk").Start(callCtx, "calendar.v1.Calendar/Read")
	_, request := p.Tracer("transport").Start(served, "graph delta", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.Int("http.response.status_code", 200), attribute.String("url.full", "https://h/users/"+secret),
		attribute.String("error.type", secret+" at ten"), attribute.String("subject", secret)))
	request.AddEvent("exception", trace.WithAttributes(attribute.String("exception.message", secret)))
	request.SetStatus(codes.Error, "could not read "+secret)
	request.End()
	_, odd := p.Tracer("transport").Start(served, "read the "+secret+" of Ana")
	odd.End()
	inPlugin.End()
	if err := p.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}

	call.End()
	_, trainer := tel.Tracer().Start(batchCtx, SpanTrainer, trace.WithLinks(trace.Link{SpanContext: call.SpanContext()}),
		trace.WithAttributes(Trainer.String("northwind/ana"), PullCreated.Int(2)))
	trainer.End()
	batch.End()
	run.End()
	if err := tel.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	return run.SpanContext().TraceID().String()
}

// shape is a tree's names and services, without times and ids.
func shape(nodes []*Node) []string {
	var lines []string
	var visit func([]*Node, string)
	visit = func(nodes []*Node, indent string) {
		for _, n := range nodes {
			l := layout{}
			lines = append(lines, indent+l.text(n)+" @"+n.Service)
			visit(n.Children, indent+"  ")
		}
	}
	visit(nodes, "")
	return lines
}

var wantShape = []string{
	"sync run by sync @gateway",
	"  sync batch northwind/exchange-online @gateway",
	"    plugin Read #1 ×1 @gateway",
	"      calendar.v1.Calendar/Read @gateway-plugin-exchange-online",
	"        graph delta 200 ✗ @gateway-plugin-exchange-online",
	"        plugin span @gateway-plugin-exchange-online",
	"    sync trainer ←#1 northwind/ana pull +2 @gateway",
}

// run-1: the spans of both processes are one tree, in the history and upstream, and
// what a plugin should not have said is in neither.
func TestOneTraceAcrossProcesses(t *testing.T) {
	for _, protocol := range []string{"grpc", "http/protobuf"} {
		t.Run(protocol, func(t *testing.T) {
			dir, upstream := shortDir(t), &collector{}
			endpoint := upstream.overHTTP(t)
			if protocol == "grpc" {
				endpoint = upstream.overGRPC(t)
			}
			history := filepath.Join(dir, "traces.db")
			// The variables that the exporters read themselves come from the process.
			tel := start(t, Options{
				Socket: filepath.Join(dir, "o.sock"), History: history, TracesEndpoint: endpoint,
				Env: env{"OTEL_EXPORTER_OTLP_PROTOCOL": protocol}.get,
			})
			id := record(t, tel)
			if err := tel.Close(t.Context()); err != nil {
				t.Fatal(err)
			}

			reader, err := OpenHistoryReadOnly(history)
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
			spans, err := reader.Trace(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wantShape, shape(Tree(spans))); diff != "" {
				t.Errorf("history (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(wantShape, shape(Tree(spansOf(upstream.spans)))); diff != "" {
				t.Errorf("upstream (-want +got):\n%s", diff)
			}
			stored, err := os.ReadFile(history)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(stored), secret) || strings.Contains(upstream.text(), secret) {
				t.Error("private text left the plugin in a trace")
			}
		})
	}
}

type env map[string]string

func (e env) get(name string) string { return e[name] }

// A collector that is away costs nothing but its copy of the traces.
func TestCollectorAway(t *testing.T) {
	dir := shortDir(t)
	history := filepath.Join(dir, "traces.db")
	tel := start(t, Options{Socket: filepath.Join(dir, "o.sock"), History: history, TracesEndpoint: "http://127.0.0.1:1"})
	id := record(t, tel)
	if err := tel.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	reader, err := OpenHistoryReadOnly(history)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if _, err := reader.Trace(t.Context(), id); err != nil {
		t.Error(err)
	}
}

func TestUpstreamChoice(t *testing.T) {
	for name, test := range map[string]struct {
		configured string
		env        env
		want       bool
		wantErr    bool
	}{
		"nothing configured":      {},
		"configuration":           {configured: "http://c:4318", want: true},
		"standard variable":       {env: env{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, want: true},
		"traces variable":         {env: env{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, want: true},
		"asked for by name":       {env: env{"OTEL_TRACES_EXPORTER": "otlp"}, want: true},
		"switched off by name":    {configured: "http://c:4318", env: env{"OTEL_TRACES_EXPORTER": "none"}},
		"switched off altogether": {configured: "http://c:4318", env: env{"OTEL_SDK_DISABLED": "true"}},
		"unknown exporter":        {env: env{"OTEL_TRACES_EXPORTER": "zipkin"}, wantErr: true},
		"unknown protocol": {
			configured: "http://c:4318",
			env:        env{"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, wantErr: true,
		},
		"grpc": {configured: "http://c:4317", env: env{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := destinationOf(traceSignal, test.configured, test.env.get)
			if (err != nil) != test.wantErr || (d != nil) != test.want {
				t.Errorf("destination %v, error %v; want one: %v, error: %v", d, err, test.want, test.wantErr)
			}
		})
	}
}

// What fails to start leaves nothing running (goleak looks).
func TestStartFails(t *testing.T) {
	dir := shortDir(t)
	_, err := Start(t.Context(), Options{
		Socket: filepath.Join(dir, "missing", "o.sock"), History: filepath.Join(dir, "traces.db"),
		TracesEndpoint: "http://127.0.0.1:1", Env: env{}.get, Log: hclog.NewNullLogger(),
	})
	if err == nil {
		t.Error("a receiver without a folder has started")
	}
}
