package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

type versionJSON struct {
	Version string `json:"version"`
	// Go is the version of the compiler, Platform the system and processor.
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (c *cli) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if c.json {
				return c.printJSON(versionJSON{c.Version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH})
			}
			_, err := fmt.Fprintf(c.Stdout, "gateway %s (%s, %s/%s)\n", c.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
