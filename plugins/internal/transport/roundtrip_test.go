package transport

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// Libraries that take an http.Client get the same repetition and errors.
func TestRoundTripper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := &script{server: func(n int, r *http.Request) (*http.Response, error) {
			b, _ := io.ReadAll(r.Body)
			if string(b) != "grant_type=client_credentials" || r.Header.Get("Content-Type") != "form" {
				t.Errorf("got %q as %q", b, r.Header.Get("Content-Type"))
			}
			if n == 1 {
				return answer(503, nil, ""), nil
			}
			return answer(200, http.Header{"Content-Type": {"application/json"}}, `{"a":1}`), nil
		}}
		client := &http.Client{Transport: New(Options{Base: base}).RoundTripper(Meta{Operation: "token", Idempotent: true})}
		resp, err := client.Post("https://login.test/token", "form", strings.NewReader("grant_type=client_credentials"))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != 200 || string(body) != `{"a":1}` || resp.Header.Get("Content-Type") != "application/json" || resp.ContentLength != 7 {
			t.Errorf("resp = %+v with %q", resp, body)
		}
	})
}

// An error of ours is found below what net/http makes of it.
func TestRoundTripperError(t *testing.T) {
	base := &script{server: func(int, *http.Request) (*http.Response, error) { return nil, &refusedDial }}
	client := &http.Client{Transport: New(Options{Base: base, Attempts: 1}).RoundTripper(Meta{})}
	_, err := client.Get("https://login.test/")
	var e *Error
	if !errors.As(err, &e) || e.Kind != Connect {
		t.Errorf("err = %v, want ours", err)
	}
}

// A body too large to be kept for repetition is refused, not cut.
func TestRoundTripperBodyTooLarge(t *testing.T) {
	base := &script{server: func(int, *http.Request) (*http.Response, error) { return answer(200, nil, ""), nil }}
	client := &http.Client{Transport: New(Options{Base: base}).RoundTripper(Meta{})}
	_, err := client.Post("https://login.test/", "x", strings.NewReader(strings.Repeat("x", maxRequestBody+1)))
	var e *Error
	if !errors.As(err, &e) || e.Kind != Invalid || base.n.Load() != 0 {
		t.Errorf("err = %v after %d requests, want a refusal before any", err, base.n.Load())
	}
}

// A request is a span that names the operation, and nothing of the URL below the
// server (run-1, J7).
func TestSpansKeepTheURLToThemselves(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(provider)
	t.Cleanup(func() { otel.SetTracerProvider(before) })
	var target string
	base := &script{server: func(_ int, r *http.Request) (*http.Response, error) {
		target = r.URL.String()
		return answer(200, nil, "private text"), nil
	}}
	if _, err := get(t, New(Options{Base: base}), read); err != nil {
		t.Fatal(err)
	}
	if target != "https://graph.test/users/ana?secret=1" {
		t.Errorf("the request went to %s", target)
	}
	spans := recorder.Ended()
	if len(spans) != 1 || spans[0].Name() != "test read" {
		t.Fatalf("spans = %v, want one named by the operation", spans)
	}
	seen := map[string]bool{}
	for _, a := range spans[0].Attributes() {
		value := a.Value.String()
		seen[value] = true
		for _, leak := range []string{"ana", "secret", "private"} {
			if strings.Contains(value, leak) {
				t.Errorf("attribute %s = %s", a.Key, value)
			}
		}
	}
	if !seen["graph.test"] || !seen["200"] {
		t.Errorf("attributes = %v, want the server and the status", spans[0].Attributes())
	}
}
