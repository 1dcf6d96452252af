package exchangerun

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
	"github.com/trainercal/trainercal/plugins/exchangeonline"
	"github.com/trainercal/trainercal/plugins/exchangeonprem"
	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	home     = "Europe/London"
	provider = "northwind"
	// mailboxSlots is how many requests the plugin may have in flight on one mailbox.
	mailboxSlots = 3
)

// noon is when every test begins.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// clock is the time of a rig.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// rig is a gateway over a simulated Exchange Online.
type rig struct {
	t testing.TB
	*clock
	sim     *exchangesim.Server
	dir     string
	store   *sqlite.Store
	account sdk.Account
	// identity is the account's: which calendars it reaches.
	identity string
	runner   *runner.Runner
	targets  []runner.Target
	ids      int
}

// newRig starts a gateway with these trainers. At the test's end every message must be
// valid, nobody may have got mail, and no mailbox too many requests at once.
func newRig(t testing.TB, opts exchangesim.Options, trainers ...string) *rig {
	t.Helper()
	r := &rig{t: t, clock: &clock{t: noon}, dir: t.TempDir(), identity: "northwind's tenant"}
	opts.Now = r.now
	r.sim = simtest.Start(t, simtest.Config{Options: opts, MaxInFlight: mailboxSlots})
	t.Cleanup(r.stop)
	r.start()
	for _, label := range trainers {
		r.trainer(label)
	}
	return r
}

// start begins a process: with the state and the plugin as they are after a start.
func (r *rig) start() {
	r.t.Helper()
	var err error
	r.store, err = sqlite.Open(context.Background(), filepath.Join(r.dir, "gateway.db"))
	must(r.t, err)
	r.open()
	r.runner = &runner.Runner{
		Memory: r.store, Accounts: r, Installation: "here", Past: 7 * 24 * time.Hour, Future: 365 * 24 * time.Hour,
		Now: r.now, NewID: r.newID, Tracer: noop.NewTracerProvider().Tracer(""),
	}
}

// open opens the account, as a new plugin process does.
func (r *rig) open() {
	r.t.Helper()
	o := r.sim.Options()
	settings, err := json.Marshal(map[string]any{
		"tenant_id": o.TenantID, "client_id": o.ClientID, "client_secret": o.ClientSecret,
		"cloud": "global", "api": "graph", "graph_url": r.sim.GraphURL(), "login_url": r.sim.LoginURL(),
	})
	must(r.t, err)
	r.account, err = exchangeonline.New().Open(context.Background(), sdk.OpenRequest{
		Name: provider + "/exchange-online", MasterAccount: "calendar@northwind.example", Settings: settings,
	})
	must(r.t, err)
}

// restartPlugin lets another plugin process take over.
func (r *rig) restartPlugin() {
	r.t.Helper()
	must(r.t, r.account.Close())
	r.open()
}

// onPremises opens an account of the service on premises, and makes it the rig's
// identity.
func (r *rig) onPremises() sdk.Account {
	r.t.Helper()
	o := r.sim.Options()
	settings, err := json.Marshal(map[string]any{
		"url": r.sim.EWSURL(), "username": o.EWSUser, "password": o.EWSPassword, "auth": "basic", "access": "full", "autodiscover": false,
	})
	must(r.t, err)
	account, err := exchangeonprem.New().Open(context.Background(), sdk.OpenRequest{
		Name: provider + "/exchange-onprem", MasterAccount: "svc@northwind.example", Settings: settings,
	})
	must(r.t, err)
	r.identity = "northwind's server"
	return account
}

// stop ends the process.
func (r *rig) stop() {
	must(r.t, r.account.Close())
	must(r.t, r.store.Close())
}

// lose loses the state, as a lost disk does.
func (r *rig) lose() {
	r.t.Helper()
	r.stop()
	r.dir = r.t.TempDir()
	r.start()
}

// remembers reports whether the state's files hold a text.
func (r *rig) remembers(text string) bool {
	r.t.Helper()
	files, err := os.ReadDir(r.dir)
	must(r.t, err)
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(r.dir, f.Name()))
		must(r.t, err)
		if strings.Contains(string(data), text) {
			return true
		}
	}
	return false
}

func (r *rig) fault(f exchangesim.Fault) {
	r.t.Helper()
	_, err := r.sim.AddFault(f)
	must(r.t, err)
}

// counts are how often each kind of Graph request was made, in batches or alone.
func (r *rig) counts() map[string]int {
	all := map[string]int{}
	for _, c := range r.sim.Counts() {
		if c.Protocol == "graph" {
			all[c.Kind] += c.Requests + c.Batched
		}
	}
	return all
}

