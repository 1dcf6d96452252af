package cli

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
	"github.com/trainercal/trainercal/plugins/exchangesim"
)

// drainRig is a gateway serve whose calendars answer slowly, in the middle of a run.
type drainRig struct {
	*liveRig
	serve *exec.Cmd
	log   *strings.Builder
	env   []string
	open  *sqlite.Store
}

// newDrainRig returns when a run is under way, which ends when release is called, and not
// before.
func newDrainRig(t *testing.T) (r *drainRig, release func()) {
	t.Helper()
	var holding atomic.Bool
	var holds atomic.Int32
	held := make(chan struct{})
	release = sync.OnceFunc(func() { close(held) })
	sim, env, err := newSim(func(x exchangesim.Exchange) {
		if holding.Load() && x.Protocol == "graph" {
			holds.Add(1)
			<-held // carried out, and not answered yet
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { release(); _ = sim.Close() })
	r = &drainRig{liveRig: &liveRig{t: t, sim: sim, dir: t.TempDir()}, env: append(env, "PATH="+programs, "TOKEN="+apiToken), log: &strings.Builder{}}
	r.configure()
	r.edit(`"read"]`, `"read", "operate"]`)
	r.start()
	r.until("every calendar is proven", r.proven)
	holding.Store(true)
	r.put("1", "Welding")
	r.until("its run is under way", func() bool {
		run := r.run()
		return holds.Load() > 0 && run.State == store.RunRunning && run.Cause == store.CauseChange
	})
	return r, release
}

// start starts a gateway serve and returns when it takes requests.
func (r *drainRig) start() {
	r.t.Helper()
	r.serve = exec.Command(filepath.Join(programs, "gateway"), "serve")
	r.serve.Dir, r.serve.Env, r.serve.Stderr = r.dir, r.env, r.log
	if err := r.serve.Start(); err != nil {
		r.t.Fatal(err)
	}
	process := r.serve.Process
	r.t.Cleanup(func() { _ = process.Kill() }) // it has ended, if all went well
	r.until("the API is ready", func() bool { return r.readyz() == http.StatusOK })
}

// edit replaces a text of the configuration, which must be there.
func (r *drainRig) edit(old, by string) {
	r.t.Helper()
	name := filepath.Join(r.dir, "gateway.hcl")
	text, err := os.ReadFile(name)
	if err != nil {
		r.t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		r.t.Fatalf("the configuration lacks %q", old)
	}
	if err := os.WriteFile(name, []byte(strings.ReplaceAll(string(text), old, by)), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// readyz is the status with which it answers; 0 when nobody does.
func (r *drainRig) readyz() int {
	answer, err := http.Get(r.url + "/readyz")
	if err != nil {
		return 0
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// state is what is remembered, read while the gateway goes on.
func (r *drainRig) state() *sqlite.Store {
	r.t.Helper()
	if r.open != nil {
		return r.open
	}
	state, err := sqlite.OpenReadOnly(r.t.Context(), filepath.Join(r.dir, "gateway.db"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = state.Close() })
	r.open = state
	return state
}

// proven reports whether all four calendars are, and nothing else is under way.
func (r *drainRig) proven() bool {
	standings, err := r.state().Standings(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	n := 0
	for _, s := range standings {
		if !s.Proven.IsZero() {
			n++
		}
	}
	runs, err := r.state().Runs(r.t.Context(), 50)
	if err != nil {
		r.t.Fatal(err)
	}
	over := !slices.ContainsFunc(runs, func(run store.Run) bool { return run.State != store.RunOK })
	return n == len(mailboxes) && over && r.due() == 0
}

// due is how many trainers wait for a run.
func (r *drainRig) due() int {
	n, _, err := r.state().Waiting(r.t.Context(), time.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

// run is the newest run.
func (r *drainRig) run() store.Run {
	r.t.Helper()
	runs, err := r.state().Runs(r.t.Context(), 1)
	if err != nil {
		r.t.Fatal(err)
	}
	if len(runs) == 0 {
		return store.Run{}
	}
	return runs[0]
}

func (r *drainRig) signal(s syscall.Signal) {
	r.t.Helper()
	if err := r.serve.Process.Signal(s); err != nil {
		r.t.Fatal(err)
	}
}

// ended waits for the end of the process, which must be clean.
func (r *drainRig) ended() {
	r.t.Helper()
	if err := r.serve.Wait(); err != nil {
		r.t.Fatalf("gateway serve: %v\n%s", err, r.log)
	}
}

// On SIGTERM the gateway says first that it is not ready. The run under way ends as if
// nothing had happened and is recorded; what the platform writes meanwhile is kept, and is
// in the calendar after the next start; no run begins.
func TestDrain(t *testing.T) {
	t.Parallel()
	r, release := newDrainRig(t)
	under := r.run()
	r.signal(syscall.SIGTERM)
	r.until("it is not ready", func() bool { return r.readyz() == http.StatusServiceUnavailable })
	if got := r.run(); got.ID != under.ID || got.State != store.RunRunning {
		t.Errorf("while it drains the run %s is %s, want %s to go on", got.ID, got.State, under.ID)
	}
	if answer, err := http.Get(r.url + "/livez"); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("it is not alive while it drains: %v", err)
	} else {
		_ = answer.Body.Close()
	}
	r.put("2", "Brazing")
	if answer, text := askAPI(t.Context(), t, apiToken, http.MethodPost, r.url+"/v1/sync", `{}`); answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a run that is asked for while it drains: %s %s", answer.Status, text)
	}
	release()
	r.ended()
	if got := r.run(); got.ID != under.ID || got.State != store.RunOK || got.Finished.IsZero() {
		t.Errorf("the last run %s is %s, want %s to be done", got.ID, got.State, under.ID)
	}
	if !r.shows("Training: Welding") {
		t.Error("what the run was made for is not in the calendar")
	}
	r.start()
	r.until("what was written meanwhile is in the calendar", func() bool { return r.shows("Training: Brazing") })
	r.signal(syscall.SIGTERM)
	r.ended()
	if items := r.titles("Training: "); items != 2 {
		t.Errorf("%d items of ours, want 2", items)
	}
}

// titles counts ana's items with a title that begins so.
func (r *drainRig) titles(prefix string) (n int) {
	for _, i := range r.box("ana@northwind.example").Items("calendar") {
		if strings.HasPrefix(i.Subject, prefix) {
			n++
		}
	}
	return n
}

// A second SIGTERM ends what is under way: the server never answers here, so whoever waited
// for the run would wait for the test's end. The next start does the rest, once.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	r, release := newDrainRig(t)
	under := r.run()
	r.signal(syscall.SIGTERM)
	r.until("it is not ready", func() bool { return r.readyz() == http.StatusServiceUnavailable })
	r.signal(syscall.SIGTERM)
	r.ended()
	if got := r.run(); got.ID != under.ID || got.State == store.RunOK || got.State == store.RunRunning {
		t.Errorf("the last run %s is %s, want %s to be given up and recorded", got.ID, got.State, under.ID)
	}
	release()
	r.start()
	r.until("the course is in the calendar", func() bool { return r.shows("Training: Welding") })
	r.signal(syscall.SIGTERM)
	r.ended()
	if items := r.titles("Training: "); items != 1 {
		t.Errorf("%d items of ours, want 1", items)
	}
}
