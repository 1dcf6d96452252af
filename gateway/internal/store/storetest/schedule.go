package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

var cas = platform.TrainerID{Provider: "northwind", Label: "cas"}

// assign puts trainers into the engine's hands.
func assign(t *testing.T, s store.Schedule, account string, trainers ...platform.TrainerID) {
	t.Helper()
	all := make([]store.Assignment, len(trainers))
	for i, id := range trainers {
		all[i] = store.Assignment{Trainer: id, Account: account, Mapping: "m"}
	}
	_, err := s.Assign(t.Context(), all)
	must(t, err)
}

func change(id platform.TrainerID, at time.Time, parents ...string) store.Due {
	return store.Due{Trainer: id, At: at, Since: at, Cause: store.CauseChange, Traceparents: parents}
}

func turn(id platform.TrainerID, at time.Time) store.Due {
	return store.Due{Trainer: id, At: at, Since: at, Cause: store.CauseInterval}
}

// dueAt checks what is due at a time, and when the next trainer is.
func dueAt(t *testing.T, s store.Schedule, now, next time.Time, want ...store.Due) {
	t.Helper()
	got, after, err := s.NextDue(t.Context(), now, 100)
	if diff := same(want, got); diff != "" || err != nil {
		t.Errorf("due at %s: %v: %s", now.Format(time.TimeOnly), err, diff)
	}
	if !after.Equal(next) {
		t.Errorf("the next is due at %s, want %s", after, next)
	}
}

func claim(t *testing.T, s store.Schedule, owner string, now time.Time, trainers ...platform.TrainerID) []store.Lease {
	t.Helper()
	leases, err := s.Claim(t.Context(), store.Claim{Owner: owner, Now: now, Until: now.Add(time.Minute), Trainers: trainers})
	must(t, err)
	return leases
}

// Requests for the same trainer become one, and the earliest time counts.
func dueOnce(t *testing.T, d Driver) {
	s := d.fresh(t)
	assign(t, s, "northwind/x", ana, cas)
	later := noon.Add(time.Minute)
	must(t, s.MarkDue(t.Context(), []store.Due{turn(ana, later), turn(cas, later)}))
	dueAt(t, s, noon, later)
	must(t, s.MarkDue(t.Context(), []store.Due{change(ana, noon, "p1")}))
	must(t, s.MarkDue(t.Context(), []store.Due{change(ana, noon.Add(time.Second), "p1", "p2")}))
	want := store.Due{
		Trainer: ana, Account: "northwind/x", At: noon, Since: noon, Asked: noon.Add(time.Second), Cause: store.CauseChange, Traceparents: []string{"p1", "p2"},
	}
	dueAt(t, s, noon, later, want)
	// The turn that was due anyway does not make it less urgent.
	must(t, s.MarkDue(t.Context(), []store.Due{turn(ana, noon.Add(2*time.Second))}))
	dueAt(t, s, noon, later, want)
	if n, since, err := s.Waiting(t.Context(), noon); n != 1 || !since.Equal(noon) || err != nil {
		t.Errorf("%d wait since %s, %v", n, since, err)
	}
}

// Only so many causes are kept of each trainer.
func causesBounded(t *testing.T, d Driver) {
	s := d.fresh(t)
	assign(t, s, "northwind/x", ana)
	for i := range 2 * store.MaxTraceparents {
		must(t, s.MarkDue(t.Context(), []store.Due{change(ana, noon, string(rune('A'+i)))}))
	}
	due, _, err := s.NextDue(t.Context(), noon, 100)
	if err != nil || len(due) != 1 || len(due[0].Traceparents) != store.MaxTraceparents {
		t.Errorf("%v, %v", due, err)
	}
}

