package runner

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// TestDailyFullRead holds F9 and pull-7: once a day the whole calendar is read; what the
// reads of changes before had not told of is repaired and counted, and nothing else is
// taken for it: neither what changed since the last of them, nor what slid into the window.
func TestDailyFullRead(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	now := noon
	r.runner.Now = func() time.Time { return now }
	r.course("1", 30, "ana")
	r.native("ana", "Dentist", 3)
	r.native("ana", "Next year", 366)
	full := 0
	hidden := map[calendar.ItemID]bool{}
	r.account.onRead = func(p *sdk.ReadPage) error {
		if p.Complete == nil || p.Complete.Full {
			full++
			return nil
		}
		p.Changes = slices.DeleteFunc(p.Changes, func(c calendar.Change) bool {
			return hidden[c.Remove] || (c.Upsert != nil && hidden[c.Upsert.ID])
		})
		return nil
	}
	r.synced()
	full = 0
	missed := r.native("ana", "Doctor", 4) // no read of changes will tell
	hidden[calendar.ItemID(missed)] = true
	for range 4 {
		now = now.Add(5 * time.Minute)
		r.synced()
	}
	fulls := 0
	var counts store.Counts
	for range 24 {
		r.native("ana", "Lunch", 5) // in the run with the full read, too, a change comes first
		now, full = now.Add(time.Hour), 0
		counts = counts.Add(outcome(t, r.synced(), "ana").Counts)
		fulls += full
	}
	if fulls != 1 {
		t.Errorf("%d full reads in a day", fulls)
	}
	if want := (store.Counts{PullCreated: 24 + 2, Missed: 1}); counts != want {
		t.Errorf("counts %+v, want %+v", counts, want)
	}
	want := []string{"Dentist", "Doctor", "Lunch", "Next year"}
	if diff := cmp.Diff(want, slices.Compact(r.pulled("ana"))); diff != "" {
		t.Error(diff)
	}
}

// TestFullReadsAreStaggered: trainers have their full reads at different times of the day.
func TestFullReadsAreStaggered(t *testing.T) {
	t.Parallel()
	r := &Runner{Past: day, Future: day}
	byHour := map[int]int{}
	for n := range 2400 {
		id := platform.TrainerID{Provider: "northwind", Label: fmt.Sprintf("t%04d", n)}
		w := r.windowFor(noon, Target{ID: id})
		byHour[w.Start.Hour()]++
		if !w.Start.After(noon.Add(-2*day)) || w.End.Before(noon.Add(day)) {
			t.Fatalf("the window of %s is %v", id, w)
		}
	}
	for hour := range 24 {
		if n := byHour[hour]; n < 50 || n > 150 {
			t.Errorf("%d of 2400 full reads at %d o'clock", n, hour)
		}
	}
}

// TestConfigurationChangesAreReadInFull holds pull-8 and pull-11: a change of what is
// pulled takes effect at the next run, also for what did not change in the calendar.
func TestConfigurationChangesAreReadInFull(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.calendar.Put(r.target("ana").Mailbox.Address, "", entry("Perhaps", calendar.ShowAsTentative))
	r.native("ana", "Dentist", 3)
	r.target("ana").ShowAs = []calendar.ShowAs{calendar.ShowAsBusy}
	for _, s := range []struct {
		change func(*Target)
		want   []string
	}{
		{func(*Target) {}, []string{"Dentist"}},
		{func(t *Target) { t.ShowAs = append(t.ShowAs, calendar.ShowAsTentative) }, []string{"Dentist", "Perhaps"}},
		{func(t *Target) { t.Detail = sdk.DetailBusy }, []string{"Unavailable", "Unavailable"}},
		{func(t *Target) { t.Detail = sdk.DetailSubject }, []string{"Dentist", "Perhaps"}},
		{func(t *Target) { t.ShowAs = t.ShowAs[:1] }, []string{"Dentist"}},
	} {
		s.change(r.target("ana"))
		r.synced()
		if diff := cmp.Diff(s.want, r.pulled("ana")); diff != "" {
			t.Error(diff)
		}
	}
}
