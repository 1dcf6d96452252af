package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/availability"
	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
	"github.com/trainercal/trainercal/sdk"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// fake is a gateway over a real store, whose runs do nothing.
type fake struct {
	store.Store
	cfg *config.Config
	// panics: the status panics with this text.
	panics string
}

func (f *fake) Config() *config.Config { return f.cfg }

func (f *fake) Trainers(_ context.Context, providers []string) ([]Trainer, error) {
	var out []Trainer
	for _, p := range f.cfg.Providers {
		for _, name := range providers {
			for _, t := range p.Trainers {
				if p.Name == name {
					out = append(out, Trainer{Trainer: t.ID.String(), Direction: "both", Health: "in_sync"})
				}
			}
		}
	}
	return out, nil
}

func (f *fake) TrainerDetail(_ context.Context, id platform.TrainerID) (TrainerDetail, error) {
	return TrainerDetail{Trainer: Trainer{Trainer: id.String()}}, nil
}

func (f *fake) KnownTimes(_ context.Context, ids []platform.TrainerID) ([]availability.Known, error) {
	return make([]availability.Known, len(ids)), nil
}
func (f *fake) Conflicts(context.Context, []string) ([]Conflict, error) { return nil, nil }
func (f *fake) Explain(context.Context, platform.TrainerID, string) (Explanation, error) {
	return Explanation{Items: []ExplainedItem{}}, nil
}

func (f *fake) GatewayStatus(context.Context, []string) (Status, error) {
	if f.panics != "" {
		panic(f.panics)
	}
	return Status{Needs: []Need{}, Accounts: []Account{}}, nil
}
func (f *fake) Ready(context.Context) error                     { return nil }
func (f *fake) Sync(context.Context, Selection) (string, error) { return "run", nil }

func (f *fake) Resync(context.Context, Selection, bool) (string, error)         { return "run", nil }
func (f *fake) Plan(context.Context, Selection) ([]TrainerPlan, error)          { return nil, nil }
func (f *fake) Retry(context.Context, platform.TrainerID) (string, error)       { return "run", nil }
func (f *fake) ResumeTrainer(context.Context, platform.TrainerID) (bool, error) { return true, nil }

func (f *fake) Held(context.Context, platform.TrainerID) ([]HeldRemoval, error) { return nil, nil }

func (f *fake) Approve(context.Context, platform.TrainerID, []string) (string, error) {
	return "run", nil
}

func (f *fake) PauseTrainer(_ context.Context, id platform.TrainerID, reason string) (store.Pause, error) {
	return store.Pause{Provider: id.Provider, Label: id.Label, Since: noon, Reason: reason}, nil
}

func (f *fake) Deliver(context.Context, string, string, sdk.DeliverRequest) (sdk.DeliverResponse, error) {
	return sdk.DeliverResponse{}, store.ErrNotFound
}

// rig is an API over HTTP, of the providers northwind and contoso.
type rig struct {
	*testing.T
	url  string
	fake *fake
}

// The secrets of the rig's tokens: of all scopes for everything, and for northwind alone;
// and of one scope.
const (
	everything    = "everything-0123456789"
	northwindOnly = "northwind-0123456789"
	readOnly      = "read-only-0123456789"
	writeOnly     = "write-only-0123456789"
)

func newRig(t *testing.T) *rig {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "gateway.db"))
	if err != nil {
		t.Fatal(err)
	}
	all := []config.Scope{config.ScopeRead, config.ScopeSchedule, config.ScopeOperate}
	token := func(name, secret string, scopes []config.Scope, providers ...string) config.Token {
		return config.Token{Name: name, Hash: sha256.Sum256([]byte(secret)), Scopes: scopes, Providers: providers}
	}
	cfg := &config.Config{API: config.API{
		MaxBodyBytes: 1 << 20, RateLimit: config.RateLimit{PerSecond: 1e6, Burst: 1e6},
		Tokens: []config.Token{
			token("all", everything, all), token("northwind", northwindOnly, all, "northwind"),
			token("read", readOnly, []config.Scope{config.ScopeRead}), token("write", writeOnly, []config.Scope{config.ScopeSchedule}),
		},
	}}
	for _, name := range []string{"northwind", "contoso"} {
		cfg.Providers = append(cfg.Providers, config.Provider{
			Name: name, TimeZone: time.UTC, Sync: config.Sync{Past: 7 * 24 * time.Hour, Guard: config.Guard{MaxRemovals: 2, MaxFraction: 0.1}},
			Trainers: []config.Trainer{{
				ID: platform.TrainerID{Provider: name, Label: "ana"}, Service: "exchange-online", Calendar: true, Direction: config.Both, TimeZone: time.UTC,
			}},
		})
	}
	f := &fake{Store: db, cfg: cfg}
	server := httptest.NewServer(New(f, Options{Now: func() time.Time { return noon }}).Handler())
	t.Cleanup(func() {
		server.Close()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return &rig{t, server.URL, f}
}

// response is an answer whose body was read.
type response struct {
	*http.Response
	body string
}

// do makes a request; header are names and values in turn.
func (r *rig) do(secret, method, path, body string, header ...string) response {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	if secret != "" {
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // read whole
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		r.Fatal(err)
	}
	return response{answer, string(text)}
}

// want is do with the status that is to come.
func (r *rig) want(status int, method, path, body string, header ...string) response {
	r.Helper()
	got := r.do(everything, method, path, body, header...)
	if got.StatusCode != status {
		r.Errorf("%s %s: %d, want %d: %s", method, path, got.StatusCode, status, got.body)
	}
	return got
}

// read reads an answer's body into a value.
func read[T any](r *rig, a response) (out T) {
	r.Helper()
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		r.Fatalf("%v: %s", err, a.body)
	}
	return out
}

func course(id string) string {
	return `{"id":"` + id + `","name":"Go","kind":"class","status":"confirmed","start":"2026-12-01T09:00","end":"2026-12-01T17:00","trainers":[{"id":"ana"}]}`
}

func optionsFor(t *testing.T) platform.OneOptions {
	t.Helper()
	return platform.OneOptions{Provider: "northwind", Zone: time.UTC}
}
