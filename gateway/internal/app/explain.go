package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
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
	// ID is the platform's id, or the stable id of a pulled appointment; empty for one
	// that was not pulled.
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

	keys   func(string) bool
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
	x.Trainer, x.Engine = t, a.cfg.Sync.Engine && p.Engine
	if err := x.load(ctx); err != nil {
		return x.Explanation, err
	}
	x.look(ctx)
	if err := x.find(ctx); err != nil {
		return x.Explanation, err
	}
	if len(x.Items) == 0 {
		return x.Explanation, fmt.Errorf("%w: name a course or an unavailability by its id or part of its name, or an appointment of %s's own "+
			"by its day (2026-11-24) or part of its subject", ErrNoItem, t.ID)
	}
	return x.Explanation, nil
}

// trainerNamed is the trainer, active or not, that a label or "provider/label" means.
func (a *App) trainerNamed(name string) (config.Trainer, config.Provider, error) {
	if err := (Filter{Trainers: []string{name}}).check(a.cfg); err != nil {
		return config.Trainer{}, config.Provider{}, err
	}
	for _, p := range a.cfg.Providers {
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
	job := jobOf(x.app.cfg, "", []config.Trainer{x.Trainer})
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

func (x *explainer) find(ctx context.Context) error {
	if err := x.findScheduled(ctx); err != nil {
		return err
	}
	x.findWritten()
	x.findOwn()
	if exact := slices.DeleteFunc(slices.Clone(x.Items), func(e Explained) bool { return strings.ToLower(e.ID) != x.query }); len(exact) > 0 {
		x.Items = exact
	}
	slices.SortStableFunc(x.Items, func(a, b Explained) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), a.Start.Compare(b.Start)) })
	for i := range x.Items {
		if err := x.complete(ctx, &x.Items[i]); err != nil {
			return err
		}
	}
	return nil
}

// means reports whether the words name something with this id or text.
func (x *explainer) means(id, text string) bool {
	return x.query != "" && (strings.ToLower(id) == x.query || strings.Contains(strings.ToLower(text), x.query))
}

// findScheduled finds what the platform scheduled.
func (x *explainer) findScheduled(ctx context.Context) error {
	id := x.Trainer.ID
	courses, err := x.state.Courses(ctx, id.Provider)
	if err != nil {
		return fmt.Errorf("read the courses of %s: %w", id.Provider, err)
	}
	for _, c := range courses {
		if !x.means(c.ID, c.Label()) && !x.means(c.ID, c.Name) {
			continue
		}
		x.Items = append(x.Items, Explained{
			Kind: KindCourse, ID: c.ID, Label: c.Label(), Start: c.Start, End: c.End, Course: &c,
			Assigned: slices.ContainsFunc(c.Trainers, func(t platform.CourseTrainer) bool { return t.ID == id.Label }),
			keys:     keysOfCourse(id, c.Course),
		})
	}
	blocks, err := x.state.Unavailability(ctx, id)
	if err != nil {
		return fmt.Errorf("read the unavailability of %s: %w", id, err)
	}
	for _, u := range blocks {
		if x.means(u.ID, u.Description) {
			start, end := u.When.Span(x.Trainer.TimeZone)
			key := platform.UnavailabilityKey(id, u.ID)
			x.Items = append(x.Items, Explained{
				Kind: KindUnavailability, ID: u.ID, Label: u.Description, Start: start, End: end, Assigned: true,
				keys: func(k string) bool { return k == key },
			})
		}
	}
	return nil
}

// keysOfCourse tells the keys of a course's appointment and of those of its sessions.
func keysOfCourse(id platform.TrainerID, c platform.Course) func(string) bool {
	keys := []string{platform.CourseKey(id, c.ID)}
	for _, s := range c.Sessions {
		keys = append(keys, platform.SessionKey(id, c.ID, s.ID))
	}
	return func(key string) bool { return slices.Contains(keys, key) }
}

// findWritten finds what is remembered as written and was not found by its course.
func (x *explainer) findWritten() {
	for _, l := range x.memory.Links {
		if slices.ContainsFunc(x.Items, func(e Explained) bool { return e.keys != nil && e.keys(l.Key) }) {
			continue
		}
		thing := strings.TrimPrefix(l.Key, x.Trainer.ID.String()+"/")
		_, id, _ := strings.Cut(thing, "/")
		if x.means(id, l.Rendered.Subject) || x.means(thing, "") {
			start, end := l.Rendered.When.Span(x.Trainer.TimeZone)
			x.Items = append(x.Items, Explained{
				Kind: KindWritten, ID: id, Label: l.Rendered.Subject, Start: start, End: end,
				keys: func(k string) bool { return k == l.Key },
			})
		}
	}
}

