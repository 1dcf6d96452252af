package graph_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

func item(id, method, path string, body any, dependsOn ...string) object {
	it := object{"id": id, "method": method, "url": path}
	if body != nil {
		it["body"], it["headers"] = body, object{"Content-Type": "application/json"}
	}
	if dependsOn != nil {
		it["dependsOn"] = dependsOn
	}
	return it
}

// batch sends a batch and returns the items' statuses by id.
func (r *rig) batch(items ...object) (map[string]float64, map[string]object) {
	r.t.Helper()
	answer := r.want(200, "POST", "/$batch", object{"requests": items})
	statuses, bodies := map[string]float64{}, map[string]object{}
	for _, response := range answer["responses"].([]any) {
		id := response.(object)["id"].(string)
		statuses[id] = response.(object)["status"].(float64)
		bodies[id], _ = response.(object)["body"].(object)
	}
	return statuses, bodies
}

func TestBatch(t *testing.T) {
	r := newRig(t, simtest.Config{})
	statuses, bodies := r.batch(
		item("create", "POST", anas+"/events", course()),
		item("view", "GET", anas+"/calendarView?startDateTime=2026-10-01&endDateTime=2026-11-01", nil, "create"),
		item("lost", "GET", anas+"/events/nope", nil),
		item("after", "GET", anas+"/calendar", nil, "lost"),
		item("chain", "GET", anas+"/calendar", nil, "after"),
	)
	want := map[string]float64{"create": 201, "view": 200, "lost": 404, "after": 424, "chain": 424}
	if diff := cmp.Diff(want, statuses); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if n := len(values(bodies["view"])); n != 1 {
		t.Errorf("what depends on the creation sees %d events", n)
	}
}

func TestBatchesRefused(t *testing.T) {
	r := newRig(t, simtest.Config{AllowInvalid: true})
	many := make([]object, 21)
	for i := range many {
		many[i] = item(strconv.Itoa(i), "GET", anas+"/calendar", nil)
	}
	for name, items := range map[string][]object{
		"none": {}, "21": many, "same id": {many[0], many[0]}, "absolute": {item("1", "GET", "https://x.example/users", nil)},
		"unknown dependency": {item("1", "GET", anas+"/calendar", nil, "2")},
	} {
		t.Run(name, func(t *testing.T) {
			r.refused(400, "BadRequest", "POST", "/$batch", object{"requests": items})
		})
	}
	noType := item("1", "POST", anas+"/events", course())
	delete(noType, "headers")
	if statuses, _ := r.batch(noType, item("2", "POST", "/$batch", object{})); statuses["1"] != 400 || statuses["2"] != 400 {
		t.Errorf("a body without a type, and a batch in a batch: %v", statuses)
	}
}

// Items of a batch go four at a time, so that a batch alone never meets the limit of
// operations in flight on a mailbox.
func TestBatchKeepsTheMailboxsLimit(t *testing.T) {
	config := simtest.Config{}
	config.Latency = 20 * time.Millisecond
	r := newRig(t, config)
	var items []object
	for i := range 20 {
		items = append(items, item(strconv.Itoa(i), "GET", anas+"/calendar", nil))
	}
	statuses, _ := r.batch(items...)
	for id, status := range statuses {
		if status != 200 {
			t.Errorf("item %s: %v", id, status)
		}
	}
}

// A throttled item is refused with its own Retry-After; the others are not affected.
func TestFaultOfOneItem(t *testing.T) {
	r := newRig(t, simtest.Config{})
	r.mailbox("bob@x.example")
	if _, err := r.server.AddFault(exchangesim.Fault{Protocol: "graph", Mailbox: "BOB@x.example", Mode: exchangesim.FaultStatus, Status: 429, RetryAfter: "2.128", Times: 1}); err != nil {
		t.Fatal(err)
	}
	items := []object{item("ana", "GET", anas+"/calendar", nil), item("bob", "GET", "/users/bob@x.example/calendar", nil)}
	answer := r.want(200, "POST", "/$batch", object{"requests": items})
	for _, response := range answer["responses"].([]any) {
		got := response.(object)
		if got["id"] == "bob" && (got["status"] != 429.0 || got["headers"].(object)["Retry-After"] != "2.128") || got["id"] == "ana" && got["status"] != 200.0 {
			t.Errorf("answer %v", got)
		}
	}
	if statuses, _ := r.batch(items...); statuses["bob"] != 200 {
		t.Errorf("after the fault: %v", statuses)
	}
}

