package storetest

import (
	"testing"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

func standings(t *testing.T, d Driver) {
	s := d.fresh(t)
	must(t, s.Commit(t.Context(), store.Result{
		ID: ana, Proven: noon, Conflicts: []store.Conflict{{Conflict: reconcile.Conflict{Key: "a", Other: "b", Start: noon, End: noon}, Since: noon}},
		PutMirrors: []reconcile.Mirror{{ID: "1", Held: true}, {ID: "2", Held: true}, {ID: "3"}},
	}))
	must(t, s.Commit(t.Context(), store.Result{ID: zoe, Failing: &store.Failing{Code: "throttled", Since: noon}}))
	got, err := s.Standings(t.Context())
	must(t, err)
	want := map[platform.TrainerID]store.Standing{
		ana: {Proven: noon, Held: 2, Conflicts: 1},
		zoe: {Failing: true, FailingCode: "throttled", FailingSince: noon},
	}
	if diff := same(want, got); diff != "" {
		t.Error(diff)
	}
}
