package app

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/pluginhost"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

// flaky is a listener that cannot accept for a while.
type flaky struct {
	errs []error
}

func (f *flaky) Accept() (net.Conn, error) {
	if len(f.errs) == 0 {
		return nil, net.ErrClosed
	}
	err := f.errs[0]
	f.errs = f.errs[1:]
	return nil, err
}

func (f *flaky) Close() error   { return nil }
func (f *flaky) Addr() net.Addr { return nil }

// An error of the control socket that goes away does not end the serve.
func TestControlSurvivesTemporaryErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &flaky{errs: []error{errors.New("too many open files"), errors.New("too many open files")}}
		began := time.Now()
		if err := (&control{listener: l, log: hclog.NewNullLogger()}).serve(t.Context()); err != nil || len(l.errs) != 0 {
			t.Errorf("it ended with %v, before %d further errors", err, len(l.errs))
		}
		if waited := time.Since(began); waited != 2*acceptPause {
			t.Errorf("it waited %s", waited)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := (&control{listener: &flaky{errs: l.errs}, log: hclog.NewNullLogger()}).serve(ctx); err != nil {
			t.Errorf("asked to stop: %v", err)
		}
	})
}

func TestIntervalReadsAsConfigured(t *testing.T) {
	for d, want := range map[time.Duration]string{
		15 * time.Minute: "15m", time.Hour: "1h", 90 * time.Minute: "1h30m", 10 * time.Second: "10s", 75 * time.Second: "1m15s", 0: "0s",
	} {
		text, err := json.Marshal(Interval(d))
		if err != nil || string(text) != `"`+want+`"` {
			t.Errorf("%s is written %s, %v", d, text, err)
		}
		var again Interval
		if err := json.Unmarshal(text, &again); err != nil || time.Duration(again) != d {
			t.Errorf("%s is read as %s, %v", text, time.Duration(again), err)
		}
	}
}

// A file that speaks for nobody cannot replace anything, and says so.
func TestReplaceWithoutProvider(t *testing.T) {
	a := newApp(t, t.TempDir(), "v1")
	if _, err := a.Import(t.Context(), platform.Import{}, true); !errors.Is(err, ErrReplacesNothing) {
		t.Errorf("got %v", err)
	}
	if _, err := a.Import(t.Context(), platform.Import{CoursesOf: []string{"northwind"}}, true); err != nil {
		t.Errorf("an empty list of a provider: %v", err)
	}
}

func TestScopes(t *testing.T) {
	cfg := twoProviders()
	for name, want := range map[string]string{"ben": "northwind/ben", "northwind": "northwind", "northwind/ana": "northwind/ana"} {
		if got, err := scopeOf(cfg, name); err != nil || got.String() != want {
			t.Errorf("%s is %s, %v", name, got, err)
		}
	}
	for name, want := range map[string]string{"northwnd": `Did you mean "northwind"`, "ana": "name one with its provider"} {
		if _, err := scopeOf(cfg, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Refused credentials are known to the next process, here a plan that opens the state for
// reading, and forgiven by whoever saw them accepted.
func TestRefusalsAreKept(t *testing.T) {
	dir := t.TempDir()
	owner := newApp(t, dir, "v1")
	state, err := owner.own(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	since := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	refused := sdk.CodeCredentials.New("no").WithDetail("LockMeOut").WithAdvice("mend it")
	owner.keepRefusal(state)(pluginhost.Refusal{Account: "northwind/x", Fingerprint: "f", Err: refused, Since: since})
	reader := newApp(t, dir, "v1")
	got := reader.refusals(t.Context(), reader.known(t.Context()))
	if len(got) != 1 || got[0].Account != "northwind/x" || got[0].Fingerprint != "f" || !got[0].Since.Equal(since) ||
		cmp.Diff(refused.Error(), got[0].Err.Error()) != "" || !errors.Is(got[0].Err, sdk.ErrCredentials) {
		t.Errorf("known is %+v", got)
	}
	owner.keepAccepted(state)("northwind/x", "g")
	if got := reader.refusals(t.Context(), reader.known(t.Context())); len(got) != 0 {
		t.Errorf("still known: %+v", got)
	}
}

// A run that was under way when its process was killed is not told as running.
func TestInterruptedRuns(t *testing.T) {
	dir := t.TempDir()
	owner := newApp(t, dir, "v1")
	state, err := owner.own(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := state.BeginRun(t.Context(), store.Run{ID: "r", State: store.RunRunning, Started: time.Now()}); err != nil {
		t.Fatal(err)
	}
	reader := newApp(t, dir, "v1")
	want := func(name string, state store.RunState) {
		t.Helper()
		run, err := reader.Run(t.Context(), "r")
		runs, listErr := reader.Runs(t.Context(), 1)
		if err := errors.Join(err, listErr); err != nil || run.State != state || runs[0].State != state {
			t.Errorf("%s: %s and %s, %v", name, run.State, runs[0].State, err)
		}
	}
	want("while it is owned", store.RunRunning)
	if err := owner.Close(); err != nil {
		t.Fatal(err)
	}
	want("without an owner", store.RunAborted)
}

// auth-5: what is verified is identified by everything that matters, and the log is kept
// with it.
func TestVerificationsAreIdentified(t *testing.T) {
	a := newApp(t, filepath.Join(t.TempDir()), "v1")
	accounts, err := Filter{Provider: "northwind"}.accounts(a.Config())
	if err != nil {
		t.Fatal(err)
	}
	host, _, err := a.plugins(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	log := verifyLog{app: a, acc: accounts[0]}
	if !log.changed(t.Context(), host, nil) || len(log.acc.trainers) != 2 {
		t.Errorf("what was never verified is to be: %+v", log.acc)
	}
	log.checks = []Check{
		{Account: "northwind/exchange-online", Check: sdk.Check{Step: "settings"}},
		{Account: "northwind/exchange-online", Trainer: "northwind/ana", Check: sdk.Check{Step: "read"}},
		{Account: "northwind/exchange-online", Trainer: "northwind/" + log.acc.trainers[1].ID.Label, Check: sdk.Check{Step: "read"}},
	}
	kept := log.verifications()
	if len(kept) != 3 || kept[0].Label != "" || kept[1].Label != "ana" || len(kept[1].Checks) != 1 {
		t.Fatalf("kept are %+v", kept)
	}
	again := verifyLog{app: a, acc: accounts[0]}
	if again.changed(t.Context(), host, kept) {
		t.Errorf("unchanged, and to be verified: %+v", again.acc.trainers)
	}
	moved := verifyLog{app: a, acc: accounts[0]}
	moved.acc.trainers[0].Email = "elsewhere@northwind.example"
	if !moved.changed(t.Context(), host, kept) || len(moved.acc.trainers) != 1 || moved.acc.trainers[0].ID.Label != "ana" {
		t.Errorf("after a change of one mapping: %+v", moved.acc.trainers)
	}
}
