package telemetry

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// guide is the operator's guide.
func guide(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func code(s string) string { return "`" + s + "`" }

// inGuide checks that the guide has a table, whole and as it is here.
func inGuide(t *testing.T, head string, rows []string) {
	t.Helper()
	table := head + "\n" + strings.Repeat("|---", strings.Count(head, "|")-1) + "|\n" + strings.Join(rows, "\n") + "\n\n"
	if !strings.Contains(guide(t), "\n\n"+table) {
		t.Errorf("gateway/README.md lacks this table, or has another one:\n\n%s", table)
	}
}

// run-3: attribute names are documented, and the guide says what the code does.
func TestGuideHasTheTables(t *testing.T) {
	var attributes, events, metrics []string
	for _, a := range AttributeTable {
		name := string(a.Name)
		if strings.HasSuffix(name, ".") {
			name += "REASON"
		}
		attributes = append(attributes, fmt.Sprintf("| %s | %s | %s | %s | %s |", code(name), a.Type, a.On, a.Meaning, code(a.Example)))
	}
	for _, e := range EventTable {
		events = append(events, fmt.Sprintf("| %s | %s | %s |", code(e.Name), e.On, e.Meaning))
	}
	for _, m := range MetricTable {
		keys := make([]string, len(m.Attributes))
		for i, k := range m.Attributes {
			keys[i] = code(string(k))
		}
		metrics = append(metrics, fmt.Sprintf("| %s | %s | %s | %s | %s |", code(m.Name), m.Kind, m.Unit, strings.Join(keys, ", "), m.Meaning))
	}
	inGuide(t, "| attribute | type | on | meaning | example |", attributes)
	inGuide(t, "| event | on | meaning |", events)
	inGuide(t, "| metric | kind | unit | attributes | meaning |", metrics)
}

// The tables are in the order of names, and trainers are no metric's attribute.
func TestTables(t *testing.T) {
	var attributes, events, metrics []string
	for _, a := range AttributeTable {
		attributes = append(attributes, string(a.Name))
	}
	for _, e := range EventTable {
		events = append(events, e.Name)
	}
	for _, m := range MetricTable {
		metrics = append(metrics, m.Name)
		if slices.Contains(m.Attributes, Trainer) {
			t.Errorf("%s has a trainer for an attribute", m.Name)
		}
	}
	for _, names := range [][]string{attributes, events, metrics} {
		if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("not in the order of names, or one twice: %v", names)
		}
	}
}
