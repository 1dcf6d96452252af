package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.uber.org/goleak"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
	"github.com/trainercal/trainercal/sdk/calendar"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	testURL    = "https://platform.example/hooks/token-in-path"
)

var ana = platform.TrainerID{Provider: "northwind", Label: "ana"}

// attempt is a request as a receiver saw it.
type attempt struct {
	At      time.Duration
	ID      string
	Message Message
}

// receiving is a receiver in memory. It checks every signature.
type receiving struct {
	t     *testing.T
	start time.Time
	// answer decides what is answered to the nth attempt, from 0.
	answer func(n int, a attempt) *http.Response

	mu       sync.Mutex
	attempts []attempt
}

func status(code int, headers ...string) *http.Response {
	res := &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("answer"))}
	for i := 0; i < len(headers); i += 2 {
		res.Header.Set(headers[i], headers[i+1])
	}
	return res
}

func (r *receiving) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	a := attempt{At: time.Since(r.start), ID: req.Header.Get(standardwebhooks.HeaderWebhookID), Message: verified(r.t, req, body)}
	r.attempts = append(r.attempts, a)
	if r.answer == nil {
		return status(204), nil
	}
	return r.answer(len(r.attempts)-1, a), nil
}

// verified is a request's message, when its signature is right.
func verified(t *testing.T, req *http.Request, body []byte) (m Message) {
	t.Helper()
	signer, err := standardwebhooks.NewWebhook(testSecret)
	if err == nil {
		err = signer.Verify(body, req.Header)
	}
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	if err != nil || req.Method != http.MethodPost || req.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %s: %v", req.Method, body, err)
	}
	return m
}

// got are the messages in short, in order.
func (r *receiving) got() (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.attempts {
		d := a.Message.Data
		about := d.Account
		if d.Trainer != (platform.TrainerID{}) {
			about = d.Trainer.String()
		}
		all = append(all, fmt.Sprint(a.Message.Type, " ", about, " ", numberIn(d)))
	}
	return all
}

// numberIn is the number of a position or of removals.
func numberIn(d Data) int64 {
	_, number, _ := strings.Cut(d.Position, ".")
	position, _ := strconv.ParseInt(number, 10, 64)
	return position + int64(d.Held)
}

// rig is a sender over a state of its own, in a bubble of time.
type rig struct {
	t     *testing.T
	path  string
	state *sqlite.Store
	to    *receiving
	hooks []config.Webhook
	log   *strings.Builder
	stop  func()
}

func newRig(t *testing.T, hook config.Webhook) *rig {
	hook.Name, hook.URL, hook.Secret = "platform", testURL, testSecret
	r := &rig{
		t: t, path: filepath.Join(t.TempDir(), "gateway.db"), to: &receiving{t: t, start: time.Now()},
		hooks: []config.Webhook{hook}, log: &strings.Builder{},
	}
	r.open()
	t.Cleanup(func() { r.end() })
	return r
}

func (r *rig) open() {
	var err error
	if r.state, err = sqlite.Open(r.t.Context(), r.path); err != nil {
		r.t.Fatal(err)
	}
}

// run starts the sender.
func (r *rig) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	sender := &Sender{
		Hooks: r.hooks, State: r.state, Now: time.Now, Transport: r.to,
		Log: hclog.New(&hclog.LoggerOptions{Output: r.log, Level: hclog.Trace}),
	}
	go func() { done <- sender.Run(ctx) }()
	r.stop = func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Errorf("the sender ended with %v", err)
		}
		r.stop = nil
	}
}

func (r *rig) end() {
	if r.stop != nil {
		r.stop()
	}
	if err := r.state.Close(); err != nil {
		r.t.Error(err)
	}
}

