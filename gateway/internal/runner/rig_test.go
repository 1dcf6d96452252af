package runner

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/sdktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	noon   = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	always = calendar.Window{Start: noon.AddDate(-10, 0, 0), End: noon.AddDate(10, 0, 0)}
)

// rig is a gateway's run on calendars in memory and a real store.
type rig struct {
	t        testing.TB
	calendar *sdktest.Memory
	account  *account
	store    *sqlite.Store
	runner   *Runner
	targets  []Target
	// refused, when set, is what opening the account answers.
	refused error
	// identity, when set, is that of the account.
	identity string
	ids      int
	mu       sync.Mutex
}

func newRig(t testing.TB, trainers ...string) *rig {
	t.Helper()
	r := &rig{t: t, calendar: sdktest.NewMemory()}
	opened, err := r.calendar.Open(context.Background(), sdk.OpenRequest{Settings: json.RawMessage(`{"password": "right"}`)})
	must(t, err)
	r.account = &account{Account: opened, calls: map[string]int{}}
	r.store, err = sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "gateway.db"))
	must(t, err)
	t.Cleanup(func() { must(t, r.store.Close()) })
	r.runner = &Runner{
		Memory: r.store, Accounts: r, Installation: "here", Past: 7 * 24 * time.Hour, Future: 365 * 24 * time.Hour,
		Now: func() time.Time { return noon }, NewID: r.newID, Tracer: noop.NewTracerProvider().Tracer(""),
	}
	for _, label := range trainers {
		r.addTrainer(label)
	}
	return r
}

// Account implements Accounts.
func (r *rig) Account(context.Context, string) (Account, error) {
	return Account{Account: r.account, Identity: cmp.Or(r.identity, "memory")}, r.refused
}

func (r *rig) newID() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids++
	return fmt.Sprintf("id%04d", r.ids)
}

func (r *rig) addTrainer(label string) {
	r.targets = append(r.targets, Target{
		ID: platform.TrainerID{Provider: "northwind", Label: label}, Mailbox: r.calendar.AddMailbox("Europe/London"), Zone: time.UTC,
		Push: true, Pull: true, Detail: sdk.DetailFull,
		ShowAs: []calendar.ShowAs{calendar.ShowAsTentative, calendar.ShowAsBusy, calendar.ShowAsOutOfOffice, calendar.ShowAsUnknown},
	})
}

func (r *rig) target(label string) *Target {
	return &r.targets[slices.IndexFunc(r.targets, func(t Target) bool { return t.ID.Label == label })]
}

func (r *rig) job() Job {
	return Job{Cause: "test", Batches: []Batch{{Account: "northwind/memory", Targets: r.targets}}}
}

func (r *rig) run() store.Run {
	r.t.Helper()
	run, err := r.runner.Run(context.Background(), r.job())
	must(r.t, err)
	return run
}

// synced runs and wants nothing to fail.
func (r *rig) synced() store.Run {
	r.t.Helper()
	run := r.run()
	if run.State != store.RunOK {
		r.t.Fatalf("the run is %s: %s", run.State, failures(run))
	}
	return run
}

func failures(run store.Run) string {
	var all []string
	for _, t := range run.Trainers {
		if t.Failing != nil {
			all = append(all, fmt.Sprintf("%s: %+v", t.Trainer, *t.Failing))
		}
	}
	return strings.Join(all, "; ")
}

// course schedules a course of the trainers, n days from noon.
func (r *rig) course(id string, n int, labels ...string) platform.Course {
	r.t.Helper()
	c := platform.Course{
		Provider: "northwind", ID: id, Name: "Course " + id, Kind: platform.KindClass, Status: platform.StatusConfirmed,
		Start: noon.AddDate(0, 0, n), End: noon.AddDate(0, 0, n).Add(time.Hour), TimeZone: "Europe/London", Trainers: []platform.CourseTrainer{},
	}
	for _, l := range labels {
		c.Trainers = append(c.Trainers, platform.CourseTrainer{ID: l})
	}
	r.give(c)
	return c
}

func (r *rig) give(courses ...platform.Course) {
	r.t.Helper()
	_, err := r.store.Import(context.Background(), store.Batch{Import: platform.Import{Courses: courses}})
	must(r.t, err)
}

// native puts an appointment of the trainer's own into the calendar.
func (r *rig) native(label, subject string, n int) string {
	start := noon.AddDate(0, 0, n).Add(2 * time.Hour)
	return r.calendar.Put(r.target(label).Mailbox.Address, "", sdktest.Entry{
		Subject: subject, When: calendar.When{Start: start, End: start.Add(time.Hour), TimeZone: "Europe/London"},
		ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
	})
}

