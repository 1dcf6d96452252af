package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

func pauses(t *testing.T, d Driver) {
	dir := t.TempDir()
	s := d.open(t, dir)
	whole := store.Pause{Provider: "northwind", Since: noon, Reason: "an audit"}
	one := store.Pause{Provider: "northwind", Label: "ana", Since: noon.Add(time.Hour)}
	must(t, s.Pause(t.Context(), one))
	must(t, s.Pause(t.Context(), whole))
	again := one
	again.Since, again.Reason = noon.Add(48*time.Hour), "holiday"
	must(t, s.Pause(t.Context(), again))
	one.Reason = "holiday"
	must(t, s.Close())
	s = d.open(t, dir) // a pause outlives the process
	got, err := s.Pauses(t.Context())
	if diff := same([]store.Pause{whole, one}, got); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
	if was, err := s.Resume(t.Context(), "northwind", ""); !was || err != nil {
		t.Errorf("the provider was paused: %v, %v", was, err)
	}
	if was, err := s.Resume(t.Context(), "northwind", ""); was || err != nil {
		t.Errorf("the provider is still paused: %v, %v", was, err)
	}
	if got, err := s.Pauses(t.Context()); len(got) != 1 || err != nil {
		t.Errorf("left are %v, %v", got, err)
	}
	if !whole.Covers(ana) || !one.Covers(ana) || whole.Covers(zoe) || one.Covers(platform.TrainerID{Provider: "northwind", Label: "ben"}) {
		t.Error("a pause covers its provider's trainers, or the one")
	}
}

func refusals(t *testing.T, d Driver) {
	s := d.fresh(t)
	r := store.Refusal{Account: "a/x", Fingerprint: "f1", Code: "credentials_refused", Message: "m", Advice: "a", Detail: "d", Since: noon}
	other := store.Refusal{Account: "b/x", Fingerprint: "f1", Code: "credentials_refused", Since: noon}
	must(t, s.Refuse(t.Context(), r))
	must(t, s.Refuse(t.Context(), other))
	again := r
	again.Since = noon.Add(time.Hour)
	must(t, s.Refuse(t.Context(), again))
	wants := func(name string, want ...store.Refusal) {
		t.Helper()
		got, err := s.Refusals(t.Context())
		if diff := same(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v: %s", name, err, diff)
		}
	}
	wants("the same again keeps its time", r, other)
	again.Fingerprint = "f2"
	must(t, s.Refuse(t.Context(), again))
	wants("other credentials of the account", again, other)
	must(t, s.Forgive(t.Context(), "c/x", "f1"))
	wants("credentials that two accounts use", again)
	must(t, s.Forgive(t.Context(), "a/x", "f3"))
	wants("an account that works again")
}

func accountTroubles(t *testing.T, d Driver) {
	s := d.fresh(t)
	f := store.Failing{Code: "c", Message: "m", Advice: "a", Since: noon, Attempts: 2, Next: noon.Add(time.Minute)}
	must(t, s.SetAccountTrouble(t.Context(), "a/x", &f))
	must(t, s.SetAccountTrouble(t.Context(), "b/x", &f))
	must(t, s.SetAccountTrouble(t.Context(), "b/x", nil))
	got, err := s.AccountTroubles(t.Context())
	if diff := same(map[string]store.Failing{"a/x": f}, got); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
}

func verifications(t *testing.T, d Driver) {
	s := d.fresh(t)
	check := sdk.Check{Mailbox: "ana@northwind.example", Step: "read", Outcome: sdk.Passed, Observed: "o", Advice: "a"}
	account := store.Verification{Account: "northwind/x", Fingerprint: "f", At: noon}
	mapping := store.Verification{Account: "northwind/x", Label: "ana", Fingerprint: "g", At: noon, Checks: []sdk.Check{check}}
	must(t, s.PutVerifications(t.Context(), []store.Verification{mapping, account}))
	account.At, account.Fingerprint = noon.Add(time.Hour), "f2"
	must(t, s.PutVerifications(t.Context(), []store.Verification{account}))
	must(t, s.PutVerifications(t.Context(), nil))
	got, err := s.Verifications(t.Context())
	if diff := same([]store.Verification{account, mapping}, got); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
}

