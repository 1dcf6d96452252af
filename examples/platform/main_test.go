package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// gateway is a gateway with the routes that the program uses, and a history of changes
// of which those up to kept are gone.
type gateway struct {
	courses map[string]string
	changes []entry
	kept    int64
	// epoch is what a restore changes.
	epoch string
	// failing is how many requests are answered 503 first.
	failing int
	lines   []string
	// race changes each course between the look and the change.
	race bool
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer token" {
		refuse(w, http.StatusUnauthorized)
		return
	}
	if g.failing > 0 {
		g.failing--
		refuse(w, http.StatusServiceUnavailable)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/providers/northwind/courses/{id}", g.course)
	mux.HandleFunc("PUT /v1/providers/northwind/snapshot", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		g.lines = strings.Split(strings.TrimSpace(string(body)), "\n")
		fmt.Fprint(w, `{"removed": `+strconv.Itoa(len(r.URL.Query()["allow_removals"]))+`}`)
	})
	mux.HandleFunc("GET /v1/changes", g.feed)
	mux.HandleFunc("GET /v1/changes/snapshot", g.snapshot)
	mux.HandleFunc("GET /v1/availability", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"trainers": [{"trainer": %q, "spans": [
			{"start": "2026-12-01T09:00:00Z", "end": "2026-12-01T10:00:00Z", "state": "free"},
			{"start": "2026-12-01T10:00:00Z", "end": "2026-12-01T11:00:00Z", "state": "busy"},
			{"start": "2026-12-01T11:00:00Z", "end": "2026-12-01T12:00:00Z", "state": "unknown", "reason": "stale"},
			{"start": "2026-12-01T12:00:00Z", "end": "2026-12-01T13:00:00Z", "state": "perhaps"}]}]}`, r.URL.Query().Get("trainer"))
	})
	mux.ServeHTTP(w, r)
}

func refuse(w http.ResponseWriter, status int) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "title": http.StatusText(status), "errors": []any{}})
}

func (g *gateway) course(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	stored, ok := g.courses[id]
	etag := fmt.Sprintf("%q", stored)
	body, _ := io.ReadAll(r.Body)
	switch {
	case r.Method != http.MethodPut && !ok:
		refuse(w, http.StatusNotFound)
	case r.Method == http.MethodGet:
		w.Header().Set("ETag", etag)
		if g.race {
			g.courses[id] += "'"
		}
	case r.Method == http.MethodDelete:
		delete(g.courses, id)
	case ok && r.Header.Get("If-Match") != etag, !ok && r.Header.Get("If-None-Match") != "*":
		refuse(w, http.StatusPreconditionFailed)
	default:
		g.courses[id] = strconv.Itoa(len(g.courses)) + fmt.Sprint(len(body)) + stored
	}
}

func (g *gateway) feed(w http.ResponseWriter, r *http.Request) {
	epoch, number, _ := strings.Cut(r.URL.Query().Get("after"), ".")
	after, _ := strconv.ParseInt(number, 10, 64)
	if after < g.kept || epoch != g.epoch {
		refuse(w, http.StatusGone)
		return
	}
	page := g.changes[after:min(after+2, int64(len(g.changes)))]
	_ = json.NewEncoder(w).Encode(map[string]any{"changes": page, "next": g.place(after + int64(len(page))), "newest": g.place(int64(len(g.changes)))})
}

// snapshot lists one item a page.
func (g *gateway) snapshot(w http.ResponseWriter, r *http.Request) {
	m := memory{Busy: map[string]entry{}}
	for _, e := range g.changes {
		m.apply(e)
	}
	var items []entry
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	for i, key := range slices.Sorted(maps.Keys(m.Busy)) {
		if i == after {
			items = append(items, m.Busy[key])
		}
	}
	next := ""
	if after+1 < len(m.Busy) {
		next = strconv.Itoa(after + 1)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"items": items, "next": next, "position": g.place(int64(len(g.changes)))})
}

// place is a position as the gateway writes it.
func (g *gateway) place(n int64) string { return fmt.Sprintf("%s.%d", g.epoch, n) }

func start(t *testing.T, g *gateway) *client {
	t.Helper()
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return &client{url: server.URL, token: "token", provider: "northwind", http: server.Client()}
}

// change makes the n-th change of a history: each item is busy at an hour, or gone.
func (g *gateway) change(op, id string) {
	n := int64(len(g.changes) + 1)
	e := entry{Position: n, Op: op, Trainer: "northwind/ana", ID: id, Version: n}
	if op != "remove" {
		e.Is = json.RawMessage(fmt.Sprintf(`{"version":%d}`, n))
	}
	g.changes = append(g.changes, e)
}

func versions(m memory) map[string]int64 {
	out := map[string]int64{}
	for _, e := range m.Busy {
		out[e.ID] = e.Version
	}
	return out
}

func followed(t *testing.T, c *client, file string) memory {
	t.Helper()
	if err := c.follow(context.Background(), file, true, func(entry) {}); err != nil {
		t.Fatal(err)
	}
	m, err := load(file)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestFollow: what is known is what the feed says, after a first start, after having been
// away, and after having been away for longer than the feed is kept (pull-10).
func TestFollow(t *testing.T) {
	t.Parallel()
	g := &gateway{failing: 1}
	c, file := start(t, g), filepath.Join(t.TempDir(), "feed.json")
	g.change("create", "a")
	g.change("create", "b")
	if diff := cmp.Diff(map[string]int64{"a": 1, "b": 2}, versions(followed(t, c, file))); diff != "" {
		t.Error(diff)
	}
	g.change("update", "a")
	g.change("remove", "b")
	g.change("create", "c")
	m := followed(t, c, file)
	if diff := cmp.Diff(map[string]int64{"a": 3, "c": 5}, versions(m)); diff != "" || m.Position != ".5" {
		t.Errorf("position %s: %s", m.Position, diff)
	}
	g.change("remove", "a")
	g.change("create", "d")
	g.kept = 7
	if diff := cmp.Diff(map[string]int64{"c": 5, "d": 7}, versions(followed(t, c, file))); diff != "" {
		t.Error(diff)
	}
	// The gateway is restored from a backup, and has gone on since to a position beyond.
	g.changes, g.kept, g.epoch = g.changes[:2], 0, "restored"
	for range 6 {
		g.change("update", "b")
	}
	if diff := cmp.Diff(map[string]int64{"a": 1, "b": 8}, versions(followed(t, c, file))); diff != "" {
		t.Errorf("restored: %s", diff)
	}
}

// TestFollowAgain: changes that were taken over before a kill, and come again, change nothing.
func TestFollowAgain(t *testing.T) {
	t.Parallel()
	g := &gateway{}
	c, file := start(t, g), filepath.Join(t.TempDir(), "feed.json")
	for _, op := range []string{"create", "update", "remove", "create"} {
		g.change(op, "a")
	}
	want := versions(followed(t, c, file))
	m, err := load(file)
	if err != nil {
		t.Fatal(err)
	}
	m.Position = g.place(2)
	if err := m.save(file); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, versions(followed(t, c, file))); diff != "" {
		t.Error(diff)
	}
}

func TestCourses(t *testing.T) {
	t.Parallel()
	g := &gateway{courses: map[string]string{}}
	c := start(t, g)
	ctx := context.Background()
	for range 2 { // created, then changed
		if _, err := c.putCourse(ctx, []byte(`{"id": 4711, "name": "X"}`)); err != nil {
			t.Fatal(err)
		}
	}
	g.race = true
	if _, err := c.putCourse(ctx, []byte(`{"id": "4711", "name": "Y"}`)); !answered(err, http.StatusPreconditionFailed) {
		t.Errorf("a course that somebody else changed: %v", err)
	}
	for range 2 { // deleted, then gone already
		if err := c.deleteCourse(ctx, "4711"); err != nil {
			t.Fatal(err)
		}
	}
	if len(g.courses) != 0 {
		t.Errorf("left: %v", g.courses)
	}
	if _, err := c.putCourse(ctx, []byte(`{"name": "X"}`)); err == nil {
		t.Error("a course without an id is taken")
	}
	c.token = "another"
	if _, err := c.putCourse(ctx, []byte(`{"id": 1}`)); !answered(err, http.StatusUnauthorized) {
		t.Errorf("another token: %v", err)
	}
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	g := &gateway{}
	c := start(t, g)
	answer, err := c.snapshot(context.Background(), schedule{
		Courses: []json.RawMessage{[]byte(`{"id": 1}`)}, Unavailability: []json.RawMessage{[]byte(`{"id": 2}`)},
	}, 3)
	if err != nil || string(answer) != `{"removed": 1}` {
		t.Errorf("%s, %v", answer, err)
	}
	if len(g.lines) != 2 || !strings.Contains(strings.Join(g.lines, "\n"), `{"unavailability":{"id":2}}`) {
		t.Errorf("sent %q", g.lines)
	}
}

// TestAvailability: what is not known is never shown as free (avail-1).
func TestAvailability(t *testing.T) {
	t.Parallel()
	c := start(t, &gateway{})
	var out bytes.Buffer
	day := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	if err := c.availability(context.Background(), &out, "ana", day, day.Add(4*time.Hour)); err != nil {
		t.Fatal(err)
	}
	want := `northwind/ana  2026-12-01 09:00 - 2026-12-01 10:00 UTC  free
