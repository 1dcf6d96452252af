package cli

import (
	"time"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/availability"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// availabilityJSON says whether a trainer's time is known.
type availabilityJSON struct {
	// Now is "free", "busy" or "unknown"; plans, which speak of no time, leave it out.
	Now availability.State `json:"now,omitempty"`
	// Reason says why nothing new is known of the calendar.
	Reason availability.Reason `json:"reason,omitempty"`
	// StaleSince is the last complete read, when that is too long ago.
	StaleSince *time.Time `json:"stale_since" jsonschema:"nullable"`
	// KnownUntil is how far ahead the calendar is known.
	KnownUntil *time.Time `json:"known_until" jsonschema:"nullable"`
}

func availabilityOf(a app.Availability) availabilityJSON {
	return availabilityJSON{Now: a.Now, Reason: a.Reason, StaleSince: instant(a.StaleSince), KnownUntil: instant(a.Until)}
}

// plannedAvailability is for a plan, which has just read the calendar or could not.
func plannedAvailability(pulls bool, failed bool, last store.Reading) availabilityJSON {
	switch {
	case !pulls:
		return availabilityJSON{Reason: availability.NotRead}
	case !failed:
		return availabilityJSON{}
	case last.At.IsZero():
		return availabilityJSON{Reason: availability.NeverRead}
	}
	return availabilityJSON{Reason: availability.Stale, StaleSince: instant(last.At)}
}

// instant is a time in UTC; nil for none.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// availability tells of who is not known to be free.
func (s *statusPage) availability(t app.TrainerStatus) {
	if a := t.Availability; a.Reason == availability.Stale {
		s.out.printf("  %s: the calendar was last read whole %s ago: what was busy then is kept, the rest is unknown, not free\n",
			t.Trainer.Label, ago(s.now.Sub(a.StaleSince)))
	}
}

// owedShown is how many items that are owed to a trainer are listed.
const owedShown = 5

// owed lists what is tried again later, with the reason, since when, and when next.
func (s *statusPage) owed(t app.TrainerStatus, n names) {
	for _, o := range t.Owed[:min(len(t.Owed), owedShown)] {
		next := "at the next run"
		if o.Next.After(s.now) {
			next = "in " + ago(o.Next.Sub(s.now))
		}
		s.out.printf("    %s %s: %s (%s), for %s, %s, next %s\n", opSigns[o.Op], n.item(t.Trainer, o.Key), o.Message, o.Code,
			ago(s.now.Sub(o.Since)), tries(o.Attempts), next)
		if o.Advice != "" {
			s.out.printf("      what to do: %s\n", o.Advice)
		}
	}
	if more := len(t.Owed) - owedShown; more > 0 {
		s.out.printf("    and %d more\n", more)
	}
}

// owedItemJSON is an item that could not be brought into the calendar, or out of it, and
// is tried again later.
type owedItemJSON struct {
	Item     string     `json:"item"`
	Op       string     `json:"op"`
	Reason   string     `json:"reason"`
	Code     string     `json:"code"`
	Message  string     `json:"message"`
	Advice   string     `json:"advice,omitempty"`
	Since    time.Time  `json:"since"`
	Next     *time.Time `json:"next" jsonschema:"nullable"`
	Attempts int        `json:"attempts"`
}

func owedOf(owed []store.Owed) []owedItemJSON {
	out := []owedItemJSON{}
	for _, o := range owed {
		out = append(out, owedItemJSON{
			Item: o.Key, Op: string(o.Op), Reason: string(o.Reason), Code: o.Code, Message: o.Message, Advice: o.Advice,
			Since: o.Since.UTC(), Next: instant(o.Next), Attempts: o.Attempts,
		})
	}
	return out
}

// pilot reports whether the trainer's provider is a pilot, where nothing is written.
func (n names) pilot(t platform.TrainerID) bool { return n.pilots[t.Provider] }
