package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// What took too long is told by its name: calendars, the gateway's own state, or the client
// who went away.
func TestTooLong(t *testing.T) {
	waits := func(ctx context.Context) (int, error) {
		<-ctx.Done()
		return 0, fmt.Errorf("read: %w", ctx.Err())
	}
	synctest.Test(t, func(t *testing.T) {
		gone, leave := context.WithCancel(t.Context())
		leave()
		short, end := context.WithTimeout(t.Context(), calendarPatience/2)
		defer end()
		ask := func(ctx context.Context, err error) func() (context.Context, error) {
			return func() (context.Context, error) { return ctx, err }
		}
		calendars := func(ctx context.Context, do func(context.Context) (int, error)) func() (context.Context, error) {
			return func() (context.Context, error) {
				_, err := withCalendars(ctx, do)
				return ctx, err
			}
		}
		state := fmt.Errorf("wait for a turn to write: %w", context.DeadlineExceeded)
		for _, c := range []struct {
			name   string
			ask    func() (context.Context, error)
			status int
			says   string
		}{
			{"the state", ask(t.Context(), state), http.StatusServiceUnavailable, "gateway's state"},
			{"the client, at the state", ask(gone, fmt.Errorf("wait: %w", context.Canceled)), statusLeft, "client"},
			{"the client, at calendars", calendars(gone, waits), statusLeft, "client"},
			{"something stops", ask(t.Context(), context.Canceled), http.StatusServiceUnavailable, "ended"},
			{"calendars", calendars(t.Context(), waits), http.StatusServiceUnavailable, "calendars"},
			{"the state, while calendars are asked", calendars(t.Context(), func(context.Context) (int, error) { return 0, state }), http.StatusServiceUnavailable, "gateway's state"},
			{"a request with less time than calendars have", calendars(short, waits), http.StatusServiceUnavailable, "gateway's state"},
		} {
			var p *Problem
			if err := problemIn(c.ask()); !errors.As(err, &p) || p.Status != c.status || !strings.Contains(p.Detail, c.says) {
				t.Errorf("%s: %+v", c.name, err)
			}
		}
	})
}
