package oracle

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The judge accepts published messages that are known to be valid, and refuses the
// same with a misspelt member.
func TestGraphJudgesPublishedMessages(t *testing.T) {
	if reason := GraphUnavailable(); reason != "" {
		t.Skip(reason)
	}
	judge, err := newGraphJudge()
	if err != nil {
		t.Fatal(err)
	}
	samples, err := filepath.Glob(filepath.Join(os.Getenv("TRAINERCAL_ORACLES"), "samples/graph/docs/*_res.json"))
	if err != nil || len(samples) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	judged := 0
	for _, file := range samples {
		body := sampleBody(t, file)
		if body == nil {
			continue
		}
		judged++
		if complaints := judge.body("deltaPage", file, body); len(complaints) > 0 {
			t.Errorf("refused a valid page: %v", complaints)
		}
		broken := strings.Replace(string(body), `"subject"`, `"subjekt"`, 1)
		if complaints := judge.body("deltaPage", file, []byte(broken)); len(complaints) == 0 && broken != string(body) {
			t.Errorf("%s: accepted a misspelt member", file)
		}
	}
	if judged == 0 {
		t.Error("no valid sample of a deltaPage")
	}
}

// sampleBody reads a sample that is a valid deltaPage, or nil.
func sampleBody(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var sample struct {
		Definition string
		Valid      bool
		Body       json.RawMessage
	}
	if err := json.Unmarshal(data, &sample); err != nil {
		t.Fatal(err)
	}
	if sample.Definition != "deltaPage" || !sample.Valid {
		return nil
	}
	return sample.Body
}

// Each kind of message is judged by the definition of its method and path, the items
// of a batch included.
func TestGraphPicksDefinitions(t *testing.T) {
	if reason := GraphUnavailable(); reason != "" {
		t.Skip(reason)
	}
	judge, err := newGraphJudge()
	if err != nil {
		t.Fatal(err)
	}
	refused := `{"error":{"code":"ErrorItemNotFound","message":"gone"}}`
	for _, tt := range []struct {
		name  string
		m     GraphMessage
		valid bool
	}{
		{"error", GraphMessage{Method: "GET", URL: "/graph/v1.0/users/a/events/1", Status: 404, Answer: []byte(refused)}, true},
		{"no error body", GraphMessage{Method: "GET", URL: "/graph/v1.0/users/a/events/1", Status: 404, Answer: []byte(`{}`)}, false},
		{"empty event", GraphMessage{Method: "GET", URL: "/graph/v1.0/users/a/events/1", Status: 200, Answer: []byte(`{}`)}, false},
		{"selected event", GraphMessage{Method: "GET", URL: "/graph/v1.0/users/a/events/1?$select=id", Status: 200, Answer: []byte(`{"id":"1"}`)}, true},
		{"unknown member", GraphMessage{Method: "POST", URL: "/users/a/events", Status: 404, Request: []byte(`{"subjekt":""}`), Answer: []byte(refused)}, false},
		{"deletion", GraphMessage{Method: "DELETE", URL: "/users/a/events/1", Status: 204}, true},
		{"deletion with a body", GraphMessage{Method: "DELETE", URL: "/users/a/events/1", Status: 204, Answer: []byte(`{}`)}, false},
		{"unknown request", GraphMessage{Method: "GET", URL: "/users/a/contacts", Status: 200, Answer: []byte(`{}`)}, false},
		{"token", GraphMessage{Method: "POST", URL: "/login/t/oauth2/v2.0/token", Status: 401, Answer: []byte(`{"error":"invalid_client","error_description":"no"}`)}, true},
		{"batch", batchMessage(`{"id":"1","status":404,"body":` + refused + `}`), true},
		{"batch with a bad item", batchMessage(`{"id":"1","status":404,"body":{}}`), false},
		{"batch without the item", batchMessage(``), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if complaints := judge.judge(tt.m); (len(complaints) == 0) != tt.valid {
				t.Errorf("complaints %q, want valid: %v", complaints, tt.valid)
			}
		})
	}
}

func batchMessage(responses string) GraphMessage {
	return GraphMessage{
		Method: "POST", URL: "/graph/v1.0/$batch", Status: 200,
		Request: []byte(`{"requests":[{"id":"1","method":"GET","url":"/users/a/events/1"}]}`),
		Answer:  []byte(`{"responses":[` + responses + `]}`),
	}
}
