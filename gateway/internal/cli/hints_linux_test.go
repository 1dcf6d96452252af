package cli

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// madeRun is a run as the API lists it.
type madeRun struct {
	ID, Cause, State  string
	Started, Finished time.Time
}

// hinted are the runs that notifications caused, the latest first.
func (r *liveRig) hinted() (runs []madeRun) {
	r.t.Helper()
	var page struct{ Runs []madeRun }
	r.ask(http.MethodGet, "/v1/runs?limit=200", "", &page)
	for _, run := range page.Runs {
		if run.Cause == "notification" {
			runs = append(runs, run)
		}
	}
	return runs
}

// anaAdds puts an appointment into ana's calendar.
func (r *liveRig) anaAdds(subject string, day int) world.Item {
	r.t.Helper()
	item, err := r.box("ana@northwind.example").Create(ownItem(day, subject, nil), world.SendNone)
	if err != nil {
		r.t.Fatal(err)
	}
	return item
}

// untilTold waits until the feed has told of an appointment, from its beginning.
func (r *liveRig) untilTold(subject string) {
	r.t.Helper()
	r.until(subject+" is in the feed", func() bool {
		texts, _ := r.feed("0")
		return strings.Contains(strings.Join(texts, "\n"), subject)
	})
}

// C4: what the gateway writes is notified to it, as everything else is. It looks once, and
// writes nothing.
func TestOwnWriteIsNotified(t *testing.T) {
	r := newLiveRig(t)
	r.until("nothing is done or due", r.idle)
	before := len(r.hinted())
	r.sim.ClearCounts()
	r.put("1", "Welding")
	r.until("the course is in the calendar", func() bool { return r.shows("Training: Welding") })
	r.until("the notification led to a run", func() bool { return len(r.hinted()) > before })
	r.until("nothing is done or due", r.idle)
	if n := r.writes(); n != 1 {
		t.Errorf("%d writes for one course", n)
	}
	if n := len(r.hinted()) - before; n > 2 {
		t.Errorf("%d runs to look at what the gateway wrote itself", n)
	}
}

// H2: a calendar that tells of hundreds of changes is looked at few times, and the last one
// is told.
func TestBurstOfNotifications(t *testing.T) {
	r := newLiveRig(t)
	r.until("nothing is done or due", r.idle)
	before, began := len(r.hinted()), time.Now()
	item := r.anaAdds("Lunch", 3)
	for i := range 500 {
		_, err := r.box("ana@northwind.example").Update(item.Ref, world.Write{}, func(a *world.Appointment) error {
			a.Subject = fmt.Sprintf("Lunch %d", i+1)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	r.untilTold("Lunch 500")
	r.until("nothing is done or due", r.idle)
	// Each second without a notification may begin a run, on a machine that is that slow.
	most := 2 + int(time.Since(began)/time.Second)
	if n := len(r.hinted()) - before; n < 1 || n > most || n > 100 {
		t.Errorf("%d runs for 501 notifications, want 1 to %d", n, most)
	}
}

// H7: what a calendar tells of while it is being read is read after that, and not at the
// same time.
func TestNotifiedDuringRun(t *testing.T) {
	r := newLiveRig(t)
	r.until("nothing is done or due", r.idle)
	before := len(r.hinted())
	hang, err := r.sim.AddFault(exchangesim.Fault{Protocol: "graph", Mode: exchangesim.FaultHang, DelayMS: 3000})
	if err != nil {
		t.Fatal(err)
	}
	r.anaAdds("Dentist", 3)
	r.until("the calendar is being read", func() bool { return r.sim.Faults()[0].Hits > 0 })
	r.anaAdds("Osteopath", 4)
	r.sim.RemoveFault(hang.ID)
	r.untilTold("Dentist")
	r.untilTold("Osteopath")
	r.until("nothing is done or due", r.idle)
	runs := r.hinted()
	runs = runs[:len(runs)-before]
	for i, run := range runs[1:] {
		if later := runs[i]; later.Started.Before(run.Finished) {
			t.Errorf("ana's run %s began before her run %s had ended: %+v", later.ID, run.ID, runs)
		}
	}
}

// H1: without any notification a change in a calendar is found at the next turn of the
// interval.
func TestWithoutNotifications(t *testing.T) {
	sim, env, err := newSim(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	r := &liveRig{t: t, sim: sim, dir: t.TempDir()}
	r.configure()
	r.edit(fmt.Sprintf("  public_url = %q\n", r.url), "")
	r.edit(`interval = "15m"`, `interval = "10s"`)
	r.env = append(env, "PATH="+programs, "TOKEN="+apiToken)
	startServe(t, r.dir, r.env)
	for i, subject := range []string{"Dentist", "Osteopath"} {
		r.anaAdds(subject, 3+i)
		r.untilTold(subject)
	}
	for _, c := range r.sim.Counts() {
		if c.Protocol == "graph" && c.Kind == "CreateSubscription" {
			t.Error("ana's calendar notifies: this test tries less than it says")
		}
	}
}

// edit replaces a part of the configuration, which must be there.
func (r *liveRig) edit(old, by string) {
	r.t.Helper()
	path := filepath.Join(r.dir, "gateway.hcl")
	text, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		r.t.Fatalf("the configuration has no %q", old)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), old, by)), 0o600); err != nil {
		r.t.Fatal(err)
	}
}
