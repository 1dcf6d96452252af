package telemetry

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
)

// A collector's address may hold a token: what goes wrong is told without it.
func TestErrorsWithoutTheCollectorsAddress(t *testing.T) {
	if _, err := withPath("http://user:t0p-secret@host.example:port/", "/v1/traces"); err == nil || strings.Contains(err.Error(), "t0p") {
		t.Errorf("an address that is no URL: %v", err)
	}
	client := http.Client{Transport: unreachable{}}
	_, err := client.Get("http://user:t0p-secret@host.example/v1/traces?token=t0p") //nolint:bodyclose // it fails
	if err == nil || !strings.Contains(err.Error(), "t0p") {
		t.Fatalf("the client's own error does not name the address, so that nothing is shown: %v", err)
	}
	if got := withoutURL(fmt.Errorf("send: %w", err)); got == "" || strings.Contains(got, "t0p") {
		t.Errorf("a request that failed: %q", got)
	}
	if got := withoutURL(errors.New(strings.Repeat("é", maxErrorBytes))); len(got) > maxErrorBytes {
		t.Errorf("a long answer: %d bytes", len(got))
	}
}

// unreachable is a network on which no server is.
type unreachable struct{}

// RoundTrip fails.
func (unreachable) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no route to the server")
}

// A number that JSON cannot hold would make a plugin's spans impossible to store.
func TestNumbersOfAPlugin(t *testing.T) {
	for _, number := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		v := &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: number}}
		if fromPlugin.plain(v) {
			t.Errorf("%v passes", number)
		}
	}
}
