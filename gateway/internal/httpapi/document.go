package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:generate go run ./internal/writedocument

// tokenScheme is the name of the way to sign in, in the document.
const tokenScheme = "token"

// apiVersion is the version of the API, not of the gateway: the same document comes from
// every build.
const apiVersion = "1.0.0"

// documentConfig is the document without its operations.
func documentConfig() huma.Config {
	c := huma.DefaultConfig("trainercal gateway", apiVersion)
	c.CreateHooks, c.SchemasPath, c.DocsPath, c.OpenAPIPath = nil, "", "", ""
	c.Info.Description = "What a training platform and its operators ask of the gateway: courses and unavailability, trainers and their time, runs, " +
		"and what changed in the trainers' calendars.\n\nRequests carry a token (`Authorization: Bearer TOKEN`). Errors are problems (RFC 9457) that name fields. " +
		"Lists come in pages: pass `next` as `after`. Times are RFC 3339."
	c.Info.License = &huma.License{Name: "Apache-2.0", URL: "https://www.apache.org/licenses/LICENSE-2.0"}
	c.Servers = []*huma.Server{{URL: "/", Description: "The gateway itself."}}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		tokenScheme: {Type: "http", Scheme: "bearer", Description: "A token of the configuration's api block. Each operation says which scope it needs (`x-scope`)."},
	}
	c.Tags = []*huma.Tag{
		{Name: tagCourses, Description: "Course dates that the platform schedules."},
		{Name: tagUnavailability, Description: "Times in which a trainer cannot be planned: made on the platform, or pulled from calendars."},
		{Name: tagMany, Description: "Thousands of objects in one request."},
		{Name: tagTrainers, Description: "Where trainers stand, and when they are free."},
		{Name: tagFeed, Description: "What changes in the trainers' calendars, as an ordered feed."},
		{Name: tagRuns, Description: "What the gateway did, and why."},
		{Name: tagOperate, Description: "What operators ask for."},
		{Name: tagStatus, Description: "Whether all is well."},
	}
	return c
}

// lineSchemas are what a line of a request of many objects holds.
func (s *Server) lineSchema(ops bool) *huma.Schema {
	schemas := s.api.OpenAPI().Components.Schemas.Map()
	course, block := schemas["Course"], schemas["Unavailability"]
	ref := func(name string) *huma.Schema { return &huma.Schema{Ref: "#/components/schemas/" + name} }
	line := &huma.Schema{
		Type: huma.TypeObject, Description: "One line.", AdditionalProperties: false,
		Properties: map[string]*huma.Schema{"course": ref("Course"), "unavailability": ref("Unavailability")},
	}
	if course == nil || block == nil {
		panic("httpapi: the objects must have schemas before the requests of many of them")
	}
	if ops {
		line.Properties["op"] = &huma.Schema{Type: huma.TypeString, Enum: []any{opUpsert, opDelete}, Description: "delete takes an object of id and version alone."}
		line.Required = []string{"op"}
	}
	return line
}

// examples are bodies that the operations of objects take.
var examples = map[string]any{
	"Course": map[string]any{
		"id": "4711", "name": "Go for operators", "kind": "class", "status": "confirmed", "start": "2026-12-01T09:00", "end": "2026-12-02T17:00",
		"timezone": "Europe/Paris", "trainers": []any{map[string]any{"id": "ana"}}, "venue": map[string]any{"name": "Room 4"},
	},
	"Unavailability": map[string]any{"id": "17", "trainer": "ana", "description": "Dentist", "start": "2026-12-03T14:00", "end": "2026-12-03T15:00"},
}

// takes documents the body of an operation that reads it by itself. Objects are held to
// the rules of import files, in one place, and not to the schema as well.
func (s *Server) takes(path, method, contentType string, schema *huma.Schema, example any) {
	op := operationOf(s.api.OpenAPI().Paths[path], method)
	op.RequestBody = &huma.RequestBody{
		Required: true, Content: map[string]*huma.MediaType{contentType: {Schema: schema, Example: example}},
	}
}

