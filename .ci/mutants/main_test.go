package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestListIsUpToDate holds that every fault can be put where the list says: code that is
// rewritten takes its faults along.
func TestListIsUpToDate(t *testing.T) {
	t.Parallel()
	for _, m := range mutants {
		text, err := os.ReadFile(filepath.Join("..", "..", m.file))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), m.old); n != 1 {
			t.Errorf("%q: %s has its text %d times, want once", m.name, m.file, n)
		}
	}
}
