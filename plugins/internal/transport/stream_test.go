package transport

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// A stream whose caller goes while its head is awaited is waited for, so that the server
// does not open it after the next one; a server that says nothing is not waited for long.
func TestStreamGivenUpOnItsWay(t *testing.T) {
	tests := map[string]struct {
		head  time.Duration // until the server answers
		after time.Duration // when Stream returns, from the moment the caller went
	}{
		"the head comes":      {time.Second, time.Second},
		"the head comes late": {time.Minute, headGrace},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				var gone time.Time
				base := &script{server: func(_ int, r *http.Request) (*http.Response, error) {
					cancel()
					gone = time.Now()
					select {
					case <-time.After(tt.head):
						return answer(200, nil, "a stream"), nil
					case <-r.Context().Done():
						return nil, r.Context().Err()
					}
				}}
				c := New(Options{Base: base})
				defer c.Close()
				_, err := c.Stream(ctx, Request{Method: http.MethodPost, URL: "https://ews.test/"}, "test stream", 10*time.Minute)
				var failed *Error
				if !errors.As(err, &failed) || failed.Kind != Cancelled {
					t.Errorf("Stream returned %v, want that it was cancelled", err)
				}
				if waited := time.Since(gone); waited != tt.after {
					t.Errorf("Stream returned %v after its caller had gone, want %v", waited, tt.after)
				}
			})
		})
	}
}
