package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

func (c *cli) explain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain TRAINER ITEM",
		Short: "Tell of one item where it came from, what was last written and seen, and why it is there or not",
		Long: "ITEM is the id of a course or of an unavailability, or a part of its name; for an appointment of the\n" +
			"trainer's own its day (2026-11-24), a part of its subject, or the id that the list of several shows.\n" +
			"The calendar is read where that can be done; nothing is changed. Where the words mean several items,\n" +
			"they are listed.\n\nExit code 1 for no such item, or several.",
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error { return c.runExplain(args[0], args[1]) },
	}
}

func (c *cli) runExplain(trainer, item string) (err error) {
	a, err := c.open()
	if err != nil {
		return err
	}
	defer done(a, &err)
	x, err := a.Explain(c.Drain, trainer, item)
	if err != nil {
		return err
	}
	labels, err := a.CourseLabels(c.Drain)
	if err != nil {
		return err
	}
	story := explained{Explanation: x, names: namesOf(a.Config(), labels)}
	if len(x.Items) > 1 {
		c.code = exitError
	}
	if c.json {
		return c.printJSON(story.json())
	}
	w := &writer{out: c.Stdout}
	if len(x.Items) > 1 {
		story.list(w)
	} else {
		story.tell(w, x.Items[0])
	}
	return w.err
}

// explained turns an explanation into words.
type explained struct {
	app.Explanation
	names names
}

// title names an item: one of the trainer's own by its time alone.
func (x explained) title(e app.Explained) string {
	when := span(e.Start, e.End, x.Trainer.TimeZone)
	switch e.Kind {
	case app.KindCourse:
		return fmt.Sprintf("course %s %q, %s, %s", e.ID, e.Label, e.Course.Status, when)
	case app.KindUnavailability:
		return fmt.Sprintf("unavailability %s %q, %s", e.ID, e.Label, when)
	case app.KindWritten:
		return fmt.Sprintf("%s %q, %s", e.ID, e.Label, when)
	}
	return "an appointment of the trainer's own, " + when
}

func (x explained) list(w *writer) {
	w.printf("these items of %s are meant by it; name one by its id, or say more of its name\n", x.Trainer.ID)
	for _, e := range x.Items {
		id := ""
		if e.Kind == app.KindOwn {
			id = " (" + e.ID + ")"
		}
		w.printf("  %s%s\n", x.title(e), id)
	}
}

func (x explained) tell(w *writer, e app.Explained) {
	w.printf("%s\n%s\n", heading(x.Trainer.ID, x.names), x.title(e))
	for _, f := range x.facts(e) {
		w.printf("  %-13s%s\n", f.Topic, f.Text)
	}
}

// fact is one thing that is known of an item.
type fact struct {
	// Topic is "from", "written", "seen", "why", "next", "conflict" or "what to do".
	Topic string `json:"topic"`
	Text  string `json:"text"`
}

func (x explained) facts(e app.Explained) []fact {
	var all []fact
	add := func(topic string, texts ...string) {
		for _, t := range texts {
			if t != "" {
				all = append(all, fact{topic, t})
			}
		}
	}
	add("from", x.origin(e))
	add("written", x.written(e)...)
	add("platform", x.onPlatform(e))
	add("history", x.history(e)...)
	add("seen", x.lookedAt(e))
	add("why", x.reasons(e)...)
	add("why", x.obstacles(e)...)
	add("next", x.next(e)...)
	for _, c := range e.Conflicts {
		add("conflict", conflictWords(x.Trainer.ID, c, x.names))
	}
	return all
}

// origin says where the item comes from.
func (x explained) origin(e app.Explained) string {
	switch e.Kind {
	case app.KindCourse:
		var trainers []string
		for _, t := range e.Course.Trainers {
			trainers = append(trainers, t.ID)
		}
		if len(trainers) == 0 {
			return "the training platform; the course names no trainer"
		}
		return "the training platform; the course names " + strings.Join(trainers, ", ")
	case app.KindUnavailability:
		return "the training platform"
	case app.KindWritten:
		return "the gateway wrote it for something that the platform no longer has"
	}
	return "the trainer's own calendar"
}

var linkWords = map[reconcile.LinkState]string{
	reconcile.LinkIntended: "it was about to be written when the run ended; the next one searches the calendar for it",
	reconcile.LinkRemoving: "it was about to be removed when the run ended; the next one looks whether it is gone",
	reconcile.LinkOrphan:   "it is in the calendar and nothing known wants it; it is left alone",
}

// written says what was last written into the calendar.
func (x explained) written(e app.Explained) []string {
	if e.Kind == app.KindOwn {
		return nil
	}
	if len(e.Links) == 0 {
		return []string{"nothing of it is in the calendar, as far as the gateway knows"}
	}
	var texts []string
	for _, l := range e.Links {
		if words, other := linkWords[l.State]; other {
			texts = append(texts, words)
			continue
		}
		start, end := l.Rendered.When.Span(x.Trainer.TimeZone)
		texts = append(texts, fmt.Sprintf("%q, %s, shown as %s", l.Rendered.Subject, span(start, end, x.Trainer.TimeZone), l.Rendered.ShowAs))
	}
	return texts
}

// onPlatform says what the platform shows of an own appointment.
func (x explained) onPlatform(e app.Explained) string {
	switch {
	case e.Kind != app.KindOwn:
		return ""
	case e.Mirror == nil:
		return "it is not on the platform"
	case e.Mirror.Held:
		return "it is unavailability " + e.ID + ", though the calendar was read without it: its removal is held until gateway approve " + x.Trainer.ID.String()
	case e.Mirror.Private:
		return "it is unavailability " + e.ID + ", a block of time without text, because it is private"
	}
	return "it is unavailability " + e.ID
}

