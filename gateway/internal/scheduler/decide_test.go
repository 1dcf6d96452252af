package scheduler

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const minute = time.Minute

func trainer(n int) platform.TrainerID {
	return platform.TrainerID{Provider: "northwind", Label: fmt.Sprintf("t%d", n)}
}

// eng-2: each trainer has one turn in every interval, always at the same place of it.
func TestSlots(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := platform.TrainerID{Provider: "p", Label: rapid.String().Draw(t, "label")}
		every := time.Duration(rapid.Int64Range(int64(time.Second), int64(48*time.Hour)).Draw(t, "interval"))
		after := noon.Add(time.Duration(rapid.Int64Range(-int64(1000*time.Hour), int64(1000*time.Hour)).Draw(t, "after")))
		next := Slot(id, every, after)
		if wait := next.Sub(after); wait <= 0 || wait > every {
			t.Fatalf("the next turn is after %s, with an interval of %s", wait, every)
		}
		if second := Slot(id, every, next); second.Sub(next) != every {
			t.Fatalf("the one after that is %s later", second.Sub(next))
		}
	})
}

// eng-2: 10,000 trainers do not fire at once.
func TestSlotsAreSpread(t *testing.T) {
	const trainers, parts = 10_000, 15
	var count [parts]int
	for i := range trainers {
		count[int(Slot(trainer(i), 15*minute, noon).Sub(noon)-1)/int(minute)]++
	}
	for i, n := range count {
		if n < trainers/parts*8/10 || n > trainers/parts*12/10 {
			t.Errorf("%d turns in minute %d, want about %d", n, i, trainers/parts)
		}
	}
}

func every15(platform.TrainerID) time.Duration { return 15 * minute }

