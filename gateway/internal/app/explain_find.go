package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// find looks for what the words mean: where an id is just what was said, for that alone.
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
			keys:     is(keysOfCourse(id, c.Course)), names: keysOfCourse(id, c.Course),
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
				keys: is([]string{key}), names: []string{key},
			})
		}
	}
	return nil
}

// is tells the keys that are listed.
func is(keys []string) func(string) bool {
	return func(key string) bool { return slices.Contains(keys, key) }
}

// keysOfCourse are the keys of a course's appointment and of those of its sessions.
func keysOfCourse(id platform.TrainerID, c platform.Course) []string {
	keys := []string{platform.CourseKey(id, c.ID)}
	for _, s := range c.Sessions {
		keys = append(keys, platform.SessionKey(id, c.ID, s.ID))
	}
	return keys
}

// findWritten finds what is remembered as written and was not found by its course.
func (x *explainer) findWritten() {
	for _, l := range x.memory.Links {
		if slices.ContainsFunc(x.Items, func(e Explained) bool { return e.keys(l.Key) }) {
			continue
		}
		thing := strings.TrimPrefix(l.Key, x.Trainer.ID.String()+"/")
		_, id, _ := strings.Cut(thing, "/")
		if x.means(id, l.Rendered.Subject) || x.means(thing, "") {
			start, end := l.Rendered.When.Span(x.Trainer.TimeZone)
			x.Items = append(x.Items, Explained{
				Kind: KindWritten, ID: id, Label: l.Rendered.Subject, Start: start, End: end,
				keys: is([]string{l.Key}), names: []string{l.Key},
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
			x.Items = append(x.Items, Explained{
				Kind: KindOwn, ID: m.ID, Start: start, End: end, Mirror: &m, itemID: m.ItemID, keys: is(nil), names: []string{m.ID},
			})
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
		own := reconcile.UnavailabilityID(x.Trainer.ID.String(), id)
		if start, end := item.When.Span(x.Trainer.TimeZone); x.means(own, text) || x.onDay(start, end) {
			x.Items = append(x.Items, Explained{Kind: KindOwn, ID: own, Start: start, End: end, itemID: id, keys: is(nil), names: []string{own}})
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
	for _, l := range x.memory.Links {
		if e.keys(l.Key) {
			e.Links = append(e.Links, l)
		}
	}
	for _, name := range e.names {
		steps, err := x.state.ItemSteps(ctx, x.Trainer.ID, name, stepsShown)
		if err != nil {
			return fmt.Errorf("read what runs did: %w", err)
		}
		e.Steps = append(e.Steps, steps...)
	}
	slices.SortStableFunc(e.Steps, func(a, b store.ItemStep) int { return b.Time.Compare(a.Time) })
	e.Steps = e.Steps[:min(len(e.Steps), stepsShown)]
	x.addPlanned(e)
	for _, o := range x.memory.Owed {
		if e.keys(o.Key) {
			e.Owed = append(e.Owed, o)
		}
	}
	for _, c := range x.memory.Conflicts {
		if e.keys(c.Key) || e.keys(c.Other) || (c.Pulled && c.Other == e.ID) {
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
			e.Planned = append(e.Planned, runner.PushStep(s, zone))
		}
	}
	for _, s := range x.plan.Plan.Platform {
		if isItem(s.Mirror.ItemID) {
			e.Planned = append(e.Planned, runner.PullStep(s, zone))
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
