package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// ItemKind says what an explained item is.
type ItemKind string

// The kinds of an [Explained].
const (
	// KindCourse is a course of the platform.
	KindCourse ItemKind = "course"
	// KindUnavailability is an unavailability made on the platform.
	KindUnavailability ItemKind = "unavailability"
	// KindWritten is something of ours in the calendar that the platform no longer knows.
	KindWritten ItemKind = "written"
	// KindOwn is an appointment of the trainer's own.
	KindOwn ItemKind = "own"
)

// Explanation is what is known of the items that somebody asked about.
type Explanation struct {
	Trainer config.Trainer
	Status  TrainerStatus
	// Account is nil when the trainer has none.
	Account *AccountStatus
	// Engine says whether runs start by themselves for the trainer.
	Engine bool
	// Looked: the calendar was read just now. Err says why it could not be.
	Looked bool
	Err    *sdk.Error
	Items  []Explained
}

// Explained is one item. It holds no text of a trainer's own appointment.
type Explained struct {
	Kind ItemKind
	// ID is the platform's id, or the stable id that an own appointment has as
	// unavailability, or would have if it were pulled.
	ID string
	// Label is the course's, or the description of a platform unavailability.
	Label      string
	Start, End time.Time
	Course     *store.CourseRecord
	// Assigned: the course names the trainer.
	Assigned bool
	// Links are what is remembered of our appointments for it, Steps what runs did.
	Links []reconcile.Link
	Steps []store.ItemStep
	// Mirror is what the platform shows of an own appointment, without its text.
	Mirror *reconcile.Mirror
	// Seen: the calendar holds it now.
	Seen bool
	// Planned is what a run would do; Reasons are why it would leave it alone, and what
	// else is to be told of it.
	Planned   []store.RunStep
	Reasons   []reconcile.Reason
	Owed      []store.Owed
	Conflicts []store.Conflict

	// keys tells the keys of our appointments for it, names are those under which runs
	// tell of it.
	keys   func(string) bool
	names  []string
	itemID calendar.ItemID
}

// ErrNoItem: nothing matches.
var ErrNoItem = errors.New("nothing is known of such an item")

// Explain finds the items of a trainer that the words mean, in both directions, and what
// is known of each: a course or an unavailability by its id or part of its name; an
// appointment of the trainer's own by its stable id, its day (2026-11-24) or part of its
// subject. It reads the calendar if that can be done, and changes nothing.
func (a *App) Explain(ctx context.Context, name, item string) (Explanation, error) {
	t, p, err := a.trainerNamed(name)
	if err != nil {
		return Explanation{}, err
	}
	state, err := a.read(ctx)
	if err != nil {
		return Explanation{}, err
	}
	x := explainer{app: a, state: state, provider: p, query: strings.ToLower(strings.TrimSpace(item))}
	x.Trainer, x.Engine = t, a.Config().Sync.Engine && p.Engine
	if err := x.load(ctx); err != nil {
		return x.Explanation, err
	}
	x.look(ctx)
	if err := x.find(ctx); err != nil {
		return x.Explanation, err
	}
	if len(x.Items) == 0 {
		return x.Explanation, fmt.Errorf("%w: name a course or an unavailability by its id or part of its name, or an appointment of %s's own "+
			"by its id, its day (2026-11-24) or part of its subject", ErrNoItem, t.ID)
	}
	return x.Explanation, nil
}

// trainerNamed is the trainer, active or not, that a label or "provider/label" means.
func (a *App) trainerNamed(name string) (config.Trainer, config.Provider, error) {
	if err := (Filter{Trainers: []string{name}}).check(a.Config()); err != nil {
		return config.Trainer{}, config.Provider{}, err
	}
	for _, p := range a.Config().Providers {
		for _, t := range p.Trainers {
			if name == t.ID.Label || name == t.ID.String() {
				return t, p, nil
			}
		}
	}
	return config.Trainer{}, config.Provider{}, fmt.Errorf("no trainer %q in the configuration", name)
}

type explainer struct {
	Explanation
	app      *App
	state    store.Store
	provider config.Provider
	query    string
	memory   store.Trainer
	plan     runner.TrainerPlan
	seen     map[calendar.ItemID]calendar.Item
}

func (x *explainer) load(ctx context.Context) error {
	var err error
	if x.memory, err = x.state.Trainer(ctx, x.Trainer.ID); err != nil {
		return fmt.Errorf("read what is known of %s: %w", x.Trainer.ID, err)
	}
	pauses, err := x.state.Pauses(ctx)
	if err != nil {
		return fmt.Errorf("read what is paused: %w", err)
	}
	x.Status = x.app.statusOf(x.Trainer, x.memory, pauseOf(pauses, x.Trainer))
	accounts, err := x.app.Accounts(ctx)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(accounts, func(s AccountStatus) bool { return s.Name == x.Trainer.ID.Provider+"/"+x.Trainer.Service }); i >= 0 {
		x.Account = &accounts[i]
	}
	return nil
}

// look reads the calendar, where somebody may.
func (x *explainer) look(ctx context.Context) {
	if !x.Trainer.Active() || x.Status.Paused != nil {
		return
	}
	job := jobOf(x.app.Config(), "", []config.Trainer{x.Trainer})
	job.Kind, job.Impatient = runner.Look, true
	plans, err := x.app.planJob(ctx, x.state, job)
	switch {
	case err != nil:
		x.Err = sdk.CodeInternal.Wrap(err, "the calendar could not be read: %v", err)
	case len(plans) == 1 && plans[0].Err != nil:
		x.Err = plans[0].Err
	case len(plans) == 1:
		x.plan, x.Looked, x.seen = plans[0], true, itemsOf(plans[0].Read)
	}
}

// itemsOf are the items that a full read showed.
func itemsOf(read reconcile.Read) map[calendar.ItemID]calendar.Item {
	seen := map[calendar.ItemID]calendar.Item{}
	for _, item := range read.Found {
		seen[item.ID] = item
	}
	for _, c := range read.Changes {
		if c.Upsert != nil {
			seen[c.Upsert.ID] = *c.Upsert
		}
		if c.ReplaceSeries != nil {
			for _, item := range c.ReplaceSeries.Items {
				seen[item.ID] = item
			}
		}
	}
	for id, item := range read.Got {
		if item != nil {
			seen[id] = *item
		}
	}
	return seen
}
