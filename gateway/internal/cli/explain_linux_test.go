package cli

import (
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestExplainByID holds that every item of a day can be chosen by the id that explain
// shows for it, also one that is not pulled.
func TestExplainByID(t *testing.T) {
	r := newKillRig(t)
	r.own(mailboxes[0], ownItem(10, "Lunch", []string{"free"}))
	r.own(mailboxes[0], ownItem(10, "Walk", []string{"free"}))
	r.command("sync")
	explained := func(item string) []explainItem {
		t.Helper()
		var answer struct{ Items []explainItem }
		cmd := exec.Command(filepath.Join(programs, "gateway"), "explain", "ana", item, "--json")
		cmd.Dir, cmd.Env = r.dir, r.env
		out, err := cmd.Output() // it fails where several are meant, and lists them
		if several := (*exec.ExitError)(nil); err != nil && !errors.As(err, &several) {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out, &answer); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return answer.Items
	}
	day := time.Now().UTC().AddDate(0, 0, 10).Format(time.DateOnly)
	all := explained(day)
	if len(all) != 3 {
		t.Fatalf("on %s there are %+v, want three items", day, all)
	}
	pulled := 0
	for _, item := range all {
		if item.OnPlatform {
			pulled++
		}
		if got := explained(item.ID); len(got) != 1 || got[0].ID != item.ID || got[0].OnPlatform != item.OnPlatform {
			t.Errorf("%s means %+v, want %+v", item.ID, got, item)
		}
	}
	if pulled != 1 {
		t.Errorf("%d of them are on the platform, want one", pulled)
	}
}
