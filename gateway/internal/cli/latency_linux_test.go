package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// writes counts the writes of events over Graph.
func (r *liveRig) writes() (n int) {
	for _, c := range r.sim.Counts() {
		if c.Protocol == "graph" && slices.Contains([]string{"CreateEvent", "UpdateEvent", "DeleteEvent"}, c.Kind) {
			n += c.Requests + c.Batched
		}
	}
	return n
}

// eng-3: five hundred edits of one course are one or two writes, and the last one wins.
func TestLiveBurst(t *testing.T) {
	r := newLiveRig(t)
	r.put("1", "Welding")
	r.until("the course is in the calendar", func() bool { return r.shows("Training: Welding") })
	r.sim.ClearCounts()
	began := time.Now()
	for i := range 500 {
		r.put("1", fmt.Sprintf("Welding %d", i+1))
	}
	// A burst is waited for, but not for longer than ten seconds.
	most := 2 + int(time.Since(began)/(10*time.Second))
	r.until("the last edit is in the calendar", func() bool { return r.shows("Training: Welding 500") })
	if n := r.writes(); n < 1 || n > most {
		t.Errorf("%d writes for 500 edits, want 1 to %d", n, most)
	}
}

// The API takes writes in while calendars hang, and what it took is in them afterwards.
func TestLiveWhileCalendarsHang(t *testing.T) {
	r := newLiveRig(t)
	hang, err := r.sim.AddFault(exchangesim.Fault{Protocol: "graph", Mode: exchangesim.FaultHang, DelayMS: 3000})
	if err != nil {
		t.Fatal(err)
	}
	r.put("0", "Course 0")
	r.until("the calendar hangs", func() bool {
		return slices.ContainsFunc(r.sim.Faults(), func(f exchangesim.Fault) bool { return f.Hits > 0 })
	})
	for i := range 20 {
		r.put(strconv.Itoa(i), fmt.Sprintf("Course %d", i))
	}
	if len(r.box("ana@northwind.example").Items(world.Calendar)) > 0 {
		t.Error("something was written into a calendar that hangs: this test tries less than it says")
	}
	r.sim.RemoveFault(hang.ID)
	r.until("all courses are in the calendar", func() bool {
		for i := range 20 {
			if !r.shows(fmt.Sprintf("Training: Course %d", i)) {
				return false
			}
		}
		return true
	})
}

// measured is how many changes a latency is told of.
const measured = 30

// latencies prints how long each of the changes took, each of which finds an idle system.
func latencies(b *testing.B, r *liveRig, change func(i int)) {
	var all []time.Duration
	for i := range measured {
		r.until("nothing is done or due", r.idle)
		began := time.Now()
		change(i)
		all = append(all, time.Since(began))
	}
	slices.Sort(all)
	b.ReportMetric(0, "ns/op") // it would tell how long was waited
	b.ReportMetric(float64(all[len(all)/2].Milliseconds()), "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100].Milliseconds()), "p99-ms")
}

// idleFor is for how long nobody was worked on in an idle system: longer than a change
// waits for others of the same burst.
const idleFor = 3 * time.Second

// idle reports whether nobody is worked on, was of late, or is due but for a turn: a change
// that the gateway made is notified to it, and has been looked at too.
func (r *liveRig) idle() bool {
	state, err := sqlite.OpenReadOnly(r.t.Context(), filepath.Join(r.dir, "gateway.db"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = state.Close() }()
	dues, err := state.Dues(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return len(dues) == 4 && !slices.ContainsFunc(dues, func(d store.Due) bool {
		return d.Cause != store.CauseInterval || time.Since(d.Served) < idleFor
	})
}

// BenchmarkPushLatency measures from the API's request to the item in the calendar.
func BenchmarkPushLatency(b *testing.B) {
	r := newLiveRig(b)
	latencies(b, r, func(i int) {
		name := fmt.Sprintf("Course %d", i)
		r.put(strconv.Itoa(i), name)
		r.until(name+" is in the calendar", func() bool { return r.shows("Training: " + name) })
	})
}

// BenchmarkPullLatency measures from the edit in the calendar to the entry in the feed.
func BenchmarkPullLatency(b *testing.B) {
	r := newLiveRig(b)
	position := "0"
	latencies(b, r, func(i int) {
		subject := fmt.Sprintf("Lunch %d", i)
		if _, err := r.box("ana@northwind.example").Create(ownItem(3, subject, nil), world.SendNone); err != nil {
			b.Fatal(err)
		}
		r.until(subject+" is in the feed", func() bool {
			texts, next := r.feed(position)
			position = next
			return strings.Contains(strings.Join(texts, "\n"), "create "+subject)
		})
	})
}
