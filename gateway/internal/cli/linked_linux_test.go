package cli

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// all are the spans received.
func (c *collector) all() []*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []*tracepb.Span
	for _, rs := range c.received.GetResourceSpans() {
		for _, ss := range rs.GetScopeSpans() {
			out = append(out, ss.GetSpans()...)
		}
	}
	return out
}

// causeOf returns a run's span and that of the request to a route which its link leads
// to; nil while one of both has not been received.
func (c *collector) causeOf(route string) (run, request *tracepb.Span) {
	spans := c.all()
	for _, run := range spans {
		if run.GetName() != "sync run" {
			continue
		}
		for _, l := range run.GetLinks() {
			for _, s := range spans {
				if bytes.Equal(s.GetSpanId(), l.GetSpanId()) && bytes.Equal(s.GetTraceId(), l.GetTraceId()) && strings.Contains(s.GetName(), route) {
					return run, s
				}
			}
		}
	}
	return nil, nil
}

// A platform that sends its trace context finds from its own trace to the run that its
// request caused, in whatever receives the spans of both; and so does whoever looks at
// what a calendar's notification caused.
func TestCausesAreLinked(t *testing.T) {
	upstream := &collector{}
	server := httptest.NewServer(upstream)
	t.Cleanup(server.Close)
	r := newLiveRig(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+server.URL)

	const platformTrace, platformSpan = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	r.putTraced("1", "Welding", "00-"+platformTrace+"-"+platformSpan+"-01")
	const put = "/v1/providers/{provider}/courses/{id}"
	r.until("the request and the run it caused are received", func() bool { run, _ := upstream.causeOf(put); return run != nil })
	run, request := upstream.causeOf(put)
	if got := hex.EncodeToString(request.GetTraceId()); got != platformTrace {
		t.Errorf("the request is in the trace %s, the platform's is %s", got, platformTrace)
	}
	if got := hex.EncodeToString(request.GetParentSpanId()); got != platformSpan {
		t.Errorf("the request is below %s, the platform's span is %s", got, platformSpan)
	}
	if bytes.Equal(run.GetTraceId(), request.GetTraceId()) {
		t.Error("the run is in the trace of the request: one run is one trace")
	}
	r.checkCause(platformTrace)

	if _, err := r.box("ana@northwind.example").Create(ownItem(3, "Dentist", nil), world.SendNone); err != nil {
		t.Fatal(err)
	}
	r.until("the notification and the run it caused are received", func() bool { run, _ := upstream.causeOf("/notifications/"); return run != nil })
	_, notified := upstream.causeOf("/notifications/")
	r.checkCause(hex.EncodeToString(notified.GetTraceId()))
}

// putTraced is put with a trace context.
func (r *liveRig) putTraced(id, name, traceparent string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPut, r.url+"/v1/providers/northwind/courses/"+id, strings.NewReader(course(id, name)))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+apiToken)
	req.Header.Set("Traceparent", traceparent)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		r.t.Fatalf("the course is answered %s", answer.Status)
	}
}

// checkCause looks into the gateway's own history: whoever has no collector finds the
// cause there (gateway runs, gateway trace).
func (r *liveRig) checkCause(traceID string) {
	r.t.Helper()
	var list []struct{ ID string }
	r.command(&list, "runs")
	var told []string
	for _, run := range list {
		var trace struct {
			Roots []struct{ Attributes map[string]any }
		}
		r.command(&trace, "trace", run.ID)
		for _, s := range trace.Roots {
			told = append(told, fmt.Sprint(s.Attributes["trainercal.run.caused_by"]))
		}
	}
	if !slices.ContainsFunc(told, func(ids string) bool { return strings.Contains(ids, traceID) }) {
		r.t.Errorf("no run tells that %s caused it: %q", traceID, told)
	}
}

// command has the gateway answer in JSON.
func (r *liveRig) command(out any, args ...string) {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), filepath.Join(programs, "gateway"), append(args, "--json")...)
	cmd.Dir, cmd.Env = r.dir, r.env
	said, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(said, out)
	}
	if err != nil {
		r.t.Fatalf("gateway %s: %v", strings.Join(args, " "), err)
	}
}
