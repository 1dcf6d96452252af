package reconcile

import (
	"fmt"
	"testing"
	"time"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// benchItems is how many items a calendar has, and benchOurs how many of them are the
// gateway's.
const (
	benchItems = 200
	benchOurs  = 50
)

// BenchmarkUnchanged plans a full read in which nothing changed, per item; the floor
// is what it takes to put the same items into a map and look each up once.
func BenchmarkUnchanged(b *testing.B) {
	in := benchInput()
	b.ReportAllocs()
	for b.Loop() {
		if plan := Make(in); !plan.Empty() {
			b.Fatalf("the plan is not empty: %+v", plan.Platform)
		}
	}
	perItem := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / benchItems
	b.ReportMetric(perItem, "ns/item")
	b.ReportMetric(benchFloor(in, b.N), "floor-ns/item")
}

// BenchmarkThousandTrainers plans what a run over 1,000 trainers of 200 items each does
// when nothing changed: both what is asked for and the plan, with nothing in the caches.
func BenchmarkThousandTrainers(b *testing.B) {
	const trainers = 1000
	inputs := make([]Input, trainers)
	for i := range inputs {
		inputs[i] = benchInput()
	}
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		for i := range inputs {
			c := Compare(inputs[i])
			if ids := c.Questions(); len(ids) > 0 {
				b.Fatalf("asked for %v", ids)
			}
			if plan := c.Plan(); !plan.Empty() {
				b.Fatalf("the plan is not empty: %+v", plan.Platform)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/trainers/benchItems, "ns/item")
}

// benchFloor measures the floor in the same run.
func benchFloor(in Input, rounds int) float64 {
	start, found := time.Now(), 0
	for range rounds {
		items := map[calendar.ItemID]calendar.Item{}
		for _, c := range in.Read.Changes {
			items[c.Upsert.ID] = *c.Upsert
		}
		for _, m := range in.Mirrors {
			if items[m.ItemID].Version == m.Version {
				found++
			}
		}
	}
	if found != rounds*(benchItems-benchOurs) {
		panic("the floor did other work")
	}
	return float64(time.Since(start).Nanoseconds()) / float64(rounds) / benchItems
}

// benchInput is a trainer whose calendar was pulled and written, and has not changed since.
func benchInput() Input {
	in := Input{
		Trainer: "northwind/ana",
		Policy: Policy{
			Installation: "bench", Push: true, Pull: true, Window: window, Zone: time.UTC,
			ShowAs: []calendar.ShowAs{calendar.ShowAsBusy},
		},
		Read:       Read{Complete: true, Full: true, Covered: window},
		Generation: func() string { return "g" },
	}
	for i := range benchItems - benchOurs {
		item := calendar.Item{ID: calendar.ItemID(fmt.Sprintf("item-%d", i)), Version: "1"}
		item.Appointment = appointment(fmt.Sprintf("Meeting %d", i), hours(window.Start.Add(time.Duration(24+i)*time.Hour), 1))
		in.Read.Changes = append(in.Read.Changes, calendar.Change{Upsert: &item})
	}
	for i := range benchOurs {
		l := Link{Key: fmt.Sprintf("northwind/ana/course/%d", i), Generation: "g", ItemID: calendar.ItemID(fmt.Sprintf("ours-%d", i)), Version: "1", Revision: 1, State: LinkWritten}
		l.Rendered = appointment("Training: Forklift", hours(window.Start.Add(time.Duration(24*i)*time.Hour), 1))
		in.Links = append(in.Links, l)
		in.Wanted = append(in.Wanted, Wanted{Key: l.Key, Revision: 1, Appointment: l.Rendered})
		item := calendar.Item{ID: l.ItemID, Version: "1", Appointment: l.Rendered, Marker: &calendar.Marker{Installation: "bench", Key: l.Key, Generation: "g"}}
		in.Read.Changes = append(in.Read.Changes, calendar.Change{Upsert: &item})
	}
	for _, s := range Make(in).Platform {
		in.Mirrors = append(in.Mirrors, s.Mirror)
	}
	return in
}
