package storetest

import (
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// events are all there are, without what differs each time.
func events(t testing.TB, s store.Events, after int64, filter store.EventFilter) []store.Event {
	t.Helper()
	all, err := s.Events(t.Context(), after, 100, filter)
	must(t, err)
	for i := range all {
		e := &all[i]
		if e.ID == "" || e.Seq <= after || i > 0 && all[i-1].Seq != 0 || time.Since(e.At).Abs() > time.Hour {
			t.Errorf("event %d: %+v", i, *e)
		}
		after, e.Seq, e.ID, e.At = e.Seq, 0, "", time.Time{}
	}
	return all
}

func heldRemovals(ids ...string) (all []reconcile.Mirror) {
	for _, id := range ids {
		m := pulled(id, "Leave")
		m.Held = true
		all = append(all, m)
	}
	return all
}

// tellsEvents: what operators should know is told once, when it becomes so.
func tellsEvents(t *testing.T, d Driver) {
	s := d.fresh(t)
	const account = "contoso/exchange-onprem"
	held := func(n int) store.Event {
		return store.Event{Type: store.EventRemovalsHeld, Provider: "northwind", Trainer: ana, Data: store.EventData{Held: n}}
	}
	trouble := func(code string) func() {
		return func() {
			must(t, s.SetAccountTrouble(t.Context(), account, &store.Failing{Code: code, Message: "secret", Since: noon, Attempts: 2}))
		}
	}
	failing := func(code string) store.Event {
		return store.Event{Type: store.EventAccountFailing, Provider: "contoso", Account: account, Data: store.EventData{Code: code, Since: noon}}
	}
	stale := func(ids ...platform.TrainerID) func() {
		return func() {
			all := map[platform.TrainerID]time.Time{}
			for _, id := range ids {
				all[id] = noon
			}
			must(t, s.SetStale(t.Context(), all))
		}
	}
	unproven := func(id platform.TrainerID) store.Event {
		return store.Event{Type: store.EventTrainerStale, Provider: id.Provider, Trainer: id, Data: store.EventData{Proven: noon}}
	}
	steps := []struct {
		name string
		do   func()
		want []store.Event
	}{
		{"nothing is held", func() { put(t, s, ana, pulled("1", "a"), pulled("2", "b"), pulled("3", "c")) }, nil},
		{"hold-1 removals are held", func() { put(t, s, ana, heldRemovals("1", "2")...) }, []store.Event{held(2)}},
		{"the same are still held", func() { put(t, s, ana, heldRemovals("2", "1")...) }, nil},
		{"one was seen again", func() { put(t, s, ana, pulled("1", "a")) }, nil},
		{"more are held", func() { put(t, s, ana, heldRemovals("1", "3")...) }, []store.Event{held(3)}},
		{"no account fails", func() { must(t, s.SetAccountTrouble(t.Context(), account, nil)) }, nil},
		{"an account fails", trouble("throttled"), []store.Event{failing("throttled")}},
		{"for the same reason", trouble("throttled"), nil},
		{"for another reason", trouble("credentials"), []store.Event{failing("credentials")}},
		{
			"it works again", func() { must(t, s.SetAccountTrouble(t.Context(), account, nil)) },
			[]store.Event{{Type: store.EventAccountRecovered, Provider: "contoso", Account: account}},
		},
		{"trainers are stale", stale(ana, zoe), []store.Event{unproven(zoe), unproven(ana)}},
		{"they still are", stale(zoe, ana), nil},
		{"one is proven, another stale", stale(ben, zoe), []store.Event{unproven(ben)}},
		{"stale again", stale(ana), []store.Event{unproven(ana)}},
	}
	newest := int64(0)
	for _, step := range steps {
		before := newest
		step.do()
		if diff := same(step.want, events(t, s, before, store.EventFilter{})); diff != "" {
			t.Errorf("%s: %s", step.name, diff)
		}
		if len(step.want) > 0 {
			var err error
			newest, err = s.AwaitEvents(t.Context(), before)
			must(t, err)
		}
	}
	of := events(t, s, 0, store.EventFilter{Types: []store.EventType{store.EventTrainerStale, store.EventAccountFailing}, Providers: []string{"contoso"}})
	if diff := same([]store.Event{failing("throttled"), failing("credentials"), unproven(zoe)}, of); diff != "" {
		t.Errorf("filtered: %s", diff)
	}
	_, err := s.Forget(t.Context(), ana)
	must(t, err)
	for _, e := range events(t, s, 0, store.EventFilter{}) {
		if e.Trainer == ana {
			t.Errorf("forget-1: left is %+v", e)
		}
	}
	n, err := s.PruneEvents(t.Context(), time.Now().Add(time.Hour))
	if must(t, err); n == 0 || len(events(t, s, 0, store.EventFilter{})) != 0 {
		t.Errorf("pruned %d", n)
	}
	trouble("throttled")()
	if after, err := s.AwaitEvents(t.Context(), newest); err != nil || after != newest+1 {
		t.Errorf("after all were pruned, the newest is %d, %v; it was %d", after, err, newest)
	}
}

// webhooks: how far receivers were told is remembered, by name.
func webhooks(t *testing.T, d Driver) {
	s := d.fresh(t)
	put(t, s, ana, heldRemovals("1", "2")...)
	must(t, s.KeepWebhooks(t.Context(), []string{"a", "b"}))
	want := map[string]store.WebhookState{}
	check := func(name string) {
		t.Helper()
		got, err := s.Webhooks(t.Context())
		must(t, err)
		if diff := same(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	start := store.WebhookState{Told: store.Told{Event: 1, Feed: 2}}
	want["a"], want["b"] = start, start
	check("new ones start with what is now")

	put(t, s, ana, heldRemovals("3")...)
	must(t, s.WebhookTold(t.Context(), "a", store.Told{Event: 2}))
	must(t, s.WebhookTold(t.Context(), "b", store.Told{Feed: 3}))
	want["a"], want["b"] = store.WebhookState{Told: store.Told{Event: 2, Feed: 2}}, store.WebhookState{Told: store.Told{Event: 1, Feed: 3}}
	check("told")

	busy := &store.WebhookTrouble{Reason: "503", Since: noon, Attempts: 2, Next: noon.Add(time.Minute)}
	must(t, s.WebhookTrouble(t.Context(), "a", busy))
	must(t, s.WebhookTrouble(t.Context(), "b", &store.WebhookTrouble{Reason: "410", Since: noon, Disabled: true}))
	must(t, s.KeepWebhooks(t.Context(), []string{"b", "a", "c"}))
	want["a"] = store.WebhookState{Told: want["a"].Told, Trouble: busy}
	want["c"] = store.WebhookState{Told: store.Told{Event: 2, Feed: 3}}
	check("a disabled one is tried again by a reload")

	must(t, s.WebhookTrouble(t.Context(), "a", nil))
	must(t, s.KeepWebhooks(t.Context(), []string{"a"}))
	want = map[string]store.WebhookState{"a": {Told: store.Told{Event: 2, Feed: 2}}}
	check("forgotten")
	must(t, s.KeepWebhooks(t.Context(), nil))
	want = nil
	check("none")
}
