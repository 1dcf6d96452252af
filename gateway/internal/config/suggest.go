package config

import (
	"fmt"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"
)

// Suggest is what to say after refusing a name: nothing, or with a space before it
// the known name that was probably meant.
func Suggest(name string, known []string) string { return suggest(name, known) }

// suggest returns " Did you mean "x"?" for the known word nearest to the one
// given, or nothing when none is near enough to be a slip of the keys.
func suggest(word string, known []string) string {
	best, distance := "", 4
	for _, k := range known {
		d := levenshtein.Distance(strings.ToLower(word), strings.ToLower(k), nil)
		if d < distance && d <= len(k)/2 {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean %q?", best)
}

// unknownWord reports a word that is not among those an argument may have.
func (d *decoder) unknownWord(at hcl.Range, name, word string, allowed []string) {
	d.report(at, "Unknown value", fmt.Sprintf("%q is not a value of %q.%s Want %s.",
		word, name, suggest(word, allowed), orList(allowed)))
}

// orList writes words as people do: "a", "b" or "c".
func orList(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("%q", w)
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

// andList writes words as people do: "a", "b" and "c".
func andList(words []string) string {
	list := orList(words)
	if i := strings.LastIndex(list, " or "); i >= 0 {
		return list[:i] + " and " + list[i+len(" or "):]
	}
	return list
}
