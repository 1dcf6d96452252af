package reconcile

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// scenarios is how many the list of what a sync engine must survive has, by letter.
var scenarios = map[string]int{
	"A": 13, "B": 15, "C": 8, "D": 12, "E": 12, "F": 9, "G": 8, "H": 7, "I": 8, "J": 8, "K": 4, "L": 6, "M": 5, "N": 11, "O": 4,
}

// notUsed are numbers that the list leaves out.
var notUsed = []string{"C3"}

func scenarioIDs() []string {
	var ids []string
	for letter, n := range scenarios {
		for i := range n {
			if id := fmt.Sprintf("%s%d", letter, i+1); !slices.Contains(notUsed, id) {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return ids
}

// TestEveryScenario holds that each scenario is named by a test, or has a line in
// SCENARIOS.md that says why it is none of ours; never both.
func TestEveryScenario(t *testing.T) {
	t.Parallel()
	named := namedInTests(t, "../../..")
	excused := excused(t)
	for _, id := range scenarioIDs() {
		switch {
		case !named[id] && !excused[id]:
			t.Errorf("%s is named by no test, and SCENARIOS.md does not say why", id)
		case named[id] && excused[id]:
			t.Errorf("%s is named by a test: SCENARIOS.md need not excuse it", id)
		}
		delete(excused, id)
	}
	for id := range excused {
		t.Errorf("SCENARIOS.md excuses %s, which is no scenario", id)
	}
}

// TestScenarioIDs compares the ids with the list itself, where it is at hand.
func TestScenarioIDs(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("TRAINERCAL_ORACLES")
	if dir == "" {
		t.Skip("TRAINERCAL_ORACLES is not set")
	}
	text, err := os.ReadFile(filepath.Join(dir, "scenarios.md"))
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, m := range regexp.MustCompile(`(?m)^- ([A-O]\d+) `).FindAllSubmatch(text, -1) {
		listed = append(listed, string(m[1]))
	}
	slices.Sort(listed)
	if diff := cmp.Diff(listed, scenarioIDs()); diff != "" {
		t.Errorf("the list has other ids (-list +here):\n%s", diff)
	}
}

var scenarioID = regexp.MustCompile(`\b[A-O]\d{1,2}\b`)

// namedInTests are the ids that tests and scripts name: a test in the comment above it, or
// in a string in it, such as the name of a case; a script in a comment. What other
// functions and comments say in passing is no test.
func namedInTests(t *testing.T, root string) map[string]bool {
	t.Helper()
	named := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "scenario_list_test.go" {
			return err
		}
		var says []string
		switch {
		case strings.HasSuffix(path, "_test.go"):
			says, err = testsSay(path)
		case strings.HasSuffix(path, ".txtar"):
			says, err = scriptSays(path)
		}
		for _, id := range scenarioID.FindAllString(strings.Join(says, "\n"), -1) {
			named[id] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return named
}

// testsSay are the comments above the tests of a file, and the strings in them.
func testsSay(path string) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	var says []string
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !testName.MatchString(f.Name.Name) {
			continue
		}
		says = append(says, f.Doc.Text())
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				says = append(says, lit.Value)
			}
			return true
		})
	}
	return says, nil
}

var testName = regexp.MustCompile(`^(Test|Fuzz|Benchmark)`)

// scriptSays are the comments of a script.
func scriptSays(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	script, _, _ := strings.Cut(string(text), "\n-- ")
	var says []string
	for line := range strings.Lines(script) {
		if strings.HasPrefix(line, "#") {
			says = append(says, line)
		}
	}
	return says, nil
}

// TestMentionsDoNotCount holds that prose names no scenario.
func TestMentionsDoNotCount(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x_test.go")
	const file = "// A1 is elsewhere.\npackage x\n\n// help is for A2.\nfunc help() { _ = \"A3\" } // A4\n\n" +
		"// TestX holds A5.\nfunc TestX() {\n\t// unlike A6\n\t_ = \"A7 case\"\n}\n"
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	says, err := testsSay(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"A5", "A7"}, scenarioID.FindAllString(strings.Join(says, "\n"), -1)); diff != "" {
		t.Errorf("named are (-want +got):\n%s", diff)
	}
}

// excused are the ids that SCENARIOS.md gives a reason for: "- ID: reason".
func excused(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("SCENARIOS.md")
	if err != nil {
		t.Fatal(err)
	}
	excused := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^- ([A-O]\d+): \S`).FindAllSubmatch(text, -1) {
		excused[string(m[1])] = true
	}
	return excused
}
