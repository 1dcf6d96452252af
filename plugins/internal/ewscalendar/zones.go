package ewscalendar

import (
	"context"
	"sync"

	"github.com/hashicorp/go-hclog"
)

// warned remembers what was warned of, so that each is said once.
type warned struct {
	mu   sync.Mutex
	done map[string]bool
}

// first reports whether this is the first warning of its kind.
func (w *warned) first(what string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done[what] {
		return false
	}
	if w.done == nil {
		w.done = map[string]bool{}
	}
	w.done[what] = true
	return true
}

// warnZone says that the server does not know the zone of an appointment, which is
// written by its instant then: a wall clock that it was planned by is lost, its time is
// not (D7).
func (a *Account) warnZone(ctx context.Context, t task) {
	zone := t.Appointment.When.TimeZone
	if zone == "" || t.Appointment.When.AllDay {
		zone = t.mailbox.TimeZone
	}
	if a.warned.first("write " + zone) {
		hclog.FromContext(ctx).Warn("the server does not know a time zone: appointments in it are written in UTC, at the same instants; install the server's time zone updates", "timezone", zone)
	}
}
