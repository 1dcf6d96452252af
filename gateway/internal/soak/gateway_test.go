package soak

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace/noop"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// gateway is what is under test: the runner over a real store.
type gateway struct {
	dir     string
	now     func() time.Time
	store   *sqlite.Store
	account *disturbed
	ids     int
}

func newGateway(t testing.TB, account sdk.Account, now func() time.Time) *gateway {
	// The folder outlives the history's own t, which rapid gives no TempDir.
	dir, err := os.MkdirTemp(t.TempDir(), "state")
	if err != nil {
		t.Fatal(err)
	}
	return &gateway{dir: dir, now: now, account: &disturbed{Account: account, disturbance: &disturbance{}, calls: map[string]int{}}}
}

func (g *gateway) path() string { return filepath.Join(g.dir, "gateway.db") }

// open opens the state, as a process does that starts.
func (g *gateway) open() error {
	var err error
	g.store, err = sqlite.Open(context.Background(), g.path())
	return err
}

func (g *gateway) close() error {
	if g.store == nil {
		return nil
	}
	return g.store.Close()
}

// lose throws the state away, with everything that belongs to it.
func (g *gateway) lose() error {
	if err := g.close(); err != nil {
		return err
	}
	if err := os.RemoveAll(g.dir); err != nil {
		return err
	}
	if err := os.Mkdir(g.dir, 0o700); err != nil {
		return err
	}
	return g.open()
}

// Account implements runner.Accounts.
func (g *gateway) Account(context.Context, string) (runner.Account, error) {
	return runner.Account{Account: g.account, Identity: "the one account"}, nil
}

func (g *gateway) newID() string {
	g.ids++
	return fmt.Sprintf("id%06d", g.ids)
}

// runner makes a runner over the state, which fails where the disturbance says.
func (g *gateway) runner() *runner.Runner {
	return &runner.Runner{
		Memory: &disturbedStore{Store: g.store, d: g.account}, Accounts: g, Installation: "here",
		Past: past, Future: future, Guard: guard, Now: g.now, NewID: g.newID, Tracer: noop.NewTracerProvider().Tracer(""),
	}
}

func job(m *model) runner.Job {
	batch := runner.Batch{Account: "northwind/calendars"}
	for _, t := range m.trainers {
		batch.Targets = append(batch.Targets, targetOf(t))
	}
	return runner.Job{Cause: "soak", Batches: []runner.Batch{batch}}
}

var blocking = []calendar.ShowAs{calendar.ShowAsTentative, calendar.ShowAsBusy, calendar.ShowAsOutOfOffice, calendar.ShowAsUnknown}

var london = func() *time.Location {
	zone, err := time.LoadLocation(home)
	if err != nil {
		panic(err)
	}
	return zone
}()

// tell gives the gateway the whole schedule, as the platform has it.
func (g *gateway) tell(m *model) error {
	i := platform.Import{CoursesOf: []string{"northwind"}, UnavailabilityOf: []string{"northwind"}}
	for _, c := range m.courses {
		i.Courses = append(i.Courses, platformCourse(c))
	}
	for _, b := range m.blocks {
		i.Unavailability = append(i.Unavailability, platform.Unavailability{
			ID: b.id, Trainer: platform.TrainerID{Provider: "northwind", Label: b.trainer}, Description: b.text,
			When: when(b.start, b.hours), Origin: platform.OriginPlatform,
		})
	}
	_, err := g.store.Import(context.Background(), store.Batch{Import: i, Replace: true})
	return err
}

func platformCourse(c course) platform.Course {
	p := platform.Course{
		Provider: "northwind", ID: c.id, Name: c.name, Kind: platform.KindClass, Status: platform.StatusConfirmed,
		Start: c.start, End: c.start.Add(time.Duration(c.hours) * time.Hour), TimeZone: home, Trainers: []platform.CourseTrainer{},
		Sessions: sessionsOf(c), Cost: c.cost,
	}
	if c.cancelled {
		p.Status = platform.StatusCancelled
	}
	for _, label := range []string{"ana", "ben"} {
		if c.trainers[label] {
			p.Trainers = append(p.Trainers, platform.CourseTrainer{ID: label})
		}
	}
	return p
}

// mirrors are what the platform shows of the trainer's calendar.
func (g *gateway) mirrors(label string) ([]shown, error) {
	memory, err := g.store.Trainer(context.Background(), platform.TrainerID{Provider: "northwind", Label: label})
	if err != nil {
		return nil, err
	}
	var all []shown
	for _, m := range memory.Mirrors {
		start, end := m.When.Span(london)
		all = append(all, shown{Text: strings.TrimSpace(m.Description), Start: start.UTC(), End: end.UTC()})
	}
	return all, nil
}

// remembers reports whether the state's files hold the text.
func (g *gateway) remembers(text string) (bool, error) {
	files, err := os.ReadDir(g.dir)
	if err != nil {
		return false, err
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(g.dir, f.Name()))
		if err != nil {
			return false, err
		}
		if strings.Contains(string(data), text) {
			return true, nil
		}
	}
	return false, nil
}
