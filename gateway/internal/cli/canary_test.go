package cli

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// canariesPerTrainer of each kind are put into a calendar of each service: 200 in all.
const canariesPerTrainer = 50

// canaries are the words of the trainers' own appointments. Each is a single word, so
// that it would pass wherever only the form of a value is looked at.
type canaries struct {
	// private are all words of private items, normal the subjects and bodies of the
	// others, nowhere their places, categories and attendees.
	private, normal, nowhere []string
}

// calendars are those that the canaries are in, by service.
func (l *lab) calendars(t *testing.T) map[string]*world.Mailbox {
	t.Helper()
	all := map[string]*world.Mailbox{}
	for service, address := range map[string]string{"Graph": "ana@northwind.example", "Ews": "ida@lakeside.example"} {
		m, err := l.sim.World().Mailbox(address)
		if err != nil {
			t.Fatal(err)
		}
		all[service] = m
	}
	return all
}

// put fills the calendar of each service with private and normal meetings.
func (c *canaries) put(t *testing.T, l *lab) {
	t.Helper()
	for service, m := range l.calendars(t) {
		for i := range canariesPerTrainer {
			c.putOne(t, m, service, i)
		}
	}
}

// putOne puts a normal and a private meeting into a calendar.
func (c *canaries) putOne(t *testing.T, m *world.Mailbox, service string, i int) {
	t.Helper()
	for _, kind := range []world.Sensitivity{world.Normal, world.Private} {
		if _, err := m.Create(c.meeting(service, kind, i), world.SendNone); err != nil {
			t.Fatal(err)
		}
	}
}

// meeting is one item with words of its own in every field that holds text.
func (c *canaries) meeting(service string, kind world.Sensitivity, i int) world.Appointment {
	word := func(field string) string { return fmt.Sprintf("Canary%s%s%s%02d", service, kind, field, i) }
	text := []string{word("Subject"), word("Body")}
	rest := []string{word("Place"), word("Category"), word("Attendee"), word("Address")}
	if kind == world.Private {
		c.private = slices.Concat(c.private, text, rest)
	} else {
		c.normal, c.nowhere = append(c.normal, text...), append(c.nowhere, rest...)
	}
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 2+i)
	start := day.Add(9 * time.Hour)
	if kind == world.Private {
		start = day.Add(13 * time.Hour)
	}
	return world.Appointment{
		Subject: text[0], Body: world.Body{Content: text[1]}, Location: rest[0], Categories: rest[1:2],
		Attendees: []world.Attendee{{Address: world.Address{Name: rest[2], SMTP: rest[3] + "@elsewhere.example"}, Kind: "required"}},
		Start:     start, End: start.Add(time.Hour), Sensitivity: kind,
	}
}

// canaryFaults hit each service once or more: throttled, answered and lost, a proxy's
// page in place of the answer, cut in the middle.
func canaryFaults() []exchangesim.Fault {
	var all []exchangesim.Fault
	for _, protocol := range []string{"graph", "ews"} {
		all = append(all,
			exchangesim.Fault{Protocol: protocol, Mode: exchangesim.FaultStatus, Status: 429, RetryAfter: "1", Times: 1},
			exchangesim.Fault{Protocol: protocol, Mode: exchangesim.FaultLost, Skip: 1, Times: 1},
			exchangesim.Fault{Protocol: protocol, Mode: exchangesim.FaultHTML, Skip: 2, Times: 1},
			exchangesim.Fault{Protocol: protocol, Mode: exchangesim.FaultCut, Skip: 3, Times: 1},
			exchangesim.Fault{Protocol: protocol, Mode: exchangesim.FaultPartial, Skip: 4, Times: 1},
		)
	}
	return all
}

// addFaults adds them.
func (l *lab) addFaults(t *testing.T) {
	t.Helper()
	for _, fault := range canaryFaults() {
		if _, err := l.sim.AddFault(fault); err != nil {
			t.Fatal(err)
		}
	}
}

// clearFaults takes them away. Each must have met a request.
func (l *lab) clearFaults(t *testing.T) {
	t.Helper()
	for _, fault := range l.sim.Faults() {
		if fault.Hits == 0 {
			t.Errorf("no %s request was met by %s: this test tries less than it says", fault.Protocol, fault.Mode)
		}
	}
	l.sim.ClearFaults()
}

// accountSecrets are the accounts' secrets, the second also as Basic sends it.
var accountSecrets = []string{
	simSecret, simPassword, base64.StdEncoding.EncodeToString([]byte("calendar@lakeside.example:" + simPassword)),
}

