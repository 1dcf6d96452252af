package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// maxShown is how many failures of a kind are told in full.
const maxShown = 20

// figures collects what happened, from several goroutines.
type figures struct {
	mu       sync.Mutex
	statuses map[int]int
	writes   map[string]int
	// single are latencies of answers to writes, whole those of writes from when they were due to
	// when they were settled, with all attempts.
	single, whole []time.Duration
	breaks        int
	failures      []string
	unseen        int
}

func newFigures() *figures {
	return &figures{statuses: map[int]int{}, writes: map[string]int{}}
}

// fail notes something that must not be.
func (f *figures) fail(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.failures) >= maxShown {
		f.unseen++
		return
	}
	f.failures = append(f.failures, fmt.Sprintf(format, args...))
}

func (f *figures) failed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.failures) > 0
}

func (f *figures) broken() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.breaks++
}

// answered notes an answer. How long reading takes says nothing: those who follow the feed
// wait for news.
func (f *figures) answered(method string, status int, after time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.statuses[status]++
	if method != http.MethodGet {
		f.single = append(f.single, after)
	}
}

// settled notes a write of a sort.
func (f *figures) settled(sort string, after time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes[sort]++
	f.whole = append(f.whole, after)
}

// quantile is the time that a share of the times does not exceed.
func quantile(times []time.Duration, share float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

func latencies(times []time.Duration) string {
	r := func(share float64) time.Duration { return quantile(times, share).Round(100 * time.Microsecond) }
	return fmt.Sprintf("p50 %s, p99 %s, max %s", r(0.5), r(0.99), r(1))
}

// print writes the part of the figures that is about requests.
func (f *figures) print(w io.Writer, during time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fmt.Fprintf(w, "writes      %d in %s, %.1f/s: %s\n", len(f.whole), during.Round(time.Second), float64(len(f.whole))/during.Seconds(), counts(f.writes))
	fmt.Fprintf(w, "answers     %s; %d connections broke\n", counts(f.statuses), f.breaks)
	fmt.Fprintf(w, "latency     of answers %s; of writes since they were due %s\n", latencies(f.single), latencies(f.whole))
}

// verdict writes what failed, and whether anything did.
func (f *figures) verdict(w io.Writer) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, text := range f.failures {
		fmt.Fprintln(w, "FAILED     ", text)
	}
	n := len(f.failures) + f.unseen
	if n == 0 {
		fmt.Fprintln(w, "VERDICT     proven: nothing lost, everything in order")
		return nil
	}
	fmt.Fprintf(w, "VERDICT     %d failures\n", n)
	return fmt.Errorf("not proven: %d failures", n)
}

func counts[K int | string](m map[K]int) string {
	text := ""
	for i, key := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%v %d", key, m[key])
	}
	return text
}
