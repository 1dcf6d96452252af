package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// masks are what differs from run to run, and what is printed instead.
var masks = []struct {
	what *regexp.Regexp
	by   string
}{
	{regexp.MustCompile(`\b[0-9a-f]{16}(?:[0-9a-f]{16})?\b`), "ID"},
	{regexp.MustCompile(`\b([0-9]+m)?[0-9]+(\.[0-9]+)?(ms|µs|s)\b`), "SOON"},
	{regexp.MustCompile(`\b[0-9]+m ago\b`), "SOON ago"},
	{regexp.MustCompile(`\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [0-9]{1,2} [A-Z][a-z]{2} 202[0-9] [0-9]{2}:[0-9]{2}(:[0-9]{2})?( [A-Z]{3,4}|Z)?`), "NOW"},
	{regexp.MustCompile(`\b202[0-9]-[0-9]{2}-[0-9]{2}[T ][0-9:.]+( ?UTC|Z)?`), "NOW"},
	{regexp.MustCompile(`[0-9]+ [KMGT]iB`), "SIZE"},
	{regexp.MustCompile(`127\.0\.0\.1:[0-9]+`), "HOST"},
	{regexp.MustCompile(`process [0-9]+`), "process PID"},
	{regexp.MustCompile(`  +`), "  "},
	{regexp.MustCompile(`(?m) +$`), ""},
}

// printMasked prints what a command printed, so that it can be compared as a whole.
func printMasked(ts *testscript.TestScript, _ bool, args []string) {
	usage(ts, args, 1, "masked stdout|stderr")
	_, err := ts.Stdout().Write([]byte(masked(ts.ReadFile(args[0]), ts.Getenv("WORK"))))
	ts.Check(err)
}

func masked(text, work string) string {
	text = strings.NewReplacer(work, "WORK", programs, "BIN", runtime.Version(), "GO", runtime.GOOS+"/"+runtime.GOARCH, "OS/ARCH").Replace(text)
	for _, m := range masks {
		text = m.what.ReplaceAllString(text, m.by)
	}
	return text
}

// notWhole are outputs that no script compares as a whole, and why.
var notWhole = map[string]string{
	"trace.txt":   "its bars show how long things took",
	"approve.txt": "what is held is shown by approve.txtar",
	"adopt.txt":   "what a former integration wrote is shown by adopt.txtar",
	"forget.txt":  "what is erased is shown by forget.txtar",
}

// TestEveryCommandIsCompared: what each command prints is compared as a whole, when all
// is well and when it is not.
func TestEveryCommandIsCompared(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile(filepath.Join("testdata", "script", "golden.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(script), "\n")
	for _, cmd := range (&cli{}).root().Commands() {
		for _, file := range []string{cmd.Name() + ".txt", cmd.Name() + "-unhappy.txt"} {
			compared := slices.Contains(lines, "cmp stdout "+file) || slices.Contains(lines, "cmp stderr "+file)
			if _, excused := notWhole[file]; compared == excused {
				t.Errorf("compared in golden.txtar with %s: %v; excused: %v", file, compared, excused)
			}
		}
	}
}
