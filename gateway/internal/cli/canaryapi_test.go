package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// The secrets of the canaries' gateway: a token that may do everything, one that sees
// what is of northwind alone, and what webhooks are signed with.
const (
	canaryToken     = "canary-token-0123456789abcdef"
	northwindToken  = "canary-northwind-0123456789abcdef"
	canaryHookBytes = "Y2FuYXJ5LXdlYmhvb2stMDEyMzQ1Njc4OWFiY2RlZg=="
)

// apiSecrets are all of them.
var apiSecrets = []string{canaryToken, northwindToken, canaryHookBytes}

// told are the addresses whose answers hold unavailability, with its text (pull-3, pull-10).
var told = []string{"/unavailability", "/v1/changes", "/explain"}

// canaryAPI is the lab's gateway while it answers requests.
type canaryAPI struct {
	t    *testing.T
	lab  *lab
	base string
	// stop ends it and returns all it logged; hooks are what it told its webhook.
	stop  func() string
	hooks *heard
}

// heard keeps whatever is sent to it.
type heard struct {
	mu  sync.Mutex
	all strings.Builder
}

func (h *heard) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	fmt.Fprintf(&h.all, "%s %v %s\n", r.URL, r.Header, body)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all.String()
}

// serveAPI has the lab's gateway answer requests.
func (l *lab) serveAPI(t *testing.T) *canaryAPI {
	t.Helper()
	a := &canaryAPI{t: t, lab: l, hooks: &heard{}}
	hooks := httptest.NewServer(a.hooks)
	t.Cleanup(hooks.Close)
	address := freeAddress(t)
	a.base = "http://" + address
	l.configure(t, fmt.Sprintf(`
api {
  listen = %q
  token "all" {
    secret = env("CANARY_TOKEN")
    scopes = ["read", "operate", "schedule:write"]
  }
  token "northwind" {
    secret    = env("NORTHWIND_TOKEN")
    scopes    = ["read", "operate"]
    providers = ["northwind"]
  }
  webhook "platform" {
    url    = %q
    secret = env("CANARY_HOOK")
  }
}
`, address, hooks.URL))
	l.env = append(l.env, "CANARY_TOKEN="+canaryToken, "NORTHWIND_TOKEN="+northwindToken, "CANARY_HOOK=whsec_"+canaryHookBytes)
	a.stop = startServe(t, l.dir, l.env, "--log-level", "trace").stop
	return a
}

// configure adds to the lab's configuration.
func (l *lab) configure(t *testing.T, text string) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(l.dir, "gateway.hcl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteString(text)
	if closed := file.Close(); err != nil || closed != nil {
		t.Fatal(err, closed)
	}
}

// sync makes a run and returns the answers about it.
func (a *canaryAPI) sync() string {
	a.t.Helper()
	var begun struct{ Run string }
	asked := mustAsk(a.t, canaryToken, http.MethodPost, a.base+"/v1/sync", "{}")
	if err := json.Unmarshal([]byte(asked), &begun); err != nil || begun.Run == "" {
		a.t.Fatalf("no run in %s", asked)
	}
	over := []store.RunState{store.RunOK, store.RunPartial, store.RunFailed}
	for began := time.Now(); time.Since(began) < patience; time.Sleep(20 * time.Millisecond) {
		answer, text := askAPI(a.t.Context(), a.t, canaryToken, http.MethodGet, a.base+"/v1/runs/"+begun.Run, "")
		var run struct{ State store.RunState }
		if answer.StatusCode == http.StatusOK && json.Unmarshal([]byte(text), &run) == nil && slices.Contains(over, run.State) {
			return asked + text
		}
	}
	a.t.Fatalf("the run %s does not end", begun.Run)
	return ""
}

// ask returns an answer with a status; of the stream of changes what comes within a second.
func (a *canaryAPI) ask(token, method, at, body string, status int) string {
	a.t.Helper()
	ctx, cancel := a.t.Context(), context.CancelFunc(func() {})
	if strings.HasSuffix(at, "/stream") {
		ctx, cancel = context.WithTimeout(ctx, time.Second)
	}
	defer cancel()
	answer, text := askAPI(ctx, a.t, token, method, a.base+at, body)
	if answer.StatusCode != status {
		a.t.Errorf("%s %s is answered %s, want %d: %.300s", method, at, answer.Status, status, text)
	}
	return fmt.Sprintf("%v %s", answer.Header, text)
}

