package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Driver opens states. A state lives in a folder of its own.
type Driver struct {
	// Open opens the state in dir for this process alone, making it where needed.
	Open func(ctx context.Context, dir string) (store.Store, error)
	// OpenReadOnly opens it for reading, also while another owns it.
	OpenReadOnly func(ctx context.Context, dir string) (store.Store, error)
}

// Run runs the suite.
func Run(t *testing.T, d Driver) {
	cases := []struct {
		name string
		run  func(*testing.T, Driver)
	}{
		{"a trainer never seen", emptyMemory},
		{"results round trip", resultsRoundTrip},
		{"no text of private items", privateText},
		{"held removals are released", releases},
		{"standings", standings},
		{"what backs off is made due", retriesOwed},
		{"a result is stored whole or not at all", atomic},
		{"intentions survive a crash", intentions},
		{"concurrent use", concurrent},
		{"import", importCounts},
		{"revisions", revisions},
		{"import of any course", coursesRoundTrip},
		{"replace", replace},
		{"unavailability", unavailability},
		{"changes of objects", appliesChanges},
		{"ETags", etags},
		{"late upserts of what was deleted", deletions},
		{"full lists bring back what a list lacked", sweptDeletions},
		{"deletions past their retention", deletionsPruned},
		{"pages of objects", pages},
		{"eng-3 changes make trainers due", wakes},
		{"push-14 snapshots", snapshots},
		{"push-14 imports that replace", replacesKeepPast},
		{"pull-10 feed", feedTells},
		{"forget-1 feed", feedForgets},
		{"feed past its retention", feedPrunes},
		{"feed wakes readers", feedWakes},
		{"feed of a restored state", feedEpochs},
		{"epochs past the feed's retention", feedEpochsPruned},
		{"the feed's epoch for readers", readersEpoch},
		{"pull-10 feed replayed", feedReplays},
		{"events", tellsEvents},
		{"webhooks", webhooks},
		{"history", history},
		{"runs by prefix", prefixes},
		{"runs in pages", runsBefore},
		{"pull-10 one that was pulled", pulledByID},
		{"pruning", prune},
		{"runs cut short", aborted},
		{"one owner", oneOwner},
		{"reading", reading},
		{"pauses", pauses},
		{"refused credentials", refusals},
		{"troubles of accounts", accountTroubles},
		{"verifications", verifications},
		{"map-5 moves", moves},
		{"watches", watches},
		{"steps of an item", itemSteps},
		{"forget-1", forgets},
		{"requests become one", dueOnce},
		{"causes are bounded", causesBounded},
		{"map-8 assignments", assignments},
		{"G4 due by account", dueByAccount},
		{"one worker for each trainer", oneWorker},
		{"H7 asked for during the work", dirtyWhileLeased},
		{"L1 lost leases", lostLease},
		{"leases are extended", extended},
		{"L2 dead workers", deadWorkers},
		{"the queue", queued},
		{"turns", turns},
		{"readers change nothing", readersChangeNothing},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, d)
		})
	}
}

var (
	ana  = platform.TrainerID{Provider: "northwind", Label: "ana"}
	zoe  = platform.TrainerID{Provider: "contoso", Label: "zoe"}
	noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
)

// open opens a state that is closed with the test.
func (d Driver) open(t *testing.T, dir string) store.Store {
	t.Helper()
	s, err := d.Open(t.Context(), dir)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (d Driver) fresh(t *testing.T) store.Store {
	t.Helper()
	return d.open(t, t.TempDir())
}

func must(t rapid.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// same compares values, where an empty list is no list.
func same(want, got any) string { return cmp.Diff(want, got, cmpopts.EquateEmpty()) }

func trainer(t rapid.TB, s store.Trainers, id platform.TrainerID) store.Trainer {
	t.Helper()
	got, err := s.Trainer(context.Background(), id)
	must(t, err)
	return got
}
