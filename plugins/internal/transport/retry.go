package transport

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxRetryAfter is the longest wait believed of a server: a longer one is a
// mistake more often than a wish.
const MaxRetryAfter = time.Hour

// again decides whether an attempt is followed by another, and after what wait.
func (c *Client) again(attempt int, meta Meta, resp *Response, err error) (time.Duration, bool) {
	if attempt >= c.opts.Attempts {
		return 0, false
	}
	if err != nil {
		var e *Error
		ok := errors.As(err, &e) && e.repeatable(meta.Idempotent)
		return Backoff(attempt), ok
	}
	if !repeatableStatus(resp.Status, meta.Idempotent) {
		return 0, false
	}
	wait, said := RetryAfter(resp.Header, c.opts.Now())
	if !said {
		return Backoff(attempt), true
	}
	if wait > c.opts.MaxWait {
		return 0, false
	}
	return wait + jitter(wait/10), true
}

// repeatableStatus reports whether an answer invites another attempt. 429 was not
// carried out; after the others the outcome is unknown. 500 is left to the
// protocol: EWS answers its faults with it.
func repeatableStatus(status int, idempotent bool) bool {
	switch status {
	case http.StatusTooManyRequests:
		return true
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return idempotent
	}
	return false
}

// RetryAfter reads the header of that name: seconds, also with a fraction, or an
// HTTP date. The wait is between zero and [MaxRetryAfter]; said is false when the
// header is missing or makes no sense.
func RetryAfter(h http.Header, now time.Time) (wait time.Duration, said bool) {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseFloat(v, 64); err == nil {
		return fromSeconds(seconds)
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0, false
	}
	return clamp(at.Sub(now)), true
}

// fromSeconds turns a number of seconds into a wait; it compares before it
// converts, because a huge number does not fit a Duration.
func fromSeconds(s float64) (time.Duration, bool) {
	switch {
	case s != s:
		return 0, false
	case s >= MaxRetryAfter.Seconds():
		return MaxRetryAfter, true
	case s <= 0:
		return 0, true
	}
	return time.Duration(s * float64(time.Second)), true
}

func clamp(d time.Duration) time.Duration { return min(max(d, 0), MaxRetryAfter) }

// Backoff is the wait after the attempt of that number (from 1) when the server
// named none: 0.5 s, 1 s, 2 s … up to 8 s, each between a half and the whole of
// it, so that clients that failed together do not return together.
func Backoff(attempt int) time.Duration {
	d := min(500*time.Millisecond<<min(attempt-1, 10), 8*time.Second)
	return d/2 + jitter(d/2)
}

func jitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return rand.N(d)
}

// Sleep waits, or returns the context's error when that ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
