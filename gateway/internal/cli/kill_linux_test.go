package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// killScenarios are the runs in which processes are killed.
var killScenarios = []struct {
	name    string
	prepare func(*killRig)
}{
	{"first run", func(r *killRig) { r.command("import", "courses.json") }},
	{"changes on both sides", func(r *killRig) {
		r.command("import", "courses.json")
		r.command("sync")
		r.change()
	}},
}

// TestKilledPlugin kills a plugin in the middle of `gateway sync`, when a request of
// its was carried out and not yet answered. The end state must be that of a run that
// nobody disturbed, with no item twice, and the run must tell (L2, push-10).
func TestKilledPlugin(t *testing.T) {
	for _, scenario := range killScenarios {
		t.Run(scenario.name, func(t *testing.T) {
			rigs := newKillRigs(t, scenario.prepare)
			var want endState
			total := 0
			t.Run("nobody", func(t *testing.T) {
				calm := rigs.take(t)
				calm.sync(0)
				want, total = calm.state(), calm.requests()
			})
			if total < 10 {
				t.Fatalf("an undisturbed run made %d requests: too few to be the whole", total)
			}
			for _, i := range kills.chosen(total, 8) {
				t.Run(fmt.Sprintf("request %d of %d", i+1, total), func(t *testing.T) {
					t.Parallel()
					rig := rigs.take(t)
					events := rig.sync(i + 1)
					if diff := gocmp.Diff(want, rig.state()); diff != "" {
						t.Errorf("not the end state of an undisturbed run (-undisturbed +killed):\n%s", diff)
					}
					if killed := rig.killed(); killed != "" && len(events) == 0 {
						t.Errorf("%s was killed and the run does not say so", killed)
					}
				})
			}
		})
	}
}

// killRig is a simulated Exchange, and a gateway whose plugins can be killed.
type killRig struct {
	// api is where the serve of a story answers requests, hooked hears of its webhooks.
	api    string
	hooked chan struct{}
	t      *testing.T
	sim    *exchangesim.Server
	env    []string
	dir    string
	// boxes are the addresses of all mailboxes.
	boxes []string
	// restore brings back what there was at save.
	restore func()

	mu sync.Mutex
	// gateway is the process of the running sync, 0 outside of one.
	gateway int
	seen    int
	killAt  int
	victim  string
}

func newKillRig(t *testing.T) *killRig {
	t.Helper()
	r := &killRig{t: t, dir: t.TempDir(), boxes: slices.Clone(mailboxes)}
	sim, env, err := newSim(r.observe)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.nothingMailed()
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	r.sim, r.env = sim, append(env, "PATH="+os.Getenv("PATH"))
	if err := copyFixtures(r.dir); err != nil {
		t.Fatal(err)
	}
	for i, address := range mailboxes {
		r.own(address, ownItem(10+i, "Dentist", nil))
		r.own(address, ownItem(12+i, "Secret", []string{"private"}))
		r.own(address, ownItem(14+i, "Holiday", []string{"allday"}))
	}
	return r
}

// nothingMailed checks that nobody got a mail (push-11).
func (r *killRig) nothingMailed() {
	r.t.Helper()
	if n := len(r.sim.Outbox()); n > 0 {
		r.t.Errorf("%d mails were sent (push-11)", n)
	}
}

func (r *killRig) mailbox(address string) *world.Mailbox {
	r.t.Helper()
	m, err := r.sim.World().Mailbox(address)
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

func (r *killRig) own(address string, a world.Appointment) {
	r.t.Helper()
	if _, err := r.mailbox(address).Create(a, world.SendNone); err != nil {
		r.t.Fatal(err)
	}
}

// change edits both sides, so that the next run creates, updates and removes.
func (r *killRig) change() {
	r.t.Helper()
	for _, address := range mailboxes {
		m := r.mailbox(address)
		for _, item := range m.Items(world.Calendar) {
			var err error
			switch {
			case item.Subject == "Dentist":
				err = m.Delete(item.Ref, world.Gone, world.Write{})
			case strings.Contains(item.Subject, "Go basics"):
				_, err = m.Update(item.Ref, world.Write{}, func(a *world.Appointment) error {
					a.Subject = "Edited by hand"
					return nil
				})
			}
			if err != nil {
				r.t.Fatal(err)
			}
		}
		r.own(address, ownItem(20, "Optician", nil))
	}
	r.command("import", "--replace", r.changedCourses())
}

// changedCourses gives Ida's course to Jonas, cancels it, and drops the unavailability.
func (r *killRig) changedCourses() string {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "courses.json"))
	if err != nil {
		r.t.Fatal(err)
	}
	var file map[string][]map[string]any
	if err := json.Unmarshal(text, &file); err != nil {
		r.t.Fatal(err)
	}
	for _, c := range file["courses"] {
		if c["id"] == "9" {
			c["status"], c["trainers"] = "cancelled", []map[string]string{{"id": "jonas"}}
		}
	}
	delete(file, "unavailability")
	if text, err = json.Marshal(file); err != nil {
		r.t.Fatal(err)
	}
	name := filepath.Join(r.dir, "changed.json")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		r.t.Fatal(err)
	}
	return "changed.json"
}

// command runs the gateway, which must succeed, and returns what it prints.
func (r *killRig) command(args ...string) []byte {
	r.t.Helper()
	cmd := exec.Command(filepath.Join(programs, "gateway"), args...)
	cmd.Dir, cmd.Env = r.dir, r.env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.arm(cmd.Process.Pid)
	err := cmd.Wait()
	r.arm(0)
	if err != nil {
		r.t.Fatalf("gateway %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.Bytes()
}

func (r *killRig) arm(gateway int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gateway = gateway
}

// sync runs `gateway sync`, kills the plugin that makes the n-th request, and returns
// what the run tells; 0 kills nobody.
func (r *killRig) sync(n int) []eventJSON {
	r.t.Helper()
	r.mu.Lock()
	r.seen, r.killAt, r.victim = 0, n, ""
	r.mu.Unlock()
	var run runJSON
	if err := json.Unmarshal(r.command("sync", "--json"), &run); err != nil {
		r.t.Fatal(err)
	}
	return run.Events
}

func (r *killRig) requests() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

func (r *killRig) killed() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.victim
}

// observe sees a request that was carried out and not yet answered.
func (r *killRig) observe(x exchangesim.Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gateway == 0 {
		return
	}
	if r.seen++; r.seen != r.killAt {
		return
	}
	victim := "gateway-plugin-exchange-online"
	if x.Protocol == "ews" {
		victim = "gateway-plugin-exchange-onprem"
	}
	for _, pid := range children(r.gateway, victim) {
		if syscall.Kill(pid, syscall.SIGKILL) == nil {
			r.victim = victim
		}
	}
}

// children are the processes of a program that another one started.
func children(parent int, program string) []int {
	var pids []int
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it ended meanwhile
		}
		// pid (name) state ppid …, and the name may hold anything.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		line, err := os.ReadFile(filepath.Join(filepath.Dir(name), "cmdline"))
		if err != nil || len(fields) < 2 || fields[1] != strconv.Itoa(parent) || !strings.Contains(string(line), program) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
