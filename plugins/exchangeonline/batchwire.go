package exchangeonline

import (
	"encoding/base64"
	"encoding/json"
	"strconv"

	"github.com/trainercal/trainercal/sdk"
)

// batchRequest and batchResponse are the bodies of $batch ("Combine multiple HTTP
// requests using JSON batching").
type batchRequest struct {
	Requests []batchPart `json:"requests"`
}

type batchPart struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      any               `json:"body,omitempty"`
	DependsOn []string          `json:"dependsOn,omitempty"`
}

type batchResponse struct {
	Responses []batchAnswer `json:"responses"`
}

type batchAnswer struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// readBatch reads a batch's answers: one for each of n parts, in any order.
func readBatch(data []byte, n int) (map[string]batchAnswer, *sdk.Error) {
	var body batchResponse
	if err := decode(data, &body); err != nil {
		return nil, err
	}
	byID := map[string]batchAnswer{}
	for _, r := range body.Responses {
		if number, err := strconv.Atoi(r.ID); err != nil || number < 0 || number >= n || r.Status < 100 {
			return nil, badAnswer("a batch answered something that was not asked")
		}
		byID[r.ID] = r
	}
	if len(byID) != n || len(body.Responses) != n {
		return nil, badAnswer("a batch of %d requests got %d answers", n, len(body.Responses))
	}
	return byID, nil
}

// plainBody unpacks a body that Graph sent as a base64 string instead of JSON, as
// it does for some errors.
func plainBody(raw json.RawMessage) []byte {
	var packed string
	if json.Unmarshal(raw, &packed) != nil {
		return raw
	}
	plain, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		return []byte(packed)
	}
	return plain
}
