package ewscalendar

import (
	"context"
	"sync"

	"github.com/hashicorp/go-hclog"

	"github.com/trainercal/trainercal/plugins/internal/ews"
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

// resolveZones asks for the rules of the zones that whole-day items were made in, where a
// list tells a name that has none, such as "Customized Time Zone" (D7). An item whose
// zone has no rules either way is taken by its instants, with a warning.
func (a *Account) resolveZones(ctx context.Context, mailbox string, items []ews.Item) error {
	var ids []string
	var places []int
	for i := range items {
		if items[i].ZoneUnknown() {
			ids, places = append(ids, items[i].ItemID.ID), append(places, i)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	whole, err := a.client.GetItems(ctx, []string{mailbox}, ids, false)
	if err != nil {
		return err
	}
	for n, i := range places {
		if whole[n].Err == nil {
			items[i].TakeZone(whole[n].Value)
		}
		if items[i].ZoneUnknown() && a.warned.first("read "+mailbox) {
			hclog.FromContext(ctx).Warn("a whole-day appointment was made in a time zone of which the server tells no rules: its days are those of the trainer's zone; a whole day may show a day off")
		}
	}
	return nil
}