// moves holds the store's half of map-5.
func moves(t *testing.T, d Driver) {
	s := d.fresh(t)
	old := store.Place{Account: "northwind/x", Mailbox: sdk.Mailbox{Address: "ana@old.example", TimeZone: "Europe/London"}}
	now := store.Place{Account: "northwind/y", Mailbox: sdk.Mailbox{Address: "ana@new.example", TimeZone: "Europe/London"}}
	day := calendar.DateOf(noon)
	left := []store.Leftover{
		{Place: old, Binding: "b1", Key: "k1", Generation: "g1", ItemID: "i1", When: calendar.When{Start: noon, End: noon.Add(time.Hour), TimeZone: "Europe/London"}, Since: noon},
		{Place: old, Binding: "b1", Key: "k2", Generation: "g2", ItemID: "i2", When: calendar.When{AllDay: true, FirstDay: day, EndDay: day.AddDays(1)}, Since: noon},
	}
	links := []reconcile.Link{{Key: "k1", Generation: "g3", State: reconcile.LinkIntended}, {Key: "k2", Generation: "g4", State: reconcile.LinkIntended}}
	must(t, s.Commit(t.Context(), store.Result{ID: ana, Binding: "b1", Cursor: []byte("c"), Fingerprint: "f", Place: old, PutLinks: []reconcile.Link{{Key: "k1", ItemID: "i1"}}}))
	must(t, s.Move(t.Context(), store.Move{ID: ana, Binding: "b2", Place: now, Links: links, Left: left}))
	want := store.Trainer{ID: ana, Binding: "b2", Place: now, Links: links, Left: left}
	if diff := same(want, trainer(t, s, ana)); diff != "" {
		t.Error(diff)
	}
	must(t, s.DropLeft(t.Context(), ana, left[:1]))
	must(t, s.DropLeft(t.Context(), zoe, left))
	if got := trainer(t, s, ana).Left; len(got) != 1 || got[0].Key != "k2" {
		t.Errorf("left are %+v", got)
	}
}

