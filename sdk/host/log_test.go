package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
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
			level: hclog.Info, message: "read", fields: []any{"module", "fake.graph", "mailboxes", "3"},
		},
		`{"@level":"debug","@message":"GET https://h.example/users/ana@x.example?t=1","status":429,"wait_ms":1152921504606846977}`: {
			level: hclog.Debug, message: "GET https://h.example/…", fields: []any{"status", "429", "wait_ms", "1152921504606846977"},
		},
		`{"@level":"error","@message":"m","operation":"two words","account":"ana@x.example","host":{"a":1},"method":"GET"}`: {
			level: hclog.Error, message: "m", fields: []any{"method", "GET"},
		},
		`{"@message":5}`:                   {level: hclog.Warn},
		`{"@level":"off","@message":"m"}`:  {level: hclog.Warn, message: "m"},
		`plain text`:                       {level: hclog.Warn, message: "plain text", plain: true},
		`null`:                             {level: hclog.Warn, message: "null", plain: true},
		``:                                 {level: hclog.Warn, plain: true},
		`{"@message":"a","count":1e999999`: {level: hclog.Warn, message: `{"@message":"a","count":1e999999`, plain: true},
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

// What an ended plugin started ends with it, so that nothing holds its output open, and
// nobody who gets its number later is killed in its place.
func TestWhatAPluginStartedEndsWithIt(t *testing.T) {
	p := started(t, "sh", "-c", "sleep 60 & exit 0")
	if err := p.Wait(t.Context()); err != nil {
		t.Errorf("the program ended with %v", err)
	}
	if _, err := io.Copy(io.Discard, p.stdout); err != nil {
		t.Errorf("the output ended with %v", err)
	}
	if p.mu.Lock(); !p.over {
		t.Error("the number of the ended process would be used again")
	}
	p.mu.Unlock()
	if err := p.Kill(t.Context()); err != nil {
		t.Error(err)
	}
}

// A process that left the plugin's group can hold the plugin's output open: its end is
// noticed all the same.
func TestOutputHeldOpen(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid to leave the group with")
	}
	p := started(t, "sh", "-c", `setsid sh -c 'echo > "$0"; exec sleep 5' "$0" & until [ -e "$0" ]; do :; done`,
		filepath.Join(t.TempDir(), "left"))
	if _, err := io.Copy(io.Discard, p.stdout); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the output ended with %v, want the drain's deadline", err)
	}
}

func started(t *testing.T, name string, args ...string) *program {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip("no " + name + " to start a process from")
	}
	p, err := newProgram(exec.Command(path, args...))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Kill(context.Background())
		<-p.ended
		p.closePipes()
	})
	return p
}
