package guard

import (
	"context"
	"net/http"
	"strings"

	"github.com/trainercal/trainercal/sdk"
)

// maxHints bounds the mailboxes that one delivery may hint at.
const maxHints = 10_000

// Deliver implements [sdk.Deliverer].
func (g *guarded) Deliver(ctx context.Context, req sdk.DeliverRequest) (sdk.DeliverResponse, error) {
	req.Header = kept(req.Header, intoPlugin)
	if err := checkDelivery(req); err != nil {
		return sdk.DeliverResponse{}, err
	}
	answer, err := sdk.Deliver(ctx, g.next, req)
	if err != nil {
		return sdk.DeliverResponse{}, err
	}
	answer.Header = kept(answer.Header, outOfPlugin)
	if err := checkAnswer(answer); err != nil {
		return sdk.DeliverResponse{}, err
	}
	return answer, nil
}

// intoPlugin reports whether a plugin needs a header: what it is, and what senders of
// notifications say in headers of their own. Credentials and cookies are none of them.
func intoPlugin(name string) bool {
	return name == "Content-Type" || strings.HasPrefix(name, "X-")
}

// outOfPlugin reports whether an answer to a notification needs a header.
func outOfPlugin(name string) bool {
	switch name {
	case "Content-Type", "Allow", "Retry-After":
		return true
	}
	return false
}

// kept is the part of the header that is let through, nil for nothing.
func kept(h http.Header, let func(string) bool) http.Header {
	var out http.Header
	for name, values := range h {
		if name = http.CanonicalHeaderKey(name); let(name) {
			if out == nil {
				out = http.Header{}
			}
			out[name] = append(out[name], values...)
		}
	}
	return out
}

func checkDelivery(r sdk.DeliverRequest) error {
	begins := r.Target == "" || r.Target[0] == '/' || r.Target[0] == '?'
	switch {
	case r.Method == "" || len(r.Method) > 20:
		return sdk.CodeInvalidRequest.New("a delivery without a method, or with an impossible one")
	case !begins || len(r.Target) > sdk.MaxDeliverTargetBytes:
		return sdk.CodeInvalidRequest.New("a delivery to an impossible target, or one of more than %d bytes", sdk.MaxDeliverTargetBytes)
	case size(r.Header) > sdk.MaxDeliverHeaderBytes:
		return sdk.CodeInvalidRequest.New("a delivery with headers of more than %d bytes", sdk.MaxDeliverHeaderBytes)
	case len(r.Body) > sdk.MaxDeliverBytes:
		return sdk.CodeInvalidRequest.New("a delivery of %d bytes, at most %d are allowed", len(r.Body), sdk.MaxDeliverBytes)
	}
	return nil
}

func checkAnswer(r sdk.DeliverResponse) error {
	switch {
	case r.Status < 200 || r.Status > 599 || r.Status/100 == 3:
		return sdk.CodeInternal.New("the plugin answered a delivery with status %d", r.Status)
	case len(r.Body) > sdk.MaxDeliverAnswerBytes || size(r.Header) > sdk.MaxDeliverHeaderBytes:
		return sdk.CodeInternal.New("the plugin answered a delivery with more than %d bytes", sdk.MaxDeliverAnswerBytes)
	case len(r.Dirty) > maxHints:
		return sdk.CodeInternal.New("the plugin answered a delivery with hints at %d mailboxes", len(r.Dirty))
	}
	for _, values := range r.Header {
		if strings.ContainsAny(strings.Join(values, ""), "\r\n\x00") {
			return sdk.CodeInternal.New("the plugin answered a delivery with a header that is none")
		}
	}
	return nil
}

func size(h http.Header) int {
	n := 0
	for name, values := range h {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	return n
}
