package host

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"github.com/trainercal/trainercal/sdk/internal/wire"
)

func TestParseLine(t *testing.T) {
	for line, want := range map[string]entry{
		`{"@level":"info","@message":"read","@module":"fake.graph","mailboxes":3,"subject":"Biopsy","error":"x"}`: {
			hclog.Info, "read", []any{"module", "fake.graph", "mailboxes", "3"},
		},
		`{"@level":"debug","@message":"GET https://h.example/users/ana@x.example?t=1","status":429,"wait_ms":1152921504606846977}`: {
			hclog.Debug, "GET https://h.example/…", []any{"status", "429", "wait_ms", "1152921504606846977"},
		},
		`{"@level":"error","@message":"m","operation":"two words","account":"ana@x.example","host":{"a":1},"method":"GET"}`: {
			hclog.Error, "m", []any{"method", "GET"},
		},
		`{"@message":5}`:                   {level: hclog.Warn},
		`{"@level":"off","@message":"m"}`:  {level: hclog.Warn, message: "m"},
		`plain text`:                       {level: hclog.Warn, message: "plain text"},
		`null`:                             {level: hclog.Warn, message: "null"},
		``:                                 {level: hclog.Warn},
		`{"@message":"a","count":1e999999`: {level: hclog.Warn, message: `{"@message":"a","count":1e999999`},
	} {
		if diff := cmp.Diff(want, parseLine([]byte(line)), cmp.AllowUnexported(entry{})); diff != "" {
			t.Errorf("%s:\n%s", line, diff)
		}
	}
}

func FuzzParseLine(f *testing.F) {
	for _, seed := range []string{`{"@message":5}`, `{"@level":"info","@message":"m","count":1}`, `{"@timestamp":{}}`, "\xff", `[`, `{"code":"a b"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e := parseLine(line)
		if !utf8.ValidString(e.message) || e.message != wire.Scrub(e.message) {
			t.Errorf("message %q", e.message)
		}
		for i := 0; i < len(e.fields); i += 2 {
			key, value := e.fields[i].(string), fmt.Sprint(e.fields[i+1])
			if key != "module" && !slices.Contains(allowed, key) {
				t.Errorf("field %s is not listed", key)
			}
			if strings.ContainsAny(value, " @\n") {
				t.Errorf("field %s holds %q", key, value)
			}
		}
	})
}

func TestLinesAreBounded(t *testing.T) {
	long := strings.Repeat("x", 3*maxLineBytes)
	var got []int
	take := func(line []byte) { got = append(got, len(line)) }
	readLines(strings.NewReader("ab\n"+long+"\nc"), take)
	if want := []int{2, maxLineBytes, 1}; !slices.Equal(got, want) {
		t.Errorf("read lines of %v bytes, want %v", got, want)
	}
	got = nil
	w := &lineWriter{line: take}
	for _, part := range []string{"a", "b\n\n", long, "rest\nc\n"} {
		if _, err := io.WriteString(w, part); err != nil {
			t.Fatal(err)
		}
	}
	if want := []int{2, 0, maxLineBytes, 1}; !slices.Equal(got, want) {
		t.Errorf("wrote lines of %v bytes, want %v", got, want)
	}
}

// A process that the plugin started can hold the plugin's output open: its end is
// noticed all the same.
func TestOutputHeldOpen(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell to start a process from")
	}
	p, err := newProgram(exec.Command(shell, "-c", "sleep 60 & exit 0"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(t.Context()); err != nil {
		t.Errorf("the program ended with %v", err)
	}
	if _, err := io.Copy(io.Discard, p.stdout); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the output ended with %v, want the drain's deadline", err)
	}
	if err := p.Kill(t.Context()); err != nil { // the group: the sleeper goes too
		t.Error(err)
	}
	p.closePipes()
}
