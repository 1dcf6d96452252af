package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk/calendar"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

// TestDocumentIsFresh: what is committed is what the types say.
func TestDocumentIsFresh(t *testing.T) {
	v31, v30, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{"openapi.json": v31, "openapi-3.0.json": v30} {
		got, err := os.ReadFile(name)
		if err != nil || string(got) != string(want) {
			t.Errorf("%s is not fresh: run make generate (%v)", name, err)
		}
	}
}

// TestEveryRouteAsksForAToken goes by the document, so that a new route cannot be
// forgotten: without a token, with one that lacks the scope, and with one of another
// provider nothing is answered.
func TestEveryRouteAsksForAToken(t *testing.T) {
	r := newRig(t)
	v31, _, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			Scope    string           `json:"x-scope"`
			Security []map[string]any `json:"security"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(v31, &doc); err != nil {
		t.Fatal(err)
	}
	lacking := map[string]string{"read": writeOnly, "schedule:write": readOnly, "operate": readOnly}
	n := 0
	for path, operations := range doc.Paths {
		for method, op := range operations {
			if op.Scope == "" {
				if path != "/livez" && path != "/readyz" {
					t.Errorf("%s %s needs no token", method, path)
				}
				continue
			}
			n++
			at := strings.NewReplacer("{provider}", "contoso", "{trainer}", "ana", "{id}", "1").Replace(path)
			method := strings.ToUpper(method)
			if got := r.do("", method, at, "{}"); got.StatusCode != http.StatusUnauthorized && got.StatusCode != http.StatusTooManyRequests {
				t.Errorf("%s %s without a token: %d", method, path, got.StatusCode)
			}
			if got := r.do(lacking[op.Scope], method, at, "{}"); got.StatusCode != http.StatusForbidden {
				t.Errorf("%s %s without the scope: %d", method, path, got.StatusCode)
			}
			if !strings.Contains(path, "{provider}") {
				continue // lists are filtered; the stream of changes would not end
			}
			if got := r.do(northwindOnly, method, at, "{}"); got.StatusCode != http.StatusNotFound {
				t.Errorf("%s %s of another provider: %d %s", method, path, got.StatusCode, got.body)
			}
		}
	}
	if n < 25 {
		t.Errorf("%d operations in the document", n)
	}
}

// TestForeignProviders: a token of one provider gets nothing of another one's, wherever a
// request names it: in the query, in the body, or in a trainer's name (map-3).
func TestForeignProviders(t *testing.T) {
	r := newRig(t)
	const secret = "of contoso alone"
	r.want(http.StatusCreated, http.MethodPut, "/v1/providers/contoso/courses/1", strings.Replace(course("1"), `"Go"`, `"`+secret+`"`, 1))
	r.want(http.StatusCreated, http.MethodPut, "/v1/providers/contoso/unavailability/1",
		`{"id":"1","trainer":"ana","description":"`+secret+`","start":"2026-12-01T09:00","end":"2026-12-01T17:00"}`)
	foreign := platform.TrainerID{Provider: "contoso", Label: "ana"}
	mirror := reconcile.Mirror{ID: "cal-0123456789abcdef01234567", Description: secret, When: calendar.When{Start: noon, End: noon.Add(time.Hour)}}
	err := r.fake.Commit(t.Context(), store.Result{ID: foreign, PutMirrors: []reconcile.Mirror{mirror}})
	if err == nil {
		err = r.fake.FinishRun(t.Context(), store.Run{
			ID: "theirs", Started: noon, State: store.RunOK, Message: secret, Trainers: []store.RunTrainer{{Trainer: foreign, State: store.RunOK}},
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	const window = "&start=2026-11-24T00:00:00Z&end=2026-12-08T00:00:00Z"
	refused, filtered := http.StatusNotFound, http.StatusOK
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{http.MethodGet, "/v1/trainers?provider=contoso", "", refused},
		{http.MethodGet, "/v1/conflicts?provider=contoso", "", refused},
		{http.MethodGet, "/v1/availability?trainer=contoso/ana" + window, "", refused},
		{http.MethodGet, "/v1/availability?trainer=northwind/ana&trainer=contoso/ana" + window, "", refused},
		{http.MethodGet, "/v1/providers/northwind/unavailability?trainer=contoso/ana", "", refused},
		{http.MethodGet, "/v1/providers/northwind/unavailability/" + mirror.ID, "", refused},
		{http.MethodGet, "/v1/providers/contoso/unavailability/" + mirror.ID, "", refused},
		{http.MethodPut, "/v1/providers/northwind/courses/2", strings.Replace(course("2"), `"name"`, `"provider":"contoso","name"`, 1), http.StatusUnprocessableEntity},
		{http.MethodPut, "/v1/providers/northwind/unavailability/2", `{"id":"2","trainer":"contoso/ana","start":"2026-12-01T09:00","end":"2026-12-01T17:00"}`, http.StatusUnprocessableEntity},
		{http.MethodPost, "/v1/providers/northwind/bulk", `{"op":"delete","course":{"id":"1","provider":"contoso"}}`, filtered},
		{http.MethodPost, "/v1/sync", `{"providers":["contoso"]}`, refused},
		{http.MethodPost, "/v1/sync", `{"trainers":["northwind/ana","contoso/ana"]}`, refused},
		{http.MethodPost, "/v1/resync", `{"providers":["contoso"],"confirm":true}`, refused},
		{http.MethodPost, "/v1/resync", `{"trainers":["contoso/ana"],"confirm":true}`, refused},
		{http.MethodPost, "/v1/plan", `{"providers":["northwind","contoso"]}`, refused},
		{http.MethodPost, "/v1/plan", `{"trainers":["contoso/ana"]}`, refused},
		{http.MethodPost, "/v1/trainers/contoso/ana/approve", `{"of":"` + strings.Repeat("0", 64) + `"}`, refused},
		{http.MethodPost, "/v1/trainers/contoso/ana/pause", `{"reason":"x"}`, refused},
		{http.MethodGet, "/v1/trainers/contoso/ana/explain?item=1", "", refused},
		{http.MethodGet, "/v1/runs/theirs", "", refused},
		{http.MethodGet, "/v1/runs", "", filtered},
		{http.MethodGet, "/v1/trainers", "", filtered},
		{http.MethodGet, "/v1/conflicts", "", filtered},
		{http.MethodGet, "/v1/status", "", filtered},
		{http.MethodGet, "/v1/changes?after=0", "", filtered},
		{http.MethodGet, "/v1/changes/snapshot", "", filtered},
		{http.MethodGet, "/v1/changes/snapshot?after=" + cursor{"0", "contoso", "", ""}.String(), "", filtered},
		{http.MethodGet, "/v1/providers/northwind/courses", "", filtered},
		{http.MethodGet, "/v1/providers/northwind/unavailability", "", filtered},
	} {
		got := r.do(northwindOnly, c.method, c.path, c.body)
		if got.StatusCode != c.status {
			t.Errorf("%s %s %s: %d, want %d: %s", c.method, c.path, c.body, got.StatusCode, c.status, got.body)
		}
		if strings.Contains(got.body, "contoso") || strings.Contains(got.body, secret) {
			t.Errorf("%s %s %s tells of another provider: %s", c.method, c.path, c.body, got.body)
		}
	}
	for _, at := range []string{"/v1/providers/contoso/courses/1", "/v1/providers/contoso/unavailability/1"} {
		if got := r.want(http.StatusOK, http.MethodGet, at, ""); !strings.Contains(got.body, secret) {
			t.Errorf("%s was changed: %s", at, got.body)
		}
	}
}

// TestCourse: a course is stored, read, changed under conditions, and deleted.
func TestCourse(t *testing.T) {
	r := newRig(t)
	const at = "/v1/providers/northwind/courses/4711"
	made := r.want(http.StatusCreated, http.MethodPut, at, course("4711"), "If-None-Match", "*")
	r.want(http.StatusPreconditionFailed, http.MethodPut, at, course("4711"), "If-None-Match", "*")
	got := r.want(http.StatusOK, http.MethodGet, at, "")
	if c := read[Course](r, got); c.ID != "4711" || c.Start != "2026-12-01T09:00:00Z" || got.Header.Get("ETag") != made.Header.Get("ETag") || made.Header.Get("ETag") == "" {
		t.Errorf("%+v, ETag %s", c, got.Header.Get("ETag"))
	}
	r.want(http.StatusNotModified, http.MethodGet, at, "", "If-None-Match", made.Header.Get("ETag"))
	newer := strings.Replace(course("4711"), `"name":"Go"`, `"name":"Rust","version":"5"`, 1)
	changed := r.want(http.StatusOK, http.MethodPut, at, newer, "If-Match", made.Header.Get("ETag"))
	if w := read[Written](r, changed); w.Result != "updated" || !w.Triggered {
		t.Errorf("%+v", w)
	}
	r.want(http.StatusPreconditionFailed, http.MethodPut, at, newer, "If-Match", made.Header.Get("ETag"))
	r.want(http.StatusPreconditionFailed, http.MethodPut, at, newer, "If-Match", `W/"1"`)
	r.want(http.StatusConflict, http.MethodPut, at, strings.Replace(newer, `"5"`, `"4"`, 1))
	r.want(http.StatusConflict, http.MethodDelete, at+"?version=4", "")
	r.want(http.StatusNoContent, http.MethodDelete, at, "")
	r.want(http.StatusNotFound, http.MethodDelete, at, "")
	r.want(http.StatusNotFound, http.MethodGet, at, "")
}

// TestLateUpsert: what was deleted is not made again by a request that comes late; the
// answer says why, and what does make it again.
func TestLateUpsert(t *testing.T) {
	r := newRig(t)
	const at = "/v1/providers/northwind/courses/4711"
	of := func(version string) string {
		return strings.Replace(course("4711"), `"name":"Go"`, `"name":"Go","version":"`+version+`"`, 1)
	}
	r.want(http.StatusCreated, http.MethodPut, at, of("5"))
	r.want(http.StatusNoContent, http.MethodDelete, at+"?version=6", "")
	for _, late := range []string{"5", "6"} {
		p := read[Problem](r, r.want(http.StatusConflict, http.MethodPut, at, of(late)))
		if want := []ProblemItem{{"body.version", deletedSince}}; !cmp.Equal(p.Errors, want) {
			t.Errorf("%+v", p)
		}
	}
	got := read[BulkResult](r, r.want(http.StatusOK, http.MethodPost, "/v1/providers/northwind/bulk", `{"op":"upsert","course":`+of("6")+`}`))
	if want := []LineError{{1, reasonStale, []ProblemItem{{"version", deletedSince}}}}; !cmp.Equal(got.Errors, want) {
		t.Errorf("in bulk: %+v", got)
	}
	r.want(http.StatusNotFound, http.MethodGet, at, "")
	r.want(http.StatusCreated, http.MethodPut, at, of("7"))
	r.want(http.StatusNotFound, http.MethodDelete, "/v1/providers/northwind/courses/4712?version=2", "")
	r.want(http.StatusConflict, http.MethodPut, "/v1/providers/northwind/courses/4712", strings.ReplaceAll(of("1"), "4711", "4712"))
}

// TestProblems: what is refused is a problem that names fields and repeats no value (A11).
func TestProblems(t *testing.T) {
	r := newRig(t)
	const at = "/v1/providers/northwind/courses/1"
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		locations                []string
	}{
		{"A11 no trainers", http.MethodPut, at, strings.Replace(course("1"), `"trainers":[{"id":"ana"}]`, `"name_":"secret"`, 1), 422, []string{"body.trainers", "body.name_"}},
		{"no object", http.MethodPut, at, `"secret"`, 422, []string{"body"}},
		{"too long", http.MethodPut, at, strings.Repeat("x", 300<<10), 413, nil},
		{"limit", http.MethodGet, "/v1/trainers?limit=secret", "", 422, []string{"query.limit"}},
		{"unknown parameter", http.MethodGet, "/v1/trainers?secret=1", "", 422, []string{"query.secret"}},
		{"cursor", http.MethodGet, "/v1/trainers?after=secret", "", 422, []string{"query.after"}},
		{"unconfirmed", http.MethodPost, "/v1/resync", `{"confirm":false}`, 422, []string{"body.confirm"}},
		{"from a calendar", http.MethodPut, "/v1/providers/northwind/unavailability/cal-0123456789abcdef01234567", "{}", 409, []string{"path.id"}},
		{"nowhere", http.MethodGet, "/v2", "", 404, nil},
		{"another method", http.MethodDelete, "/v1/trainers", "", 405, nil},
	} {
		got := r.do(everything, c.method, c.path, c.body)
		p := read[Problem](r, got)
		var locations []string
		for _, e := range p.Errors {
			locations = append(locations, e.Location)
		}
		if got.StatusCode != c.status || p.Status != c.status || got.Header.Get("Content-Type") != problemType {
			t.Errorf("%s: %d %s", c.name, got.StatusCode, got.body)
		}
		if diff := cmp.Diff(c.locations, locations); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if strings.Contains(strings.ReplaceAll(got.body, "query.secret", ""), "secret") {
			t.Errorf("%s: a value is repeated: %s", c.name, got.body)
		}
	}
}

// TestPanic: a defect is a problem without its text.
func TestPanic(t *testing.T) {
	r := newRig(t)
	r.fake.panics = "hunter2"
	if got := r.want(http.StatusInternalServerError, http.MethodGet, "/v1/status", ""); strings.Contains(got.body, "hunter2") {
		t.Error(got.body)
	}
}

// TestRateLimit: a token that asks too much is told when to come back.
func TestRateLimit(t *testing.T) {
	r := newRig(t)
	r.fake.cfg.API.RateLimit.PerSecond, r.fake.cfg.API.RateLimit.Burst = 0.1, 2
	r.want(http.StatusOK, http.MethodGet, "/v1/trainers", "")
	r.want(http.StatusOK, http.MethodGet, "/v1/trainers", "")
	if got := r.want(http.StatusTooManyRequests, http.MethodGet, "/v1/trainers", ""); got.Header.Get("Retry-After") != "10" {
		t.Errorf("Retry-After: %q", got.Header.Get("Retry-After"))
	}
	for range failedBurst {
		r.do("wrong", http.MethodGet, "/v1/trainers", "")
	}
	if got := r.do("wrong", http.MethodGet, "/v1/trainers", ""); got.StatusCode != http.StatusTooManyRequests {
		t.Errorf("after many failures: %d", got.StatusCode)
	}
}

// TestBulk: every bad line is told, and all good ones are kept.
func TestBulk(t *testing.T) {
	r := newRig(t)
	var body strings.Builder
	for i := range 1200 {
		fmt.Fprintf(&body, "{\"op\":\"upsert\",\"course\":%s}\n", course(fmt.Sprint(i)))
	}
	body.WriteString("\n{\"op\":\"upsert\",\"course\":{\n")
	body.WriteString(`{"op":"remove","course":{"id":"1"}}` + "\n" + strings.Repeat("x", maxLine+10) + "\n")
	body.WriteString(`{"op":"delete","course":{"id":"0"}}` + "\n" + `{"op":"delete","course":{"id":"none"}}`)
	got := read[BulkResult](r, r.want(http.StatusOK, http.MethodPost, "/v1/providers/northwind/bulk", body.String()))
	var wrong []int
	for _, e := range got.Errors {
		wrong = append(wrong, e.Line)
	}
	if got.Lines != 1205 || got.Created != 1200 || got.Deleted != 1 || got.Missing != 1 || !cmp.Equal(wrong, []int{1202, 1203, 1204}) {
		t.Errorf("%+v", got)
	}
	pages, after := 0, ""
	for seen := 0; ; pages++ {
		page := read[CoursePage](r, r.want(http.StatusOK, http.MethodGet, "/v1/providers/northwind/courses?limit=500&after="+after, ""))
		if seen += len(page.Courses); page.Next == "" {
			if seen != 1199 {
				t.Errorf("%d courses in the list", seen)
			}
			break
		}
		after = page.Next
	}
	if pages != 2 {
		t.Errorf("%d pages", pages+1)
	}
	r.want(http.StatusRequestEntityTooLarge, http.MethodPost, "/v1/providers/northwind/bulk", strings.Repeat("{}\n", maxBulkLines+1))
	r.want(http.StatusRequestEntityTooLarge, http.MethodPost, "/v1/providers/northwind/bulk", strings.Repeat(" ", 2<<20))
}

// TestSnapshot: what is missing goes, under the guard, and only when every line was
// understood.
func TestSnapshot(t *testing.T) {
	r := newRig(t)
	const at = "/v1/providers/northwind/snapshot"
	lines := func(from, to int) string {
		var b strings.Builder
		for i := from; i < to; i++ {
			fmt.Fprintf(&b, "{\"course\":%s}\n", course(fmt.Sprint(i)))
		}
		return b.String()
	}
	if got := read[SnapshotResult](r, r.want(http.StatusOK, http.MethodPut, at, lines(0, 10))); got.Created != 10 || got.Removed != 0 {
		t.Errorf("%+v", got)
	}
	if got := read[SnapshotResult](r, r.want(http.StatusOK, http.MethodPut, at, lines(2, 10))); got.Removed != 2 {
		t.Errorf("within the guard: %+v", got)
	}
	r.want(http.StatusUnprocessableEntity, http.MethodPut, at, lines(3, 10)+"{\n")
	r.want(http.StatusUnprocessableEntity, http.MethodPut, at, lines(3, 10)+lines(3, 4))
	r.want(http.StatusOK, http.MethodGet, "/v1/providers/northwind/courses/2", "")
	held := read[Problem](r, r.want(http.StatusConflict, http.MethodPut, at, lines(7, 11)))
	if len(held.Errors) != 5 || !strings.Contains(held.Detail, "allow_removals=5") {
		t.Errorf("%+v", held)
	}
	r.want(http.StatusOK, http.MethodGet, "/v1/providers/northwind/courses/10", "")
	if got := read[SnapshotResult](r, r.want(http.StatusOK, http.MethodPut, at+"?of=unavailability", "")); got.Removed != 0 {
		t.Errorf("of another kind: %+v", got)
	}
	if got := read[SnapshotResult](r, r.want(http.StatusOK, http.MethodPut, at+"?allow_removals=5", lines(7, 11))); got.Removed != 5 {
		t.Errorf("allowed: %+v", got)
	}
	r.want(http.StatusNotFound, http.MethodGet, "/v1/providers/northwind/courses/2", "")
}

// TestDocs: our own page lists every operation, and loads nothing from elsewhere.
func TestDocs(t *testing.T) {
	r := newRig(t)
	got := r.do("", http.MethodGet, "/docs", "")
	if got.StatusCode != http.StatusOK || !strings.Contains(got.body, `id="putCourse"`) || strings.Contains(got.body, "<script") || strings.Contains(got.body, "src=") {
		t.Errorf("%d %s", got.StatusCode, got.body[:min(200, len(got.body))])
	}
}

// FuzzLines: no body makes reading lines panic, and half a line is never taken.
func FuzzLines(f *testing.F) {
	f.Add([]byte(`{"op":"upsert","course":` + course("1") + "}\n"))
	f.Add([]byte("{\"op\":\"delete\",\"unavailability\":{\"id\":1}}\n\n{\"op\""))
	f.Add([]byte(`{"op":"upsert","op":"delete","course":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		lines := newLineReader(strings.NewReader(string(body)), 1<<20)
		for {
			line, err := lines.next(nil)
			if err != nil {
				return
			}
			for _, ops := range []bool{true, false} {
				if _, err := decodeLine(line, ops, optionsFor(t)); err == nil && !json.Valid(line) {
					t.Errorf("half a line was taken: %q", line)
				}
			}
		}
	})
}