// map-8, eng-1: who is newly mapped is told of, and who is not assigned is due for nothing
// until then.
func assignments(t *testing.T, d Driver) {
	s := d.fresh(t)
	must(t, s.MarkDue(t.Context(), []store.Due{change(ana, noon)}))
	dueAt(t, s, noon, time.Time{}) // map-10: kept, not worked on
	expect := func(name string, want []platform.TrainerID, all ...store.Assignment) {
		t.Helper()
		got, err := s.Assign(t.Context(), all)
		if diff := same(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v: %s", name, err, diff)
		}
	}
	one := store.Assignment{Trainer: ana, Account: "northwind/x", Mapping: "in"}
	two := store.Assignment{Trainer: zoe, Account: "contoso/x", Mapping: "in"}
	expect("both are new", []platform.TrainerID{ana, zoe}, one, two)
	expect("none is new", nil, one, two)
	wider := one
	wider.Mapping = "both"
	expect("one is wider", []platform.TrainerID{ana}, wider, two)
	expect("one is off", nil, two)
	dueAt(t, s, noon, time.Time{})
	expect("one is on again", []platform.TrainerID{ana}, wider, two)
	want := change(ana, noon)
	want.Account, want.Asked = "northwind/x", noon
	dueAt(t, s, noon, time.Time{}, want)
}

// G4: however many are due of one account, the others' are seen.
func dueByAccount(t *testing.T, d Driver) {
	s := d.fresh(t)
	var many []platform.TrainerID
	for i := range 30 {
		many = append(many, platform.TrainerID{Provider: "northwind", Label: string(rune('a' + i))})
	}
	must(t, func() error {
		all := []store.Assignment{{Trainer: zoe, Account: "contoso/x"}}
		for _, id := range many {
			all = append(all, store.Assignment{Trainer: id, Account: "northwind/x"})
		}
		_, err := s.Assign(t.Context(), all)
		return err
	}())
	for _, id := range many {
		must(t, s.MarkDue(t.Context(), []store.Due{turn(id, noon)}))
	}
	must(t, s.MarkDue(t.Context(), []store.Due{turn(zoe, noon.Add(time.Second))}))
	due, _, err := s.NextDue(t.Context(), noon.Add(time.Minute), 10)
	if err != nil || len(due) != 11 || due[10].Trainer != zoe {
		t.Errorf("%d are due, %v", len(due), err)
	}
}

// push-10: one worker for each trainer.
func oneWorker(t *testing.T, d Driver) {
	s := d.fresh(t)
	assign(t, s, "northwind/x", ana, cas)
	must(t, s.MarkDue(t.Context(), []store.Due{change(ana, noon, "p1")}))
	first := claim(t, s, "first", noon, ana)
	if len(first) != 1 || first[0].For.Cause != store.CauseChange || !slices.Equal(first[0].For.Traceparents, []string{"p1"}) {
		t.Fatalf("leases %v", first)
	}
	second := claim(t, s, "second", noon, ana, cas)
	if len(second) != 1 || second[0].Trainer != cas {
		t.Errorf("leases of the second: %v", second)
	}
	owners, err := s.Owners(t.Context(), noon, []platform.TrainerID{ana, cas, zoe})
	if diff := same(map[platform.TrainerID]string{ana: "first", cas: "second"}, owners); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
	must(t, s.Unlease(t.Context(), noon, first, nil))
	if again := claim(t, s, "second", noon, ana); len(again) != 1 || again[0].Epoch <= first[0].Epoch {
		t.Errorf("leases after the first is given back: %v", again)
	}
}

// H7: what is asked for during the work is done after it, and not at the same time.
func dirtyWhileLeased(t *testing.T, d Driver) {
	s := d.fresh(t)
	assign(t, s, "northwind/x", ana)
	must(t, s.MarkDue(t.Context(), []store.Due{change(ana, noon, "p1")}))
	leases := claim(t, s, "first", noon, ana)
	dueAt(t, s, noon, noon.Add(time.Minute)) // the end of the lease
	must(t, s.MarkDue(t.Context(), []store.Due{change(ana, noon.Add(time.Second), "p2")}))
	dueAt(t, s, noon.Add(2*time.Second), noon.Add(time.Minute))
	slot := noon.Add(time.Hour)
	must(t, s.Unlease(t.Context(), noon.Add(3*time.Second), leases, []store.Due{turn(ana, slot)}))
	want := change(ana, noon.Add(time.Second), "p2")
	want.Account, want.Asked, want.Served = "northwind/x", want.Since, noon.Add(3*time.Second)
	dueAt(t, s, noon.Add(3*time.Second), time.Time{}, want)
}

