package app

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newApp makes a gateway on the state in dir. Its plugins' programs do not exist, so
// that runs fail for every trainer, and are recorded.
func newApp(t *testing.T, dir, version string) *App {
	t.Helper()
	cfg := twoProviders()
	cfg.Installation = "test"
	cfg.State.Path = filepath.Join(dir, "gateway.db")
	cfg.Telemetry.KeepRuns = 24 * time.Hour
	for _, p := range cfg.Providers {
		cfg.Plugins = append(cfg.Plugins, config.Plugin{
			Service: p.Accounts[0].Service, Command: filepath.Join(dir, "no-such-program"),
		})
	}
	a := New(cfg, Options{Version: version, Log: hclog.NewNullLogger()})
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// served runs a serve on the state in dir, with the engine off, until stop is called.
func served(t *testing.T, dir string) (serving Serving, stop func()) {
	t.Helper()
	a := newApp(t, dir, "v1")
	a.Config().Sync.Engine = false
	drain, ready, over := make(chan struct{}), make(chan Serving, 1), make(chan error, 1)
	go func() { over <- a.Serve(context.Background(), drain, func(s Serving) { ready <- s }) }()
	select {
	case serving = <-ready:
	case err := <-over:
		t.Fatal(err)
	}
	return serving, func() {
		close(drain)
		if err := <-over; err != nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

func course(id string) platform.Course {
	start := time.Date(2030, 5, 6, 9, 0, 0, 0, time.UTC)
	return platform.Course{
		Provider: "northwind", ID: id, Name: "Go basics", Kind: platform.KindClass, Status: platform.StatusConfirmed,
		Start: start, End: start.Add(8 * time.Hour), TimeZone: "UTC",
		Trainers: []platform.CourseTrainer{{ID: "ana"}, {ID: "off"}, {ID: "nobody"}},
	}
}

// Work is done by the process that owns the state, and its result comes back the same
// (design: one process owns the state).
func TestWorkIsHandedToTheRunningServe(t *testing.T) {
	for _, where := range []string{"here", "handed"} {
		t.Run(where, func(t *testing.T) {
			dir := t.TempDir()
			if where == "handed" {
				_, stop := served(t, dir)
				defer stop()
			}
			a := newApp(t, dir, "v1")
			imported, err := a.Import(t.Context(), platform.Import{Courses: []platform.Course{course("1"), course("2")}}, false)
			if err != nil {
				t.Fatal(err)
			}
			want := Imported{
				ImportResult: store.ImportResult{Created: 2},
				Unmapped:     []platform.TrainerID{{Provider: "northwind", Label: "nobody"}, {Provider: "northwind", Label: "off"}},
			}
			if diff := cmp.Diff(want, imported); diff != "" {
				t.Errorf("import (-want +got):\n%s", diff)
			}
			begun, heard, handed := 0, 0, false
			run, err := a.Sync(t.Context(), Filter{Provider: "northwind"}, Watcher{
				Begun: func(n int) { begun = n }, Trainer: func(store.RunTrainer) { heard++ }, Handed: func() { handed = true },
			})
			if err != nil {
				t.Fatal(err)
			}
			if run.State != store.RunFailed || len(run.Trainers) != 2 || begun != 2 || heard != 2 || handed != (where == "handed") {
				t.Errorf("run %s with %d trainers, begun %d, heard of %d, handed: %v", run.State, len(run.Trainers), begun, heard, handed)
			}
			reader := newApp(t, dir, "v1")
			stored, err := reader.Run(t.Context(), "last")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(stored.ID, run.ID); diff != "" {
				t.Errorf("the last run is another (-stored +returned):\n%s", diff)
			}
			if spans, err := reader.Trace(t.Context(), stored); err != nil || len(spans) == 0 {
				t.Errorf("the run's trace: %d spans, error %v", len(spans), err)
			}
		})
	}
}

func TestServeSaysWhoItIs(t *testing.T) {
	dir := t.TempDir()
	if got := newApp(t, dir, "v1").Serving(t.Context()); got != nil {
		t.Errorf("nobody serves, got %+v", got)
	}
	serving, stop := served(t, dir)
	a := newApp(t, dir, "v1")
	got := a.Serving(t.Context())
	if got == nil || got.PID != os.Getpid() || got.Engine || !got.Since.Equal(serving.Since) {
		t.Errorf("got %+v", got)
	}
	stop()
	if got := a.Serving(t.Context()); got != nil {
		t.Errorf("after its end, got %+v", got)
	}
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	_, stop := served(t, dir)
	defer stop()
	second := newApp(t, dir, "v1")
	if err := second.Serve(t.Context(), nil, func(Serving) {}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("a second serve: %v", err)
	}
	if _, err := newApp(t, dir, "v2").Sync(t.Context(), Filter{}, Watcher{}); err == nil || !strings.Contains(err.Error(), "restart serve") {
		t.Errorf("another release: %v", err)
	}
	old := newApp(t, dir, "v1")
	old.Config().Providers[0].Trainers = append(old.Config().Providers[0].Trainers, config.Trainer{
		ID: platform.TrainerID{Provider: "northwind", Label: "new"}, Service: "exchange-online", Calendar: true,
		Direction: config.Both, TimeZone: time.UTC,
	})
	if _, err := old.Sync(t.Context(), Filter{Trainers: []string{"new"}}, Watcher{}); err == nil || !strings.Contains(err.Error(), "gateway reload") {
		t.Errorf("a trainer that the serve does not know: %v", err)
	}
}

// A command that cannot wait for the owner any longer says whom to wait for.
func TestOwnedByAnotherCommand(t *testing.T) {
	dir := t.TempDir()
	owner := newApp(t, dir, "v1")
	if _, err := owner.own(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := newApp(t, dir, "v1")
	late := 0
	a.opts.Now = func() time.Time { // a clock whose patience is over at the second look
		late++
		return time.Unix(0, 0).Add(time.Duration(late) * time.Hour)
	}
	if _, err := a.Import(t.Context(), platform.Import{}, false); !errors.Is(err, store.ErrLocked) {
		t.Errorf("got %v", err)
	}
}

// What reads makes no file.
func TestReadingWithoutState(t *testing.T) {
	dir := t.TempDir()
	a := newApp(t, dir, "v1")
	status, err := a.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(status) != 6 || status[0].Health != Unknown || status[2].Health != Off {
		t.Errorf("status %+v", status)
	}
	if _, err := a.Run(t.Context(), "last"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the last run: %v", err)
	}
	if _, err := a.Plan(t.Context(), Filter{}); err != nil {
		t.Errorf("plan: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("files %v, error %v", entries, err)
	}
}

func TestHealth(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	a := New(twoProviders(), Options{Now: func() time.Time { return now }})
	active, off := a.Config().Providers[0].Trainers[0], a.Config().Providers[0].Trainers[2]
	for name, test := range map[string]struct {
		trainer config.Trainer
		memory  store.Trainer
		want    Health
	}{
		"off":     {off, store.Trainer{Proven: now}, Off},
		"never":   {active, store.Trainer{}, Unknown},
		"proven":  {active, store.Trainer{Proven: now.Add(-staleAfter * 15 * time.Minute)}, InSync},
		"stale":   {active, store.Trainer{Proven: now.Add(-staleAfter*15*time.Minute - 1)}, Stale},
		"failing": {active, store.Trainer{Proven: now, Failing: &store.Failing{}}, Failing},
	} {
		if got := a.health(test.trainer, test.memory); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestPaths(t *testing.T) {
	for _, path := range []string{"/var/lib/gateway/gateway.db", "/" + strings.Repeat("long/", 40) + "gateway.db"} {
		p := pathsOf(path)
		if len(p.control()) > maxSocketPath {
			t.Errorf("the socket %s has a path of %d bytes", p.control(), len(p.control()))
		}
		if p != pathsOf(path) {
			t.Errorf("the paths of %s are not the same twice", path)
		}
	}
	if got := pathsOf("/a/gateway.db").history; got != "/a/gateway.traces.db" {
		t.Errorf("history %s", got)
	}
}

// A folder that others may enter does not get the control socket.
func TestRunDirOfOthers(t *testing.T) {
	p := paths{runDir: filepath.Join(t.TempDir(), "run")}
	if err := os.Mkdir(p.runDir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := p.makeRunDir(); err == nil {
		t.Error("it was accepted")
	}
}

// The log of a running serve is turned up and down, with that of all its parts; what is
// no level changes nothing.
func TestLogLevel(t *testing.T) {
	a := newApp(t, t.TempDir(), "v1")
	a.opts.Log = hclog.New(&hclog.LoggerOptions{Level: hclog.Info, Output: io.Discard})
	part := a.opts.Log.Named("plugin").Named("exchange-online")
	for _, step := range []struct {
		asked, level, before string
		fails                bool
	}{
		{"", "info", "info", false},
		{"trace", "trace", "info", false},
		{"loud", "", "", true},
		{"off", "", "", true},
		{"error", "error", "trace", false},
	} {
		got := a.answer(t.Context(), Serving{}, request{Version: "v1", Operation: opLogLevel, LogLevel: step.asked}, nil)
		if step.fails {
			if got.Error == "" || got.LogLevel != nil {
				t.Errorf("%q: %+v", step.asked, got)
			}
			continue
		}
		if diff := cmp.Diff(&LogLevel{step.level, step.before}, got.LogLevel); diff != "" || part.GetLevel().String() != step.level {
			t.Errorf("%q: a part logs from %s on: %s", step.asked, part.GetLevel(), diff)
		}
	}
}