// accessToken is the form of the simulated sign-in service's tokens.
var accessToken = regexp.MustCompile(`[A-Z2-7]{52}`)

func checkNoToken(t *testing.T, where, text string) {
	t.Helper()
	if found := accessToken.FindString(text); found != "" {
		t.Errorf("%s holds an access token: %s", where, found)
	}
}

// arguments are the command lines of the gateway's and the plugins' processes, as anybody
// on the machine can read them.
type arguments struct {
	mu   sync.Mutex
	seen map[string]bool
}

// look reads them while a request is under way.
func (a *arguments) look(exchangesim.Exchange) {
	a.mu.Lock()
	defer a.mu.Unlock()
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range files {
		line, err := os.ReadFile(name)
		if err == nil && strings.Contains(string(line), programs) {
			a.seen[strings.ReplaceAll(string(line), "\x00", " ")] = true
		}
	}
}

func (a *arguments) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(slices.Sorted(maps.Keys(a.seen)), "\n")
}

// attempt runs the program, which may fail, and returns all that it said.
func (l *lab) attempt(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(programs, "gateway"), args...)
	cmd.Dir, cmd.Env = l.dir, l.env
	said, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(said)
}

// Text of the trainers' own appointments stays where behaviour allows it (pull-3), also
// when everything goes wrong and all is logged, in traces, metrics, logs, results, error
// texts and the processes' arguments: of a private item nothing is kept or
// said, of others subject and body are in the state and in answers that hold
// unavailability, and places,
// categories, attendees and the accounts' secrets are nowhere.
func TestCanaries(t *testing.T) {
	processes := &arguments{seen: map[string]bool{}}
	l, upstream := newWatchedLab(t, processes.look), &collector{}
	server := httptest.NewServer(upstream)
	defer server.Close()
	l.env = append(l.env, "OTEL_EXPORTER_OTLP_ENDPOINT="+server.URL)
	var words canaries
	words.put(t, l)
	said := map[string]string{}
	run := func(when string, commands ...[]string) {
		for _, args := range commands {
			said[when+": gateway "+strings.Join(args, " ")] = l.attempt(t, append(args, "--log-level", "trace")...)
		}
	}
	run("first", []string{"import", "courses.json"})
	l.addFaults(t)
	run("with faults", []string{"sync"}, []string{"sync", "--json"}, []string{"status"}, []string{"status", "--json"})
	l.clearFaults(t)
	stdout, stderr := l.gateway(t, "sync", "--log-level", "trace")
	said["healed"] = stdout + stderr
	run("healed", []string{"sync", "--json"}, []string{"plan"}, []string{"plan", "--json"}, []string{"verify"}, []string{"verify", "--json"},
		[]string{"status", "--json"}, []string{"runs"}, []string{"runs", "--json"}, []string{"trace", "last"}, []string{"trace", "last", "--json"})

	api := l.serveAPI(t)
	for service, m := range l.calendars(t) {
		words.putOne(t, m, service, canariesPerTrainer)
	}
	l.addFaults(t)
	said["a run with faults, through the API"] = api.sync()
	words.check(api)
	said["another run with faults, through the API"] = api.sync()
	words.check(api)
	l.clearFaults(t)
	said["a healed run, through the API"] = api.sync()
	words.check(api)
	said["gateway serve"] = api.stop()
	said["the webhook"] = api.hooks.String()

	state := l.file(t, "gateway.db")
	for _, w := range words.normal {
		if !strings.Contains(state, w) {
			t.Errorf("the state lacks %s, which pull-1 asks for", w)
		}
	}
	checkSilent(t, "the state", state, slices.Concat(words.private, words.nowhere, accountSecrets, apiSecrets))
	checkNoToken(t, "the state", state)
	forbidden := slices.Concat(words.private, words.normal, words.nowhere, accountSecrets, apiSecrets)
	said["the collector"] = protojson.Format(&upstream.received)
	said["the collector's metrics"] = protojson.Format(&upstream.measured)
	if runtime.GOOS == "linux" {
		said["the processes' arguments"] = processes.String()
	}
	said["the trace history"] = l.file(t, "gateway.traces.db")
	for where, text := range said {
		if len(text) == 0 {
			t.Errorf("%s holds nothing: this test looks in the wrong place", where)
		}
		checkSilent(t, where, text, forbidden)
		checkNoToken(t, where, text)
	}
}
