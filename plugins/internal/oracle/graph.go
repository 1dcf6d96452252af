package oracle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	// graphSchema is the schema of Graph's calendar part, below the oracles' folder.
	graphSchema = "graph/graph-calendar.schema.json"
	// graphSchemaID is the id that the schema gives itself.
	graphSchemaID = "urn:gateway:graph-calendar"
)

// GraphMessage is a request to Microsoft Graph, or to its token endpoint, with its answer.
type GraphMessage struct {
	Method string
	// URL is the path with the query; what is before the version does not matter.
	URL             string
	Request, Answer []byte
	// Status is the answer's, 0 if there was none that Graph is responsible for.
	Status int
}

// Graph collects Graph messages as tests see them pass by, and has the schema that was
// made from Microsoft's metadata judge them. The zero value is ready; its methods may
// be called from several goroutines. A message that was seen before is not kept again.
type Graph struct {
	mu       sync.Mutex
	seen     map[string]bool
	messages []GraphMessage
}

// Collect keeps one message.
func (g *Graph) Collect(m GraphMessage) {
	key := strings.Join([]string{m.Method, m.URL, string(m.Request), string(m.Answer)}, "\x00")
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.seen == nil {
		g.seen = map[string]bool{}
	}
	if !g.seen[key] {
		g.seen[key] = true
		g.messages = append(g.messages, m)
	}
}