// findOwn finds appointments of the trainer's own: those that were pulled, and those that
// the calendar holds and that were not.
func (x *explainer) findOwn() {
	linked := map[calendar.ItemID]bool{}
	for _, l := range x.memory.Links {
		linked[l.ItemID] = true
	}
	pulled := map[calendar.ItemID]bool{}
	for _, m := range x.memory.Mirrors {
		pulled[m.ItemID] = true
		text := m.Description
		if m.Private {
			text = ""
		}
		if item, there := x.seen[m.ItemID]; there && !item.Sensitivity.Private() {
			text += "\n" + item.Subject
		}
		start, end := m.When.Span(x.Trainer.TimeZone)
		if x.means(m.ID, text) || x.onDay(start, end) {
			m.Description = ""
			x.Items = append(x.Items, Explained{Kind: KindOwn, ID: m.ID, Start: start, End: end, Mirror: &m, itemID: m.ItemID})
		}
	}
	for id, item := range x.seen {
		if linked[id] || pulled[id] {
			continue
		}
		text := item.Subject
		if item.Sensitivity.Private() {
			text = ""
		}
		if start, end := item.When.Span(x.Trainer.TimeZone); x.means(string(id), text) || x.onDay(start, end) {
			x.Items = append(x.Items, Explained{Kind: KindOwn, Start: start, End: end, itemID: id})
		}
	}
}

// onDay reports whether the words are a day on which the span takes time.
func (x *explainer) onDay(start, end time.Time) bool {
	day, err := calendar.ParseDate(x.query)
	if err != nil {
		return false
	}
	zone := x.Trainer.TimeZone
	return calendar.Window{Start: day.In(zone), End: day.AddDays(1).In(zone)}.Overlaps(start, end)
}

// stepsShown is how many of the things that runs did are told of an item.
const stepsShown = 5

// complete adds what is remembered, planned and owed.
func (x *explainer) complete(ctx context.Context, e *Explained) error {
	if e.keys == nil {
		e.keys = func(string) bool { return false }
	}
	var names []string
	for _, l := range x.memory.Links {
		if e.keys(l.Key) {
			e.Links, names = append(e.Links, l), append(names, l.Key)
		}
	}
	switch {
	case e.Kind == KindCourse && len(names) == 0:
		names = []string{platform.CourseKey(x.Trainer.ID, e.ID)}
	case e.Kind == KindUnavailability && len(names) == 0:
		names = []string{platform.UnavailabilityKey(x.Trainer.ID, e.ID)}
	case e.Kind == KindOwn && e.ID != "":
		names = []string{e.ID}
	}
	for _, name := range names {
		steps, err := x.state.ItemSteps(ctx, x.Trainer.ID, name, stepsShown)
		if err != nil {
			return fmt.Errorf("read what runs did: %w", err)
		}
		e.Steps = append(e.Steps, steps...)
	}
	slices.SortStableFunc(e.Steps, func(a, b store.ItemStep) int { return b.Time.Compare(a.Time) })
	x.addPlanned(e)
	for _, o := range x.memory.Owed {
		if e.keys(o.Key) {
			e.Owed = append(e.Owed, o)
		}
	}
	for _, c := range x.memory.Conflicts {
		if e.keys(c.Key) || e.keys(c.Other) || (c.Pulled && e.ID != "" && c.Other == e.ID) {
			e.Conflicts = append(e.Conflicts, c)
		}
	}
	return nil
}

// addPlanned adds what the plan of just now says of the item.
func (x *explainer) addPlanned(e *Explained) {
	zone := x.Trainer.TimeZone
	isItem := func(id calendar.ItemID) bool {
		return id != "" && (id == e.itemID || slices.ContainsFunc(e.Links, func(l reconcile.Link) bool { return l.ItemID == id }))
	}
	for id := range x.seen {
		e.Seen = e.Seen || isItem(id)
	}
	for _, s := range x.plan.Plan.Calendar {
		if e.keys(s.Link.Key) {
			start, end := s.Link.Rendered.When.Span(zone)
			e.Planned = append(e.Planned, store.RunStep{Direction: store.Push, Op: s.Op, Reason: s.Reason, Item: s.Link.Key, Start: start, End: end})
		}
	}
	for _, s := range x.plan.Plan.Platform {
		if isItem(s.Mirror.ItemID) {
			start, end := s.Mirror.When.Span(zone)
			e.Planned = append(e.Planned, store.RunStep{Direction: store.Pull, Op: s.Op, Reason: s.Reason, Item: s.Mirror.ID, Start: start, End: end})
		}
	}
	for _, s := range x.plan.Plan.Skipped {
		if (s.Key != "" && e.keys(s.Key)) || isItem(s.ItemID) {
			e.reason(s.Reason)
		}
	}
	for _, f := range x.plan.Plan.Findings {
		if isItem(f.ItemID) {
			e.reason(f.Reason)
		}
	}
}

func (e *Explained) reason(r reconcile.Reason) {
	if !slices.Contains(e.Reasons, r) {
		e.Reasons = append(e.Reasons, r)
	}
}
