package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
)

func (c *cli) forget() *cobra.Command {
	yes := false
	cmd := &cobra.Command{
		Use:   "forget TRAINER",
		Short: "Erase a person's text and history from the gateway, after asking; calendars are left alone",
		Long: "For a trainer whose mapping is off or gone. Erases what was pulled from the calendar, unavailability\n" +
			"made on the platform, what is remembered of appointments that were written, and the trainer's part of\n" +
			"all runs, traces and verifications, so that the files hold it no more.\n\n" +
			"It stays: what is in the calendar, with the markers by which it is recognised should the mapping come\n" +
			"back; courses that name the trainer, which are the platform's; backups, and what was sent to a\n" +
			"collector of traces or logs.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return c.runForget(args[0], yes) },
	}
	yesFlag(cmd, &yes)
	return cmd
}

// forgetJSON is the form that forget --json prints.
type forgetJSON struct {
	Trainer string `json:"trainer"`
	// What was erased, by kind.
	Written        int `json:"written"`
	Pulled         int `json:"pulled"`
	Unavailability int `json:"unavailability"`
	Runs           int `json:"runs"`
	Spans          int `json:"spans"`
	// Courses are the ids of those that name the trainer still.
	Courses []string `json:"courses"`
}

func (c *cli) runForget(name string, yes bool) (err error) {
	if c.json && !yes {
		return errNobodyToAsk
	}
	a, err := c.open()
	if err != nil {
		return err
	}
	defer done(a, &err)
	id, err := a.Known(c.Drain, name)
	if err != nil {
		return err
	}
	if !yes {
		if err := c.confirm(fmt.Sprintf("Erase everything that is known of %s? It cannot be undone.", id)); err != nil {
			return err
		}
	}
	out, err := a.Forget(c.Drain, id)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(forgetJSON{
			id.String(), out.Links, out.Mirrors, out.Unavailability, out.Runs, out.Spans, append([]string{}, out.Courses...),
		})
	}
	return c.showForgotten(out)
}

func (c *cli) showForgotten(f app.Forgotten) error {
	w := &writer{out: c.Stdout}
	w.printf("%s is forgotten: %s that were written, %s that were pulled, %s of the platform, %s, %s of traces\n",
		f.Trainer, plural(f.Links, "appointment"), plural(f.Mirrors, "appointment"), plural(f.Unavailability, "block"),
		plural(f.Runs, "part")+" of runs", plural(f.Spans, "span"))
	w.printf("the calendar was not touched\n")
	if len(f.Courses) > 0 {
		w.printf("these courses name the trainer still, and are the platform's: %s\n", strings.Join(f.Courses, ", "))
	}
	return w.err
}
