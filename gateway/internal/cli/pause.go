package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

func (c *cli) pause() *cobra.Command {
	reason := ""
	cmd := &cobra.Command{
		Use:   "pause TRAINER|PROVIDER",
		Short: "Leave a trainer or a whole provider alone until retry",
		Long: "Nothing is read or written of who is paused, neither by itself nor by hand, also after a restart;\n" +
			"only gateway verify still looks when it is asked to. A run that is under way ends first. What was\n" +
			"written stays in the calendar, and what was pulled stays on the platform. gateway retry ends the pause.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return c.runPause(args[0], reason) },
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; it is shown wherever the pause is")
	return cmd
}

// pauseJSON is a pause in the form that commands print.
type pauseJSON struct {
	// Scope is "provider" or "provider/trainer".
	Scope  string    `json:"scope"`
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
}

func pauseOf(p *store.Pause) *pauseJSON {
	if p == nil {
		return nil
	}
	return &pauseJSON{scopeName(*p), p.Since.UTC(), p.Reason}
}

func scopeName(p store.Pause) string {
	if p.Label == "" {
		return p.Provider
	}
	return platform.TrainerID{Provider: p.Provider, Label: p.Label}.String()
}

func (c *cli) runPause(name, reason string) (err error) {
	a, err := c.open()
	if err != nil {
		return err
	}
	defer done(a, &err)
	paused, err := a.Pause(c.Drain, name, reason)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(pauseOf(&paused))
	}
	_, err = fmt.Fprintf(c.Stdout, "%s is paused, %s\n", scopeName(paused), pausedWords(paused))
	return err
}

// pausedWords say since when and why something is paused, and how that ends.
func pausedWords(p store.Pause) string {
	text := "since " + moment(p.Since)
	if p.Reason != "" {
		text += " (" + p.Reason + ")"
	}
	return text + ": gateway retry " + scopeName(p) + " ends that"
}

func (c *cli) retry() *cobra.Command {
	return &cobra.Command{
		Use:   "retry TRAINER|PROVIDER",
		Short: "End a pause, and make a run now in which items that back off are tried too",
		Long: "Credentials that were refused are not tried again: correct them and run gateway verify.\n\n" +
			"Exit code 1 when any trainer failed.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return c.runRetry(args[0]) },
	}
}

// retryJSON is the form that retry --json prints.
type retryJSON struct {
	Scope string `json:"scope"`
	// Resumed: a pause was ended.
	Resumed bool `json:"resumed"`
	// Run is null when no trainer of the scope has an active mapping.
	Run *runJSON `json:"run" jsonschema:"nullable"`
}

func (c *cli) runRetry(name string) (err error) {
	a, err := c.open()
	if err != nil {
		return err
	}
	defer done(a, &err)
	if c.Drain.Err() != nil {
		return errors.New("interrupted before the run began; nothing was changed")
	}
	defer c.sayInterrupted()()
	out, err := a.Retry(c.Abort, name, app.Watcher{
		Handed: func() { fmt.Fprintln(c.Stderr, "the running gateway serve makes this run") },
	})
	if err != nil && out.Run.ID == "" {
		return err
	}
	return errors.Join(c.showRetried(a, out), err)
}

func (c *cli) showRetried(a *app.App, out app.Retried) error {
	if c.json {
		return c.retriedJSON(a, out)
	}
	if out.Resumed {
		fmt.Fprintf(c.Stdout, "%s is no longer paused\n\n", out.Scope)
	}
	if out.Run.ID == "" {
		_, err := fmt.Fprintf(c.Stdout, "no mapping of %s is active, so there is nothing to run\n", out.Scope)
		return err
	}
	return c.showRun(a, out.Run)
}

func (c *cli) retriedJSON(a *app.App, out app.Retried) error {
	shape := retryJSON{Scope: out.Scope, Resumed: out.Resumed}
	if out.Run.ID != "" {
		labels, err := a.CourseLabels(c.Abort)
		if err != nil {
			return err
		}
		run := runOf(out.Run, namesOf(a.Config(), labels))
		shape.Run = &run
		if out.Run.State != store.RunOK {
			c.code = exitError
		}
	}
	return c.printJSON(shape)
}
