// Command mutants asks whether the tests would notice. It puts one deliberate fault
// after another into the engine (list.go), without changing any file: the compiler is
// given the changed text as an overlay. A fault that the tests do not notice survives,
// and makes the command fail.
//
// With arguments, only the mutants are tried whose names contain one of them.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// mutant is one fault: in file, the only occurrence of old becomes new.
type mutant struct {
	name, file, old, new string
	// argued says why a survivor is no hole; it is tried all the same.
	argued string
}

// rounds are the tests in the order of their cost, after those of the mutant's own
// package; the first that fails has caught it.
var rounds = [][]string{
	{"./gateway/internal/reconcile", "./gateway/internal/runner"},
	{"-run", "TestSoak", "./gateway/internal/soak", "-soak", "20s"},
}

func main() {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		fail(err)
	}
	defer os.RemoveAll(dir)
	tried, caught, survived := 0, 0, []string{}
	for _, m := range mutants {
		if !chosen(m.name) {
			continue
		}
		tried++
		begin := time.Now()
		by, err := try(dir, m)
		if err != nil {
			fmt.Printf("BROKEN    %s: %v\n", m.name, err)
			survived = append(survived, m.name)
			continue // the others are tried all the same
		}
		switch {
		case by != "":
			caught++
			fmt.Printf("caught    %-60s %5.1f s  %s\n", m.name, time.Since(begin).Seconds(), by)
		case m.argued != "":
			fmt.Printf("argued    %-60s %s\n", m.name, m.argued)
		default:
			survived = append(survived, m.name)
			fmt.Printf("SURVIVED  %s\n", m.name)
		}
	}
	fmt.Printf("%d mutants: %d caught, %d survived\n", tried, caught, len(survived))
	if len(survived) > 0 {
		os.Exit(1)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func chosen(name string) bool {
	for _, part := range os.Args[1:] {
		if strings.Contains(name, part) {
			return true
		}
	}
	return len(os.Args) == 1
}

// try runs the tests over the mutant and returns what caught it, or "".
func try(dir string, m mutant) (string, error) {
	overlay, err := write(dir, m)
	if err != nil {
		return "", err
	}
	own := []string{"./" + filepath.Dir(m.file)}
	for _, round := range append([][]string{own}, rounds...) {
		args := append([]string{"test", "-count=1", "-failfast", "-timeout", "5m", "-overlay", overlay}, round...)
		cmd := exec.Command("go", args...)
		cmd.Env = append(os.Environ(), "RAPID_NOFAILFILE=true") // what a fault leaves is no failure to keep
		out, err := cmd.CombinedOutput()
		if strings.Contains(string(out), "[build failed]") || strings.Contains(string(out), "[setup failed]") {
			return "", fmt.Errorf("does not compile: %w\n%s", err, out)
		}
		if err != nil {
			return catcher(string(out)), nil
		}
	}
	return "", nil
}

// write makes the overlay: the file as it is, with the fault in it.
func write(dir string, m mutant) (string, error) {
	text, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		return "", fmt.Errorf("%s has its text %d times, want once: correct the list", m.file, n)
	}
	changed := filepath.Join(dir, "mutant.go")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(text), m.old, m.new, 1)), 0o600); err != nil {
		return "", err
	}
	file, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(map[string]map[string]string{"Replace": {file: changed}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, data, 0o600)
}

// catcher is the first test that failed.
func catcher(out string) string {
	for line := range strings.Lines(out) {
		if name, found := strings.CutPrefix(strings.TrimSpace(line), "--- FAIL: "); found {
			name, _, _ = strings.Cut(name, " ")
			return name
		}
	}
	return "a crash of the tests"
}
