package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

func (c *cli) runs() *cobra.Command {
	limit := 0
	cmd := &cobra.Command{
		Use:   "runs [RUN]",
		Short: "List the latest runs, or show one: what changed, what failed, what to do",
		Long:  "RUN is a run's id, the beginning of one, or \"last\".",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if limit < 1 {
				return fmt.Errorf("--limit %d: want at least 1", limit)
			}
			return c.runRuns(args, limit)
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "how many runs to list")
	return cmd
}

func (c *cli) runRuns(args []string, limit int) (err error) {
	a, err := c.open()
	if err != nil {
		return err
	}
	defer done(a, &err)
	if len(args) == 1 {
		return c.showOneRun(a, args[0])
	}
	runs, err := a.Runs(c.Drain, limit)
	if err != nil {
		return err
	}
	if c.json {
		list := make([]runJSON, len(runs))
		for i, r := range runs {
			list[i] = runOf(r, names{})
			list[i].Trainers, list[i].Events = nil, nil
		}
		return c.printJSON(list)
	}
	return c.listRuns(runs)
}

func (c *cli) showOneRun(a *app.App, id string) error {
	run, err := a.Run(c.Drain, id)
	if err != nil {
		return err
	}
	labels, err := a.CourseLabels(c.Drain)
	if err != nil {
		return err
	}
	n := namesOf(a.Config(), labels)
	if c.json {
		return c.printJSON(runOf(run, n))
	}
	fmt.Fprintf(c.Stdout, "run %s by %s, started %s, trace %s\n\n", run.ID, run.Cause, moment(run.Started), run.TraceID)
	return printRun(c.Stdout, run, n)
}

func (c *cli) listRuns(runs []store.Run) error {
	if len(runs) == 0 {
		fmt.Fprintln(c.Stdout, "no runs yet: gateway sync makes one")
		return nil
	}
	table := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tSTARTED\tBY\tSTATE\tTRAINERS\tFAILING\tWRITES\tTOOK")
	for _, r := range runs {
		failing := 0
		for _, t := range r.Trainers {
			if t.State != store.RunOK && t.State != store.RunPaused {
				failing++
			}
		}
		state := string(r.State)
		if r.State == store.RunAborted {
			state = "interrupted"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\n", r.ID, moment(r.Started), r.Cause, state,
			len(r.Trainers), failing, app.Totals(r).Writes(), took(r))
	}
	return table.Flush()
}