func (r *rig) asked(kind string) int { return r.counts()[kind] }

// Account implements runner.Accounts.
func (r *rig) Account(context.Context, string) (runner.Account, error) {
	return runner.Account{Account: r.account, Identity: r.identity}, nil
}

func (r *rig) newID() string {
	r.ids++
	return fmt.Sprintf("id%06d", r.ids)
}

// trainer adds a trainer with a mailbox.
func (r *rig) trainer(label string) {
	r.t.Helper()
	address := label + "@northwind.example"
	_, err := r.sim.World().AddMailbox(world.Profile{SMTP: address, Name: label, Zone: home})
	must(r.t, err)
	zone, err := time.LoadLocation(home)
	must(r.t, err)
	r.targets = append(r.targets, runner.Target{
		ID:      platform.TrainerID{Provider: provider, Label: label},
		Mailbox: sdk.Mailbox{Address: address, TimeZone: home}, Zone: zone,
		Push: true, Pull: true, Detail: sdk.DetailFull, Render: platform.RenderOptions{CancelledShowAs: calendar.ShowAsFree},
		ShowAs: []calendar.ShowAs{calendar.ShowAsTentative, calendar.ShowAsBusy, calendar.ShowAsOutOfOffice, calendar.ShowAsUnknown},
	})
}

func (r *rig) target(label string) *runner.Target {
	return &r.targets[slices.IndexFunc(r.targets, func(t runner.Target) bool { return t.ID.Label == label })]
}

func (r *rig) box(label string) *world.Mailbox {
	r.t.Helper()
	box, err := r.sim.World().Mailbox(r.target(label).Mailbox.Address)
	must(r.t, err)
	return box
}