// creates documents that a PUT answers 201 where the object is new, as it answers 200.
func (s *Server) creates(paths ...string) {
	for _, path := range paths {
		responses := s.api.OpenAPI().Paths[path].Put.Responses
		made := *responses["200"]
		responses["201"] = &made
	}
}

func operationOf(item *huma.PathItem, method string) *huma.Operation {
	switch method {
	case http.MethodGet:
		return item.Get
	case http.MethodPut:
		return item.Put
	case http.MethodPost:
		return item.Post
	case http.MethodDelete:
		return item.Delete
	}
	return nil
}

// ndjson is the type of one JSON value a line.
const ndjson = "application/x-ndjson"

// bodies documents what huma does not read.
func (s *Server) bodies() {
	const provider = "/v1/providers/{provider}/"
	ref := func(name string) *huma.Schema { return &huma.Schema{Ref: "#/components/schemas/" + name} }
	s.takes(provider+"courses/{id}", http.MethodPut, "application/json", ref("Course"), examples["Course"])
	s.takes(provider+"unavailability/{id}", http.MethodPut, "application/json", ref("Unavailability"), examples["Unavailability"])
	s.creates(provider+"courses/{id}", provider+"unavailability/{id}")
	schemas := s.api.OpenAPI().Components.Schemas.Map()
	schemas["BulkLine"], schemas["SnapshotLine"] = s.lineSchema(true), s.lineSchema(false)
	s.takes(provider+"bulk", http.MethodPost, ndjson, ref("BulkLine"), map[string]any{"op": opUpsert, "course": examples["Course"]})
	s.takes(provider+"snapshot", http.MethodPut, ndjson, ref("SnapshotLine"), map[string]any{"course": examples["Course"]})
}

// documentRoutes serves the document, and our own page of it.
func (s *Server) documentRoutes() {
	s.bodies()
	finish(s.api.OpenAPI())
	v31, v30, err := documents(s.api.OpenAPI())
	if err != nil {
		panic(fmt.Sprintf("httpapi: the document cannot be written: %v", err))
	}
	page := docsPage(s.api.OpenAPI())
	s.serveText("/openapi.json", "application/json", v31)
	s.serveText("/openapi-3.0.json", "application/json", v30)
	s.serveText("/docs", "text/html; charset=utf-8", page)
	s.mux.HandleFunc("/", s.noSuchRoute)
}

func (s *Server) serveText(path, contentType string, text []byte) {
	s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_, _ = w.Write(text) // the client is gone
	})
}

// noSuchRoute answers what no operation is for.
func (s *Server) noSuchRoute(w http.ResponseWriter, r *http.Request) {
	p := problem(http.StatusNotFound, "There is nothing at this address; /docs lists what there is.")
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := s.mux.Handler(other); pattern != "/" && pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) > 0 {
		p = problem(http.StatusMethodNotAllowed, "The address does not take this method.")
		w.Header().Set("Allow", strings.Join(allowed, ", "))
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client is gone
}

// Document returns the OpenAPI document, in version 3.1 and, for older tools, in 3.0.3.
func Document() (v31, v30 []byte, err error) {
	return documents(newServer(Options{}.withDefaults()).api.OpenAPI())
}

func documents(api *huma.OpenAPI) (v31, v30 []byte, err error) {
	if v31, err = indented(func() ([]byte, error) { return json.Marshal(api) }, nil); err != nil {
		return nil, nil, err
	}
	v30, err = indented(api.Downgrade, refsAlone)
	return v31, v30, err
}

// refsAlone takes away what stands beside references: version 3.0 has nothing there.
func refsAlone(value any) {
	switch v := value.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			clear(v)
			v["$ref"] = ref
		}
		for _, inner := range v {
			refsAlone(inner)
		}
	case []any:
		for _, inner := range v {
			refsAlone(inner)
		}
	}
}

// indented writes a document for people too, in the order of names, after an edit.
func indented(write func() ([]byte, error), edit func(any)) ([]byte, error) {
	text, err := write()
	if err != nil {
		return nil, err
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return nil, err
	}
	if edit != nil {
		edit(value)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	err = enc.Encode(value)
	return out.Bytes(), err
}
