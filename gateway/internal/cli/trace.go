package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/telemetry"
)

func (c *cli) trace() *cobra.Command {
	svg := false
	cmd := &cobra.Command{
		Use:   "trace RUN",
		Short: "Show a run as a tree of spans: batches, plugin calls, HTTP requests, trainers",
		Long: "Prints the trace of a run from the gateway's own history. Plugin calls carry a number (#1), and\n" +
			"each trainer names the calls that served it (←#1). RUN is a run's id, the beginning of one, or \"last\".",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("name one run: gateway runs lists them, and \"last\" is the newest")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return c.runTrace(args[0], svg) },
	}
	cmd.Flags().BoolVar(&svg, "svg", false, "print the tree as a picture")
	return cmd
}

// traceJSON is the form that trace --json prints.
type traceJSON struct {
	Run     string               `json:"run"`
	TraceID string               `json:"trace_id"`
	Spans   int                  `json:"span_count"`
	Roots   []telemetry.SpanJSON `json:"roots"`
}

func (c *cli) runTrace(id string, svg bool) (err error) {
	a, err := c.open()
	if err != nil {
		return err
	}
	defer done(a, &err)
	run, err := a.Run(c.Drain, id)
	if err != nil {
		return err
	}
	spans, err := a.Trace(c.Drain, run)
	if err != nil {
		return err
	}
	roots := telemetry.Tree(spans)
	if c.json {
		return c.printJSON(traceJSON{Run: run.ID, TraceID: run.TraceID, Spans: len(spans), Roots: telemetry.TreeJSON(roots)})
	}
	title := fmt.Sprintf("run %s by %s, %s, %s, %s", run.ID, run.Cause, run.State, moment(run.Started), plural(len(spans), "span"))
	if svg {
		return telemetry.SVG(c.Stdout, title, roots)
	}
	fmt.Fprintf(c.Stdout, "%s\ntrace %s\n\n", title, run.TraceID)
	return telemetry.Waterfall(c.Stdout, roots, terminalWidth(c.Stdout, traceWidth))
}

// traceWidth is how wide a trace is printed where there is no terminal.
const traceWidth = 140
