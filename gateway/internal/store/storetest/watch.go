package storetest

import (
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// watches holds the store's half of pull-9: states outlive the process, so that nothing is
// subscribed anew.
func watches(t *testing.T, d Driver) {
	dir := t.TempDir()
	s := d.open(t, dir)
	failing := store.Failing{Code: "unsupported", Message: "m", Advice: "a", Since: noon, Attempts: 2, Next: noon.Add(time.Hour)}
	anas := store.Watch{Trainer: ana, Account: "northwind/x", Identity: "i", Address: "ana@northwind.example", State: []byte{0, 1, 255}}
	zoes := store.Watch{Trainer: zoe, Account: "contoso/x", Address: "zoe@contoso.example", Failing: &failing}
	ben := anas
	ben.Trainer, ben.Address = platform.TrainerID{Provider: "northwind", Label: "ben"}, "ben@northwind.example"
	must(t, s.PutWatches(t.Context(), []store.Watch{anas, zoes, ben}))
	must(t, s.PutWatches(t.Context(), nil))
	anas.State, anas.Identity, anas.Failing = nil, "j", &failing
	zoes.State, zoes.Failing = []byte("s"), nil
	must(t, s.PutWatches(t.Context(), []store.Watch{zoes, anas}))
	must(t, s.Close())
	s = d.open(t, dir)
	wants := func(account string, want ...store.Watch) {
		t.Helper()
		got, err := s.Watches(t.Context(), account)
		if diff := same(want, got); diff != "" || err != nil {
			t.Errorf("of %q: %v: %s", account, err, diff)
		}
	}
	wants("", zoes, anas, ben)
	wants("northwind/x", anas, ben)
	wants("northwind/y")
	if _, err := s.Forget(t.Context(), ana); err != nil {
		t.Error(err)
	}
	wants("northwind/x", ben) // forget-1: the address and the subscription go
}
