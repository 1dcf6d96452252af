package transport

import (
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// Retry-After comes in seconds, with fractions, as a date, or as nonsense (G1,
// trap 32).
func TestRetryAfter(t *testing.T) {
	tests := map[string]struct {
		value string
		wait  time.Duration
		said  bool
	}{
		"seconds":       {"10", 10 * time.Second, true},
		"fraction":      {"2.128", 2128 * time.Millisecond, true},
		"zero":          {"0", 0, true},
		"date":          {"Tue, 01 Dec 2026 12:00:30 GMT", 30 * time.Second, true},
		"past date":     {"Tue, 01 Dec 2026 11:00:00 GMT", 0, true},
		"spaces":        {" 5 ", 5 * time.Second, true},
		"missing":       {"", 0, false},
		"words":         {"soon", 0, false},
		"negative":      {"-5", 0, true},
		"absurd":        {"1e300", MaxRetryAfter, true},
		"infinite":      {"Inf", MaxRetryAfter, true},
		"not a number":  {"NaN", 0, false},
		"absurdly late": {"Tue, 01 Dec 2099 12:00:00 GMT", MaxRetryAfter, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			wait, said := RetryAfter(http.Header{"Retry-After": {test.value}}, noon)
			if wait != test.wait || said != test.said {
				t.Errorf("RetryAfter(%q) = %v, %v, want %v, %v", test.value, wait, said, test.wait, test.said)
			}
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("10")
	f.Add("2.128")
	f.Add("Tue, 01 Dec 2026 12:00:30 GMT")
	f.Add("1e999")
	f.Fuzz(func(t *testing.T, value string) {
		wait, said := RetryAfter(http.Header{"Retry-After": {value}}, noon)
		if wait < 0 || wait > MaxRetryAfter || (!said && wait != 0) {
			t.Errorf("RetryAfter(%q) = %v, %v", value, wait, said)
		}
	})
}

// Backoff grows, and is never nothing nor for ever.
func TestBackoff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		attempt := rapid.IntRange(1, 1000).Draw(t, "attempt")
		low := min(500*time.Millisecond<<min(attempt-1, 10), 8*time.Second) / 2
		if d := Backoff(attempt); d < low || d > 2*low {
			t.Errorf("Backoff(%d) = %v, want between %v and %v", attempt, d, low, 2*low)
		}
	})
}
