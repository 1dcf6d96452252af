package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/platform"
)

func (c *cli) importData() *cobra.Command {
	replace := false
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Take in courses and unavailability from JSON or CSV files",
		Long: "Stores what the files hold; what is in no file stays as it is, unless --replace is given: then\n" +
			"what the files' providers have stored and the files lack is deleted. All files are read before\n" +
			"anything is stored. When gateway serve is running, it takes the data in. Calendars are written by\n" +
			"the next run.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("name at least one file, .json or .csv")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return c.runImport(args, replace) },
	}
	cmd.Flags().BoolVar(&replace, "replace", false, "delete what the files no longer hold")
	return cmd
}

// importJSON is the form that import --json prints.
type importJSON struct {
	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Triggered int `json:"triggered"`
	Unchanged int `json:"unchanged"`
	Deleted   int `json:"deleted"`
	Stale     int `json:"stale"`
	// Unmapped are trainers of courses without an active mapping that is pushed to.
	Unmapped []string `json:"unmapped"`
}

func (c *cli) runImport(files []string, replace bool) (err error) {
	a, err := c.open()
	if err != nil {
		return err
	}
	defer done(a, &err)
	data, err := app.ReadImport(a.Config(), files)
	var mistakes platform.ImportErrors
	if errors.As(err, &mistakes) {
		fmt.Fprintf(c.Stderr, "%v\n", mistakes)
		return fmt.Errorf("nothing was imported: %s in the files", plural(len(mistakes), "mistake"))
	}
	if err != nil {
		return err
	}
	result, err := a.Import(c.Drain, data, replace)
	if err != nil {
		return err
	}
	return c.showImport(result)
}

func (c *cli) showImport(r app.Imported) error {
	if c.json {
		out := importJSON{r.Created, r.Updated, r.Triggered, r.Unchanged, r.Deleted, r.Stale, []string{}}
		for _, t := range r.Unmapped {
			out.Unmapped = append(out.Unmapped, t.String())
		}
		return c.printJSON(out)
	}
	w := &writer{out: c.Stdout}
	w.printf("%d created, %d updated%s, %d unchanged, %d deleted\n", r.Created, r.Updated, triggered(r), r.Unchanged, r.Deleted)
	if r.Stale > 0 {
		w.printf("%d refused: older versions than what is stored\n", r.Stale)
	}
	for _, t := range r.Unmapped {
		w.printf("%s is on a course and has no mapping that is pushed to: its courses are kept, and pushed when it gets one\n", t)
	}
	return w.err
}

// triggered says which updates the next run does not write into the calendars,
// because none of the fields that changed is in repush_on (push-7).
func triggered(r app.Imported) string {
	if waiting := r.Updated - r.Triggered; waiting > 0 {
		return fmt.Sprintf(" (%d without a change that is pushed by itself)", waiting)
	}
	return ""
}
