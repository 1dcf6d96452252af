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
	shown, n, err := c.planned(a, plans)
	if err != nil {
		return err
	}
	c.code = planCode(shown)
	if c.json {
		return c.printJSON(planJSON{Changes: changesOf(shown), Trainers: shown})
	}
	return c.printPlan(shown, n)
}

// planned are plans in the form in which they are shown.
func (c *cli) planned(a *app.App, plans []runner.TrainerPlan) ([]planned, names, error) {
	labels, err := a.CourseLabels(c.Drain)
	if err != nil {
		return nil, names{}, err
	}
	n := namesOf(a.Config(), labels)
	shown := make([]planned, len(plans))
	for i, p := range plans {
		shown[i] = plannedOf(p, n)
	}
	return shown, n, nil
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
	// Adopted are items of ours that were found by their markers, and are kept.
	Adopted []stepJSON `json:"adopted"`
	// Moved is the calendar that the trainer had before.
	Moved *placeJSON `json:"moved,omitempty"`
	// Left are removals from calendars that the trainer no longer has.
	Left []leftJSON `json:"left"`
	// Conflicts are as they would be after the run.
	Conflicts []conflictJSON `json:"conflicts"`
	// Paused says why there is no plan.
	Paused *pauseJSON `json:"paused,omitempty"`
	// Skipped and Findings count items by reason.
	Skipped  map[reconcile.Reason]int `json:"skipped"`
	Findings map[reconcile.Reason]int `json:"findings"`
	// Error says why there is no plan.
	Error *planError `json:"error,omitempty"`
	// Pilot: a run would do none of this.
	Pilot bool `json:"pilot,omitempty"`
	// Availability says whether the trainer's time is known.
	Availability availabilityJSON `json:"availability"`

	trainer runner.TrainerPlan
}

type planError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Advice  string `json:"advice,omitempty"`
}

func plannedOf(p runner.TrainerPlan, n names) planned {
	out := planned{
		Trainer: p.Trainer.String(), Steps: []stepJSON{}, Held: []stepJSON{}, Adopted: []stepJSON{}, trainer: p,
		Moved: placeOf(p.Moved), Left: leftOf(p, n), Conflicts: conflictsOf(p.Trainer, p.Conflicts, n), Paused: pauseOf(p.Paused),
		Skipped: map[reconcile.Reason]int{}, Findings: map[reconcile.Reason]int{},
		Pilot: n.pilot(p.Trainer), Availability: plannedAvailability(n.trainers[p.Trainer.String()].Pull(), p.Err != nil, p.Known),
	}
	if p.Err != nil {
		f := failingOfError(p.Err)
		out.Error = &planError{Code: f.Code, Message: f.Message, Advice: f.Advice}
		return out
	}
	out.addSteps(p, n)
	for _, s := range p.Plan.Skipped {
		out.Skipped[s.Reason]++
	}
	for _, f := range p.Plan.Findings {
		out.Findings[f.Reason]++
	}
	return out
}

// addSteps adds what would be done, what would be kept, and what waits for approval.
func (out *planned) addSteps(p runner.TrainerPlan, n names) {
	pushed := func(op reconcile.Op, reason reconcile.Reason, l reconcile.Link) stepJSON {
		start, end := l.Rendered.When.Span(n.zone(p.Trainer))
		return stepJSON{
			Direction: store.Push, Op: op, Reason: reason, Item: l.Key, Label: n.label(p.Trainer, l.Key), Start: start.UTC(), End: end.UTC(),
		}
	}
	pulled := func(op reconcile.Op, reason reconcile.Reason, m reconcile.Mirror) stepJSON {
		start, end := m.When.Span(n.zone(p.Trainer))
		return stepJSON{Direction: store.Pull, Op: op, Reason: reason, Item: m.ID, Start: start.UTC(), End: end.UTC()}
	}
	for _, s := range p.Plan.Calendar {
		out.Steps = append(out.Steps, pushed(s.Op, s.Reason, s.Link))
	}
	for _, s := range p.Plan.Platform {
		out.Steps = append(out.Steps, pulled(s.Op, s.Reason, s.Mirror))
	}
	for _, s := range p.Plan.Links {
		if s.Reason == reconcile.ReasonAdopted && s.Op == reconcile.OpUpdate {
			out.Adopted = append(out.Adopted, pushed(s.Op, s.Reason, s.Link))
		}
	}
	for _, m := range p.Plan.Held {
		out.Held = append(out.Held, pulled(reconcile.OpRemove, reconcile.ReasonVanished, m))
	}
}

func changesOf(plans []planned) int {
	n := 0
	for _, p := range plans {
		n += len(p.Steps)
		for _, l := range p.Left {
			if l.Error == nil {
				n++
			}
		}
	}
	return n
}

func planCode(plans []planned) int {
	code := exitOK
	for _, p := range plans {
		switch {
		case p.Error != nil:
			return exitError
		case changesOf([]planned{p}) > 0:
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
		if p.trainer.Paused != nil {
			w.printf("  paused   %s\n", pausedWords(*p.trainer.Paused))
		}
		printMoved(w, p, n)
		printPlanned(w, p.Steps, id, n)
		printLeft(w, p, n)
		printHeld(w, id, pulledSteps(p.Held), n)
		printConflicts(w, id, p.trainer.Conflicts, n)
		if len(p.Skipped) > 0 {
			w.printf("  would skip %s\n", skippedWords(p.Skipped))
		}
		if len(p.Findings) > 0 {
			w.printf("  found %s\n", skippedWords(p.Findings))
		}
		printLookalikes(w, p)
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