// answers are those of all operations of the document that read, by their addresses. A
// token that sees northwind alone is answered 404 for what is of lakeside.
func (a *canaryAPI) answers(token string) map[string]string {
	a.t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "httpapi", "openapi.json"))
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err != nil || json.Unmarshal(text, &document) != nil {
		a.t.Fatal("no document")
	}
	all := map[string]string{}
	for path, operations := range document.Paths {
		if operations["get"] == nil {
			continue
		}
		for provider, trainer := range map[string]string{"northwind": "ana", "lakeside": "ida"} {
			status := http.StatusOK
			if token == northwindToken && provider == "lakeside" && strings.Contains(path, "{provider}") {
				status = http.StatusNotFound
			}
			at := strings.NewReplacer("{provider}", provider, "{trainer}", trainer, "{id}", a.idFor(path, provider)).Replace(path) + a.query(path, token)
			all[at] = a.ask(token, http.MethodGet, at, "", status)
		}
	}
	return all
}

// idFor is the id of something that is there, for an address that asks for one.
func (a *canaryAPI) idFor(path, provider string) string {
	if !strings.Contains(path, "{id}") {
		return ""
	}
	list, prefix := "/v1/runs", ""
	switch {
	case strings.Contains(path, "unavailability"):
		list, prefix = "/v1/providers/"+provider+"/unavailability", "cal-"
	case strings.Contains(path, "courses"):
		list = "/v1/providers/" + provider + "/courses"
	}
	_, rest, _ := strings.Cut(a.ask(canaryToken, http.MethodGet, list, "", http.StatusOK), `"id":"`+prefix)
	id, _, _ := strings.Cut(rest, `"`)
	return prefix + id
}

// query is what an operation asks for at the end of its address.
func (a *canaryAPI) query(path, token string) string {
	switch now := time.Now().UTC(); path {
	case "/v1/availability":
		trainers := []string{"northwind/ana"}
		if token == canaryToken {
			trainers = append(trainers, "lakeside/ida")
		}
		return "?" + url.Values{"trainer": trainers, "start": {now.Format(time.RFC3339)}, "end": {now.AddDate(0, 0, 60).Format(time.RFC3339)}}.Encode()
	case "/v1/trainers/{provider}/{trainer}/explain":
		return "?item=Canary"
	case "/v1/changes", "/v1/changes/snapshot":
		return "?limit=1000"
	case "/v1/providers/{provider}/unavailability":
		return "?limit=500"
	}
	return ""
}

// refusals are answers to requests that are wrong, about an appointment of a calendar.
func (a *canaryAPI) refusals() string {
	at := "/v1/providers/northwind/unavailability/" + a.idFor("unavailability/{id}", "northwind")
	whole := `{"trainer": "northwind/ana", "description": "x", "start": "2027-01-04T09:00:00Z", "end": "2027-01-04T10:00:00Z"}`
	return a.ask(canaryToken, http.MethodPut, at, whole, http.StatusConflict) +
		a.ask(canaryToken, http.MethodDelete, at, "", http.StatusConflict) +
		a.ask(canaryToken, http.MethodPut, "/v1/providers/northwind/unavailability/U-1", `{"start": "x"}`, http.StatusUnprocessableEntity)
}

// check reads everything with each token. Text of normal items is in the answers that
// hold unavailability and in no others, and of a foreign provider in none; of private
// items, places, attendees and secrets nothing is in any.
func (c *canaries) check(a *canaryAPI) {
	a.t.Helper()
	c.checkAnswers(a.t, a.answers(canaryToken), c.normal[0], nil)
	c.checkAnswers(a.t, a.answers(northwindToken), c.normalOf("Graph")[0], c.normalOf("Ews"))
	checkSilent(a.t, "the refusals", a.refusals(), slices.Concat(c.private, c.nowhere, c.normal, accountSecrets, apiSecrets))
}

// normalOf are the words of normal items in the calendar of a service.
func (c *canaries) normalOf(service string) []string {
	return slices.DeleteFunc(slices.Clone(c.normal), func(w string) bool { return !strings.Contains(w, service) })
}

func (c *canaries) checkAnswers(t *testing.T, all map[string]string, expected string, foreign []string) {
	t.Helper()
	seen := false
	for at, text := range all {
		forbidden := slices.Concat(c.private, c.nowhere, foreign, accountSecrets, apiSecrets)
		if !slices.ContainsFunc(told, func(part string) bool { return strings.Contains(at, part) }) {
			forbidden = append(forbidden, c.normal...)
		}
		checkSilent(t, "the answer of "+at, text, forbidden)
		checkNoToken(t, "the answer of "+at, text)
		seen = seen || strings.Contains(text, expected)
	}
	if !seen {
		t.Error("no answer has what may be told: this test looks in the wrong place")
	}
}