// The ways in which an answer fails to arrive, and what was done all the same.
func TestFaults(t *testing.T) {
	for _, tc := range []struct {
		fault  exchangesim.Fault
		stored int
		check  func(t *testing.T, status int, body []byte, err error)
	}{
		{exchangesim.Fault{Mode: exchangesim.FaultLost}, 1, func(t *testing.T, _ int, _ []byte, err error) {
			if err == nil {
				t.Error("the answer arrived")
			}
		}},
		{exchangesim.Fault{Mode: exchangesim.FaultCut}, 1, func(t *testing.T, _ int, body []byte, err error) {
			if !errors.Is(err, io.ErrUnexpectedEOF) || len(body) == 0 {
				t.Errorf("%d bytes arrived, %v", len(body), err)
			}
		}},
		{exchangesim.Fault{Mode: exchangesim.FaultPartial}, 1, func(t *testing.T, status int, body []byte, err error) {
			if err != nil || status != 201 || body[len(body)-1] == '}' {
				t.Errorf("%d %q, %v", status, body, err)
			}
		}},
		{exchangesim.Fault{Mode: exchangesim.FaultHTML, Status: 502}, 0, func(t *testing.T, status int, body []byte, err error) {
			if err != nil || status != 502 || body[0] != '<' {
				t.Errorf("%d %q, %v", status, body, err)
			}
		}},
		{exchangesim.Fault{Mode: exchangesim.FaultStatus, Status: 503}, 0, func(t *testing.T, status int, _ []byte, err error) {
			if err != nil || status != 503 {
				t.Errorf("%d, %v", status, err)
			}
		}},
		{exchangesim.Fault{Mode: exchangesim.FaultSlow, DelayMS: 1}, 1, func(t *testing.T, status int, _ []byte, err error) {
			if err != nil || status != 201 {
				t.Errorf("%d, %v", status, err)
			}
		}},
	} {
		t.Run(string(tc.fault.Mode), func(t *testing.T) {
			r := newRig(t, simtest.Config{})
			tc.fault.Kind, tc.fault.Times = "createevent", 1
			if _, err := r.server.AddFault(tc.fault); err != nil {
				t.Fatal(err)
			}
			resp, body, err := r.try("POST", anas+"/events", course())
			status := 0
			if resp != nil {
				status = resp.StatusCode
			}
			tc.check(t, status, body, err)
			if n := len(r.ana.Items(world.Calendar)); n != tc.stored {
				t.Errorf("%d events are stored, want %d", n, tc.stored)
			}
			r.create(course()) // the fault hits once
		})
	}
}

// A request that hangs ends with the server.
func TestHang(t *testing.T) {
	r := newRig(t, simtest.Config{})
	if _, err := r.server.AddFault(exchangesim.Fault{Kind: "GetCalendar", Mode: exchangesim.FaultHang}); err != nil {
		t.Fatal(err)
	}
	sent := make(chan struct{})
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { close(sent) },
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.server.GraphURL()+anas+"/calendar", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	ended := make(chan error)
	go func() {
		_, err := r.client.Do(req) //nolint:bodyclose // there is no answer
		ended <- err
	}()
	<-sent
	if err := r.server.Close(); err != nil {
		t.Error(err)
	}
	if <-ended == nil {
		t.Error("an answer arrived")
	}
}

func TestCounts(t *testing.T) {
	r := newRig(t, simtest.Config{})
	r.batch(item("1", "GET", anas+"/calendar", nil), item("2", "GET", "/users/ANA@x.example/calendar", nil))
	r.want(200, "GET", anas+"/calendar", nil)
	want := []exchangesim.Count{
		{Protocol: "graph", Kind: "Batch", Requests: 1},
		{Protocol: "graph", Kind: "GetCalendar", Mailbox: "ana@x.example", Requests: 1, Batched: 2},
		{Protocol: "login", Kind: "Token", Requests: 1},
	}
	if diff := cmp.Diff(want, r.server.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}