// Check fails the test for every collected message that the schema refuses. Without
// the oracles it skips the test.
func (g *Graph) Check(t testing.TB) {
	t.Helper()
	if reason := GraphUnavailable(); reason != "" {
		t.Skip(reason)
	}
	judge, err := newGraphJudge()
	if err != nil {
		t.Fatal(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range g.messages {
		for _, complaint := range judge.judge(m) {
			t.Error(complaint)
		}
	}
}

// GraphUnavailable says in one line why Graph messages cannot be validated here; empty
// when they can.
func GraphUnavailable() string {
	root := os.Getenv("TRAINERCAL_ORACLES")
	if root == "" {
		return "TRAINERCAL_ORACLES is not set: Graph messages are not checked against the schema of Microsoft's metadata"
	}
	if _, err := os.Stat(filepath.Join(root, graphSchema)); err != nil {
		return "TRAINERCAL_ORACLES has no " + graphSchema
	}
	return ""
}

// graphJudge has the compiled schema.
type graphJudge struct {
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
}

func newGraphJudge() (*graphJudge, error) {
	file, err := os.Open(filepath.Join(os.Getenv("TRAINERCAL_ORACLES"), graphSchema))
	if err != nil {
		return nil, fmt.Errorf("open the schema of Graph: %w", err)
	}
	defer file.Close() //nolint:errcheck // only read
	document, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		return nil, fmt.Errorf("read the schema of Graph: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(graphSchemaID, document); err != nil {
		return nil, fmt.Errorf("use the schema of Graph: %w", err)
	}
	return &graphJudge{compiler: compiler, compiled: map[string]*jsonschema.Schema{}}, nil
}

// graphForm says by which definitions the bodies of a kind of request are judged; an
// empty one means that there is no body.
type graphForm struct {
	method          string
	path            *regexp.Regexp
	request, answer string
}

// unjudged stands for a body of which the schema says nothing.
const unjudged = "*"

// graphForms is tried in order; paths are without the part up to the version and in
// lower case.
var graphForms = []graphForm{
	{"POST", regexp.MustCompile(`/oauth2/v2\.0/token$`), "", "tokenResponse"},
	{"POST", regexp.MustCompile(`^/\$batch$`), "batchRequest", "batchResponse"},
	{"GET", regexp.MustCompile(`/calendarview/delta$`), "", "deltaPage"},
	{"GET", regexp.MustCompile(`/(calendarview|events|instances)$`), "", "eventPage"},
	{"POST", regexp.MustCompile(`/events$`), "eventCreate", "eventFull"},
	{"PATCH", regexp.MustCompile(`/events/[^/]+$`), "eventPatch", "eventFull"},
	{"GET", regexp.MustCompile(`/events/[^/]+$`), "", "event"},
	{"DELETE", regexp.MustCompile(`/(events|subscriptions)/[^/]+$`), "", ""},
	{"GET", regexp.MustCompile(`/(calendar|calendars/[^/]+)$`), "", "calendar"},
	{"GET", regexp.MustCompile(`^/users/[^/]+$`), "", "user"},
	{"POST", regexp.MustCompile(`^/subscriptions$`), "subscriptionCreate", "subscription"},
	{"GET", regexp.MustCompile(`^/subscriptions/[^/]+$`), "", "subscription"},
	{"PATCH", regexp.MustCompile(`^/subscriptions/[^/]+$`), "", "subscription"},
	{"POST", regexp.MustCompile(`^/subscriptions/[^/]+/reauthorize$`), "", ""},
	{"GET", regexp.MustCompile(`^/subscriptions$`), "", unjudged},
}

// GraphJudges reports whether messages of a kind of request are judged: whoever makes a
// new kind must give it a definition. The path is what follows the version.
func GraphJudges(method, path string) bool {
	for _, form := range graphForms {
		if form.method == method && form.path.MatchString(strings.ToLower(path)) {
			return true
		}
	}
	return false
}

// judge lists what is wrong with a message.
func (j *graphJudge) judge(m GraphMessage) (complaints []string) {
	path, query, _ := strings.Cut(m.URL, "?")
	if at := strings.Index(path, "/v1.0/"); at >= 0 {
		path = path[at+len("/v1.0"):]
	}
	for _, form := range graphForms {
		if form.method != m.Method || !form.path.MatchString(strings.ToLower(path)) {
			continue
		}
		name := m.Method + " " + path
		complaints = append(complaints, j.body(form.request, name+" request", m.Request)...)
		if m.Status == 0 {
			return complaints
		}
		answer := form.answerOf(m.Status, query)
		complaints = append(complaints, j.body(answer, fmt.Sprintf("%s answer %d", name, m.Status), m.Answer)...)
		if form.request == "batchRequest" && m.Status == 200 {
			complaints = append(complaints, j.batch(m)...)
		}
		return complaints
	}
	if m.Status != 0 && m.Status < 400 {
		complaints = append(complaints, fmt.Sprintf("%s %s: there is no definition for it", m.Method, path))
	}
	return complaints
}

// answerOf names the definition of an answer.
func (f graphForm) answerOf(status int, query string) string {
	switch {
	case status >= 400 && f.answer == "tokenResponse":
		return "tokenError"
	case status >= 400:
		return "error"
	case f.answer == "event" && !strings.Contains(query, "select="):
		return "eventFull"
	}
	return f.answer
}

// body judges one body.
func (j *graphJudge) body(definition, name string, body []byte) []string {
	if definition == unjudged {
		return nil
	}
	if definition == "" {
		if strings.HasSuffix(name, "request") || len(body) == 0 {
			return nil
		}
		return []string{name + ": a body where none belongs"}
	}
	schema, err := j.schema(definition)
	if err != nil {
		return []string{err.Error()}
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return []string{fmt.Sprintf("%s: not JSON: %v", name, err)}
	}
	if err := schema.Validate(value); err != nil {
		return []string{fmt.Sprintf("%s is no %s: %v", name, definition, err)}
	}
	return nil
}

func (j *graphJudge) schema(definition string) (*jsonschema.Schema, error) {
	if s := j.compiled[definition]; s != nil {
		return s, nil
	}
	s, err := j.compiler.Compile(graphSchemaID + "#/$defs/" + definition)
	if err != nil {
		return nil, fmt.Errorf("definition %s of the schema of Graph: %w", definition, err)
	}
	j.compiled[definition] = s
	return s, nil
}

// batch judges the items of a batch as if each had come alone.
func (j *graphJudge) batch(m GraphMessage) (complaints []string) {
	var request struct {
		Requests []struct {
			ID, Method, URL string
			Body            json.RawMessage
		}
	}
	var answer struct {
		Responses []struct {
			ID     string
			Status int
			Body   json.RawMessage
		}
	}
	if json.Unmarshal(m.Request, &request) != nil || json.Unmarshal(m.Answer, &answer) != nil {
		return nil // the whole was refused before
	}
	answers := map[string]int{}
	for i, a := range answer.Responses {
		answers[a.ID] = i
	}
	for _, r := range request.Requests {
		i, answered := answers[r.ID]
		if !answered {
			complaints = append(complaints, fmt.Sprintf("the item %q of a batch has no answer", r.ID))
			continue
		}
		a := answer.Responses[i]
		if isText(a.Body) {
			continue // what a proxy answered in Graph's place
		}
		complaints = append(complaints, j.judge(GraphMessage{Method: r.Method, URL: r.URL, Request: r.Body, Answer: a.Body, Status: a.Status})...)
	}
	return complaints
}

func isText(body []byte) bool { return bytes.HasPrefix(body, []byte(`"`)) }
