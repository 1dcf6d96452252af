package cli

import (
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/config"
)

// filterFlags adds the flags that pick trainers.
func filterFlags(cmd *cobra.Command, f *app.Filter) {
	cmd.Flags().StringVar(&f.Provider, "provider", "", "only this provider")
	cmd.Flags().StringVar(&f.Service, "service", "", "only trainers of this service")
	cmd.Flags().StringSliceVar(&f.Trainers, "trainer", nil, "only these trainers: label, or provider/label; may be repeated")
}

var unknownFlag = regexp.MustCompile(`^unknown flag: --([^ ]+)$`)

// flagError says which flag was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	hint := ""
	if m := unknownFlag.FindStringSubmatch(err.Error()); m != nil {
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
		hint = config.Suggest(m[1], known)
	}
	return fmt.Errorf("%w.%s See %s --help", err, hint, cmd.CommandPath())
}

// unknownCommand says which command was probably meant.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var known []string
	for _, cmd := range root.Commands() {
		known = append(known, cmd.Name())
	}
	return fmt.Errorf("there is no command %q.%s See gateway --help", args[0], config.Suggest(args[0], known))
}

// printJSON prints a result as one document.
func (c *cli) printJSON(v any) error {
	encoder := json.NewEncoder(c.Stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	return nil
}
