package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// against is a client of a server that answers as told.
func against(t *testing.T, breaks bool, serve http.HandlerFunc) *client {
	t.Helper()
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	c := newClient(server.URL, token, newFigures(), breaks)
	t.Cleanup(c.http.CloseIdleConnections)
	return c
}

// A server's error is a failure even when the repetition is answered.
func TestErrorOfTheServerCounts(t *testing.T) {
	var asked atomic.Int32
	c := against(t, true, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	a, err := c.ask(t.Context(), request{method: http.MethodGet, path: "/x"})
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("answered %d, %v", a.status, err)
	}
	if !c.figures.failed() || c.figures.verdict(io.Discard) == nil {
		t.Error("the error does not fail the proof")
	}
}

// A connection that breaks is a failure unless the gateway is killed, and leaves open
// what became of the request.
func TestBrokenConnection(t *testing.T) {
	for _, breaks := range []bool{false, true} {
		var asked atomic.Int32
		c := against(t, breaks, func(w http.ResponseWriter, _ *http.Request) {
			if asked.Add(1) == 1 {
				panic(http.ErrAbortHandler)
			}
		})
		a, err := c.ask(t.Context(), request{method: http.MethodPost, path: "/x"})
		if err != nil || !a.unsure {
			t.Fatalf("unsure %t, %v", a.unsure, err)
		}
		if c.figures.failed() == breaks {
			t.Errorf("with kill %t: failed %t", breaks, c.figures.failed())
		}
	}
}

func TestLostRequest(t *testing.T) {
	c := against(t, true, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	c.patience = time.Millisecond
	if _, err := c.ask(t.Context(), request{method: http.MethodGet, path: "/x"}); !errors.Is(err, errLost) {
		t.Errorf("got %v, want %v", err, errLost)
	}
}

// After a broken attempt a refusal may be of the repetition: what is stored decides. A
// refusal of a first attempt is never right.
func TestSettle(t *testing.T) {
	next := testCourse("C-1-1", "confirmed", "t1")
	other := next
	other.Version = "0"
	for name, c := range map[string]struct {
		stored object
		next   object
		unsure bool
		ok     bool
	}{
		"it was done":            {next, next, true, true},
		"it was deleted":         {nil, nil, true, true},
		"it was lost":            {nil, next, true, false},
		"another one is there":   {other, next, true, false},
		"it was not deleted":     {next, nil, true, false},
		"no attempt broke":       {next, next, false, false},
		"a deletion of nothing":  {nil, nil, false, false},
		"refused, and not there": {nil, next, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := &writer{client: against(t, true, func(w http.ResponseWriter, _ *http.Request) {
				if c.stored == nil {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				w.Header().Set("ETag", `"7"`)
				_, _ = io.WriteString(w, text(c.stored))
			})}
			s := &slot{kind: kindCourse, id: "C-1-1", state: other, etag: `"6"`}
			err := w.settle(t.Context(), s, c.next, answer{status: http.StatusPreconditionFailed, unsure: c.unsure})
			if (err == nil) != c.ok {
				t.Fatalf("settled with %v, want right: %t", err, c.ok)
			}
			if c.ok && s.wants() != text(c.next) || !c.ok && s.wants() != text(other) {
				t.Errorf("the ledger says %q", s.wants())
			}
		})
	}
}

func TestOptions(t *testing.T) {
	for args, ok := range map[string]bool{
		"": true, "--kill --seed 7 --for 5s --trainers 50": true, "extra": false, "--rate 0": false, "--trainers -1": false, "--for 0s": false, "--unknown": false,
	} {
		o, err := parse(strings.Fields(args), io.Discard)
		if (err == nil) != ok {
			t.Errorf("parse(%q): %v, want right: %t", args, err, ok)
		}
		if ok && o.seed == 0 {
			t.Errorf("parse(%q) has no seed", args)
		}
	}
}
