package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// TestLostState removes the gateway's state after a run. The next one must find its
// items by their markers, over either protocol, and write nothing: what they say, with
// venue and text, is what they should say (B3).
func TestLostState(t *testing.T) {
	rig := newKillRig(t)
	day := time.Now().UTC().AddDate(0, 0, 20).Format(time.DateOnly)
	courses := fmt.Sprintf(`{"courses": [
		{"provider": "northwind", "id": "1", "name": "Forklift", "kind": "class", "status": "confirmed",
		 "start": "%[1]sT09:00:00", "end": "%[1]sT16:00:00", "trainers": [{"id": "ana"}, {"id": "ben"}],
		 "venue": {"name": "Harbour House", "address": "1 Quay Street, London", "email": "rooms@harbour.example"},
		 "details_url": "https://northwind.example/1"},
		{"provider": "lakeside", "id": "2", "name": "Kran", "kind": "class", "status": "cancelled",
		 "start": "%[1]sT08:00:00", "end": "%[1]sT12:00:00", "trainers": [{"id": "ida"}],
		 "venue": {"name": "Depot", "address": "Hafenstraße 12, Hamburg"}}
	]}`, day)
	if err := os.WriteFile(filepath.Join(rig.dir, "near.json"), []byte(courses), 0o600); err != nil {
		t.Fatal(err)
	}
	rig.command("import", "near.json")
	rig.sync(0)
	want, written := rig.state(), rig.positions()

	files, err := filepath.Glob(filepath.Join(rig.dir, "gateway.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no state to lose: %v", err)
	}
	for _, name := range files {
		if err := os.RemoveAll(name); err != nil {
			t.Fatal(err)
		}
	}
	rig.command("import", "near.json")
	rig.sync(0)
	if diff := cmp.Diff(want, rig.state()); diff != "" {
		t.Errorf("the state after its loss (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(written, rig.positions()); diff != "" {
		t.Errorf("calendars were written to (-before +after):\n%s", diff)
	}
}

// positions are the ends of the calendars' change logs.
func (r *killRig) positions() map[string]world.Position {
	r.t.Helper()
	all := map[string]world.Position{}
	for _, address := range mailboxes {
		all[address] = r.mailbox(address).Position()
	}
	return all
}