func itemSteps(t *testing.T, d Driver) {
	s := d.fresh(t)
	for i, id := range []string{"r1", "r2"} {
		must(t, s.FinishRun(t.Context(), finished(id, noon.Add(time.Duration(i)*time.Hour))))
	}
	got, err := s.ItemSteps(t.Context(), zoe, "k", 10)
	must(t, err)
	step := func(run string, at time.Time) store.ItemStep {
		return store.ItemStep{Run: run, Cause: "sync", Time: at, Step: store.RunStep{
			Direction: store.Push, Op: reconcile.OpCreate, Reason: reconcile.ReasonNew, Item: "k", Start: at, End: at, Failed: "conflict",
		}}
	}
	if diff := same([]store.ItemStep{step("r2", noon.Add(time.Hour)), step("r1", noon)}, got); diff != "" {
		t.Error(diff)
	}
	for name, of := range map[string]struct {
		id   platform.TrainerID
		item string
	}{"another item": {zoe, "K"}, "another trainer": {ana, "k"}} {
		if got, err := s.ItemSteps(t.Context(), of.id, of.item, 10); len(got) != 0 || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// forgets holds forget-1: everything of the trainer goes, and nothing of anybody else.
func forgets(t *testing.T, d Driver) {
	s := d.fresh(t)
	ben := platform.TrainerID{Provider: ana.Provider, Label: "ben"}
	for _, id := range []platform.TrainerID{ana, ben} {
		must(t, s.Commit(t.Context(), store.Result{
			ID: id, Binding: "b", PutLinks: []reconcile.Link{{Key: "k"}}, PutMirrors: []reconcile.Mirror{{ID: "m", Description: "Dentist"}},
			Conflicts: []store.Conflict{{Conflict: reconcile.Conflict{Key: "k", Other: "m", Pulled: true, Start: noon, End: noon}, Since: noon}},
		}))
		must(t, s.Move(t.Context(), store.Move{ID: id, Binding: "b2", Left: []store.Leftover{{Binding: "b", Key: "k", Since: noon}}}))
		must(t, s.Pause(t.Context(), store.Pause{Provider: id.Provider, Label: id.Label, Since: noon}))
		must(t, s.PutVerifications(t.Context(), []store.Verification{{Account: id.Provider + "/x", Label: id.Label, At: noon}}))
		imported(t, s, store.Batch{Import: platform.Import{Unavailability: []platform.Unavailability{{
			ID: id.Label, Trainer: id, Description: "Leave", When: calendar.When{Start: noon, End: noon.Add(1)},
		}}}})
	}
	imported(t, s, batch(course("1")))
	before := trainer(t, s, ben)
	run := finished("r", noon)
	run.Trainers = append(run.Trainers, store.RunTrainer{Trainer: ben, State: store.RunOK})
	events := run.Events
	run.Events = append(slices.Clone(events), store.RunEvent{Time: noon, Text: ana.String() + ": 1 item is left in ana@northwind.example"})
	must(t, s.FinishRun(t.Context(), run))
	got, err := s.Forget(t.Context(), ana)
	if diff := same(store.Forgotten{Links: 1, Mirrors: 1, Unavailability: 1, Runs: 1}, got); diff != "" || err != nil {
		t.Errorf("forgotten: %v: %s", err, diff)
	}
	if diff := same(store.Trainer{ID: ana}, trainer(t, s, ana)); diff != "" {
		t.Error(diff)
	}
	if diff := same(before, trainer(t, s, ben)); diff != "" {
		t.Errorf("another trainer's memory: %s", diff)
	}
	r, err := s.Run(t.Context(), "r")
	if len(r.Trainers) != 2 || err != nil {
		t.Errorf("the run has %d trainers left, %v", len(r.Trainers), err)
	}
	if diff := same(events, r.Events); diff != "" {
		t.Errorf("events of the run: %s", diff)
	}
	theirs, err := s.Unavailability(t.Context(), ana)
	blocks, otherErr := s.Unavailability(t.Context(), ben)
	if len(theirs) != 0 || len(blocks) != 1 || len(stored(t, s)) != 1 || errors.Join(err, otherErr) != nil {
		t.Errorf("unavailability %v and %v, courses %v", theirs, blocks, stored(t, s))
	}
	checks, err := s.Verifications(t.Context())
	stops, stopErr := s.Pauses(t.Context())
	if len(checks) != 1 || len(stops) != 1 || errors.Join(err, stopErr) != nil {
		t.Errorf("verifications %v, pauses %v", checks, stops)
	}
}

// readersChangeNothing: none of the operations works on a state opened for reading.
func readersChangeNothing(t *testing.T, d Driver) {
	dir := t.TempDir()
	d.open(t, dir)
	reader, err := d.OpenReadOnly(t.Context(), dir)
	must(t, err)
	defer func() { _ = reader.Close() }()
	ctx := context.Background()
	_, resume := reader.Resume(ctx, "p", "")
	_, forget := reader.Forget(ctx, ana)
	for i, err := range []error{
		resume, forget, reader.Pause(ctx, store.Pause{}), reader.Refuse(ctx, store.Refusal{}), reader.Forgive(ctx, "", ""),
		reader.SetAccountTrouble(ctx, "a", nil), reader.PutVerifications(ctx, nil), reader.Move(ctx, store.Move{ID: ana}), reader.DropLeft(ctx, ana, nil),
	} {
		if !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("change %d through a reader: %v, want ErrReadOnly", i, err)
		}
	}
}
