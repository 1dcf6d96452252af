package cli

import (
	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

func (c *cli) plan() *cobra.Command {
	var filter app.Filter
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what a run would do, on both sides, and why; change nothing",
		Long: "Reads the calendars and shows what a run would write and remove. It takes no lock, so it works\n" +
			"beside a running gateway serve.\n\nExit codes: 0 nothing to do, 2 changes, 1 error.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return c.runPlan(filter) },
	}
	filterFlags(cmd, &filter)
	return cmd
}

func (c *cli) runPlan(filter app.Filter) (err error) {
	a, err := c.open()
	if err != nil {
		return err
	}
	defer done(a, &err)
	plans, err := a.Plan(c.Drain, filter)
	if err != nil {
		return err
	}
	labels, err := a.CourseLabels(c.Drain)
	if err != nil {
		return err
	}
	shown := make([]planned, len(plans))
	for i, p := range plans {
		shown[i] = plannedOf(p, namesOf(a.Config(), labels))
	}
	c.code = planCode(shown)
	if c.json {
		return c.printJSON(planJSON{Changes: changesOf(shown), Trainers: shown})
	}
	return c.printPlan(shown, namesOf(a.Config(), labels))
}

// planJSON is the form that plan --json prints.
type planJSON struct {
	// Changes is how many steps there are in all.
	Changes  int       `json:"changes"`
	Trainers []planned `json:"trainers"`
}

// planned is what a run would do for one trainer.
type planned struct {
	Trainer string     `json:"trainer"`
	Steps   []stepJSON `json:"steps"`
	// Held are removals that a run would not make before they are approved.
	Held []stepJSON `json:"held"`
	// Skipped and Findings count items by reason.
	Skipped  map[reconcile.Reason]int `json:"skipped"`
	Findings map[reconcile.Reason]int `json:"findings"`
	// Error says why there is no plan.
	Error *planError `json:"error,omitempty"`

	trainer runner.TrainerPlan
}

type planError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Advice  string `json:"advice,omitempty"`
}

func plannedOf(p runner.TrainerPlan, n names) planned {
	out := planned{
		Trainer: p.Trainer.String(), Steps: []stepJSON{}, Held: []stepJSON{}, trainer: p,
		Skipped: map[reconcile.Reason]int{}, Findings: map[reconcile.Reason]int{},
	}
	if p.Err != nil {
		f := failingOfError(p.Err)
		out.Error = &planError{Code: f.Code, Message: f.Message, Advice: f.Advice}
		return out
	}
	loc := n.zone(p.Trainer)
	for _, s := range p.Plan.Calendar {
		start, end := s.Link.Rendered.When.Span(loc)
		out.Steps = append(out.Steps, stepJSON{
			Direction: store.Push, Op: s.Op, Reason: s.Reason, Item: s.Link.Key, Label: n.label(p.Trainer, s.Link.Key),
			Start: start.UTC(), End: end.UTC(),
		})
	}
	for _, s := range p.Plan.Platform {
		start, end := s.Mirror.When.Span(loc)
		out.Steps = append(out.Steps, stepJSON{
			Direction: store.Pull, Op: s.Op, Reason: s.Reason, Item: s.Mirror.ID, Start: start.UTC(), End: end.UTC(),
		})
	}
	for _, m := range p.Plan.Held {
		start, end := m.When.Span(loc)
		out.Held = append(out.Held, stepJSON{
			Direction: store.Pull, Op: reconcile.OpRemove, Reason: reconcile.ReasonVanished, Item: m.ID, Start: start.UTC(), End: end.UTC(),
		})
	}
	for _, s := range p.Plan.Skipped {
		out.Skipped[s.Reason]++
	}
	for _, f := range p.Plan.Findings {
		out.Findings[f.Reason]++
	}
	return out
}

func changesOf(plans []planned) int {
	n := 0
	for _, p := range plans {
		n += len(p.Steps)
	}
	return n
}

func planCode(plans []planned) int {
	code := exitOK
	for _, p := range plans {
		switch {
		case p.Error != nil:
			return exitError
		case len(p.Steps) > 0:
			code = exitChanges
		}
	}
	return code
}

func (c *cli) printPlan(plans []planned, n names) error {
	w, told, failing := &writer{out: c.Stdout}, said{}, 0
	for _, p := range plans {
		id := p.trainer.Trainer
		w.printf("%s\n", heading(id, n))
		printPlanned(w, p.Steps, id, n)
		printHeld(w, id, pulledSteps(p.Held), n)
		if len(p.Skipped) > 0 {
			w.printf("  would skip %s\n", skippedWords(p.Skipped))
		}
		if len(p.Findings) > 0 {
			w.printf("  found %s\n", skippedWords(p.Findings))
		}
		if p.Error != nil {
			failing++
			told.failing(w, "  ", id.Provider+"/"+n.trainers[p.Trainer].Service, p.Trainer, failingOfError(p.trainer.Err))
		}
	}
	w.printf("\n%s for %s, %d failing; nothing was changed\n", plural(changesOf(plans), "change"), plural(len(plans), "trainer"), failing)
	return w.err
}

// printPlanned lists what would be pushed, then what would be pulled.
func printPlanned(w *writer, steps []stepJSON, id platform.TrainerID, n names) {
	for _, s := range steps {
		if s.Direction == store.Push {
			w.printf("  would push %s %s, %s: %s\n", opSigns[s.Op], n.item(id, s.Item), span(s.Start, s.End, n.zone(id)), inWords(s.Reason))
		}
	}
	printPulled(w, "would pull", pulledSteps(steps), n.zone(id))
}

// pulledSteps are those of the steps that change the platform.
func pulledSteps(steps []stepJSON) []store.RunStep {
	var pulled []store.RunStep
	for _, s := range steps {
		if s.Direction == store.Pull {
			pulled = append(pulled, store.RunStep{Direction: s.Direction, Op: s.Op, Reason: s.Reason, Start: s.Start, End: s.End})
		}
	}
	return pulled
}
