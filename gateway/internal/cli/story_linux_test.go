package cli

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// A story is all that can happen to a gateway, in short: what its traces and metrics
// tell of it is judged by the tests of this file's neighbours.

// storyConfig is put behind testdata/gateway.hcl.
const storyConfig = `
telemetry {
  prometheus_listen = "%s"
}

api {
  listen = "%s"
  token "platform" {
    secret = "a-token-of-the-story"
    scopes = ["read", "schedule:write"]
  }
  webhook "platform" {
    url    = "%s"
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  }
}
`

// newStory is a rig whose gateway sends its telemetry to a collector's address, and
// answers Prometheus at the address returned.
func newStory(t *testing.T, collector string) (r *killRig, prometheus string) {
	t.Helper()
	r = newKillRig(t)
	r.env = append(r.env, "OTEL_EXPORTER_OTLP_ENDPOINT="+collector)
	prometheus, r.api, r.hooked = freeAddress(t), freeAddress(t), make(chan struct{}, 100)
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		select {
		case r.hooked <- struct{}{}:
		default:
		}
	}))
	t.Cleanup(hook.Close)
	text, err := os.ReadFile(filepath.Join(r.dir, "gateway.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	config := string(text) + fmt.Sprintf(storyConfig, prometheus, r.api, hook.URL)
	config = strings.Replace(config, "engine   = false", "engine   = true", 1)
	config = strings.Replace(config, `interval = "15m"`, `interval = "10s"`, 1)
	config = strings.Replace(config, `client_secret = env("CLIENT_SECRET", "unset")`,
		`client_secret = env("CLIENT_SECRET", "unset")`+"\n      client_secret_expires = \"2031-01-31\"", 1)
	if err := os.WriteFile(filepath.Join(r.dir, "gateway.hcl"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return r, prometheus
}

func (r *killRig) fault(f exchangesim.Fault) {
	r.t.Helper()
	if _, err := r.sim.AddFault(f); err != nil {
		r.t.Fatal(err)
	}
}

// tell plays the story with commands that end, each a process of its own.
func (r *killRig) tell() {
	r.t.Helper()
	r.command("import", "courses.json")
	r.throttled()
	r.change()
	r.sync(5) // a plugin is killed
	r.sync(0)
	r.emptied()
	r.refused()
	r.gone()
}

// throttled is a first run whose servers ask for patience.
func (r *killRig) throttled() {
	r.t.Helper()
	for _, protocol := range []string{"graph", "ews"} {
		r.fault(exchangesim.Fault{Protocol: protocol, Mode: exchangesim.FaultStatus, Status: 429, RetryAfter: "1", Times: 1})
		r.fault(exchangesim.Fault{Protocol: protocol, Mode: exchangesim.FaultStatus, Status: 503, Code: "ErrorServerBusy", RetryAfter: "1", Times: 1})
	}
	r.fault(exchangesim.Fault{Protocol: "ews", Mode: exchangesim.FaultStatus, Status: 500, Code: "ErrorServerBusy", RetryAfter: "1", Times: 1})
	r.sync(0)
	r.sim.ClearFaults()
}

// emptied is a calendar from which more vanishes than the guard lets go.
func (r *killRig) emptied() {
	r.t.Helper()
	const own = 12
	for i := range own {
		r.own("ida@lakeside.example", ownItem(30+i, fmt.Sprintf("Appointment %d", i), nil))
	}
	r.sync(0)
	for _, item := range r.mailbox("ida@lakeside.example").Items(world.Calendar) {
		if strings.HasPrefix(item.Subject, "Appointment ") {
			if err := r.mailbox("ida@lakeside.example").Delete(item.Ref, world.Gone, world.Write{}); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	r.sync(0)
}

// refused is an appointment that the server does not take: it is left alone for a while.
func (r *killRig) refused() {
	r.t.Helper()
	extra := `{"courses": [{"provider": "northwind", "id": "refused", "name": "Refused", "kind": "class", "status": "confirmed",
		"start": "2030-09-06T09:00:00", "end": "2030-09-06T17:00:00", "trainers": [{"id": "ben"}]}]}`
	if err := os.WriteFile(filepath.Join(r.dir, "refused.json"), []byte(extra), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.command("import", "refused.json")
	r.fault(exchangesim.Fault{Protocol: "graph", Kind: "CreateEvent", Mode: exchangesim.FaultStatus, Status: 400, Code: "ErrorInvalidRequest"})
	r.attempt("sync")
	r.attempt("sync")
	r.sim.ClearFaults()
}

// gone is a mailbox that cannot be reached.
func (r *killRig) gone() {
	r.t.Helper()
	r.fault(exchangesim.Fault{Protocol: "graph", Mailbox: "ben@northwind.example", Mode: exchangesim.FaultStatus, Status: 404, Code: "ErrorItemNotFound"})
	r.attempt("sync")
	r.sim.ClearFaults()
}

// attempt runs the gateway, which may say that something failed.
func (r *killRig) attempt(args ...string) {
	r.t.Helper()
	cmd := exec.Command(filepath.Join(programs, "gateway"), args...)
	cmd.Dir, cmd.Env = r.dir, r.env
	said, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		r.t.Fatalf("gateway %s: %v\n%s", strings.Join(args, " "), err, said)
	}
}

// serve runs `gateway serve` until the test ends or stop is called, and returns when
// commands can be handed to it.
func (r *killRig) serve() (pid int, stop func()) {
	r.t.Helper()
	serve := startServe(r.t, r.dir, r.env)
	return serve.pid, func() { serve.stop() }
}

// asked is a course that the platform schedules by the API, and that a run is made for;
// and a webhook that is told of the feed.
func (r *killRig) asked() {
	r.t.Helper()
	const course = `{"name": "Asked", "kind": "class", "status": "confirmed", "start": "2030-09-02T09:00:00Z",
		"end": "2030-09-02T17:00:00Z", "timezone": "Europe/London", "trainers": [{"id": "ana"}]}`
	r.request(http.MethodPut, "/v1/providers/northwind/courses/asked", course)
	for until := time.Now().Add(time.Minute); !strings.Contains(r.request(http.MethodGet, "/v1/runs", ""), `"cause":"change"`); {
		if time.Now().After(until) {
			r.t.Fatal("no run is made for a course that was asked for")
		}
		time.Sleep(100 * time.Millisecond)
	}
	select {
	case <-r.hooked:
	case <-time.After(time.Minute):
		r.t.Fatal("the webhook is told nothing")
	}
}

func (r *killRig) request(method, path, body string) string {
	r.t.Helper()
	return mustAsk(r.t, "a-token-of-the-story", method, "http://"+r.api+path, body)
}

// killPlugins kills the plugins of a process and waits until they are gone.
func (r *killRig) killPlugins(parent int) {
	r.t.Helper()
	for _, program := range []string{"gateway-plugin-exchange-online", "gateway-plugin-exchange-onprem"} {
		for _, pid := range children(parent, program) {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				r.t.Fatal(err)
			}
		}
	}
}

// page fetches a page, once it is there.
func page(t *testing.T, address string) string {
	t.Helper()
	var last error
	for until := time.Now().Add(patience); time.Now().Before(until); {
		resp, err := http.Get(address)
		if err != nil {
			last = err
			continue
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err == nil && resp.StatusCode == http.StatusOK {
			return string(text)
		}
		last = fmt.Errorf("%s answers %s: %s %w", address, resp.Status, text, err)
	}
	t.Fatal(last)
	return ""
}
