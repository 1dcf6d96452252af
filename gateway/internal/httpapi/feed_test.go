package httpapi

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// fedService is a gateway with a feed and accounts that take notifications.
type fedService struct {
	Service // nothing else is called
	cfg     atomic.Pointer[config.Config]

	mu      sync.Mutex
	changes []store.FeedChange
	pruned  int64
	// grown is closed by the next change.
	grown chan struct{}

	delivered []sdk.DeliverRequest
	accounts  []string
	traces    []string
	answer    sdk.DeliverResponse
	fails     error
}

func tokenFor(secret string, providers ...string) config.Token {
	return config.Token{Name: secret, Hash: sha256.Sum256([]byte(secret)), Scopes: []config.Scope{config.ScopeRead}, Providers: providers}
}

// newFed serves a gateway of two providers, with a token for all and one for each.
func newFed(t *testing.T) (*fedService, *httptest.Server) {
	t.Helper()
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	cfg := &config.Config{API: config.API{
		RateLimit: config.RateLimit{PerSecond: 1000, Burst: 1000},
		Tokens:    []config.Token{tokenFor("all"), tokenFor("north", "northwind"), tokenFor("lake", "lakeside")},
	}}
	for _, name := range []string{"northwind", "lakeside"} {
		cfg.Providers = append(cfg.Providers, config.Provider{
			Name: name, TimeZone: london, Accounts: []config.Account{{Provider: name, Service: "exchange-online"}},
		})
	}
	f := &fedService{grown: make(chan struct{})}
	f.cfg.Store(cfg)
	server := New(f, Options{}).HTTP()
	s := httptest.NewServer(server.Handler)
	server.RegisterOnShutdown(func() {})
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return f, s
}

func (f *fedService) Config() *config.Config { return f.cfg.Load() }

// change adds a change of a trainer's item; private items carry text that must not leave.
func (f *fedService) change(provider, id string, op store.FeedOp, private bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.pruned + int64(len(f.changes)) + 1
	c := store.FeedChange{
		Position: n, Version: n, At: time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC), Op: op,
		FeedKey: store.FeedKey{Trainer: platform.TrainerID{Provider: provider, Label: "ana"}, ID: id},
	}
	if op != store.FeedRemove {
		start := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
		c.Mirror = &reconcile.Mirror{ID: id, Description: "Dentist", Private: private, When: calendar.When{Start: start, End: start.Add(time.Hour), TimeZone: "Europe/London"}}
	}
	f.changes = append(f.changes, c)
	close(f.grown)
	f.grown = make(chan struct{})
}

// at is a position as the fed service gives it out.
func at(n int64) string { return fmt.Sprintf("now.%d", n) }

func (f *fedService) FeedEpoch(context.Context) (string, error) { return "now", nil }

func (f *fedService) InFeed(_ context.Context, epoch string, position int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if epoch != "now" || position > f.pruned+int64(len(f.changes)) {
		return store.ErrGone
	}
	return nil
}

func (f *fedService) Changes(_ context.Context, after int64, limit int, providers []string) (store.FeedPage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if after < f.pruned {
		return store.FeedPage{}, store.ErrGone
	}
	newest := f.pruned + int64(len(f.changes))
	p := store.FeedPage{Next: newest, Newest: newest}
	for _, c := range f.changes {
		if c.Position > after && slices.Contains(providers, c.Trainer.Provider) {
			if len(p.Changes) == limit {
				break
			}
			p.Changes, p.Next = append(p.Changes, c), c.Position
		}
	}
	if len(p.Changes) < limit {
		p.Next = newest
	}
	return p, nil
}

