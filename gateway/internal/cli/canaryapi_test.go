package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// canaryToken is the secret of the token that reads everything of both providers.
const canaryToken = "canary-token-0123456789abcdef"

// told are the addresses whose answers hold unavailability, with its text (pull-3, pull-10).
var told = []string{"/unavailability", "/v1/changes", "/explain"}

// serveAPI has the lab's gateway answer requests, until the function is called that
// returns all it said.
func (l *lab) serveAPI(t *testing.T) (base string, stop func() string) {
	t.Helper()
	address := freeAddress(t)
	file, err := os.OpenFile(filepath.Join(l.dir, "gateway.hcl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(file, "\napi {\n  listen = %q\n  token \"reader\" {\n    secret = env(\"CANARY_TOKEN\")\n    scopes = [\"read\"]\n  }\n}\n", address)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	l.env = append(l.env, "CANARY_TOKEN="+canaryToken)
	serve := startServe(t, l.dir, l.env, "--log-level", "trace")
	return "http://" + address, serve.stop
}

// ask returns an answer, of the stream of changes what came within a second.
func ask(t *testing.T, address string) string {
	t.Helper()
	ctx, cancel := t.Context(), context.CancelFunc(func() {})
	if strings.HasSuffix(address, "/stream") {
		ctx, cancel = context.WithTimeout(ctx, time.Second)
	}
	defer cancel()
	answer, text := askAPI(ctx, t, canaryToken, http.MethodGet, address, "")
	return fmt.Sprintf("%v %s", answer.Header, text)
}

// answers are those of all operations of the document that read, by their addresses.
func answers(t *testing.T, base string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "httpapi", "openapi.json"))
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err != nil || json.Unmarshal(text, &document) != nil {
		t.Fatal("no document")
	}
	run := firstID(ask(t, base+"/v1/runs"), "")
	now := time.Now().UTC()
	query := map[string]string{
		"/v1/availability": "?" + url.Values{
			"trainer": {"northwind/ana", "lakeside/ida"}, "start": {now.Format(time.RFC3339)}, "end": {now.AddDate(0, 0, 60).Format(time.RFC3339)},
		}.Encode(),
		"/v1/changes": "?limit=1000", "/v1/changes/snapshot": "?limit=1000", "/v1/providers/{provider}/unavailability": "?limit=500",
	}
	all := map[string]string{}
	for path, operations := range document.Paths {
		if operations["get"] == nil {
			continue
		}
		for provider, trainer := range map[string]string{"northwind": "ana", "lakeside": "ida"} {
			block := firstID(ask(t, base+"/v1/providers/"+provider+"/unavailability"), "cal-")
			id := map[bool]string{true: block, false: run}[strings.Contains(path, "unavailability")]
			at := strings.NewReplacer("{provider}", provider, "{trainer}", trainer, "{id}", id).Replace(path)
			all[at] = ask(t, base+at+query[path])
		}
	}
	return all
}

// firstID is the first id in a list that begins with a prefix.
func firstID(list, prefix string) string {
	_, rest, _ := strings.Cut(list, `"id":"`+prefix)
	id, _, _ := strings.Cut(rest, `"`)
	return prefix + id
}

// checkAnswers: text of normal items is in the answers that hold unavailability and in no
// others; of private items, places, attendees and secrets nothing is in any.
func (c *canaries) checkAnswers(t *testing.T, all map[string]string) {
	t.Helper()
	secrets := append(slices.Clone(accountSecrets), canaryToken)
	seen := false
	for at, text := range all {
		forbidden := slices.Concat(c.private, c.nowhere, secrets)
		if !slices.ContainsFunc(told, func(part string) bool { return strings.Contains(at, part) }) {
			forbidden = append(forbidden, c.normal...)
		}
		checkSilent(t, "the answer of "+at, text, forbidden)
		seen = seen || strings.Contains(text, c.normal[0])
	}
	if !seen {
		t.Error("no answer has what may be told: this test looks in the wrong place")
	}
}
