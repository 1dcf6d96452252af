package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// docsTemplate is our own page of the document: the renderers that exist load scripts
// from elsewhere.
var docsTemplate = template.Must(template.New("docs").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Title}}</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
code,pre{font:14px/1.4 ui-monospace,monospace;background:#f4f4f4;border-radius:3px}pre{padding:.7rem;overflow:auto}code{padding:0 .2rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;border-top:1px solid #ddd;padding:.3rem .5rem}
details{border:1px solid #ddd;border-radius:4px;margin:.5rem 0;padding:.4rem .8rem}summary{cursor:pointer}
.method{display:inline-block;width:4.5rem;font-weight:600}.lead{white-space:pre-line}
</style></head><body>
<h1>{{.Title}}</h1><p class="lead">{{.Description}}</p>
<p>The document: <a href="openapi.json">OpenAPI 3.1</a>, <a href="openapi-3.0.json">3.0.3</a>.</p>
{{range .Tags}}<h2>{{.Name}}</h2><p>{{.Description}}</p>
{{range .Operations}}<details id="{{.ID}}"><summary><span class="method">{{.Method}}</span><code>{{.Path}}</code> {{.Summary}}</summary>
<p class="lead">{{.Description}}</p>
{{if .Parameters}}<table><tr><th>parameter</th><th>in</th><th></th></tr>{{range .Parameters}}<tr><td><code>{{.Name}}</code></td><td>{{.In}}{{if .Required}}, required{{end}}</td><td>{{.Description}}</td></tr>{{end}}</table>{{end}}
{{if .Body}}<p>Body: {{.BodyType}} {{range .BodySchema}}<a href="#schema-{{.}}">{{.}}</a>{{end}}</p><pre>{{.Body}}</pre>{{end}}
<table><tr><th>answer</th><th></th></tr>{{range .Responses}}<tr><td>{{.Status}}</td><td>{{.Description}} {{range .Schema}}<a href="#schema-{{.}}">{{.}}</a>{{end}}</td></tr>{{end}}</table>
</details>{{end}}{{end}}
<h2>Objects</h2>
{{range .Schemas}}<details id="schema-{{.Name}}"><summary>{{.Name}}</summary><p>{{.Description}}</p>
<table><tr><th>field</th><th>type</th><th></th></tr>{{range .Fields}}<tr><td><code>{{.Name}}</code></td><td>{{.In}}{{if .Required}}, required{{end}}</td><td>{{.Description}}</td></tr>{{end}}</table></details>{{end}}
</body></html>
`))

type docsTag struct {
	Name, Description string
	Operations        []docsOperation
}

type docsOperation struct {
	ID, Method, Path, Summary, Description string
	Parameters                             []docsField
	BodyType, Body                         string
	BodySchema                             []string
	Responses                              []docsResponse
}

type docsField struct {
	Name, In, Description string
	Required              bool
}

type docsResponse struct {
	Status, Description string
	Schema              []string
}

type docsSchema struct {
	Name, Description string
	Fields            []docsField
}

// docsPage renders the document.
func docsPage(api *huma.OpenAPI) []byte {
	page := struct {
		Title, Description string
		Tags               []docsTag
		Schemas            []docsSchema
	}{Title: api.Info.Title, Description: api.Info.Description}
	for _, tag := range api.Tags {
		page.Tags = append(page.Tags, docsTag{tag.Name, tag.Description, docsOperations(api, tag.Name)})
	}
	for _, name := range slices.Sorted(maps.Keys(api.Components.Schemas.Map())) {
		page.Schemas = append(page.Schemas, docsSchemaOf(name, api.Components.Schemas.Map()[name]))
	}
	var out bytes.Buffer
	if err := docsTemplate.Execute(&out, page); err != nil {
		panic(fmt.Sprintf("httpapi: the page of the document: %v", err))
	}
	return out.Bytes()
}

func docsOperations(api *huma.OpenAPI, tag string) []docsOperation {
	var all []docsOperation
	for _, path := range slices.Sorted(maps.Keys(api.Paths)) {
		for _, op := range operationsOf(api.Paths[path]) {
			if slices.Contains(op.Tags, tag) {
				all = append(all, docsOperationOf(path, op))
			}
		}
	}
	return all
}

// operationsOf are the operations of an address, reading ones first.
func operationsOf(item *huma.PathItem) []*huma.Operation {
	return slices.DeleteFunc([]*huma.Operation{item.Get, item.Put, item.Post, item.Delete}, func(op *huma.Operation) bool { return op == nil })
}

func docsOperationOf(path string, op *huma.Operation) docsOperation {
	out := docsOperation{ID: op.OperationID, Method: op.Method, Path: path, Summary: op.Summary, Description: op.Description}
	for _, p := range op.Parameters {
		out.Parameters = append(out.Parameters, docsField{p.Name, p.In, p.Description, p.Required})
	}
	if op.RequestBody != nil {
		for _, contentType := range slices.Sorted(maps.Keys(op.RequestBody.Content)) {
			media := op.RequestBody.Content[contentType]
			example, _ := json.MarshalIndent(media.Example, "", "  ")
			out.BodyType, out.Body, out.BodySchema = contentType, string(example), schemaNames(media.Schema)
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		r := docsResponse{Status: status, Description: op.Responses[status].Description}
		for _, media := range op.Responses[status].Content {
			r.Schema = schemaNames(media.Schema)
		}
		out.Responses = append(out.Responses, r)
	}
	return out
}

// schemaNames is the name of a schema that has one.
func schemaNames(s *huma.Schema) []string {
	if s == nil || s.Ref == "" {
		return nil
	}
	return []string{s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]}
}

func docsSchemaOf(name string, s *huma.Schema) docsSchema {
	out := docsSchema{Name: name, Description: s.Description}
	for _, field := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[field]
		out.Fields = append(out.Fields, docsField{field, typeName(p), p.Description, slices.Contains(s.Required, field)})
	}
	return out
}

// typeName is a schema in a word or two.
func typeName(s *huma.Schema) string {
	if s == nil {
		return ""
	}
	switch names := schemaNames(s); {
	case len(names) > 0:
		return names[0]
	case s.Type == huma.TypeArray:
		return "list of " + typeName(s.Items)
	case len(s.Enum) > 0:
		words := make([]string, len(s.Enum))
		for i, e := range s.Enum {
			words[i] = fmt.Sprint(e)
		}
		return strings.Join(words, ", ")
	}
	return s.Type
}
