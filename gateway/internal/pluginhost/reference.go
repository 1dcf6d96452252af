package pluginhost

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/mitchellh/go-wordwrap"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/schema"
)

// WriteReference writes what an operator must know to configure the plugin: what it
// is, and every setting. Long lines are wrapped at width; zero for nowhere.
func WriteReference(w io.Writer, d sdk.Description, width int) error {
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s: %s\n\n", d.Service, d.Version, d.Summary)
	fmt.Fprintf(&out, "account %q {\n  master_account = \"…\"\n  settings {\n    …\n  }\n}\n", d.Service)
	for _, a := range d.Settings.Attributes {
		fmt.Fprintf(&out, "\n%s (%s)\n%s", a.Name, strings.Join(traits(a), ", "), indent(a.Help, width))
		if a.Deprecated != "" {
			out.WriteString(indent("Deprecated: "+a.Deprecated, width))
		}
	}
	for _, group := range d.Settings.ExactlyOneOf {
		fmt.Fprintf(&out, "\nExactly one of %s must be set.\n", strings.Join(group, ", "))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// typeNames are the types in the operator's words, with an example of the form.
var typeNames = map[schema.Type]string{
	schema.String: "text", schema.Int: "whole number", schema.Bool: "true or false",
	schema.Duration: `length of time such as "30s"`, schema.List: "list of texts",
}

func traits(a schema.Attribute) []string {
	out := []string{typeNames[a.Type]}
	if len(a.Enum) > 0 {
		out[0] = "one of"
		for i, e := range a.Enum {
			sep := ","
			if i == 0 {
				sep = ""
			}
			out[0] += sep + " " + strconv.Quote(e)
		}
	}
	if a.Required {
		out = append(out, "required")
	}
	if a.Sensitive {
		out = append(out, `secret: use env("…") or file("…")`)
	}
	if a.Default != nil && !a.Sensitive {
		out = append(out, "default "+defaultText(a.Default))
	}
	return out
}

func defaultText(v any) string {
	if s, ok := v.(string); ok {
		return strconv.Quote(s)
	}
	return fmt.Sprint(v)
}

func indent(text string, width int) string {
	if text == "" {
		return ""
	}
	if width > 0 {
		text = wordwrap.WrapString(text, uint(max(width-4, 20)))
	}
	return "    " + strings.ReplaceAll(text, "\n", "\n    ") + "\n"
}