// map-8, G8, eng-2: who gets which turn.
func TestTurns(t *testing.T) {
	id := trainer(1)
	slot := Slot(id, 15*minute, noon)
	cases := []struct {
		name  string
		due   store.Due
		isNew bool
		want  time.Time // zero for as it is
	}{
		{"nothing yet", store.Due{}, false, slot},
		{"new", store.Due{}, true, noon},
		{"another mapping, and a turn later", Turn(id, slot), true, noon},
		{"in time", Turn(id, slot), false, time.Time{}},
		{"the interval is shorter now", Turn(id, noon.Add(time.Hour)), false, slot},
		{"a little late", Turn(id, noon.Add(-time.Second)), false, time.Time{}},
		{"a change waits", store.Due{Trainer: id, At: noon.Add(-time.Hour), Cause: store.CauseChange}, false, time.Time{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.due.Trainer = id
			var want []store.Due
			if !c.want.IsZero() {
				want = []store.Due{Turn(id, c.want)}
			}
			got := Turns([]store.Due{c.due}, map[platform.TrainerID]bool{id: c.isNew}, every15, noon)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// G8: what 10,000 trainers missed in two hours is made up for in a few minutes, and not
// at once; what one missed, at once.
func TestCatchingUp(t *testing.T) {
	missed := func(n int) []store.Due {
		var due []store.Due
		for i := range n {
			due = append(due, Turn(trainer(i), noon.Add(-2*time.Hour)))
		}
		return Turns(due, nil, every15, noon)
	}
	perSecond := map[int]int{}
	for _, d := range missed(10_000) {
		wait := d.At.Sub(noon)
		if wait < 0 || wait > 15*minute/4 {
			t.Fatalf("%s is made up for after %s", d.Trainer, wait)
		}
		perSecond[int(wait/time.Second)]++
	}
	for s, n := range perSecond {
		if n > 100 {
			t.Errorf("%d trainers in second %d", n, s)
		}
	}
	if one := missed(1); one[0].At.Sub(noon) > pace {
		t.Errorf("one is made up for after %s", one[0].At.Sub(noon))
	}
}

// H2, eng-3: a first change is not waited with, a burst is.
func TestReady(t *testing.T) {
	sec := func(s float64) time.Time { return noon.Add(time.Duration(s * float64(time.Second))) }
	change := func(since, asked, served float64) store.Due {
		d := store.Due{At: sec(since), Since: sec(since), Asked: sec(asked), Cause: store.CauseChange}
		if served > -1000 {
			d.Served = sec(served)
		}
		return d
	}
	turn := change(0, 0, 0)
	turn.Cause = store.CauseInterval
	cases := []struct {
		name string
		due  store.Due
		want time.Time
	}{
		{"never worked on", change(0, 0, -1000), sec(0)},
		{"worked on long ago", change(0, 3, -2), sec(0)},
		{"asked for during the work", change(0, 0.5, 1), sec(1.5)},
		{"asked for right after the work", change(0, 0, -1.9), sec(1)},
		{"and again and again", change(0, 9.5, 1), sec(10)},
		{"a turn", turn, sec(0)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := Ready(c.due); !got.Equal(c.want) {
				t.Errorf("ready at %s, want %s", got.Sub(noon), c.want.Sub(noon))
			}
		})
	}
}

func dueOf(account, cause string, n int) []store.Due {
	var due []store.Due
	for i := range n {
		id := platform.TrainerID{Provider: account, Label: fmt.Sprint(i)}
		due = append(due, store.Due{Trainer: id, Account: account, At: noon, Since: noon, Asked: noon, Cause: cause})
	}
	return due
}

// summary is a batch in a line.
func summaries(batches []store.Work) []string {
	var out []string
	for _, b := range batches {
		kind := "asked"
		if b.Interval {
			kind = "turns"
		}
		out = append(out, fmt.Sprintf("%s %s %d", b.Account, kind, len(b.Trainers)))
	}
	return out
}

// G4: an account with 5,000 trainers that are due leaves room for others and for changes.
func TestBatches(t *testing.T) {
	many := dueOf("big", store.CauseInterval, 5000)
	cases := []struct {
		name    string
		due     []store.Due
		flights map[string]store.Flights
		want    []string
	}{
		{"one big account", many, nil, []string{"big turns 200", "big turns 200"}},
		{"and a small one", append(many[:5000:5000], dueOf("small", store.CauseInterval, 1)...), nil, []string{"big turns 200", "small turns 1", "big turns 200"}},
		{
			"a change comes first and has room", append(many[:5000:5000], dueOf("big", store.CauseChange, 1)...),
			map[string]store.Flights{"big": {All: 1, Interval: 1}},
			[]string{"big asked 1", "big turns 200"},
		},
		{
			"and when the turns are full", append(many[:5000:5000], dueOf("big", store.CauseChange, 1)...),
			map[string]store.Flights{"big": {All: 2, Interval: 2}},
			[]string{"big asked 1"},
		},
		{"a slow account holds up nobody else", append(dueOf("slow", store.CauseChange, 5), dueOf("b", store.CauseChange, 1)...), map[string]store.Flights{"slow": {All: 3}}, []string{"b asked 1"}},
		{
			"what slow accounts leave free is for others", slices.Concat(dueOf("slow", store.CauseChange, 500), dueOf("b", store.CauseChange, 500)),
			map[string]store.Flights{"slow": {All: 2}, "too": {All: 2}, "three": {All: 1}},
			[]string{"b asked 200"},
		},
		{
			"but a change waits for no turns of its own account", slices.Concat(dueOf("a", store.CauseChange, 1), dueOf("b", store.CauseChange, 1)),
			map[string]store.Flights{"a": {All: 1, Interval: 1}, "b": {All: 2, Interval: 1}, "c": {All: 1, Interval: 1}, "d": {All: 1, Interval: 1}},
			[]string{"a asked 1"},
		},
		{"no room at all", many, map[string]store.Flights{"x": {All: Workers}}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, _ := Batches(c.due, c.flights, noon, func() string { return "id" })
			if diff := cmp.Diff(c.want, summaries(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What Batches makes fits the bounds, and nobody is in two batches.
func TestBatchesBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var due []store.Due
		for _, account := range []string{"a", "b", "c", "d", "e"} {
			due = append(due, dueOf(account, rapid.SampledFrom([]string{store.CauseChange, store.CauseInterval}).Draw(t, "cause"), rapid.IntRange(0, 900).Draw(t, "due"))...)
		}
		batches, _ := Batches(due, nil, noon, func() string { return "id" })
		seen := map[platform.TrainerID]bool{}
		byAccount := map[string]int{}
		for _, b := range batches {
			if byAccount[b.Account]++; byAccount[b.Account] > accountBatches || len(b.Trainers) > sdk.MaxMailboxes || len(b.Trainers) == 0 {
				t.Fatalf("batches %v", summaries(batches))
			}
			for _, id := range b.Trainers {
				if seen[id] {
					t.Fatalf("%s is in two batches", id)
				}
				seen[id] = true
			}
		}
		if len(batches) > Workers || (len(batches) == 0 && len(due) > 0) {
			t.Fatalf("batches %v", summaries(batches))
		}
	})
}
