package telemetry

import "time"

// SpanJSON is a span and what is below it, in the form that `gateway trace --json`
// prints. Names and meaning of its fields are stable.
type SpanJSON struct {
	SpanID   string    `json:"span_id"`
	ParentID string    `json:"parent_id,omitempty"`
	Name     string    `json:"name"`
	Service  string    `json:"service"`
	Kind     string    `json:"kind"`
	Start    time.Time `json:"start"`
	// Seconds is how long the span took.
	Seconds    float64        `json:"seconds"`
	Failed     bool           `json:"failed"`
	Status     string         `json:"status,omitempty"`
	Attributes map[string]any `json:"attributes"`
	// Links are the ids of spans in the same trace.
	Links []string `json:"links"`
	// Events are what happened while the span ran.
	Events []SpanEvent `json:"events"`
	// Orphan: the parent was never recorded.
	Orphan   bool       `json:"orphan,omitempty"`
	Children []SpanJSON `json:"children"`
}

// TreeJSON gives a tree its printed form.
func TreeJSON(nodes []*Node) []SpanJSON {
	out := make([]SpanJSON, len(nodes))
	for i, n := range nodes {
		out[i] = SpanJSON{
			SpanID: n.SpanID, ParentID: n.ParentID, Name: n.Name, Service: n.Service,
			Start: n.Start, Seconds: n.End.Sub(n.Start).Seconds(),
			Failed: n.Failed, Status: n.Status, Attributes: n.Attributes, Links: append([]string{}, n.Links...),
			Kind: n.Kind, Events: append([]SpanEvent{}, n.Events...),
			Orphan: n.Orphan, Children: TreeJSON(n.Children),
		}
	}
	return out
}
