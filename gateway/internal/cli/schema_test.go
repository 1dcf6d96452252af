package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	reflected "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/schemas"
	"github.com/trainercal/trainercal/sdk"
)

// words are types whose values are known.
var words = map[reflect.Type][]any{
	reflect.TypeFor[store.RunState](): {
		store.RunRunning, store.RunOK, store.RunPartial, store.RunFailed, store.RunAborted, store.RunCanceled, store.RunPaused,
	},
	reflect.TypeFor[app.NeedKind](): {
		app.NeedDisk, app.NeedServe, app.NeedAccount, app.NeedFailing, app.NeedStale, app.NeedUnknown, app.NeedApproval, app.NeedVerification,
		app.NeedCredential, app.NeedCertificate, app.NeedQueue, app.NeedWebhook, app.NeedWatch, app.NeedReload,
	},
	reflect.TypeFor[sdk.Outcome]():  {sdk.Passed, sdk.Warned, sdk.Failed, sdk.Skipped},
	reflect.TypeFor[app.Interval](): nil,
}

// schemaOf describes the documents of a command.
func schemaOf(t *testing.T, command string, types []any) []byte {
	t.Helper()
	r := reflected.Reflector{Anonymous: true, Mapper: func(t reflect.Type) *reflected.Schema {
		if values, ok := words[t]; ok {
			return &reflected.Schema{Type: "string", Enum: values}
		}
		return nil
	}}
	for _, package_ := range []string{"cli", "app", "config", "telemetry"} {
		if err := r.AddGoComments("github.com/trainercal/trainercal/gateway/internal/"+package_, "../"+package_); err != nil {
			t.Fatal(err)
		}
	}
	out := &reflected.Schema{Definitions: reflected.Definitions{}}
	for _, v := range types {
		one := r.Reflect(v)
		for name, s := range one.Definitions {
			out.Definitions[name] = s
		}
		one.Definitions, one.Version = nil, ""
		out.AnyOf = append(out.AnyOf, one)
	}
	if len(out.AnyOf) == 1 {
		definitions := out.Definitions
		out = out.AnyOf[0]
		out.Definitions = definitions
	}
	out.Version, out.Title = reflected.Version, "gateway "+command+" --json"
	data, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(data, '\n')
}

// TestSchemasAreCurrent: the published schemas are those of the types that are printed.
func TestSchemasAreCurrent(t *testing.T) {
	t.Parallel()
	for command, types := range printedBy {
		want := schemaOf(t, command, types)
		file := filepath.Join("..", "..", "schemas", command+".json")
		if *update {
			if err := os.WriteFile(file, want, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("%v: run make generate", err)
			continue
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("the schema of %s is not current, run make generate: %s", command, diff)
		}
	}
}

// TestEveryCommandHasASchema: no command prints JSON that nobody described.
func TestEveryCommandHasASchema(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, cmd := range (&cli{}).root().Commands() {
		known[cmd.Name()] = true
		if _, ok := printedBy[cmd.Name()]; !ok {
			t.Errorf("gateway %s has no schema: put what it prints with --json into printedBy and run make generate", cmd.Name())
		}
	}
	for command := range printedBy {
		if !known[command] {
			t.Errorf("there is a schema of %s, and no such command", command)
		}
	}
}

// TestSchemasAreStrict: every object says which fields it has and lets in no other.
func TestSchemasAreStrict(t *testing.T) {
	t.Parallel()
	for command := range printedBy {
		data, err := schemas.Files.ReadFile(command + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var schema any
		if err := json.Unmarshal(data, &schema); err != nil {
			t.Fatal(err)
		}
		strict(t, command, schema)
	}
}

func strict(t *testing.T, path string, schema any) {
	switch s := schema.(type) {
	case []any:
		for i, part := range s {
			strict(t, fmt.Sprint(path, "/", i), part)
		}
	case map[string]any:
		if _, object := s["properties"]; object && s["type"] == "object" && s["additionalProperties"] != false {
			t.Errorf("%s lets in other fields", path)
		}
		for name, part := range s {
			strict(t, path+"/"+name, part)
		}
	}
}

// conform checks a document against the schema of the command that printed it.
func conform(command string, document []byte) error {
	data, err := schemas.Files.ReadFile(command + ".json")
	if err != nil {
		return err
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return err
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(command, schema); err != nil {
		return err
	}
	compiled, err := compiler.Compile(command)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return fmt.Errorf("not one JSON document: %w", err)
	}
	return compiled.Validate(value)
}

// TestConformNotices: the check of the scripts' documents can fail.
func TestConformNotices(t *testing.T) {
	t.Parallel()
	for document, want := range map[string]string{
		`{"version": "v", "go": "g", "platform": "p"}`:              "",
		`{"version": "v", "go": "g", "platform": "p", "secret": 1}`: "secret",
		`{"version": "v", "go": "g"}`:                               "platform",
		`{"version": 1, "go": "g", "platform": "p"}`:                "want string",
		`{} {}`: "not one JSON document",
	} {
		err := conform("version", []byte(document))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", document, err)
		}
	}
}
