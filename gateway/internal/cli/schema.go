package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/schemas"
)

//go:generate go test -count=1 -run ^TestSchemasAreCurrent$ . -update

// printedBy are what the commands print with --json; where there are several, the
// arguments say which.
var printedBy = map[string][]any{
	"validate":  {validateJSON{}},
	"verify":    {[]checkJSON{}},
	"plan":      {planJSON{}},
	"sync":      {runJSON{}},
	"serve":     {app.Serving{}},
	"import":    {importJSON{}},
	"approve":   {runJSON{}},
	"resync":    {runJSON{}},
	"adopt":     {runJSON{}},
	"pause":     {pauseJSON{}},
	"retry":     {retryJSON{}},
	"forget":    {forgetJSON{}},
	"explain":   {explainJSON{}},
	"status":    {statusJSON{}},
	"runs":      {[]runJSON{}, runJSON{}},
	"trace":     {traceJSON{}},
	"plugins":   {[]pluginJSON{}, pluginJSON{}},
	"reload":    {app.Reload{}},
	"log-level": {app.LogLevel{}},
	"backup":    {backupJSON{}},
	"version":   {versionJSON{}},
	"schema":    {[]string{}},
}

func (c *cli) schema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema [COMMAND]",
		Short: "Print the JSON schema of what a command prints with --json",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			commands := slices.Sorted(maps.Keys(printedBy))
			if len(args) > 0 {
				return c.printSchema(args[0], commands)
			}
			if c.json {
				return c.printJSON(commands)
			}
			w := &writer{out: c.Stdout}
			for _, name := range commands {
				w.printf("%s\n", name)
			}
			return w.err
		},
	}
}

func (c *cli) printSchema(command string, known []string) error {
	if !slices.Contains(known, command) {
		return fmt.Errorf("there is no command %q.%s See gateway --help", command, config.Suggest(command, known))
	}
	data, err := schemas.Files.ReadFile(command + ".json")
	if err != nil {
		return fmt.Errorf("read the schema: %w", err)
	}
	return c.printJSON(json.RawMessage(data))
}
