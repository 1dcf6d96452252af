package cli

import (
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	colmetricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/trainercal/trainercal/gateway/internal/telemetry"
	"github.com/trainercal/trainercal/plugins/exchangesim"
)

// lab is a folder with a configuration, an Exchange, and the environment of the
// gateway's processes.
type lab struct {
	dir string
	sim *exchangesim.Server
	env []string
}

func newLab(t *testing.T) *lab {
	t.Helper()
	return newWatchedLab(t, nil)
}

// newWatchedLab is a lab whose requests are seen by observe, while they wait for their
// answers.
func newWatchedLab(t *testing.T, observe func(exchangesim.Exchange)) *lab {
	t.Helper()
	sim, env, err := newSim(observe)
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{dir: t.TempDir(), sim: sim, env: append(env, "PATH="+os.Getenv("PATH"))}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := copyFixtures(l.dir); err != nil {
		t.Fatal(err)
	}
	return l
}

// own puts an appointment of a trainer's own into a calendar.
func (l *lab) own(t *testing.T, address string, days int, subject string, kinds ...string) {
	t.Helper()
	m, err := l.sim.World().Mailbox(address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Create(ownItem(days, subject, kinds), ""); err != nil {
		t.Fatal(err)
	}
}

// gateway runs the program and returns what it printed.
func (l *lab) gateway(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(programs, "gateway"), args...)
	var out, log strings.Builder
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = l.dir, l.env, &out, &log
	if err := cmd.Run(); err != nil {
		t.Fatalf("gateway %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), log.String())
	}
	return out.String(), log.String()
}

// collector receives OTLP over HTTP.
type collector struct {
	mu       sync.Mutex
	received coltracepb.ExportTraceServiceRequest
	measured colmetricspb.ExportMetricsServiceRequest
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = c.take(r.URL.Path, body)
	}
	if err != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
	}
}

func (c *collector) take(path string, body []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if path == "/v1/metrics" {
		var req colmetricspb.ExportMetricsServiceRequest
		if err := proto.Unmarshal(body, &req); err != nil {
			return err
		}
		c.measured.ResourceMetrics = append(c.measured.ResourceMetrics, req.ResourceMetrics...)
		return nil
	}
	var req coltracepb.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &req); err != nil {
		return err
	}
	c.received.ResourceSpans = append(c.received.ResourceSpans, req.ResourceSpans...)
	return nil
}

// spans are the ids received, by trace.
func (c *collector) spans() map[string][]string {
	out := map[string][]string{}
	for _, rs := range c.received.GetResourceSpans() {
		for _, ss := range rs.GetScopeSpans() {
			for _, s := range ss.GetSpans() {
				trace := hex.EncodeToString(s.GetTraceId())
				out[trace] = append(out[trace], hex.EncodeToString(s.GetSpanId()))
			}
		}
	}
	return out
}

// The words of the trainers' own appointments, and the secrets.
var (
	privateWords = []string{"Chemotherapy", "Bankruptcy"}
	normalWords  = []string{"Dentist", "Physiotherapy"}
	placeWords   = []string{"Dentist place", "Physiotherapy place", "Chemotherapy place"}
	secrets      = []string{simSecret, simPassword, "Bearer ", "Basic "}
)

// run-1 in real processes: one trace, both plugins' spans in it, every trainer linked
// to the calls that served it; in the history and at the operator's collector alike.
// And pull-3: text of the trainers' own stays where behaviour allows it.
func TestTraceOfRealProcesses(t *testing.T) {
	l, upstream := newLab(t), &collector{}
	server := httptest.NewServer(upstream)
	defer server.Close()
	l.env = append(l.env, "OTEL_EXPORTER_OTLP_ENDPOINT="+server.URL)
	l.own(t, "ana@northwind.example", 3, normalWords[0])
	l.own(t, "ana@northwind.example", 4, privateWords[0], "private")
	l.own(t, "ida@lakeside.example", 3, normalWords[1])
	l.own(t, "ida@lakeside.example", 4, privateWords[1], "private")
	l.gateway(t, "import", "courses.json")
	stdout, stderr := l.gateway(t, "sync", "--log-level", "trace")
	waterfall, _ := l.gateway(t, "trace", "last")

	trace := upstream.spans()
	if len(trace) != 1 {
		t.Fatalf("the collector got %d traces, want the run's alone", len(trace))
	}
	for id, spans := range trace {
		checkTree(t, l.history(t, id))
		var kept []string
		for _, s := range l.history(t, id) {
			kept = append(kept, s.SpanID)
		}
		slices.Sort(kept)
		slices.Sort(spans)
		if diff := cmp.Diff(kept, spans); diff != "" {
			t.Errorf("history and collector differ (-history +collector):\n%s", diff)
		}
	}
	for where, text := range map[string]string{
		"the collector": protojson.Format(&upstream.received), "the collector's metrics": protojson.Format(&upstream.measured), "the trace history": l.file(t, "gateway.traces.db"),
		"the log": stderr, "the result": stdout, "the waterfall": waterfall,
	} {
		checkSilent(t, where, text, slices.Concat(privateWords, normalWords, secrets))
	}
	checkSilent(t, "the state", l.file(t, "gateway.db"), slices.Concat(privateWords, placeWords, secrets))
	if !strings.Contains(l.file(t, "gateway.db"), normalWords[0]) {
		t.Error("the state lacks what pull-1 asks for: this test looks in the wrong place")
	}
	for _, s := range []string{"@northwind.example", "@lakeside.example", "/users/", "Exchange.asmx"} {
		checkSilent(t, "the collector", protojson.Format(&upstream.received), []string{s})
	}
}