northwind/ana  2026-12-01 10:00 - 2026-12-01 11:00 UTC  busy
northwind/ana  2026-12-01 11:00 - 2026-12-01 12:00 UTC  unknown (stale): ask the trainer
northwind/ana  2026-12-01 12:00 - 2026-12-01 13:00 UTC  unknown: ask the trainer
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// TestHooks: only what is signed with the secret, lately and unchanged, is believed.
func TestHooks(t *testing.T) {
	t.Parallel()
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	signer, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	var heard []string
	handler, err := hooks(secret, func(id string, message []byte) { heard = append(heard, id+" "+string(message)) })
	if err != nil {
		t.Fatal(err)
	}
	send := func(signed, sent string, at time.Time) int {
		signature, err := signer.Sign("msg_1", at, []byte(signed))
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(sent))
		r.Header.Set("webhook-id", "msg_1")
		r.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
		r.Header.Set("webhook-signature", signature)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code
	}
	if code := send("{}", "{}", time.Now()); code != http.StatusNoContent {
		t.Errorf("a good one: %d", code)
	}
	if code := send("{}", "{ }", time.Now()); code != http.StatusUnauthorized {
		t.Errorf("a changed one: %d", code)
	}
	if code := send("{}", "{}", time.Now().Add(-time.Hour)); code != http.StatusUnauthorized {
		t.Errorf("an old one: %d", code)
	}
	if diff := cmp.Diff([]string{"msg_1 {}"}, heard); diff != "" {
		t.Error(diff)
	}
	if _, err := hooks("whsec_!", nil); err == nil {
		t.Error("a bad secret is taken")
	}
}
