package oracle_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trainercal/trainercal/plugins/internal/oracle"
)

// recorder is a testing.TB that records failures instead of failing.
type recorder struct {
	testing.TB
	errors []string
}

func (r *recorder) Helper() {}

func (r *recorder) Error(args ...any) { r.errors = append(r.errors, args[0].(string)) }

// TestEWSCanFail shows that the judge accepts what is valid and refuses each of the
// examples made to be refused.
func TestEWSCanFail(t *testing.T) {
	if reason := oracle.EWSUnavailable(); reason != "" {
		t.Skip(reason)
	}
	files, err := filepath.Glob(filepath.Join(os.Getenv("TRAINERCAL_ORACLES"), "ews-xsd/examples/*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	var messages oracle.EWS
	want := 0
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		messages.Collect(name, body)
		if strings.HasPrefix(name, "NEG-") {
			want++
		}
	}
	messages.Collect("NEG-not XML", []byte("<s:Envelope>&#x1;"))
	messages.Collect("", nil) // nothing was sent: nothing to judge
	want++

	r := &recorder{TB: t}
	messages.Check(r)
	if len(r.errors) != want || want < 2 {
		t.Fatalf("%d messages refused, want %d: %q", len(r.errors), want, r.errors)
	}
	for _, e := range r.errors {
		if !strings.HasPrefix(e, "NEG-") {
			t.Errorf("a valid message was refused: %s", e)
		}
	}
}

// TestEWSUnavailable tells one line of reason, so that a skipped check is seen.
func TestEWSUnavailable(t *testing.T) {
	for _, tt := range []struct{ name, oracles, path, want string }{
		{"no oracles", "", os.Getenv("PATH"), "TRAINERCAL_ORACLES is not set"},
		{"an empty folder", t.TempDir(), os.Getenv("PATH"), "has no ews-xsd"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("TRAINERCAL_ORACLES", tt.oracles)
			t.Setenv("PATH", tt.path)
			got := oracle.EWSUnavailable()
			if !strings.Contains(got, tt.want) || strings.Contains(got, "\n") {
				t.Errorf("got %q, want one line with %q", got, tt.want)
			}
		})
	}
}