// run does one run over all trainers.
func (r *rig) run() store.Run {
	r.t.Helper()
	run, err := r.runner.Run(context.Background(), runner.Job{Cause: "test", Batches: []runner.Batch{
		{Account: provider + "/exchange-online", Targets: r.targets},
	}})
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

// quiet wants one more run to write nothing, on either side (P1).
func (r *rig) quiet() {
	r.t.Helper()
	for _, t := range r.synced().Trainers {
		if t.Counts != (store.Counts{}) {
			r.t.Errorf("%s: a run without a change did %+v", t.Trainer, t.Counts)
		}
	}
}

// give tells the gateway the whole schedule.
func (r *rig) give(courses ...platform.Course) {
	r.t.Helper()
	_, err := r.store.Import(context.Background(), store.Batch{Replace: true, Import: platform.Import{
		CoursesOf: []string{provider}, UnavailabilityOf: []string{provider}, Courses: courses,
	}})
	must(r.t, err)
}

// course is one of the trainers', n days from the test's begin.
func course(id string, n int, labels ...string) platform.Course {
	c := platform.Course{
		Provider: provider, ID: id, Name: "Course " + id, Kind: platform.KindClass, Status: platform.StatusConfirmed,
		Start: noon.AddDate(0, 0, n), End: noon.AddDate(0, 0, n).Add(3 * time.Hour), TimeZone: "Europe/Berlin",
		Trainers: []platform.CourseTrainer{}, Venue: &platform.Venue{Name: "Forge", Address: "1 Smith Street, Leeds"},
	}
	for _, l := range labels {
		c.Trainers = append(c.Trainers, platform.CourseTrainer{ID: l})
	}
	return c
}

// native is an appointment as a trainer makes it, n days from the test's begin.
func native(subject string, n int) world.Appointment {
	start := noon.AddDate(0, 0, n).Add(-3 * time.Hour)
	return world.Appointment{
		Subject: subject, Body: world.Body{Content: "Notes on " + subject},
		Start: start, End: start.Add(time.Hour), ShowAs: world.Busy, Sensitivity: world.Normal,
	}
}

// weekly is a series of so many hours, the first n days from the test's begin.
func weekly(subject string, n, count int) world.Appointment {
	a := native(subject, n)
	a.Recurrence = &world.Recurrence{
		Pattern: world.Pattern{Kind: world.Weekly, Interval: 1, Days: []time.Weekday{a.Start.Weekday()}, FirstDayOfWeek: time.Monday},
		Range:   world.Range{Count: count},
	}
	return a
}

// put adds a trainer's own appointment.
func (r *rig) put(label string, a world.Appointment) world.Item {
	r.t.Helper()
	item, err := r.box(label).Create(a, world.SendNone)
	must(r.t, err)
	return item
}

// change changes an item as its owner does.
func (r *rig) change(label string, ref world.Ref, change func(*world.Appointment)) {
	r.t.Helper()
	_, err := r.box(label).Update(ref, world.Write{}, func(a *world.Appointment) error {
		change(a)
		return nil
	})
	must(r.t, err)
}

func (r *rig) remove(label string, ref world.Ref) {
	r.t.Helper()
	must(r.t, r.box(label).Delete(ref, world.ToDeletedItems, world.Write{}))
}

// memory is what the gateway remembers of a trainer.
func (r *rig) memory(label string) store.Trainer {
	r.t.Helper()
	m, err := r.store.Trainer(context.Background(), r.target(label).ID)
	must(r.t, err)
	return m
}

// shown is an entry of a calendar, or of the platform's list, as it is compared: by key,
// content and owner.
type shown struct {
	Key, Subject, Body, Location string
	Start, End                   time.Time
	ShowAs, Sensitivity, Series  string
}

// calendar is what the trainer's calendar holds, singles and masters; ours with their
// keys.
func (r *rig) calendar(label string) []shown {
	r.t.Helper()
	var all []shown
	for _, i := range r.box(label).Items(world.Calendar) {
		s := shown{
			Key: markerKey(r.t, i), Subject: i.Subject, Body: i.Body.AsText(), Location: i.Location, Start: i.Start.UTC(), End: i.End.UTC(),
			ShowAs: string(i.ShowAs), Sensitivity: string(i.Sensitivity),
		}
		if i.Recurrence != nil {
			s.Series = fmt.Sprint(i.Recurrence.Range.Count, i.Exceptions, i.Deleted)
		}
		all = append(all, s)
	}
	return sorted(all)
}

// ours are the items of ours in the trainer's calendar, as subjects.
func (r *rig) ours(label string) []string {
	var all []string
	for _, s := range r.calendar(label) {
		if s.Key != "" {
			all = append(all, s.Subject)
		}
	}
	return all
}

// one wants one item of ours in the trainer's calendar, and nothing of it pulled.
func (r *rig) one(label, subject string) {
	r.t.Helper()
	if diff := gocmp.Diff([]string{subject}, r.ours(label)); diff != "" {
		r.t.Errorf("%s's items of ours: %s", label, diff)
	}
	for _, s := range r.pulled(label) {
		if strings.Contains(s.Body, subject) {
			r.t.Errorf("%s: our own item was pulled: %+v", label, s)
		}
	}
}

// marked are the items of a trainer's calendar that carry our marker.
func (r *rig) marked(label string) []world.Item {
	r.t.Helper()
	return slices.DeleteFunc(r.box(label).Items(world.Calendar), func(i world.Item) bool { return markerKey(r.t, i) == "" })
}

// our finds the one item of ours in the trainer's calendar.
func (r *rig) our(label string) world.Item {
	r.t.Helper()
	items := r.marked(label)
	if len(items) != 1 {
		r.t.Fatalf("%s has %d items of ours, want one", label, len(items))
	}
	return items[0]
}

// pulled is what the platform is told of the trainer's own appointments.
func (r *rig) pulled(label string) []shown {
	r.t.Helper()
	var all []shown
	for _, m := range r.memory(label).Mirrors {
		start, end := m.When.Span(r.target(label).Zone)
		all = append(all, shown{Body: m.Description, Start: start.UTC(), End: end.UTC()})
	}
	return sorted(all)
}

// descriptions are those of what is pulled, in order of time.
func (r *rig) descriptions(label string) []string {
	var all []string
	for _, s := range r.pulled(label) {
		all = append(all, s.Body)
	}
	return all
}

// mirrorIDs are the platform's ids of what is pulled.
func (r *rig) mirrorIDs(label string) []string {
	r.t.Helper()
	var all []string
	for _, m := range r.memory(label).Mirrors {
		all = append(all, m.ID)
	}
	slices.Sort(all)
	return all
}

// busy are the times of what is pulled, as "11-27T09:00".
func (r *rig) busy(label string) []string {
	var all []string
	for _, s := range r.pulled(label) {
		all = append(all, s.Start.Format("01-02T15:04"))
	}
	return all
}

func sorted(all []shown) []shown {
	slices.SortFunc(all, func(a, b shown) int {
		return cmp.Or(a.Start.Compare(b.Start), a.End.Compare(b.End),
			strings.Compare(a.Key, b.Key), strings.Compare(a.Subject, b.Subject), strings.Compare(a.Body, b.Body))
	})
	return all
}

// markerKey is the key of the marker that an item carries; empty for none.
func markerKey(t testing.TB, i world.Item) string {
	t.Helper()
	for p, value := range i.Properties {
		if p.Name != "TrainerCalendarMarker" {
			continue
		}
		m, err := calendar.ParseMarker(value)
		must(t, err)
		return m.Key
	}
	return ""
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
