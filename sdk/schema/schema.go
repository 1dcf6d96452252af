// Package schema lets a plugin describe its own settings as data: names, types,
// which are required or secret, and what each means. The host decodes the
// operator's block by it, prints the settings reference from it and redacts by it.
//
// Main types: [Schema], [Attribute] and [Diagnostic]. The package knows nothing of
// HCL: a plugin's answer to a bad setting names a path of attributes, and the host
// finds the file and line.
//
// Neighbours: package sdk carries a Schema in a backend's description; the
// gateway's pluginhost turns it into a decoder.
package schema

// Type is the type of a setting's value.
type Type string

// The types a setting can have. In the JSON that a plugin receives, a duration is
// a string such as "15m", and a list is an array of strings.
const (
	String   Type = "string"
	Int      Type = "int"
	Bool     Type = "bool"
	Duration Type = "duration"
	List     Type = "list"
)

// Schema describes the settings block of one plugin.
type Schema struct {
	Attributes []Attribute
	// ExactlyOneOf lists groups of attributes of which just one must be set.
	ExactlyOneOf [][]string
}

// Attribute is one setting.
type Attribute struct {
	Name string
	Type Type
	// Required: the operator must set it.
	Required bool
	// Default is the value when unset, nil for none: a string (also for a
	// Duration), bool, int64 or []string by Type.
	Default any
	// Enum lists the only values a String may have; empty for any.
	Enum []string
	// Sensitive values are secrets: never printed, and a literal is warned about.
	Sensitive bool
	// Tuning values decide how an account works or signs in, not which calendars it
	// reaches: when one changes, calendars are the same and are not searched anew.
	Tuning bool
	// Help says in a sentence or two what the setting is for.
	Help string
	// Deprecated, when not empty, says what to use instead.
	Deprecated string
}

// Severity tells whether a diagnostic stops the operator.
type Severity string

// The severities of a [Diagnostic].
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Diagnostic is a plugin's word on a setting.
type Diagnostic struct {
	Severity Severity
	// Summary is one short line, Detail what to do about it. Neither repeats the
	// value of a sensitive setting.
	Summary, Detail string
	// Path is the attribute's path in the settings block; empty for the block.
	Path []string
}
