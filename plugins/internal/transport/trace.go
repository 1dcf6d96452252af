package transport

import (
	"context"
	"net/http"
	"net/url"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/trace"
)

type (
	operationKey struct{}
	targetKey    struct{}
)

func withOperation(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, operationKey{}, name)
}

// traced wraps a round tripper with spans that name the operation, the method, the
// server and the status, and nothing of the URL's path and query: the
// instrumentation records the URL it sees, so it sees the server's root only, and
// the real target is put back below it.
func traced(base http.RoundTripper, m *measures) http.RoundTripper {
	return hide{otelhttp.NewTransport(reveal{base}, otelhttp.WithSpanNameFormatter(spanName),
		otelhttp.WithSpanOptions(trace.WithAttributes(m.attributes()...))), m}
}

func spanName(_ string, r *http.Request) string {
	if name, _ := r.Context().Value(operationKey{}).(string); name != "" {
		return name
	}
	return "HTTP " + r.Method
}

type hide struct {
	next     http.RoundTripper
	measures *measures
}

// RoundTrip shows the next round tripper the server's root.
func (h hide) RoundTrip(r *http.Request) (*http.Response, error) {
	shown := r.Clone(context.WithValue(h.measures.labelled(r.Context()), targetKey{}, r.URL))
	shown.URL = &url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host, Path: "/"}
	resp, err := h.next.RoundTrip(shown)
	if resp != nil {
		resp.Request = r
	}
	return resp, err
}

type reveal struct{ next http.RoundTripper }

// RoundTrip sends the request to its real target.
func (t reveal) RoundTrip(r *http.Request) (*http.Response, error) {
	if target, ok := r.Context().Value(targetKey{}).(*url.URL); ok {
		r = r.Clone(r.Context())
		r.URL = target
	}
	return t.next.RoundTrip(r)
}