func (f *fedService) AwaitChanges(ctx context.Context, after int64) error {
	for {
		f.mu.Lock()
		newest, grown := f.pruned+int64(len(f.changes)), f.grown
		f.mu.Unlock()
		if newest > after {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (f *fedService) FeedSnapshot(_ context.Context, providers []string, after store.FeedKey, limit int) ([]store.FeedItem, int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var items []store.FeedItem
	for _, c := range f.changes {
		later := c.Trainer.Provider > after.Trainer.Provider || c.Trainer.Provider == after.Trainer.Provider && c.ID > after.ID
		if c.Mirror != nil && later && slices.Contains(providers, c.Trainer.Provider) && len(items) < limit {
			items = append(items, store.FeedItem{FeedKey: c.FeedKey, Version: c.Version, Mirror: *c.Mirror})
		}
	}
	return items, f.pruned + int64(len(f.changes)), nil
}

// get asks with a token and reads the answer into out.
func get(t *testing.T, s *httptest.Server, token, path string, out any) int {
	t.Helper()
	resp := open(t, s, token, path, nil)
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return resp.StatusCode
}

func open(t *testing.T, s *httptest.Server, token, path string, header http.Header) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// pull-10: the feed in order, with the text as it is now, and of private appointments
// (pull-3) without any; of a provider's token nothing of another provider's (map-3).
func TestChanges(t *testing.T) {
	f, s := newFed(t)
	f.change("northwind", "cal-1", store.FeedCreate, false)
	f.change("lakeside", "cal-2", store.FeedCreate, true)
	f.change("northwind", "cal-1", store.FeedRemove, false)
	for token, want := range map[string][]string{
		"all":   {"1 create northwind/ana cal-1 Dentist", "2 create lakeside/ana cal-2 Unavailable", "3 remove northwind/ana cal-1"},
		"north": {"1 create northwind/ana cal-1 Dentist", "3 remove northwind/ana cal-1"},
		"lake":  {"2 create lakeside/ana cal-2 Unavailable"},
	} {
		var page FeedChanges
		if status := get(t, s, token, "/v1/changes?after=0", &page); status != http.StatusOK || page.Next != at(3) || page.Newest != at(3) {
			t.Errorf("%s: HTTP %d, %+v", token, status, page)
		}
		if diff := cmp.Diff(want, shown(page.Changes)); diff != "" {
			t.Errorf("%s: %s", token, diff)
		}
	}
	var page FeedChanges
	get(t, s, "all", "/v1/changes?after=now.1&limit=1", &page)
	if diff := cmp.Diff([]string{"2 create lakeside/ana cal-2 Unavailable"}, shown(page.Changes)); diff != "" || page.Next != at(2) {
		t.Errorf("a page of one, then %s: %s", page.Next, diff)
	}
}

func shown(changes []FeedEntry) (all []string) {
	for _, c := range changes {
		line := fmt.Sprintf("%d %s %s %s", c.Position, c.Op, c.Trainer, c.ID)
		if c.Unavailability != nil {
			line += " " + c.Unavailability.Description
		}
		all = append(all, line)
	}
	return all
}

// Past the retention, and ahead of a feed that was restored, the answer is what to do.
func TestChangesGone(t *testing.T) {
	f, s := newFed(t)
	f.pruned = 10
	f.change("northwind", "cal-1", store.FeedCreate, false)
	for _, path := range []string{
		"/v1/changes?after=now.9", "/v1/changes?after=now.12", "/v1/changes/stream?after=now.9",
		"/v1/changes?after=replaced.11", "/v1/changes/stream?after=replaced.11", "/v1/changes?after=11",
		"/v1/changes/snapshot?after=" + cursor{"replaced.11", "northwind", "ana", "cal-1"}.String(),
	} {
		var p Problem
		if status := get(t, s, "all", path, &p); status != http.StatusGone || !strings.Contains(p.Detail, "/v1/changes/snapshot") || len(p.Errors) != 1 {
			t.Errorf("%s: HTTP %d, %+v", path, status, p)
		}
	}
	for _, path := range []string{"/v1/changes?wait=61s", "/v1/changes?wait=long", "/v1/changes?after=-1", "/v1/changes?after=now.", "/v1/changes?after=.1", "/v1/changes/stream?after=now.x", "/v1/changes/snapshot?after=no"} {
		var p Problem
		if status := get(t, s, "all", path, &p); status != http.StatusUnprocessableEntity || len(p.Errors) == 0 {
			t.Errorf("%s: HTTP %d, %+v", path, status, p)
		}
	}
}

// A request that waits is answered by the first change of its providers; others' wake it
// and are not told.
func TestLongPoll(t *testing.T) {
	f, s := newFed(t)
	answered := make(chan FeedChanges, 1)
	go func() {
		var page FeedChanges
		get(t, s, "north", "/v1/changes?after=0&wait=60s", &page)
		answered <- page
	}()
	f.change("lakeside", "cal-2", store.FeedCreate, false)
	f.change("northwind", "cal-1", store.FeedCreate, false)
	if diff := cmp.Diff([]string{"2 create northwind/ana cal-1 Dentist"}, shown((<-answered).Changes)); diff != "" {
		t.Error(diff)
	}
	var page FeedChanges
	if get(t, s, "north", "/v1/changes?after=now.2&wait=1ms", &page); len(page.Changes) != 0 || page.Next != at(2) {
		t.Errorf("nothing came: %+v", page)
	}
}

// The snapshot's position is that of its first page: what changes while pages are read is
// in the feed after it.
func TestFeedSnapshot(t *testing.T) {
	f, s := newFed(t)
	for i := range 5 {
		f.change("northwind", fmt.Sprintf("cal-%d", i), store.FeedCreate, false)
	}
	var ids []string
	for after := ""; ; {
		var page FeedSnapshot
		if status := get(t, s, "north", "/v1/changes/snapshot?limit=2&after="+after, &page); status != http.StatusOK || page.Position != at(5) {
			t.Fatalf("HTTP %d, %+v", status, page)
		}
		for _, i := range page.Items {
			ids = append(ids, i.ID+" "+i.Unavailability.Start)
		}
		if after = page.Next; after == "" {
			break
		}
		f.change("lakeside", "cal-9", store.FeedCreate, false)
	}
	var want []string
	for i := range 5 {
		want = append(want, fmt.Sprintf("cal-%d 2026-12-01T12:00:00Z", i))
	}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Error(diff)
	}
}

// The stream goes on from the last id, tells each change once, and ends when the token is
// withdrawn.
func TestStream(t *testing.T) {
	f, s := newFed(t)
	f.change("northwind", "cal-1", store.FeedCreate, false)
	f.change("northwind", "cal-2", store.FeedCreate, true)
	resp := open(t, s, "north", "/v1/changes/stream", http.Header{"Last-Event-ID": {at(1)}})
	defer func() { _ = resp.Body.Close() }()
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || kind != "text/event-stream" {
		t.Fatalf("HTTP %d, %s", resp.StatusCode, kind)
	}
	lines := bufio.NewScanner(resp.Body)
	next := func() (event []string) {
		for lines.Scan() && lines.Text() != "" {
			event = append(event, lines.Text())
		}
		return event
	}
	if e := next(); len(e) != 3 || e[0] != "event: change" || e[1] != "id: now.2" || !strings.Contains(e[2], `"Unavailable"`) {
		t.Fatalf("%q", e)
	}
	f.change("lakeside", "cal-3", store.FeedCreate, false)
	f.change("northwind", "cal-2", store.FeedRemove, false)
	if e := next(); len(e) != 3 || e[1] != "id: now.4" || !strings.Contains(e[2], `"op":"remove"`) {
		t.Fatalf("%q", e)
	}
	withdrawn := *f.Config()
	withdrawn.API.Tokens = withdrawn.API.Tokens[:1]
	f.cfg.Store(&withdrawn)
	f.change("northwind", "cal-4", store.FeedCreate, false)
	if e := next(); len(e) != 0 {
		t.Errorf("after the token is withdrawn: %q", e)
	}
}

// A server that stops ends streams and waits at once.
func TestStopEndsWaits(t *testing.T) {
	f := &fedService{grown: make(chan struct{})}
	f.cfg.Store(&config.Config{API: config.API{
		RateLimit: config.RateLimit{PerSecond: 1000, Burst: 1000}, Tokens: []config.Token{tokenFor("all")},
	}})
	server := New(f, Options{}).HTTP()
	s := httptest.NewUnstartedServer(server.Handler)
	s.Config = server
	s.Start()
	defer s.Close()
	resp := open(t, s, "all", "/v1/changes/stream", nil)
	defer func() { _ = resp.Body.Close() }()
	stopped := make(chan error, 1)
	go func() { stopped <- server.Shutdown(context.Background()) }()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); { // to its end
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