func checkSilent(t *testing.T, where, text string, words []string) {
	t.Helper()
	for _, w := range words {
		if i := strings.Index(text, w); i >= 0 {
			t.Errorf("%s holds %q: …%q…", where, w, text[max(0, i-80):min(len(text), i+80)])
		}
	}
}

// file is a database's text, its write-ahead log included.
func (l *lab) file(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(l.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(l.dir, name+"-wal"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text) + string(log)
}

func (l *lab) history(t *testing.T, trace string) []telemetry.Span {
	t.Helper()
	h, err := telemetry.OpenHistoryReadOnly(filepath.Join(l.dir, "gateway.traces.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	spans, err := h.Trace(context.Background(), trace)
	if err != nil {
		t.Fatal(err)
	}
	return spans
}

// checkTree checks the shape: run → batch → plugin call → gRPC client → plugin →
// HTTP requests, and run → batch → trainer, linked to calls of its batch.
func checkTree(t *testing.T, spans []telemetry.Span) {
	t.Helper()
	roots := telemetry.Tree(spans)
	if len(roots) != 1 || roots[0].Name != telemetry.SpanRun || roots[0].Orphan {
		for _, r := range roots {
			t.Errorf("root %q of %s, orphan: %v", r.Name, r.Service, r.Orphan)
		}
		t.Fatal("want one root, the run")
	}
	trainers, requests := map[string]bool{}, map[string]int{}
	for _, batch := range roots[0].Children {
		if batch.Name != telemetry.SpanBatch {
			t.Errorf("below the run is %q", batch.Name)
		}
		calls := map[string]bool{}
		for _, n := range batch.Children {
			if strings.HasPrefix(n.Name, telemetry.SpanCall+" ") {
				calls[n.SpanID] = true
				requests[checkCall(t, n)]++
			}
		}
		for _, n := range batch.Children {
			if n.Name == telemetry.SpanTrainer {
				trainers[n.Attributes[string(telemetry.Trainer)].(string)] = true
				checkLinks(t, n, calls)
			}
		}
	}
	want := map[string]bool{"northwind/ana": true, "northwind/ben": true, "lakeside/ida": true, "lakeside/jonas": true}
	if diff := cmp.Diff(want, trainers); diff != "" {
		t.Errorf("trainers (-want +got):\n%s", diff)
	}
	if requests["gateway-plugin-exchange-online"] == 0 || requests["gateway-plugin-exchange-onprem"] == 0 {
		t.Errorf("plugin calls by service: %v, want some of both", requests)
	}
}

// checkCall checks one plugin call and returns the service that served it.
func checkCall(t *testing.T, call *telemetry.Node) string {
	t.Helper()
	if len(call.Children) != 1 || call.Children[0].Service != telemetry.ServiceName {
		t.Fatalf("%s has %d children, want the gRPC client's span alone", call.Name, len(call.Children))
	}
	client := call.Children[0]
	if len(client.Children) != 1 || client.Children[0].Service == telemetry.ServiceName {
		t.Fatalf("%s has %d children, want the plugin's span alone", client.Name, len(client.Children))
	}
	served := client.Children[0]
	found := 0
	var visit func(*telemetry.Node)
	visit = func(n *telemetry.Node) {
		if n.Service != served.Service {
			t.Errorf("span %q of %s is below a span of %s", n.Name, n.Service, served.Service)
		}
		if _, isRequest := n.Attributes["http.request.method"]; isRequest {
			found++
		}
		for _, c := range n.Children {
			visit(c)
		}
	}
	visit(served)
	if found == 0 {
		t.Errorf("%s made no HTTP request", call.Name)
	}
	return served.Service
}

func checkLinks(t *testing.T, trainer *telemetry.Node, calls map[string]bool) {
	t.Helper()
	if len(trainer.Links) == 0 {
		t.Errorf("trainer %v is linked to no call", trainer.Attributes[string(telemetry.Trainer)])
	}
	for _, id := range trainer.Links {
		if !calls[id] {
			t.Errorf("trainer %v is linked to a span that is no call of its batch", trainer.Attributes[string(telemetry.Trainer)])
		}
	}
}
