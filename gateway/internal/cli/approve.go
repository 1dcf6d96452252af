package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

func (c *cli) approve() *cobra.Command {
	return &cobra.Command{
		Use:   "approve TRAINER",
		Short: "Let a trainer's held removals go, after showing them",
		Long: "When more appointments vanish from a calendar at once than sync { guard } allows, their\n" +
			"unavailability stays on the platform until it is approved here. Shows what is held and removes\n" +
			"just that; what was found in the calendar again in the meantime stays. No calendar is written.\n" +
			"It works for a trainer who was switched off or left the configuration as well.\n" +
			"gateway plan and gateway status show what is held without removing it.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return c.runApprove(args[0]) },
	}
}

func (c *cli) runApprove(trainer string) (err error) {
	a, err := c.open()
	if err != nil {
		return err
	}
	defer done(a, &err)
	held, err := a.Held(c.Drain, trainer)
	if err != nil {
		return err
	}
	if !c.json {
		if err := c.showHeld(a, held); err != nil {
			return err
		}
	}
	run, err := a.Approve(c.Drain, held, app.Watcher{
		Handed: func() { fmt.Fprintln(c.Stderr, "the running gateway serve removes them") },
	})
	if err != nil {
		return err
	}
	return c.showRun(a, run)
}

// showHeld lists what is about to be approved.
func (c *cli) showHeld(a *app.App, held app.HeldRemovals) error {
	w := &writer{out: c.Stdout}
	w.printf("%s\n", heading(held.Trainer, namesOf(a.Config(), nil)))
	zone := held.Zone
	byTime := slices.SortedFunc(slices.Values(held.Removals), func(a, b reconcile.Mirror) int {
		x, _ := a.When.Span(zone)
		y, _ := b.When.Span(zone)
		return x.Compare(y)
	})
	for _, m := range byTime {
		start, end := m.When.Span(zone)
		w.printf("  held     - %s: %s\n", span(start, end, zone), inWords(reconcile.ReasonVanished))
	}
	w.printf("%s to be let go\n\n", plural(len(held.Removals), "removal"))
	return w.err
}

// printHeld lists removals that wait for approval, and what to do about them.
func printHeld(w *writer, trainer platform.TrainerID, held []store.RunStep, n names) {
	if len(held) == 0 {
		return
	}
	printPulled(w, "held    ", held, n.zone(trainer))
	w.printf("  %s, more than the guard allows at once: gateway approve %s lets them go\n", heldWords(len(held)), trainer)
}

func heldWords(n int) string {
	if n == 1 {
		return "1 removal waits for approval"
	}
	return fmt.Sprintf("%d removals wait for approval", n)
}