// history says what runs did.
func (x explained) history(e app.Explained) []string {
	verbs := map[reconcile.Op]string{reconcile.OpCreate: "created", reconcile.OpUpdate: "updated", reconcile.OpRemove: "removed"}
	places := map[store.Direction]string{store.Push: "in the calendar", store.Pull: "on the platform"}
	var texts []string
	for _, s := range e.Steps {
		text := fmt.Sprintf("%s %s %s by run %s: %s", moment(s.Time), verbs[s.Step.Op], places[s.Step.Direction], s.Run, inWords(s.Step.Reason))
		texts = append(texts, text+failed(s.Step))
	}
	return texts
}

// lookedAt says what the calendar holds.
func (x explained) lookedAt(e app.Explained) string {
	last := "the calendar was never proven in sync"
	if !x.Status.Proven.IsZero() {
		last = "the calendar was last proven in sync " + moment(x.Status.Proven)
	}
	switch {
	case x.Err != nil:
		return "the calendar could not be read just now: " + x.Err.Message + "; " + last
	case !x.Looked:
		return last
	case e.Seen:
		return "it is in the calendar now"
	case e.Kind == app.KindOwn || len(e.Links) > 0:
		return "the calendar was read just now without it"
	}
	return "the calendar was read just now"
}

// reasons are what the plan of just now says.
func (x explained) reasons(e app.Explained) []string {
	var texts []string
	for _, r := range e.Reasons {
		texts = append(texts, inWords(r))
	}
	return texts
}

// obstacles are what keeps the item from being where it belongs.
func (x explained) obstacles(e app.Explained) []string {
	t, id := x.Trainer, x.Trainer.ID.String()
	var texts []string
	say := func(when bool, format string, args ...any) {
		if when {
			texts = append(texts, fmt.Sprintf(format, args...))
		}
	}
	say(e.Kind == app.KindCourse && !e.Assigned, "the course does not name %s", t.ID.Label)
	say(!t.Calendar, "calendar is off for the trainer")
	say(t.Calendar && t.Direction == config.None, "the trainer's direction is none")
	say(t.Active() && e.Kind != app.KindOwn && !t.Push(), "the trainer's direction is %q: nothing is written into the calendar", t.Direction)
	say(t.Active() && e.Kind == app.KindOwn && !t.Pull(), "the trainer's direction is %q: own appointments are not pulled", t.Direction)
	say(e.Course != nil && !e.Course.End.After(now()), "it is over, and left as written")
	if p := x.Status.Paused; p != nil {
		texts = append(texts, "paused "+pausedWords(*p))
	}
	say(x.Status.Health == app.Pilot, "the provider is in pilot mode: nothing is written")
	for _, o := range e.Owed {
		texts = append(texts, fmt.Sprintf("it could not be written: %s (%s), since %s, %s", o.Message, o.Code, moment(o.Since), tries(o.Attempts)))
		say(o.Advice != "", "what to do: %s", o.Advice)
	}
	if f := x.Status.Failing; f != nil && len(e.Owed) == 0 {
		texts = append(texts, fmt.Sprintf("%s is failing: %s (%s), since %s, %s", id, f.Message, f.Code, moment(f.Since), tries(f.Attempts)))
		say(f.Advice != "", "what to do: %s", f.Advice)
	}
	return texts
}

// now is the clock of what is shown.
var now = time.Now

// next says what a run would do.
func (x explained) next(e app.Explained) []string {
	var texts []string
	for _, s := range e.Planned {
		where := "on the platform"
		if s.Direction == store.Push {
			where = "in the calendar"
		}
		texts = append(texts, fmt.Sprintf("a run would %s it %s: %s", s.Op, where, inWords(s.Reason)))
	}
	switch {
	case len(texts) > 0 && !x.Engine:
		texts = append(texts, "the engine is off: runs are made by gateway sync only")
	case len(texts) == 0 && x.Looked:
		texts = append(texts, "a run would change nothing about it")
	}
	return texts
}

// explainJSON is the form that explain --json prints.
type explainJSON struct {
	Trainer string        `json:"trainer"`
	Items   []explainItem `json:"items"`
}

type explainItem struct {
	// Kind is "course", "unavailability", "written" or "own".
	Kind  app.ItemKind `json:"kind"`
	ID    string       `json:"id"`
	Label string       `json:"label,omitempty"`
	Start time.Time    `json:"start"`
	End   time.Time    `json:"end"`
	// InCalendar is null when the calendar was not read just now.
	InCalendar *bool `json:"in_calendar" jsonschema:"nullable"`
	// OnPlatform: an appointment of the trainer's own is shown there.
	OnPlatform bool               `json:"on_platform"`
	Held       bool               `json:"held"`
	Reasons    []reconcile.Reason `json:"reasons"`
	Planned    []stepJSON         `json:"planned"`
	Facts      []fact             `json:"facts"`
}

func (x explained) json() explainJSON {
	out := explainJSON{Trainer: x.Trainer.ID.String(), Items: []explainItem{}}
	for _, e := range x.Items {
		item := explainItem{
			Kind: e.Kind, ID: e.ID, Label: e.Label, Start: e.Start.UTC(), End: e.End.UTC(), OnPlatform: e.Kind != app.KindOwn && e.Kind != app.KindWritten,
			Reasons: append([]reconcile.Reason{}, e.Reasons...), Planned: stepsOf(x.Trainer.ID, e.Planned, x.names), Facts: x.facts(e),
		}
		if x.Looked {
			item.InCalendar = &e.Seen
		}
		if e.Mirror != nil {
			item.OnPlatform, item.Held = true, e.Mirror.Held
		}
		out.Items = append(out.Items, item)
	}
	return out
}