// L1, L2: the work of who does not come back is due again with everything that it was for,
// and nothing of it is stored any more.
func lostLease(t *testing.T, d Driver) {
	s := d.fresh(t)
	assign(t, s, "northwind/x", ana)
	must(t, s.MarkDue(t.Context(), []store.Due{change(ana, noon, "p1")}))
	slow := claim(t, s, "slow", noon, ana)
	after := noon.Add(2 * time.Minute)
	must(t, s.MarkDue(t.Context(), []store.Due{change(ana, noon.Add(time.Minute), "p2")}))
	if n, err := s.Reap(t.Context(), noon.Add(30*time.Second)); n != 0 || err != nil {
		t.Errorf("%d leases had run out, %v", n, err)
	}
	if n, err := s.Reap(t.Context(), after); n != 1 || err != nil {
		t.Errorf("%d leases had run out, %v", n, err)
	}
	want := change(ana, noon, "p2", "p1")
	want.Account, want.Asked = "northwind/x", noon.Add(time.Minute)
	dueAt(t, s, after, time.Time{}, want)
	if kept, err := s.Extend(t.Context(), after.Add(time.Minute), slow); len(kept) != 0 || err != nil {
		t.Errorf("a lost lease was extended: %v, %v", kept, err)
	}
	must(t, s.Unlease(t.Context(), after, slow, nil)) // it takes nothing away
	dueAt(t, s, after, time.Time{}, want)
	quick := claim(t, s, "quick", after, ana)
	wrote := fencedWrites(t, s, slow)
	for name, err := range wrote {
		if !errors.Is(err, store.ErrLost) {
			t.Errorf("%s under a lost lease: %v", name, err)
		}
	}
	if m := trainer(t, s, ana); len(m.Links) > 0 || m.Binding != "" {
		t.Errorf("stored under a lost lease: %+v", m)
	}
	for name, err := range fencedWrites(t, s, quick) {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// fencedWrites writes everything there is of ana under leases, and of cas, of whom there
// is none.
func fencedWrites(t *testing.T, s store.Store, leases []store.Lease) map[string]error {
	t.Helper()
	ctx := store.UnderLease(t.Context(), leases)
	if err := s.Intend(ctx, cas, nil); !errors.Is(err, store.ErrLost) {
		t.Errorf("a write of a trainer without a lease: %v", err)
	}
	_, retried := s.RetryOwed(ctx, ana)
	_, released := s.Release(ctx, ana, []string{"x"})
	return map[string]error{
		"Intend":    s.Intend(ctx, ana, []reconcile.Link{{Key: "k", Generation: "g", State: reconcile.LinkIntended}}),
		"Commit":    s.Commit(ctx, store.Result{ID: ana, Binding: "b"}),
		"Move":      s.Move(ctx, store.Move{ID: ana, Binding: "b2"}),
		"DropLeft":  s.DropLeft(ctx, ana, nil),
		"RetryOwed": retried, "Release": released,
	}
}

// A lease that is extended is held longer.
func extended(t *testing.T, d Driver) {
	s := d.fresh(t)
	leases := claim(t, s, "first", noon, ana)
	kept, err := s.Extend(t.Context(), noon.Add(time.Hour), leases)
	if err != nil || len(kept) != 1 || !kept[0].Until.Equal(noon.Add(time.Hour)) {
		t.Fatalf("kept %v, %v", kept, err)
	}
	if n, err := s.Reap(t.Context(), noon.Add(2*time.Minute)); n != 0 || err != nil {
		t.Errorf("%d leases had run out, %v", n, err)
	}
}

// L2: who owns the state alone knows that all other workers are dead.
func deadWorkers(t *testing.T, d Driver) {
	dir := t.TempDir()
	s := d.open(t, dir)
	assign(t, s, "northwind/x", ana, cas)
	must(t, s.MarkDue(t.Context(), []store.Due{change(ana, noon), change(cas, noon)}))
	claim(t, s, "killed", noon, ana)
	enqueue(t, s, store.Work{ID: "b1", Account: "northwind/x", Trainers: []platform.TrainerID{cas}})
	dueAt(t, s, noon, noon.Add(time.Minute))
	must(t, s.Close())
	s = d.open(t, dir)
	due, _, err := s.NextDue(t.Context(), noon, 100)
	if err != nil || len(due) != 2 {
		t.Errorf("due are %v, %v", due, err)
	}
	if flights, err := s.Flights(t.Context(), noon); len(flights) != 0 || err != nil {
		t.Errorf("at work are %v, %v", flights, err)
	}
}

func enqueue(t *testing.T, s store.Schedule, batches ...store.Work) {
	t.Helper()
	jobs, err := s.Jobs(store.JobOptions{Workers: 1})
	must(t, err)
	must(t, jobs.Enqueue(t.Context(), batches, noon.Add(5*time.Minute)))
}

// What is queued is due nowhere else until it is claimed or the queue has lost it.
func queued(t *testing.T, d Driver) {
	s := d.fresh(t)
	assign(t, s, "northwind/x", ana, cas)
	must(t, s.MarkDue(t.Context(), []store.Due{change(ana, noon), turn(cas, noon)}))
	enqueue(t, s,
		store.Work{ID: "b1", Account: "northwind/x", Trainers: []platform.TrainerID{ana}},
		store.Work{ID: "b2", Account: "northwind/x", Trainers: []platform.TrainerID{cas}, Interval: true})
	dueAt(t, s, noon, noon.Add(5*time.Minute))
	flights := func(want map[string]store.Flights) {
		t.Helper()
		got, err := s.Flights(t.Context(), noon)
		if diff := same(want, got); diff != "" || err != nil {
			t.Errorf("%v: %s", err, diff)
		}
	}
	flights(map[string]store.Flights{"northwind/x": {All: 2, Interval: 1}})
	leases, err := s.Claim(t.Context(), store.Claim{Owner: "w", Now: noon, Until: noon.Add(time.Minute), Trainers: []platform.TrainerID{ana}, Due: true})
	if err != nil || len(leases) != 1 {
		t.Fatalf("leases %v, %v", leases, err)
	}
	flights(map[string]store.Flights{"northwind/x": {All: 2, Interval: 1}}) // still at work
	must(t, s.Unlease(t.Context(), noon, leases, nil))
	flights(map[string]store.Flights{"northwind/x": {All: 1, Interval: 1}})
	again, err := s.Claim(t.Context(), store.Claim{Owner: "w", Now: noon, Until: noon.Add(time.Minute), Trainers: []platform.TrainerID{ana}, Due: true})
	if len(again) != 0 || err != nil {
		t.Errorf("ana was due no more: %v, %v", again, err)
	}
	if due, _, err := s.NextDue(t.Context(), noon.Add(6*time.Minute), 100); len(due) != 1 || err != nil {
		t.Errorf("the lost batch: %v, %v", due, err)
	}
}

// A new turn takes the place of a turn, and of nothing else.
func turns(t *testing.T, d Driver) {
	s := d.fresh(t)
	assign(t, s, "northwind/x", ana, cas)
	assign(t, s, "northwind/x", ana, cas, zoe)
	must(t, s.MarkDue(t.Context(), []store.Due{change(ana, noon), turn(cas, noon)}))
	later := noon.Add(time.Hour)
	must(t, s.Turns(t.Context(), []store.Due{turn(ana, later), turn(cas, later), turn(zoe, later)}))
	due, err := s.Dues(t.Context())
	must(t, err)
	at := map[platform.TrainerID]time.Time{}
	for _, one := range due {
		at[one.Trainer] = one.At
	}
	if diff := same(map[platform.TrainerID]time.Time{ana: noon, cas: later, zoe: later}, at); diff != "" {
		t.Error(diff)
	}
}
