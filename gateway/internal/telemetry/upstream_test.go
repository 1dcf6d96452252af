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
	if _, err := httpClient("http://user:t0p-secret@host.example:port/"); err == nil || strings.Contains(err.Error(), "t0p") {
		t.Errorf("an address that is no URL: %v", err)
	}
	_, err := http.Get("http://user:t0p-secret@127.0.0.1:1/v1/traces?token=t0p") //nolint:bodyclose // it fails
	if err == nil {
		t.Skip("somebody listens on port 1")
	}
	if got := withoutURL(fmt.Errorf("send: %w", err)); got == "" || strings.Contains(got, "t0p") {
		t.Errorf("a request that failed: %q", got)
	}
	if got := withoutURL(errors.New(strings.Repeat("é", maxErrorBytes))); len(got) > maxErrorBytes {
		t.Errorf("a long answer: %d bytes", len(got))
	}
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
