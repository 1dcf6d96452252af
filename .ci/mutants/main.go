// Command mutants asks whether the tests would notice. It puts one deliberate fault
// after another into the engine (list.go), without changing any file: the compiler is
// given the changed text as an overlay. A fault that the tests do not notice survives,
// and makes the command fail.
//
// With arguments, only the mutants are tried whose names contain one of them. As many are
// tried at a time as there are processors, or as -at says.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// mutant is one fault: in file, the only occurrence of old becomes new.
type mutant struct {
	name, file, old, new string
	// soak: it is for the random histories to notice, whatever else would. It proves that
	// their checks can fail.
	soak bool
	// argued says why a survivor is no hole; it is tried all the same.
	argued string
}

// What a mutant is tried with after the tests of its own package.
const engine = "./gateway/internal/runner"

// The histories over calendars in memory are the quickest. They get half of the time.
var soak = []string{"-run", "TestSoak/memory", "./gateway/internal/soak", "-soak", "4m"}

// rounds are the tests that a mutant is tried with, the cheapest first; the first that
// fails has caught it.
func (m mutant) rounds() [][]string {
	own := "./" + filepath.Dir(m.file)
	switch {
	case m.soak:
		return [][]string{soak}
	case own == engine:
		return [][]string{{own}, soak}
	}
	return [][]string{{own}, {engine}, soak}
}

// tally is what became of all mutants.
type tally struct {
	mu                       sync.Mutex
	tried, caught, survivors int
}

func main() {
	at := flag.Int("at", runtime.NumCPU(), "how many mutants are tried at a time")
	flag.Parse()
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		fail(err)
	}
	defer os.RemoveAll(dir)
	begin, next, all := time.Now(), make(chan mutant), tally{}
	var workers sync.WaitGroup
	for n := range *at {
		own := filepath.Join(dir, fmt.Sprint(n))
		if err := os.Mkdir(own, 0o700); err != nil {
			fail(err)
		}
		workers.Go(func() {
			for m := range next {
				all.try(own, m)
			}
		})
	}
	for _, m := range mutants {
		if chosen(m.name) {
			next <- m
		}
	}
	close(next)
	workers.Wait()
	fmt.Printf("%d mutants: %d caught, %d survived; %.0f minutes\n", all.tried, all.caught, all.survivors, time.Since(begin).Minutes())
	if all.survivors > 0 {
		os.Exit(1)
	}
}

// try tries one mutant and says what became of it.
func (all *tally) try(dir string, m mutant) {
	begin := time.Now()
	by, err := try(dir, m)
	all.mu.Lock()
	defer all.mu.Unlock()
	all.tried++
	switch {
	case err != nil: // the others are tried all the same
		all.survivors++
		fmt.Printf("BROKEN    %s: %v\n", m.name, err)
	case by != "":
		all.caught++
		fmt.Printf("caught    %-60s %5.1f s  %s\n", m.name, time.Since(begin).Seconds(), by)
	case m.argued != "":
		fmt.Printf("argued    %-60s %s\n", m.name, m.argued)
	default:
		all.survivors++
		fmt.Printf("SURVIVED  %s\n", m.name)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func chosen(name string) bool {
	for _, part := range flag.Args() {
		if strings.Contains(name, part) {
			return true
		}
	}
	return flag.NArg() == 0
}

// try runs the tests over the mutant and returns what caught it, or "".
func try(dir string, m mutant) (string, error) {
	overlay, err := write(dir, m)
	if err != nil {
		return "", err
	}
	for _, round := range m.rounds() {
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
