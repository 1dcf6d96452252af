//go:build failpoints

package failpoint

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// point is where and whom to kill.
type point struct {
	name   string
	count  int
	victim string
}

var (
	mu      sync.Mutex
	reached = map[string]int{}
	armed   = read(os.Getenv("TRAINERCAL_FAILPOINT"))
)

func read(text string) point {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return point{}
	}
	count, err := strconv.Atoi(parts[1])
	if err != nil {
		panic(err)
	}
	return point{name: parts[0], count: count, victim: parts[2]}
}

// Reach notes that a named moment is there, and kills whom the test wants killed.
func Reach(name string) {
	mu.Lock()
	defer mu.Unlock()
	reached[name]++
	note(name)
	if name != armed.name || reached[name] != armed.count {
		return
	}
	if armed.victim == "gateway" {
		kill(os.Getpid())
		select {} // until it is true
	}
	for _, pid := range children() {
		kill(pid)
	}
}

func kill(pid int) {
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		panic(err)
	}
}

func note(name string) {
	file := os.Getenv("TRAINERCAL_FAILPOINT_LOG")
	if file == "" {
		return
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if _, err := f.WriteString(name + "\n"); err != nil {
		panic(err)
	}
}

// children are the plugins: nothing else is started by a gateway.
func children() []int {
	var pids []int
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it ended meanwhile
		}
		// pid (name) state ppid …, and the name may hold anything.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) < 2 || fields[1] != strconv.Itoa(os.Getpid()) || fields[0] == "Z" {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