// hold makes n removals of ana's wait.
func (r *rig) hold(n int) {
	r.t.Helper()
	var held []reconcile.Mirror
	for i := range n {
		held = append(held, reconcile.Mirror{
			ID: fmt.Sprint(i), Description: "Dentist", Held: true, When: calendar.When{Start: r.to.start, End: r.to.start.Add(time.Hour)},
		})
	}
	if err := r.state.Commit(r.t.Context(), store.Result{ID: ana, PutMirrors: held}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) trouble(code string) {
	r.t.Helper()
	var f *store.Failing
	if code != "" {
		f = &store.Failing{Code: code, Message: "of one mailbox", Since: time.Now()}
	}
	if err := r.state.SetAccountTrouble(r.t.Context(), "contoso/exchange-onprem", f); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) stands() store.WebhookState {
	r.t.Helper()
	all, err := r.state.Webhooks(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return all["platform"]
}

func (r *rig) want(want ...string) {
	r.t.Helper()
	if diff := cmp.Diff(want, r.to.got()); diff != "" {
		r.t.Errorf("told (-want +got):\n%s", diff)
	}
}

// settle lets time pass, and all that happens in it.
func settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// Only what happens after a webhook is first configured is told, by type and provider.
func TestTells(t *testing.T) {
	only := []string{config.EventAccountFailing, config.EventAccountRecovered}
	for name, test := range map[string]struct {
		hook config.Webhook
		want []string
	}{
		"all":         {config.Webhook{}, []string{"feed.advanced  3", "removals.held northwind/ana 3", "account.failing contoso/exchange-onprem 0", "account.recovered contoso/exchange-onprem 0"}},
		"events":      {config.Webhook{Events: only}, []string{"account.failing contoso/exchange-onprem 0", "account.recovered contoso/exchange-onprem 0"}},
		"feed":        {config.Webhook{Events: []string{config.EventFeedAdvanced}}, []string{"feed.advanced  3"}},
		"a provider":  {config.Webhook{Providers: []string{"northwind"}}, []string{"feed.advanced  3", "removals.held northwind/ana 3"}},
		"another one": {config.Webhook{Providers: []string{"contoso"}}, []string{"account.failing contoso/exchange-onprem 0", "account.recovered contoso/exchange-onprem 0"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, test.hook)
				r.hold(1)
				r.run()
				settle(time.Second)
				r.want()
				r.hold(3)
				settle(5 * time.Second)
				r.trouble("throttled")
				r.trouble("")
				settle(5 * time.Second)
				got := r.to.got()
				slices.Sort(got)
				slices.Sort(test.want)
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
				for _, a := range r.to.attempts {
					if a.Message.Timestamp.IsZero() {
						t.Errorf("%+v says no time", a)
					}
				}
			})
		})
	}
}

// A burst of changes is one or two messages: the feed is at its end.
func TestFeedIsCoalesced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, config.Webhook{Events: []string{config.EventFeedAdvanced}})
		r.run()
		settle(time.Second)
		for n := range 50 {
			r.hold(n + 1)
		}
		settle(5 * time.Second)
		got := r.to.got()
		if len(got) > 2 || got[len(got)-1] != "feed.advanced  50" {
			t.Errorf("told %v", got)
		}
	})
}

