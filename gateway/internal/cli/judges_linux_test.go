package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	colmetricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// observability is the folder of examples that foreign programs judge.
var observability = filepath.Join("..", "..", "..", "examples", "observability")

// exampleWith is an example with other addresses in it.
func exampleWith(t *testing.T, name string, replace ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(observability, name))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(string(text), replace[i]) {
			t.Fatalf("%s lacks %q", name, replace[i])
		}
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(strings.NewReplacer(replace...).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// startProgram runs a foreign program until stop is called or the test ends.
func startProgram(t *testing.T, env []string, program string, args ...string) (stop func()) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), env...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		_ = cmd.Process.Signal(syscall.SIGTERM) // where it ended by itself, Wait tells
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v\n%s", program, err, said.String())
		}
	}
	t.Cleanup(stop)
	return stop
}

// A real OpenTelemetry Collector, with the example's configuration, writes down what it
// receives: that is judged as in TestTelemetryIsAsDocumented.
func TestRealCollector(t *testing.T) {
	program := os.Getenv("TRAINERCAL_COLLECTOR")
	if program == "" {
		t.Skip("TRAINERCAL_COLLECTOR names no collector; make long builds one")
	}
	address, dir := freeAddress(t), t.TempDir()
	config := exampleWith(t, "collector.yaml", "127.0.0.1:4318", address, "127.0.0.1:4317", freeAddress(t))
	stop := startProgram(t, []string{"TELEMETRY_DIR=" + dir}, program, "--config", config)
	for until := time.Now().Add(patience); ; {
		if resp, err := http.Get("http://" + address); err == nil {
			resp.Body.Close()
			break
		}
		if time.Now().After(until) {
			t.Fatal("the collector does not listen")
		}
	}
	play(t, "http://"+address)
	stop()
	exported(t, dir).check(t)
}

// exported reads a collector's files: OTLP in JSON, a document a line. Ids are
// hexadecimal there, and only compared with each other here.
func exported(t *testing.T, dir string) observed {
	t.Helper()
	var spans coltracepb.ExportTraceServiceRequest
	var metrics colmetricspb.ExportMetricsServiceRequest
	documents(t, filepath.Join(dir, "traces.jsonl"), func() proto.Message { return &coltracepb.ExportTraceServiceRequest{} },
		func(m proto.Message) { proto.Merge(&spans, m) })
	documents(t, filepath.Join(dir, "metrics.jsonl"), func() proto.Message { return &colmetricspb.ExportMetricsServiceRequest{} },
		func(m proto.Message) { proto.Merge(&metrics, m) })
	return whatIsObserved(spans.GetResourceSpans(), metrics.GetResourceMetrics())
}

// documents reads a file of JSON documents, one a line.
func documents(t *testing.T, file string, empty func() proto.Message, take func(proto.Message)) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		m := empty()
		if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(lines.Bytes(), m); err != nil {
			t.Fatal(err)
		}
		take(m)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

// A real Prometheus reads the gateway's metrics, with the example's configuration, and
// every query of the dashboards returns data.
func TestDashboardsReturnData(t *testing.T) {
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("prometheus is not installed (Debian: prometheus)")
	}
	upstream := httptest.NewServer(&collector{})
	defer upstream.Close()
	r, metrics := newStory(t, upstream.URL)
	r.serve()
	page(t, "http://"+metrics+"/metrics")
	address := freeAddress(t)
	rules, err := filepath.Abs(filepath.Join(observability, "alerts.yml"))
	if err != nil {
		t.Fatal(err)
	}
	config := exampleWith(t, "prometheus.yml", "127.0.0.1:9464", metrics, "scrape_interval: 15s", "scrape_interval: 1s", "alerts.yml", rules)
	startProgram(t, nil, program, "--config.file="+config, "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+address,
		"--enable-feature=exemplar-storage", "--log.level=error")
	page(t, "http://"+address+"/-/ready")
	r.command("import", "courses.json")
	r.throttled() // the commands are handed to the serve
	r.change()
	r.attempt("sync")
	wanting := queries(t)
	if len(wanting) < 25 {
		t.Fatalf("%d queries: this test looks in the wrong place", len(wanting))
	}
	for until := time.Now().Add(patience); len(wanting) > 0 && time.Now().Before(until); {
		r.throttled() // there is a rate when it was read before and after one
		for q := range wanting {
			if answered(t, address, q) {
				delete(wanting, q)
			}
		}
	}
	for q, panel := range wanting {
		t.Errorf("panel %q: no data for %s", panel, q)
	}
}

// queries are those of the dashboards, with the panel of each.
func queries(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	files, err := filepath.Glob(filepath.Join(observability, "dashboards", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no dashboards: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			Panels []struct {
				Title   string
				Targets []struct{ Expr string }
			}
		}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		for _, p := range d.Panels {
			for _, q := range p.Targets {
				all[strings.NewReplacer("$__rate_interval", "1m", "$account", ".*").Replace(q.Expr)] = p.Title
			}
		}
	}
	return all
}

// answered reports whether Prometheus has a number for a query.
func answered(t *testing.T, address, query string) bool {
	t.Helper()
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.Unmarshal([]byte(page(t, "http://"+address+"/api/v1/query?query="+url.QueryEscape(query))), &answer); err != nil {
		t.Fatal(err)
	}
	for _, r := range answer.Data.Result {
		if r.Value[1] != "NaN" {
			return true
		}
	}
	return false
}
