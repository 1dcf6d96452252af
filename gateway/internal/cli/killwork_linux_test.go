package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// killWork is a command in which processes are killed.
type killWork struct {
	prepare func(*killRig)
	command []string
	// again: the command is given once more after the kill, as an operator would; else
	// the next sync alone completes it.
	again bool
	// fewest is how many failpoints an undisturbed command reaches at least, tried how
	// many of them a change waits for.
	fewest, tried int
}

// everywhere kills the gateway, or its plugins, at moments of the command. What follows
// ends as if nobody had been killed.
func (w killWork) everywhere(t *testing.T, gateway string) {
	rigs := newKillRigs(t, w.prepare)
	var points []string
	var want endState
	t.Run("nobody", func(t *testing.T) {
		calm := rigs.take(t)
		points = calm.points(gateway, w.command)
		calm.sync(0)
		want = calm.state()
	})
	if len(points) < w.fewest {
		t.Fatalf("undisturbed it reaches %d failpoints: too few to be the whole", len(points))
	}
	for nth, i := range kills.chosen(len(points), w.tried) {
		for _, victim := range kills.victims(nth) {
			t.Run(points[i]+" "+victim, func(t *testing.T) {
				t.Parallel()
				rig := rigs.take(t)
				rig.run(gateway, w.command, victim == "gateway", "TRAINERCAL_FAILPOINT="+points[i]+":"+victim)
				if w.again {
					rig.repeat(w.command)
				}
				rig.sync(0)
				if diff := gocmp.Diff(want, rig.state()); diff != "" {
					t.Errorf("not the end state of an undisturbed run (-undisturbed +killed):\n%s", diff)
				}
				rig.nothingLeft()
			})
		}
	}
}

// repeat gives a command once more. That it finds nothing to do any more is no failure.
func (r *killRig) repeat(command []string) {
	r.t.Helper()
	cmd := exec.Command(filepath.Join(programs, "gateway"), command...)
	cmd.Dir, cmd.Env = r.dir, r.env
	if out, err := cmd.CombinedOutput(); err != nil && !strings.Contains(string(out), "nothing waits for approval") {
		r.t.Fatalf("gateway %s: %v\n%s", strings.Join(command, " "), err, out)
	}
}

// TestWorkKilledAnywhere does so in the middle of what an operator has done: a re-sync
// (resync-1), a move to other mailboxes or to another service (map-5, I5), an adoption
// (move-1) and an approval (hold-1).
func TestWorkKilledAnywhere(t *testing.T) {
	gateway := gatewayWithFailpoints(t)
	for name, w := range map[string]killWork{
		"re-sync":          {prepare: synced, command: []string{"resync", "--yes"}, fewest: 20},
		"re-sync in place": {prepare: synced, command: []string{"resync", "--in-place", "--yes"}, fewest: 20},
		"move":             {prepare: moved, command: []string{"sync"}, again: true, fewest: 20},
		"other service":    {prepare: onPremises, command: []string{"sync"}, again: true, fewest: 20},
		"adoption":         {prepare: formerly, command: []string{"adopt", "--yes"}, again: true, fewest: 10},
		"removal":          {prepare: formerly, command: []string{"adopt", "--remove", "--yes"}, again: true, fewest: 10},
		"approval":         {prepare: emptied, command: []string{"approve", "ana"}, again: true, fewest: 4},
	} {
		w.tried = 2
		t.Run(name, func(t *testing.T) { w.everywhere(t, gateway) })
	}
}

// synced has written everything once, and then changed on both sides.
func synced(r *killRig) {
	r.near()
	r.command("sync")
	r.change()
	r.near()
}

// moved swaps the mailboxes of two trainers who have something in them.
func moved(r *killRig) {
	r.near()
	r.command("sync")
	r.configure(mailboxes[0], mailboxes[1], mailboxes[1], mailboxes[0])
}

// onPremises gives Ana, who has something in her calendar, a mailbox of another service.
func onPremises(r *killRig) {
	const address = "ana.ortiz@northwind.example"
	r.near()
	r.command("sync")
	if _, err := r.sim.World().AddMailbox(world.Profile{SMTP: address, Zone: "Europe/London"}); err != nil {
		r.t.Fatal(err)
	}
	r.boxes = append(r.boxes, address)
	r.own(address, ownItem(25, "Moved in", nil))
	r.configure(
		`email     = "`+mailboxes[0]+`"`, `email = "`+address+`"
    service = "exchange-onprem"`,
		`  trainer "ana" {`, `  account "exchange-onprem" {
    master_account = "calendar@northwind.example"
    settings {
      url      = env("EWS_URL")
      username = "calendar@lakeside.example"
      password = env("EWS_PASSWORD")
    }
  }

  trainer "ana" {`,
		`provider "northwind" {`, `exclusion "exchange-online-or-onprem" {
  enabled = false
}

provider "northwind" {`,
	)
}

// configure replaces texts in the configuration, given as old, new pairs.
func (r *killRig) configure(pairs ...string) {
	r.t.Helper()
	name := filepath.Join(r.dir, "gateway.hcl")
	text, err := os.ReadFile(name)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(strings.NewReplacer(pairs...).Replace(string(text))), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// formerly is a former integration's calendar: what it wrote for what is scheduled.
func formerly(r *killRig) {
	r.near()
	for i, address := range mailboxes {
		for n := range 2 {
			r.own(address, ownItem(30+10*i+n, fmt.Sprintf("Training: Forklift %d", n), nil))
		}
	}
}

// emptied is a calendar whose items vanished, more of them than the guard lets go.
func emptied(r *killRig) {
	for n := range 8 {
		r.own(mailboxes[0], ownItem(40+n, "Clinic", nil))
	}
	r.command("sync")
	m := r.mailbox(mailboxes[0])
	for _, item := range m.Items(world.Calendar) {
		if item.Subject == "Clinic" {
			if err := m.Delete(item.Ref, world.Gone, world.Write{}); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	r.command("sync")
}

// near schedules two courses for each trainer within the window.
func (r *killRig) near() {
	r.t.Helper()
	var courses []string
	for i, address := range mailboxes {
		trainer, provider, _ := strings.Cut(strings.TrimSuffix(address, ".example"), "@")
		for n := range 2 {
			day := time.Now().UTC().AddDate(0, 0, 30+10*i+n).Format(time.DateOnly)
			courses = append(courses, fmt.Sprintf(`{"provider": %q, "id": "near-%s-%d", "name": "Forklift %d", "kind": "class", "status": "confirmed",
				"start": "%[5]sT09:00:00Z", "end": "%[5]sT10:00:00Z", "trainers": [{"id": %[2]q}]}`, provider, trainer, n, n, day))
		}
	}
	if err := os.WriteFile(filepath.Join(r.dir, "near.json"), []byte(`{"courses": [`+strings.Join(courses, ",")+`]}`), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.command("import", "near.json")
}
