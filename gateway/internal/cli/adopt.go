package cli

import (
	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
)

func (c *cli) adopt() *cobra.Command {
	var (
		filter      app.Filter
		prefix      string
		remove, yes bool
	)
	cmd := &cobra.Command{
		Use:   "adopt",
		Short: "Take over what a former integration wrote for courses that are scheduled here, after asking",
		Long: "Looks in the calendars for single appointments without any gateway's marker that have exactly the\n" +
			"title and the times of a course or an unavailability of their trainer, shows them, asks, and makes\n" +
			"them ours: from then on they are kept like what the gateway wrote itself. With --remove they are\n" +
			"deleted instead. Nothing else is touched. Where the gateway has an appointment of its own already,\n" +
			"the other one is only reported, unless --remove is given.\n\nExit code 1 when any trainer failed.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			ask := "Make these the gateway's own?"
			if remove {
				ask = "Delete these from the calendars?"
			}
			return c.doWork(app.Adopt(filter, prefix, remove), yes, question{nothing: "nothing of a former integration was found", ask: ask})
		},
	}
	filterFlags(cmd, &filter)
	cmd.Flags().StringVar(&prefix, "title-prefix", app.FormerPrefix, "what the former integration's titles of courses begin with")
	cmd.Flags().BoolVar(&remove, "remove", false, "delete what is found instead of adopting it")
	yesFlag(cmd, &yes)
	return cmd
}
