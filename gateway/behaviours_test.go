package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// behaviourGroups is how many behaviours users rely on, by the first part of their
// names: push is push-1 to push-14.
var behaviourGroups = map[string]int{
	"map": 10, "excl": 2, "eng": 3, "time": 1, "auth": 7, "push": 14, "pull": 11, "resync": 1, "run": 3, "plan": 1,
	"conflict": 1, "avail": 1, "move": 1, "pilot": 1, "hold": 1, "forget": 1,
}

// TestBehaviours holds the guide's table of behaviours: every one has a row, and each
// test that a row names is there and names the behaviour.
func TestBehaviours(t *testing.T) {
	guide, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	texts := testTexts(t)
	rows := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([a-z]+-[0-9]+) \| [^|]+ \| (.+) \|$`).FindAllStringSubmatch(string(guide), -1) {
		name, tests := row[1], regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[2], -1)
		if rows[name] {
			t.Errorf("%s has two rows", name)
		}
		rows[name] = true
		if len(tests) == 0 {
			t.Errorf("%s names no test", name)
		}
		for _, test := range tests {
			if !regexp.MustCompile(`\b` + name + `\b`).MatchString(texts[test[1]]) {
				t.Errorf("%s: %s is no test that names it", name, test[1])
			}
		}
	}
	for group, n := range behaviourGroups {
		for i := range n {
			if name := fmt.Sprintf("%s-%d", group, i+1); !rows[name] {
				t.Errorf("the guide's table has no row for %s", name)
			}
			delete(rows, fmt.Sprintf("%s-%d", group, i+1))
		}
	}
	for name := range rows {
		t.Errorf("%s is no behaviour", name)
	}
}

var testFunction = regexp.MustCompile(`(?m)^((?:// .*\n|//\n)*)func (Test\w+)\(`)

// testTexts are the texts of tests by name, with the comment above; of a script its
// name is "script NAME". Tests of the same name in several packages count as one.
func testTexts(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		script := strings.HasSuffix(path, ".txtar")
		if !script && !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if script {
			texts["script "+strings.TrimSuffix(d.Name(), ".txtar")] += string(text)
			return nil
		}
		starts := testFunction.FindAllStringSubmatchIndex(string(text), -1)
		for i, at := range starts {
			end := len(text)
			if i+1 < len(starts) {
				end = starts[i+1][0]
			}
			texts[string(text[at[4]:at[5]])] += string(text[at[0]:end])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}
