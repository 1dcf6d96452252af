package cli

import (
	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
)

func (c *cli) resync() *cobra.Command {
	var (
		filter       app.Filter
		inPlace, yes bool
	)
	cmd := &cobra.Command{
		Use:   "resync",
		Short: "Delete what the gateway pushed and pulled, and build it afresh, after asking",
		Long: "Shows what it will do and asks. Then, trainer by trainer and within each trainer's direction, it\n" +
			"removes every appointment with this gateway's marker from the calendar, orphans and duplicates\n" +
			"included, writes what is scheduled now, and replaces what the platform shows of the calendar. The\n" +
			"guard does not hold it. The trainers' own appointments are not touched, and nobody looks free in\n" +
			"between. What is over stays as it is. With --in-place nothing is deleted that is still wanted:\n" +
			"both sides are brought together by what differs.\n\nExit code 1 when any trainer failed.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return c.doWork(app.Resync(filter, inPlace), yes, question{
				nothing: "there is nothing to do", ask: "Delete and rebuild this?",
			})
		},
	}
	filterFlags(cmd, &filter)
	cmd.Flags().BoolVar(&inPlace, "in-place", false, "converge by difference instead of deleting and creating")
	yesFlag(cmd, &yes)
	return cmd
}