// items are the trainer's calendar as it is.
func (r *rig) items(label string) []calendar.Item {
	r.t.Helper()
	var all []calendar.Item
	req := sdk.ReadRequest{Mailbox: r.target(label).Mailbox, Window: always, Detail: sdk.DetailFull, Scope: sdk.ScopeAll}
	must(r.t, r.account.Account.Read(context.Background(), []sdk.ReadRequest{req}, func(p sdk.ReadPage) error {
		for _, c := range p.Changes {
			if c.Upsert != nil {
				all = append(all, *c.Upsert)
			}
		}
		return nil
	}))
	return all
}

// own are the subjects of the gateway's items in the calendar, by key.
func (r *rig) own(label string) map[string][]string {
	r.t.Helper()
	own := map[string][]string{}
	for _, i := range r.items(label) {
		if i.Marker != nil {
			own[i.Marker.Key] = append(own[i.Marker.Key], i.Subject)
		}
	}
	return own
}

func (r *rig) memory(label string) store.Trainer {
	r.t.Helper()
	m, err := r.store.Trainer(context.Background(), r.target(label).ID)
	must(r.t, err)
	return m
}

// pulled are the descriptions of the trainer's pulled unavailability.
func (r *rig) pulled(label string) []string {
	r.t.Helper()
	var all []string
	for _, m := range r.memory(label).Mirrors {
		all = append(all, m.Description)
	}
	slices.Sort(all)
	return all
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func outcome(t testing.TB, run store.Run, label string) store.RunTrainer {
	t.Helper()
	for _, out := range run.Trainers {
		if out.Trainer.Label == label {
			return out
		}
	}
	t.Fatalf("the run has no outcome of %s", label)
	return store.RunTrainer{}
}

// account is an account with faults. The hooks may be nil; what they return ends the
// call as a whole.
type account struct {
	sdk.Account
	// bare: reads do not return markers, as Graph's delta does not.
	bare bool
	// before runs before a call; onRead and onWrite may change an answer.
	before  func(ctx context.Context, call string) error
	onRead  func(*sdk.ReadPage) error
	onWrite func(*sdk.WriteResult) error

	mu    sync.Mutex
	calls map[string]int
}

func (a *account) begin(ctx context.Context, call string) error {
	a.mu.Lock()
	a.calls[call]++
	a.mu.Unlock()
	if a.before == nil {
		return nil
	}
	return a.before(ctx, call)
}

func (a *account) counted() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.calls)
}

func (a *account) Read(ctx context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
	if err := a.begin(ctx, "Read"); err != nil {
		return err
	}
	return a.Account.Read(ctx, reqs, func(p sdk.ReadPage) error {
		for _, c := range p.Changes {
			if a.bare && c.Upsert != nil {
				c.Upsert.Marker = nil
			}
		}
		if a.onRead != nil {
			if err := a.onRead(&p); err != nil {
				return err
			}
		}
		return emit(p)
	})
}

func (a *account) Write(ctx context.Context, reqs []sdk.WriteRequest, emit func(sdk.WriteResult) error) error {
	if err := a.begin(ctx, "Write"); err != nil {
		return err
	}
	return a.Account.Write(ctx, reqs, func(res sdk.WriteResult) error {
		if a.onWrite != nil {
			if err := a.onWrite(&res); err != nil {
				return err
			}
		}
		return emit(res)
	})
}

func (a *account) Find(ctx context.Context, reqs []sdk.FindRequest, emit func(sdk.FindPage) error) error {
	if err := a.begin(ctx, "Find"); err != nil {
		return err
	}
	return a.Account.Find(ctx, reqs, emit)
}

func (a *account) Get(ctx context.Context, reqs []sdk.GetRequest, emit func(sdk.GetPage) error) error {
	if err := a.begin(ctx, "Get"); err != nil {
		return err
	}
	return a.Account.Get(ctx, reqs, emit)
}

// faultyMemory is a store whose Intend and Commit may fail.
type faultyMemory struct {
	Memory
	intend, commit func() error
}

func (m *faultyMemory) Intend(ctx context.Context, id platform.TrainerID, links []reconcile.Link) error {
	if m.intend != nil {
		if err := m.intend(); err != nil {
			return err
		}
	}
	return m.Memory.Intend(ctx, id, links)
}

func (m *faultyMemory) Commit(ctx context.Context, result store.Result) error {
	if m.commit != nil {
		if err := m.commit(); err != nil {
			return err
		}
	}
	return m.Memory.Commit(ctx, result)
}
