package app

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/webhook"
	"github.com/trainercal/trainercal/sdk/calendar"
)

const otherSecret = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="

// endpoint is a receiver that takes nothing until it is up, and what is signed with its
// secret alone.
type endpoint struct {
	url string

	mu     sync.Mutex
	secret string
	up     bool
	held   []int
	// taken has a value for each message that was taken, tried for each that was not.
	taken, tried chan struct{}
}

func newEndpoint(t *testing.T, secret string, up bool) *endpoint {
	t.Helper()
	e := &endpoint{secret: secret, up: up, taken: make(chan struct{}, 100), tried: make(chan struct{}, 100)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the sender went away
		}
		w.WriteHeader(e.take(body, r.Header))
	}))
	t.Cleanup(server.Close)
	e.url = server.URL
	return e
}

func (e *endpoint) take(body []byte, header http.Header) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	var m webhook.Message
	signer, err := standardwebhooks.NewWebhook(e.secret)
	if err != nil || !e.up || signer.Verify(body, header) != nil || json.Unmarshal(body, &m) != nil {
		e.tried <- struct{}{}
		return http.StatusServiceUnavailable
	}
	e.held = append(e.held, m.Data.Held)
	e.taken <- struct{}{}
	return http.StatusNoContent
}

// change makes the receiver another one at the same address.
func (e *endpoint) change(secret string, up bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.secret, e.up = secret, up
}

// got is how many removals each message told of.
func (e *endpoint) got() []int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]int(nil), e.held...)
}

// hears waits until the receiver has taken the message of n removals.
func (e *endpoint) hears(n int) {
	for got := e.got(); len(got) == 0 || got[len(got)-1] != n; got = e.got() {
		<-e.taken
	}
}

// reconfigure puts a configuration in force as a reload does, which has no plugins here.
func reconfigure(a *App, next *config.Config) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.config.Store(next)
	close(a.reloaded)
	a.reloaded = make(chan struct{})
}

// waits has n removals of ana's wait, which is an event when it is more than before.
func waits(t *testing.T, state store.Store, n int) {
	t.Helper()
	when := calendar.When{Start: time.Now(), End: time.Now().Add(time.Hour)}
	var mirrors []reconcile.Mirror
	for i := range n {
		mirrors = append(mirrors, reconcile.Mirror{ID: string(rune('a' + i)), When: when, Held: true})
	}
	err := state.Commit(t.Context(), store.Result{ID: platform.TrainerID{Provider: "northwind", Label: "ana"}, PutMirrors: mirrors})
	if err != nil {
		t.Fatal(err)
	}
}

// Over reloads each receiver hears of all events, in order, that happen while it is
// configured: one that stays, one whose secret and address change while it owes an answer,
// and one that comes new. One that is removed hears nothing more, also of what it was owed.
func TestWebhooksOverReloads(t *testing.T) {
	a := newApp(t, t.TempDir(), "v1")
	stays, changes, goes, comes := newEndpoint(t, hookSecret, true), newEndpoint(t, hookSecret, false), newEndpoint(t, hookSecret, false), newEndpoint(t, hookSecret, true)
	hook := func(name, secret string, e *endpoint) config.Webhook {
		return config.Webhook{Name: name, URL: e.url, Secret: secret, Events: []string{config.EventRemovalsHeld}}
	}
	configured := func(hooks ...config.Webhook) *config.Config {
		next := *a.Config()
		next.API.Webhooks = hooks
		return &next
	}
	state, err := a.own(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	reconfigure(a, configured(hook("stays", hookSecret, stays), hook("changes", hookSecret, changes), hook("goes", hookSecret, goes)))
	ctx, stop := context.WithCancel(t.Context())
	var telling sync.WaitGroup
	telling.Go(func() { a.tellWebhooks(ctx) })
	defer telling.Wait()
	defer stop()
	known := func(name string) {
		t.Helper()
		for there := false; !there; {
			hooks, err := state.Webhooks(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, there = hooks[name]
		}
	}
	known("goes")
	waits(t, state, 1)
	stays.hears(1)
	<-changes.tried
	<-goes.tried

	moved := newEndpoint(t, otherSecret, true)
	goes.change(hookSecret, true) // it would take messages now
	reconfigure(a, configured(hook("stays", hookSecret, stays), hook("changes", otherSecret, moved), hook("comes", hookSecret, comes)))
	known("comes")
	waits(t, state, 2)
	stays.hears(2)
	comes.hears(2)
	moved.hears(2)

	stays.change(otherSecret, true)
	reconfigure(a, configured(hook("stays", otherSecret, stays), hook("changes", otherSecret, moved)))
	waits(t, state, 3)
	stays.hears(3)
	moved.hears(3)
	for name, one := range map[string]struct {
		e    *endpoint
		want []int
	}{
		"stays": {stays, []int{1, 2, 3}}, "changes": {moved, []int{1, 2, 3}}, "the former address": {changes, nil}, "goes": {goes, nil},
	} {
		if got := slices.Compact(one.e.got()); !slices.Equal(got, one.want) { // a reload may have one told twice
			t.Errorf("%s heard of %v, want %v", name, got, one.want)
		}
	}
	if got := comes.got(); len(got) == 0 || got[0] != 2 {
		t.Errorf("the new one heard of %v", got)
	}
	if hooks, err := state.Webhooks(t.Context()); err != nil || len(hooks) != 2 {
		t.Errorf("known: %v, %v", hooks, err)
	}
}
