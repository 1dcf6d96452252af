package cli

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/sdk/schema"
)

func (c *cli) plugins() *cobra.Command {
	return &cobra.Command{
		Use:   "plugins [SERVICE]",
		Short: "List the plugins, or print one plugin's settings reference",
		Args:  cobra.MaximumNArgs(1),
		RunE:  func(_ *cobra.Command, args []string) error { return c.runPlugins(args) },
	}
}

// pluginJSON is a plugin in the form that plugins --json prints.
type pluginJSON struct {
	Service      string   `json:"service"`
	Command      string   `json:"command"`
	Version      string   `json:"version,omitempty"`
	Summary      string   `json:"summary,omitempty"`
	Capabilities []string `json:"capabilities"`
	// Error says why the plugin cannot be used.
	Error    string        `json:"error,omitempty"`
	Settings []settingJSON `json:"settings"`
	// ExactlyOneOf are groups of settings of which just one is set.
	ExactlyOneOf [][]string `json:"exactly_one_of"`
}

type settingJSON struct {
	Name       string      `json:"name"`
	Type       schema.Type `json:"type"`
	Required   bool        `json:"required"`
	Sensitive  bool        `json:"sensitive"`
	Default    any         `json:"default,omitempty"`
	Values     []string    `json:"values,omitempty"`
	Help       string      `json:"help"`
	Deprecated string      `json:"deprecated,omitempty"`
}

// runPlugins works without a configuration: plugins are looked at before there is one.
func (c *cli) runPlugins(args []string) (err error) {
	cfg, _ := app.LoadConfig(c.configPath)
	a, err := c.build(cfg)
	if err != nil {
		return err
	}
	defer done(a, &err)
	plugins, err := a.Plugins(c.Drain)
	if err != nil {
		return err
	}
	if len(args) == 1 {
		i := slices.IndexFunc(plugins, func(p app.Plugin) bool { return p.Service == args[0] })
		if i < 0 {
			return fmt.Errorf("no plugin %q is installed or configured; gateway plugins lists them", args[0])
		}
		return c.showPlugin(plugins[i])
	}
	return c.listPlugins(plugins)
}

func (c *cli) listPlugins(plugins []app.Plugin) error {
	for _, p := range plugins {
		if p.Err != nil {
			c.code = exitError
		}
	}
	if c.json {
		list := make([]pluginJSON, len(plugins))
		for i, p := range plugins {
			list[i] = pluginOf(p)
		}
		return c.printJSON(list)
	}
	if len(plugins) == 0 {
		_, err := fmt.Fprintln(c.Stdout, "no plugins: put gateway-plugin-SERVICE beside the gateway's program, or name one in a plugin block")
		return err
	}
	table := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SERVICE\tVERSION\tWHAT")
	for _, p := range plugins {
		what := p.Description.Summary
		if p.Err != nil {
			what = "cannot be used: " + p.Err.Error()
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", p.Service, p.Description.Version, what)
	}
	return table.Flush()
}

func (c *cli) showPlugin(p app.Plugin) error {
	if p.Err != nil {
		return fmt.Errorf("the plugin %s cannot be used: %w", p.Service, p.Err)
	}
	if c.json {
		return c.printJSON(pluginOf(p))
	}
	d := p.Description
	w := &writer{out: c.Stdout}
	w.printf("%s %s: %s\nprogram: %s\n\nsettings {\n", d.Service, d.Version, d.Summary, p.Command)
	for _, s := range d.Settings.Attributes {
		w.printf("  %s: %s\n", s.Name, traits(s, d.Settings.ExactlyOneOf))
		if s.Help != "" {
			w.printf("      %s\n", s.Help)
		}
		if s.Deprecated != "" {
			w.printf("      deprecated: %s\n", s.Deprecated)
		}
	}
	w.printf("}\n")
	return w.err
}

// traits say what a setting may be.
func traits(s schema.Attribute, groups [][]string) string {
	parts := []string{string(s.Type)}
	if s.Required {
		parts = append(parts, "required")
	}
	if s.Sensitive {
		parts = append(parts, "secret")
	}
	if len(s.Enum) > 0 {
		parts = append(parts, "one of "+strings.Join(s.Enum, " "))
	}
	if s.Default != nil {
		parts = append(parts, fmt.Sprintf("default %v", s.Default))
	}
	for _, g := range groups {
		if slices.Contains(g, s.Name) {
			parts = append(parts, "just one of "+strings.Join(g, " "))
		}
	}
	return strings.Join(parts, ", ")
}

func pluginOf(p app.Plugin) pluginJSON {
	out := pluginJSON{
		Service: p.Service, Command: p.Command, Version: p.Description.Version, Summary: p.Description.Summary,
		Capabilities: append([]string{}, p.Description.Capabilities...), Settings: []settingJSON{},
		ExactlyOneOf: append([][]string{}, p.Description.Settings.ExactlyOneOf...),
	}
	if p.Err != nil {
		out.Error = p.Err.Error()
	}
	for _, s := range p.Description.Settings.Attributes {
		out.Settings = append(out.Settings, settingJSON{
			Name: s.Name, Type: s.Type, Required: s.Required, Sensitive: s.Sensitive, Default: s.Default,
			Values: s.Enum, Help: s.Help, Deprecated: s.Deprecated,
		})
	}
	return out
}
