package httpapi

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// operationID is the form of the operations' names.
var operationID = regexp.MustCompile(`^[a-z]+([A-Z][a-z]+)*$`)

// linter is a public linter of OpenAPI documents.
const linter = "@redocly/cli@2.77.0"

// TestLinted: the linter's recommended rules find nothing in either document.
func TestLinted(t *testing.T) {
	npx, err := exec.LookPath("npx")
	if err != nil {
		t.Skip("npx, which runs the linter, is not installed")
	}
	cmd := exec.CommandContext(t.Context(), npx, "--yes", linter, "lint", "openapi.json", "openapi-3.0.json", "--extends", "recommended", "--format", "json")
	cmd.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	said, err := cmd.Output()
	var report struct {
		Totals *struct{ Errors, Warnings, Ignored int }
	}
	if json.NewDecoder(bytes.NewReader(said)).Decode(&report) != nil || report.Totals == nil {
		t.Skipf("the linter cannot be had: %v", err)
	}
	if n := *report.Totals; n.Errors+n.Warnings+n.Ignored > 0 {
		t.Errorf("%s", said)
	}
}

// TestValid: the document for older tools is valid OpenAPI 3.0, its examples too.
func TestValid(t *testing.T) {
	loader := openapi3.NewLoader()
	loader.Context = t.Context()
	doc, err := loader.LoadFromFile("openapi-3.0.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
	if doc.OpenAPI != "3.0.3" || doc.Paths.Len() < 20 {
		t.Errorf("version %s, %d addresses", doc.OpenAPI, doc.Paths.Len())
	}
}

// TestOperationIDs: generators make methods of them, so they are of one form.
func TestOperationIDs(t *testing.T) {
	for path, item := range newServer(Options{}.withDefaults()).api.OpenAPI().Paths {
		for _, op := range operationsOf(item) {
			if !operationID.MatchString(op.OperationID) {
				t.Errorf("%s %s: %q", op.Method, path, op.OperationID)
			}
		}
	}
}
