package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// liveRig is a real gateway serve with both plugins, over a simulated Exchange.
type liveRig struct {
	t   testing.TB
	sim *exchangesim.Server
	dir string
	url string
	env []string
}

// apiToken is the secret of the rig's token.
const apiToken = "live-token-0123456789abcdef"

// newLiveRig serves with an interval of 15 minutes, and returns when every mailbox is
// watched and proven. More variables of its environment may be given.
func newLiveRig(t testing.TB, more ...string) *liveRig {
	t.Helper()
	sim, env, err := newSim(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	r := &liveRig{t: t, sim: sim, dir: t.TempDir()}
	r.configure()
	r.env = slices.Concat(env, []string{"PATH=" + programs, "TOKEN=" + apiToken}, more)
	startServe(t, r.dir, r.env)
	r.until("every mailbox is watched and proven", func() bool { return r.watched() == 3 })
	return r
}

// configure writes the shared configuration with the engine on, an API on a free port, and
// impersonation, which streaming needs.
func (r *liveRig) configure() {
	r.t.Helper()
	address := freeAddress(r.t)
	r.url = "http://" + address
	text, err := os.ReadFile(filepath.Join("testdata", "gateway.hcl"))
	if err != nil {
		r.t.Fatal(err)
	}
	config := strings.Replace(string(text), "engine   = false", "engine   = true", 1)
	config = strings.Replace(config, "      username =", "      access   = \"impersonation\"\n      username =", 1)
	config += fmt.Sprintf(`
api {
  listen     = %q
  public_url = %q
  token "platform" {
    secret = env("TOKEN")
    scopes = ["schedule:write", "read"]
  }
}
`, address, r.url)
	if err := os.WriteFile(filepath.Join(r.dir, "gateway.hcl"), []byte(config), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// until waits for what must come; the test fails when it does not.
func (r *liveRig) until(what string, is func() bool) {
	r.t.Helper()
	for until := time.Now().Add(patience); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			r.t.Fatalf("in vain waited until %s", what)
		}
	}
}

// watched counts the trainers that are watched and whose calendars were proven.
func (r *liveRig) watched() int {
	state, err := sqlite.OpenReadOnly(r.t.Context(), filepath.Join(r.dir, "gateway.db"))
	if err != nil {
		return 0 // it is being made
	}
	defer func() { _ = state.Close() }()
	watches, err := state.Watches(r.t.Context(), "")
	if err != nil {
		r.t.Fatal(err)
	}
	standings, err := state.Standings(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	n := 0
	for _, w := range watches {
		if w.Failing == nil && !standings[w.Trainer].Proven.IsZero() {
			n++
		}
	}
	return n
}

// feed are the descriptions that the feed tells after a position.
func (r *liveRig) feed(after string) (texts []string, next string) {
	r.t.Helper()
	var page struct {
		Changes []struct {
			Op             string
			Unavailability struct{ Description string }
		}
		Next string
	}
	r.ask(http.MethodGet, fmt.Sprintf("/v1/changes?after=%s&wait=5s", after), "", &page)
	for _, c := range page.Changes {
		texts = append(texts, c.Op+" "+c.Unavailability.Description)
	}
	return texts, page.Next
}

// ask makes a request that must succeed.
func (r *liveRig) ask(method, path, body string, out any) {
	r.t.Helper()
	if err := json.Unmarshal([]byte(mustAsk(r.t, apiToken, method, r.url+path, body)), out); err != nil {
		r.t.Fatal(err)
	}
}

// eng-3, pull-9, pull-10: an appointment made in a calendar reaches the feed by the
// calendar's own notification, over Graph and over EWS, and a course that the API takes is
// in the calendar without waiting for the interval.
func TestLiveBothWays(t *testing.T) {
	r := newLiveRig(t)
	position := "0"
	for address, subject := range map[string]string{"ana@northwind.example": "Dentist", "ida@lakeside.example": "Osteopath"} {
		if _, err := r.box(address).Create(ownItem(3, subject, nil), world.SendNone); err != nil {
			t.Fatal(err)
		}
		r.until(subject+" is in the feed", func() bool {
			texts, next := r.feed(position)
			position = next
			return strings.Contains(strings.Join(texts, "\n"), "create "+subject)
		})
	}
	r.put("1", "Welding")
	r.until("the course is in the calendar", func() bool { return r.shows("Training: Welding") })
}

// put schedules a course of ana's through the API.
func (r *liveRig) put(id, name string) {
	r.t.Helper()
	var written struct{}
	r.ask(http.MethodPut, "/v1/providers/northwind/courses/"+id, course(id, name), &written)
}

// course is an hour of ana's in five days.
func course(id, name string) string {
	day := time.Now().UTC().AddDate(0, 0, 5).Format(time.DateOnly)
	return fmt.Sprintf(
		`{"id":%q,"name":%q,"kind":"class","status":"confirmed","start":"%sT09:00:00Z","end":"%sT10:00:00Z","trainers":[{"id":"ana"}]}`,
		id, name, day, day)
}

func (r *liveRig) box(address string) *world.Mailbox {
	r.t.Helper()
	box, err := r.sim.World().Mailbox(address)
	if err != nil {
		r.t.Fatal(err)
	}
	return box
}

// shows reports whether ana's calendar has an item.
func (r *liveRig) shows(subject string) bool {
	return slices.ContainsFunc(r.box("ana@northwind.example").Items(world.Calendar), func(i world.Item) bool { return i.Subject == subject })
}
