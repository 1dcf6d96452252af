package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
)

func (c *cli) backup() *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the state into a new file, also while the gateway runs",
		Long: "The copy is the state at one moment, compact, checked whole and on the disk when the command ends.\n" +
			"A file that is there is never replaced, and only the owner can read the copy: it holds what the\n" +
			"state holds. To restore, stop the gateway and put the copy in the place of the state; what happened\n" +
			"since is found again in the calendars by the next runs. Traces are not part of it.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return c.runBackup(args[0]) },
	}
}

// backupJSON is the form that backup --json prints.
type backupJSON struct {
	// File is the absolute path of the copy.
	File  string `json:"file"`
	Bytes int64  `json:"bytes"`
}

func (c *cli) runBackup(file string) (err error) {
	a, err := c.state()
	if err != nil {
		return err
	}
	defer done(a, &err)
	if file, err = filepath.Abs(file); err != nil {
		return err
	}
	size, err := a.Backup(c.Drain, file)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(backupJSON{file, size})
	}
	_, err = fmt.Fprintf(c.Stdout, "The state is copied to %s, %d KiB, and checked.\n", file, (size+1023)/1024)
	return err
}
