package ews

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// limited is a server that takes so many requests at a time, each for a second, and
// refuses more.
type limited struct {
	mu                 sync.Mutex
	most               int
	flying, peak       int
	answered, declined int
	order              []string
}

// RoundTrip answers after a second, or refuses at once.
func (s *limited) RoundTrip(r *http.Request) (*http.Response, error) {
	mailbox := r.Header.Get("X-AnchorMailbox")
	s.mu.Lock()
	if s.flying >= s.most {
		s.declined++
		s.mu.Unlock()
		return (&server{answer: always(faulty("ErrorExceededConnectionCount", ""))}).RoundTrip(r)
	}
	s.flying++
	s.peak = max(s.peak, s.flying)
	s.order = append(s.order, mailbox)
	s.mu.Unlock()
	time.Sleep(time.Second)
	s.mu.Lock()
	s.flying--
	s.answered++
	s.mu.Unlock()
	return (&server{answer: always(calendarFolder())}).RoundTrip(r)
}

func (s *limited) client(t *testing.T, connections int) *Client {
	t.Helper()
	c, _ := newFake(t, nil)
	c.opts.Transport = transport.New(transport.Options{Base: s, PerAccount: connections})
	c.budget = newBudget(connections, time.Now)
	return c
}

// ask sends n requests for each mailbox at once, and returns how many failed.
func (s *limited) ask(t *testing.T, c *Client, n int, mailboxes ...string) (failed int) {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	for _, m := range mailboxes {
		for range n {
			wg.Go(func() {
				if _, _, err := c.GetCalendar(t.Context(), m); err != nil {
					mu.Lock()
					defer mu.Unlock()
					failed++
				}
			})
		}
	}
	wg.Wait()
	return failed
}

func addresses(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("t%d@example.org", i)
	}
	return list
}

// An account finds out how much the server takes, and never has more in flight than its
// connections.
func TestConnections(t *testing.T) {
	for _, connections := range []int{1, 5, 20} {
		t.Run(fmt.Sprint(connections), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &limited{most: 1000}
				if failed := s.ask(t, s.client(t, connections), 5, addresses(60)...); failed > 0 || s.peak != connections {
					t.Errorf("%d failed, at most %d at a time; want none and %d", failed, s.peak, connections)
				}
			})
		})
	}
}

// G3: at a server that takes fewer, complaints stay rare and nothing fails.
func TestConcurrencyAdapts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &limited{most: 7}
		c := s.client(t, 20)
		failed := s.ask(t, c, 20, addresses(60)...)
		if failed > 0 || s.answered != 1200 {
			t.Errorf("%d failed, %d answered; want none and 1200", failed, s.answered)
		}
		if s.peak != 7 || s.declined > 1200/50 {
			t.Errorf("%d at a time, %d complaints", s.peak, s.declined)
		}
		// The server recovers, and so does the rate.
		s.most = 1000
		time.Sleep(patience)
		s.ask(t, c, 20, addresses(60)...)
		if s.peak != 20 {
			t.Errorf("%d at a time once the server takes them, want 20", s.peak)
		}
	})
}

// A complaint halves the rate once, however many requests of the time before it meet one.
func TestComplaintsOfOneTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(20, time.Now)
		b.limit = 16
		var slots []slot
		for i := range 16 {
			s, err := b.acquire(t.Context(), fmt.Sprint(i))
			if err != nil {
				t.Fatal(err)
			}
			slots = append(slots, s)
		}
		time.Sleep(time.Second)
		for _, s := range slots {
			b.release(s, true)
		}
		if b.limit != 8 {
			t.Errorf("limit %v, want 8", b.limit)
		}
		for range 10 {
			time.Sleep(time.Second)
			b.complain(time.Now())
			time.Sleep(time.Second)
		}
		if b.limit != 1 {
			t.Errorf("limit %v after many complaints, want 1", b.limit)
		}
	})
}

// P8, G4: a mailbox with ten thousand requests waiting holds another's up by a round at
// most.
func TestFairness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &limited{most: 1000}
		c := s.client(t, 2)
		c.gate.accept()
		var wg sync.WaitGroup
		wg.Go(func() { s.ask(t, c, 200, "busy@example.org") })
		synctest.Wait()
		start := time.Now()
		wg.Go(func() { s.ask(t, c, 1, "quiet@example.org") })
		time.Sleep(3 * time.Second)
		synctest.Wait()
		s.mu.Lock()
		at := strings.Count(strings.Join(s.order, " "), "busy")
		served := s.order[len(s.order)-1] == "quiet@example.org" || strings.Contains(strings.Join(s.order, " "), "quiet")
		s.mu.Unlock()
		if !served {
			t.Errorf("not served within %s, behind %d requests of another", time.Since(start), at)
		}
		wg.Wait()
	})
}

// A mailbox has no more requests in flight than its share, whatever room there is.
func TestPerMailbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &limited{most: 1000}
		c := s.client(t, 20)
		c.budget.limit = 20
		c.gate.accept()
		s.ask(t, c, 30, "busy@example.org")
		if s.peak != perMailbox {
			t.Errorf("%d at a time, want %d", s.peak, perMailbox)
		}
	})
}

// Who gives up while waiting gives its turn on, and leaves nothing behind.
func TestGivingUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		stays := rapid.SliceOfN(rapid.Bool(), 1, 30).Draw(rt, "stays")
		synctest.Test(t, func(t *testing.T) {
			b := newBudget(1, time.Now)
			first, err := b.acquire(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			for i, stay := range stays {
				wg.Go(func() {
					own := t.Context()
					if !stay {
						own = ctx
					}
					s, err := b.acquire(own, fmt.Sprint(i%3))
					if err == nil {
						b.release(s, false)
					}
					if stay && err != nil || !stay && err != nil && !errors.Is(err, sdk.ErrUnavailable) {
						rt.Errorf("%v", err)
					}
				})
			}
			synctest.Wait()
			cancel()
			b.release(first, false)
			wg.Wait()
			if b.flying != 0 || len(b.of) != 0 || len(b.turns) != 0 {
				rt.Errorf("left behind: %d in flight, %v, %d turns", b.flying, b.of, len(b.turns))
			}
		})
	})
}