// What is not taken is sent again under the same id, ever more rarely, before anything
// that came later; a receiver that takes messages again is no trouble any more.
func TestSendsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, config.Webhook{Events: []string{config.EventRemovalsHeld}})
		r.to.answer = func(n int, _ attempt) *http.Response {
			switch n {
			case 0:
				return status(500)
			case 1:
				return status(302, "Location", "https://elsewhere.example/")
			case 2:
				return status(429, "Retry-After", "600")
			}
			return status(200)
		}
		r.run()
		settle(time.Second)
		r.hold(2)
		settle(time.Second)
		r.hold(3)
		if trouble := r.stands().Trouble; trouble == nil || trouble.Attempts != 1 || !strings.Contains(trouble.Reason, "500") || trouble.Next.IsZero() {
			t.Errorf("after the first attempt: %+v", trouble)
		}
		settle(20 * time.Minute)
		first, second := "removals.held northwind/ana 2", "removals.held northwind/ana 3"
		r.want(first, first, first, first, second)
		var gaps []time.Duration
		for i, a := range r.to.attempts[:4] {
			if a.ID != r.to.attempts[0].ID {
				t.Errorf("attempt %d has another id: %s, not %s", i, a.ID, r.to.attempts[0].ID)
			}
			if i > 0 {
				gaps = append(gaps, a.At-r.to.attempts[i-1].At)
			}
		}
		if gaps[0] < firstWait/2 || gaps[0] > firstWait || gaps[1] < firstWait || gaps[1] > 2*firstWait || gaps[2] != 600*time.Second {
			t.Errorf("waited %v", gaps)
		}
		if r.to.attempts[4].ID == r.to.attempts[0].ID {
			t.Error("another event has the same id")
		}
		if state := r.stands(); state.Trouble != nil || state.Event != 2 {
			t.Errorf("in the end: %+v", state)
		}
	})
}

// At least once, over the end of the process: what was not taken is sent again with the
// same id, and what was taken is not.
func TestGoesOnAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, config.Webhook{Events: []string{config.EventRemovalsHeld}})
		r.to.answer = func(n int, _ attempt) *http.Response {
			if n == 1 {
				return status(503)
			}
			return status(200)
		}
		r.run()
		settle(time.Second)
		r.hold(1)
		settle(time.Second)
		r.hold(2)
		settle(time.Second)
		r.end()
		r.open()
		r.hold(3)
		r.run()
		settle(5 * time.Second)
		r.want("removals.held northwind/ana 1", "removals.held northwind/ana 2", "removals.held northwind/ana 2", "removals.held northwind/ana 3")
		if r.to.attempts[1].ID != r.to.attempts[2].ID {
			t.Error("the event has another id after the restart")
		}
		if state := r.stands(); state.Trouble != nil {
			t.Errorf("in the end: %+v", state.Trouble)
		}
	})
}

// A receiver that answers 410 hears nothing any more until the configuration is loaded
// again, and then what it has missed.
func TestGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, config.Webhook{})
		r.to.answer = func(n int, _ attempt) *http.Response {
			if n == 0 {
				return status(410)
			}
			return status(200)
		}
		r.run()
		settle(time.Second)
		r.trouble("throttled")
		settle(time.Second)
		r.trouble("")
		r.hold(1)
		settle(24 * time.Hour)
		r.want("account.failing contoso/exchange-onprem 0")
		if trouble := r.stands().Trouble; trouble == nil || !trouble.Disabled {
			t.Errorf("the state tells of %+v", trouble)
		}
		r.stop()
		r.run()
		settle(5 * time.Second)
		got := slices.Sorted(slices.Values(r.to.got()))
		want := []string{
			"account.failing contoso/exchange-onprem 0", "account.failing contoso/exchange-onprem 0",
			"account.recovered contoso/exchange-onprem 0", "feed.advanced  1", "removals.held northwind/ana 1",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}

// A receiver that cannot take an event still hears of the feed, and its trouble is known.
func TestLanesAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, config.Webhook{})
		r.to.answer = func(_ int, a attempt) *http.Response {
			if a.Message.Type == config.EventFeedAdvanced {
				return status(200)
			}
			return status(400)
		}
		r.run()
		settle(time.Second)
		r.trouble("throttled")
		settle(time.Second)
		r.hold(1)
		settle(2 * time.Second)
		if state := r.stands(); state.Feed != 1 || state.Event != 0 || state.Trouble == nil {
			t.Errorf("stands: %+v", state)
		}
	})
}

