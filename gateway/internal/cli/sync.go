package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

func (c *cli) sync() *cobra.Command {
	var filter app.Filter
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Make one run now: push, pull, and say what was done and why",
		Long: "Makes one run over the trainers picked, in both directions of each. When gateway serve is\n" +
			"running, it does the run and this command shows its result. Interrupted, the run goes on to\n" +
			"its end; interrupted again, it is aborted, and the next run does what is left.\n\n" +
			"Exit code 1 when any trainer failed.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return c.runSync(filter) },
	}
	filterFlags(cmd, &filter)
	return cmd
}

func (c *cli) runSync(filter app.Filter) (err error) {
	a, err := c.open()
	if err != nil {
		return err
	}
	defer done(a, &err)
	return c.watched(a, func(watch app.Watcher) (store.Run, error) { return a.Sync(c.Abort, filter, watch) })
}

// sayInterrupted tells, at the first signal, that a second one aborts; the result
// ends the watch.
func (c *cli) sayInterrupted() (stop func()) {
	over := make(chan struct{})
	go func() {
		select {
		case <-c.Drain.Done():
			fmt.Fprintln(c.Stderr, "the run goes on to its end; interrupt again to abort it")
		case <-over:
		}
	}()
	return func() { close(over) }
}

// showRun prints a run that was just made; the exit code says whether it went well.
func (c *cli) showRun(a *app.App, run store.Run) error {
	if run.State != store.RunOK {
		c.code = exitError
	}
	labels, err := a.CourseLabels(c.Abort)
	if err != nil {
		return err
	}
	n := namesOf(a.Config(), labels)
	if c.json {
		return c.printJSON(runOf(run, n))
	}
	return printRun(c.Stdout, run, n)
}
