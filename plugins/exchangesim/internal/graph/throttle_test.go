package graph_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
)

// clock is a time that a test sets forward.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

const anasCalendar = "/users/ana@x.example/calendar"

// A mailbox takes so many requests in ten minutes, refused ones included, and says when
// it will take more; others are not touched.
func TestMailboxBudget(t *testing.T) {
	c := &clock{t: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	r := newRig(t, simtest.Config{Options: exchangesim.Options{Now: c.now, MailboxRequests: 3}})
	r.mailbox("bob@x.example")
	for range 3 {
		r.want(200, "GET", anasCalendar, nil)
	}
	c.pass(4 * time.Minute)
	resp, _ := r.do("GET", anasCalendar, nil)
	if wait := resp.Header.Get("Retry-After"); resp.StatusCode != 429 || wait != strconv.Itoa(6*60) {
		t.Errorf("one too many: %d, Retry-After %q, want 429 and 360", resp.StatusCode, wait)
	}
	r.want(200, "GET", "/users/bob@x.example/calendar", nil)
	c.pass(6 * time.Minute)
	r.token = r.signIn()
	r.want(200, "GET", anasCalendar, nil)
}

// The application has a budget over all mailboxes.
func TestApplicationBudget(t *testing.T) {
	c := &clock{t: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	r := newRig(t, simtest.Config{Options: exchangesim.Options{Now: c.now, Requests: 2}})
	r.mailbox("bob@x.example")
	r.want(200, "GET", anasCalendar, nil)
	r.want(200, "GET", "/users/bob@x.example/calendar", nil)
	r.refused(429, "ApplicationThrottled", "GET", anasCalendar, nil)
	c.pass(10 * time.Second)
	r.want(200, "GET", anasCalendar, nil)
}

// The peak tells how many operations of one mailbox were ever in flight at once: those
// of a batch are up to four.
func TestPeak(t *testing.T) {
	r := newRig(t, simtest.Config{Options: exchangesim.Options{Latency: 20 * time.Millisecond}})
	var items []object
	for i := range 8 {
		items = append(items, object{"id": strconv.Itoa(i), "method": "GET", "url": anasCalendar})
	}
	r.want(200, "POST", "/$batch", object{"requests": items})
	if address, n := r.server.Peak(); address != "ana@x.example" || n != 4 {
		t.Errorf("the peak is %d of %q, want 4 of Ana's", n, address)
	}
	r.server.ResetPeak()
	r.want(200, "GET", anasCalendar, nil)
	if _, n := r.server.Peak(); n != 1 {
		t.Errorf("the peak of one request is %d", n)
	}
}