// Neither the secret nor the address, which may hold one, nor text of appointments is in
// what is logged, stored or sent.
func TestKeepsSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, config.Webhook{})
		r.to.answer = func(n int, _ attempt) *http.Response { return status(500 + n) }
		r.run()
		settle(time.Second)
		r.hold(2)
		r.trouble("throttled")
		settle(time.Hour)
		r.stop()
		// Nobody listens: the error of the connection names the address.
		r.hooks[0].URL = "http://127.0.0.1:1/token-in-path"
		sent := &receiver{Sender: &Sender{Now: time.Now}, hook: r.hooks[0], client: http.DefaultClient}
		signer, err := standardwebhooks.NewWebhook(testSecret)
		if err != nil {
			t.Fatal(err)
		}
		sent.signer = signer
		reason := sent.send(t.Context(), outgoing{id: "1"}).reason
		text := r.log.String() + fmt.Sprintf("%+v", r.stands().Trouble) + reason + fmt.Sprintf("%+v", r.to.attempts)
		for _, secret := range []string{"MDEyMzQ1", "token-in-path", "Dentist", "one mailbox"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is told: %s", secret, text)
			}
		}
		if reason == "" {
			t.Error("no reason is given")
		}
	})
}

// Over a real connection: the signature is right, no redirect is followed, an answer
// without end is not read to its end, and a certificate that nobody vouches for is refused.
func TestOverTheNetwork(t *testing.T) {
	redirected := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { redirected = true }))
	defer elsewhere.Close()
	served := http.NewServeMux()
	served.HandleFunc("/ok", func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		if m := verified(t, req, body); m.Type != config.EventFeedAdvanced || m.Data.Position != "epoch.7" {
			t.Errorf("sent: %s", body)
		}
	})
	served.HandleFunc("/redirect", func(w http.ResponseWriter, req *http.Request) {
		http.Redirect(w, req, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	served.HandleFunc("/endless", func(w http.ResponseWriter, req *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	})
	plain := httptest.NewServer(served)
	defer plain.Close()
	secret := httptest.NewTLSServer(served)
	defer secret.Close()
	secret.Config.ErrorLog = hclog.NewNullLogger().StandardLogger(&hclog.StandardLoggerOptions{})

	sender := &Sender{Now: time.Now}
	client, stop := sender.client()
	defer stop()
	signer, err := standardwebhooks.NewWebhook(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	m, err := ofFeed(newID(), "epoch", 7, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for url, taken := range map[string]bool{
		plain.URL + "/ok": true, plain.URL + "/endless": true, plain.URL + "/redirect": false, secret.URL + "/ok": false,
	} {
		r := &receiver{Sender: sender, hook: config.Webhook{URL: url}, signer: signer, client: client}
		if got := r.send(t.Context(), m); got.taken != taken || (got.reason == "") != taken {
			t.Errorf("%s: %+v", url, got)
		}
	}
	if redirected {
		t.Error("a redirect was followed")
	}
}

// brokenState cannot be read.
type brokenState struct{ State }

func (brokenState) KeepWebhooks(context.Context, []string) error { return store.ErrReadOnly }

func TestWithoutState(t *testing.T) {
	if err := (&Sender{State: brokenState{}}).Run(t.Context()); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("ended with %v", err)
	}
}

// What the configuration may name is what the store tells.
func TestEventsAreThose(t *testing.T) {
	want := []string{config.EventFeedAdvanced}
	for _, known := range []store.EventType{store.EventRemovalsHeld, store.EventAccountFailing, store.EventAccountRecovered, store.EventTrainerStale} {
		want = append(want, string(known))
	}
	if diff := cmp.Diff(want, config.Events()); diff != "" {
		t.Error(diff)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, "-1": 0, "soon": 0, "99999999": maxRetryAfter, "1e3": 0,
		"Tue, 24 Nov 2026 12:00:30 GMT": 30 * time.Second, "Tue, 24 Nov 2026 11:00:00 GMT": 0, "Tue, 24 Nov 2099 11:00:00 GMT": maxRetryAfter,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
	for attempt := 1; attempt < 100; attempt++ {
		if got := backoff(attempt); got < firstWait/2 || got > maxWait || attempt > 20 && got < maxWait/2 {
			t.Errorf("attempt %d: %s", attempt, got)
		}
	}
}
