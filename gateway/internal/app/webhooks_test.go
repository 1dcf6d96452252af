package app

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/webhook"
	"github.com/trainercal/trainercal/sdk/calendar"
)

const hookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// hooked is a receiver; what it takes comes out of the channel.
func hooked(t *testing.T) (url string, messages <-chan webhook.Message) {
	t.Helper()
	signer, err := standardwebhooks.NewWebhook(hookSecret)
	if err != nil {
		t.Fatal(err)
	}
	taken := make(chan webhook.Message, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		var m webhook.Message
		if err = errors.Join(err, signer.Verify(body, req.Header), json.Unmarshal(body, &m)); err != nil {
			t.Errorf("received %s: %v", body, err)
		}
		taken <- m
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(server.Close)
	return server.URL, taken
}

// held stores a pulled appointment of ana's whose removal waits.
func held(t *testing.T, state store.Store) {
	t.Helper()
	ana := platform.TrainerID{Provider: "northwind", Label: "ana"}
	when := calendar.When{Start: time.Now(), End: time.Now().Add(time.Hour)}
	err := state.Commit(t.Context(), store.Result{ID: ana, PutMirrors: []reconcile.Mirror{{ID: "1", Description: "Dentist", When: when, Held: true}}})
	if err != nil {
		t.Fatal(err)
	}
}

// A serve tells the receivers of its configuration, and ends with them.
func TestServeTellsWebhooks(t *testing.T) {
	url, messages := hooked(t)
	a := newApp(t, t.TempDir(), "v1")
	a.Config().Sync.Engine = false
	a.Config().API.Webhooks = []config.Webhook{{Name: "platform", URL: url, Secret: hookSecret}}
	drain, ready, over := make(chan struct{}), make(chan Serving, 1), make(chan error, 1)
	go func() { over <- a.Serve(context.Background(), drain, func(s Serving) { ready <- s }) }()
	select {
	case <-ready:
	case err := <-over:
		t.Fatal(err)
	}
	state, err := a.own(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for known := 0; known == 0; { // until the sender has begun: what was before is not told
		hooks, err := state.Webhooks(t.Context())
		if known = len(hooks); err != nil {
			t.Fatal(err)
		}
	}
	held(t, state)
	types := []string{(<-messages).Type, (<-messages).Type}
	slices.Sort(types)
	if diff := cmp.Diff([]string{config.EventFeedAdvanced, config.EventRemovalsHeld}, types); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	close(drain)
	if err := <-over; err != nil {
		t.Error(err)
	}
}

// Trainers who are not proven for several intervals are an event each, once until they
// are proven again. Who is off, in pilot mode or was never proven is not stale.
func TestStaleTrainers(t *testing.T) {
	t.Parallel()
	a := newApp(t, t.TempDir(), "v1")
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	a.opts.Now = func() time.Time { return now }
	a.Config().Sync.Interval = 15 * time.Minute
	state, err := a.own(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	northwind := func(label string) platform.TrainerID {
		return platform.TrainerID{Provider: "northwind", Label: label}
	}
	prove := func(label string, at time.Time) {
		t.Helper()
		if err := state.Commit(t.Context(), store.Result{ID: northwind(label), Proven: at}); err != nil {
			t.Fatal(err)
		}
	}
	told := func() (all []string) {
		t.Helper()
		if err := a.noteStale(t.Context()); err != nil {
			t.Fatal(err)
		}
		events, err := state.Events(t.Context(), 0, 100, store.EventFilter{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			all = append(all, string(e.Type)+" "+e.Trainer.String())
		}
		return all
	}
	prove("ana", now)
	prove("off", now.Add(-24*time.Hour))
	if err := state.Commit(t.Context(), store.Result{ID: northwind("ben"), Failing: &store.Failing{Code: "throttled"}}); err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		after time.Duration
		prove bool
		want  []string
	}{
		{after: 45 * time.Minute},
		{after: time.Second, want: []string{"trainer.stale northwind/ana"}},
		{after: time.Hour, want: []string{"trainer.stale northwind/ana"}},
		{after: 0, prove: true, want: []string{"trainer.stale northwind/ana"}},
		{after: time.Hour, want: []string{"trainer.stale northwind/ana", "trainer.stale northwind/ana"}},
	}
	for i, step := range steps {
		now = now.Add(step.after)
		if step.prove {
			prove("ana", now)
		}
		if diff := cmp.Diff(step.want, told()); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
	}
}

// The feed and events are kept as long as the configuration says, and for a month where
// it does not.
func TestFeedIsPruned(t *testing.T) {
	t.Parallel()
	for keep, kept := range map[time.Duration]time.Duration{0: 29 * 24 * time.Hour, 48 * time.Hour: 47 * time.Hour} {
		a := newApp(t, t.TempDir(), "v1")
		now := time.Now()
		a.opts.Now = func() time.Time { return now }
		a.Config().API.KeepChanges = keep
		state, err := a.own(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held(t, state)
		for _, step := range []struct {
			after time.Duration
			gone  bool
		}{{kept, false}, {48 * time.Hour, true}} {
			now = now.Add(step.after)
			a.pruneFeed(t.Context(), state)
			_, err := state.Changes(t.Context(), 0, 10, nil)
			events, eventsErr := state.Events(t.Context(), 0, 10, store.EventFilter{})
			if errors.Is(err, store.ErrGone) != step.gone || (len(events) == 0) != step.gone || eventsErr != nil {
				t.Errorf("keep %s, after %s more: %v, %d events, %v", keep, step.after, err, len(events), eventsErr)
			}
		}
	}
}

// push-14: an import that replaces takes no course away that is over; its appointment is
// history. One that ended before the window goes.
func TestReplaceKeepsThePast(t *testing.T) {
	t.Parallel()
	a := newApp(t, t.TempDir(), "v1")
	for i := range a.Config().Providers { // a provider may look further back than the gateway
		a.Config().Providers[i].Sync.Past = 7 * 24 * time.Hour
	}
	at := func(id string, start time.Time) platform.Course {
		c := course(id)
		c.Start, c.End = start, start.Add(time.Hour)
		return c
	}
	now := time.Now()
	all := []platform.Course{at("coming", now.AddDate(0, 0, 1)), at("over", now.AddDate(0, 0, -1)), at("long ago", now.AddDate(0, 0, -30))}
	if _, err := a.Import(t.Context(), platform.Import{Courses: all}, false); err != nil {
		t.Fatal(err)
	}
	none := platform.Import{CoursesOf: []string{"northwind"}}
	if tried, err := a.TryImport(t.Context(), none, true); err != nil || tried.Deleted != 2 {
		t.Errorf("a dry run says that %d go, %v", tried.Deleted, err)
	}
	got, err := a.Import(t.Context(), none, true)
	if err != nil || got.Deleted != 2 {
		t.Errorf("deleted %d, %v", got.Deleted, err)
	}
	state, err := a.own(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	left, err := state.Courses(t.Context(), "northwind")
	if err != nil || len(left) != 1 || left[0].ID != "over" {
		t.Errorf("left: %+v, %v", left, err)
	}
}
