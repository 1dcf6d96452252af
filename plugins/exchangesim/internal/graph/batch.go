package graph

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/internal/faults"
)

const (
	// maxBatch is how many items a batch may have.
	maxBatch = 20
	// batchWidth is how many items Graph passes to Outlook at a time.
	batchWidth = 4
)

// batchItem is a request inside a batch.
type batchItem struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

// batch runs the items of a batch: those without dependencies side by side, the others
// after what they depend on, one at a time.
func (h *Handler) batch(r *request) (*result, error) {
	var in struct {
		Requests []batchItem `json:"requests"`
	}
	if err := json.Unmarshal(r.body, &in); err != nil {
		return nil, fail(400, "BadRequest", "Invalid batch payload format.")
	}
	if err := checkBatch(in.Requests); err != nil {
		return nil, err
	}
	answers := h.runBatch(r, in.Requests)
	responses := make([]any, 0, len(answers))
	for i, item := range in.Requests {
		responses = append(responses, batchResponse(item.ID, answers[i]))
	}
	// Graph answers in any order, so that nobody may rely on the request's.
	slices.Reverse(responses)
	res := &result{status: 200, body: map[string]any{"responses": responses}}
	res.fault, res.delay = faultOf(answers)
	return res, nil
}

// checkBatch refuses batches that are malformed as a whole.
func checkBatch(items []batchItem) error {
	if len(items) == 0 || len(items) > maxBatch {
		return fail(400, "BadRequest", "Number of batch request steps must be from 1 to %d.", maxBatch)
	}
	seen := map[string]bool{}
	for _, item := range items {
		if item.ID == "" || seen[item.ID] {
			return fail(400, "BadRequest", "Every batch request step needs an id of its own.")
		}
		if !strings.HasPrefix(item.URL, "/") {
			return fail(400, "BadRequest", "The url of a batch request step must be relative.")
		}
		for _, id := range item.DependsOn {
			if !seen[id] {
				return fail(400, "BadRequest", "A batch request step may only depend on an earlier one.")
			}
		}
		seen[item.ID] = true
	}
	return nil
}

func (h *Handler) runBatch(r *request, items []batchItem) []*faults.Answer {
	answers := make([]*faults.Answer, len(items))
	byID := map[string]*faults.Answer{}
	var running sync.WaitGroup
	width := make(chan struct{}, batchWidth)
	for i, item := range items {
		if len(item.DependsOn) > 0 {
			continue
		}
		running.Go(func() {
			width <- struct{}{}
			defer func() { <-width }()
			answers[i] = h.runItem(r, item)
		})
	}
	running.Wait()
	for i, item := range items {
		if len(item.DependsOn) > 0 {
			answers[i] = h.runDependent(r, item, byID)
		}
		byID[item.ID] = answers[i]
	}
	return answers
}

// runDependent runs an item unless one that it depends on failed.
func (h *Handler) runDependent(r *request, item batchItem, before map[string]*faults.Answer) *faults.Answer {
	for _, id := range item.DependsOn {
		if before[id].Status >= 400 {
			return h.failure(fail(http.StatusFailedDependency, "FailedDependency", "The request '%s' failed.", id))
		}
	}
	return h.runItem(r, item)
}

// runItem answers one item as if it had come alone.
func (h *Handler) runItem(r *request, item batchItem) *faults.Answer {
	u, err := url.Parse(item.URL)
	if err != nil || strings.EqualFold(strings.Trim(u.Path, "/"), "$batch") {
		return h.failure(fail(400, "BadRequest", "The url of the batch request step is invalid."))
	}
	inner := &http.Request{Method: strings.ToUpper(item.Method), URL: u, Header: http.Header{}, Host: r.Host, TLS: r.TLS}
	for name, value := range item.Headers {
		inner.Header.Set(name, value)
	}
	hasBody := len(bytes.TrimSpace(item.Body)) > 0
	if hasBody && inner.Header.Get("Content-Type") == "" {
		return h.failure(fail(400, "BadRequest", "Write request id : %s does not contain Content-Type header or body.", item.ID))
	}
	return h.answer(&request{Request: inner.WithContext(r.Context()), root: r.root, body: item.Body, batched: true})
}

// batchResponse is an item's answer inside the batch's.
func batchResponse(id string, a *faults.Answer) map[string]any {
	response := map[string]any{"id": id, "status": a.Status}
	headers := map[string]string{}
	for name := range a.Header {
		headers[name] = a.Header.Get(name)
	}
	response["headers"] = headers
	if len(a.Body) > 0 {
		var body any = string(a.Body)
		if json.Valid(a.Body) {
			body = json.RawMessage(a.Body)
		}
		response["body"] = body
	}
	return response
}

// faultOf is what happens to the batch when something happens to the connection of an
// item: there is one connection for all.
func faultOf(answers []*faults.Answer) (faults.Mode, time.Duration) {
	for _, a := range answers {
		if a.Fault.BreaksConnection() {
			return a.Fault, a.Delay
		}
	}
	return "", 0
}
