package cli

import (
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// placeJSON is a calendar.
type placeJSON struct {
	// Account is "provider/service", Mailbox an address.
	Account string `json:"account"`
	Mailbox string `json:"mailbox"`
}

func placeOf(p *store.Place) *placeJSON {
	if p == nil || *p == (store.Place{}) {
		return nil
	}
	return &placeJSON{p.Account, p.Mailbox.Address}
}

// leftJSON is an item of ours in a calendar that the trainer no longer has.
type leftJSON struct {
	placeJSON
	Item  string    `json:"item"`
	Label string    `json:"label,omitempty"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	// Error says why it cannot be removed.
	Error *planError `json:"error,omitempty"`
}

func leftOf(p runner.TrainerPlan, n names) []leftJSON {
	out := []leftJSON{}
	for _, l := range p.Left {
		start, end := l.When.Span(n.zone(p.Trainer))
		left := leftJSON{
			placeJSON: placeJSON{l.Place.Account, l.Place.Mailbox.Address}, Item: l.Key, Label: n.label(p.Trainer, l.Key),
			Start: start.UTC(), End: end.UTC(),
		}
		if l.Err != nil {
			f := failingOfError(l.Err)
			left.Error = &planError{Code: f.Code, Message: f.Message, Advice: f.Advice}
		}
		out = append(out, left)
	}
	return out
}

// printMoved tells of another calendar, and of what was found there already.
func printMoved(w *writer, p planned, n names) {
	id := p.trainer.Trainer
	if p.Moved != nil {
		now := n.trainers[p.Trainer]
		w.printf("  moved    from %s %s to %s/%s %s\n", p.Moved.Account, p.Moved.Mailbox, id.Provider, now.Service, now.Email)
	}
	for _, s := range p.Adopted {
		w.printf("  adopted  %s, %s: %s\n", n.item(id, s.Item), span(s.Start, s.End, n.zone(id)), inWords(s.Reason))
	}
}

// printLeft lists what would be removed from former calendars, and what cannot be.
func printLeft(w *writer, p planned, n names) {
	id := p.trainer.Trainer
	told := map[string]bool{}
	for _, l := range p.Left {
		what := n.item(id, l.Item) + ", " + span(l.Start, l.End, n.zone(id))
		if l.Error == nil {
			w.printf("  would remove from %s %s - %s: %s\n", l.Account, l.Mailbox, what, inWords(reconcile.ReasonMoved))
			continue
		}
		w.printf("  stays in %s %s: %s\n", l.Account, l.Mailbox, what)
		if !told[l.Account+l.Error.Message] {
			told[l.Account+l.Error.Message] = true
			w.printf("    because %s\n", l.Error.Message)
			if l.Error.Advice != "" {
				w.printf("    what to do: %s\n", l.Error.Advice)
			}
		}
	}
}

// printLookalikes says what to do about what a former integration left (move-1).
func printLookalikes(w *writer, p planned) {
	if n := p.Findings[reconcile.ReasonLookalike]; n > 0 {
		w.printf("  WARNING: %s of a former integration would be pulled as unavailability, and the courses written beside them:\n"+
			"    gateway adopt --trainer %s shows them and makes them the gateway's\n", plural(n, "appointment"), p.Trainer)
	}
}

// conflictJSON is a course that overlaps something else of the same trainer.
type conflictJSON struct {
	// Item is the key of the course's appointment; With that of another course's, or the
	// stable id of pulled unavailability.
	Item  string `json:"item"`
	Label string `json:"label,omitempty"`
	With  string `json:"with"`
	// WithKind is "course" or "unavailability".
	WithKind  string     `json:"with_kind"`
	WithLabel string     `json:"with_label,omitempty"`
	Start     time.Time  `json:"start"`
	End       time.Time  `json:"end"`
	Since     *time.Time `json:"since,omitempty"`
}

func conflictsOf(id platform.TrainerID, conflicts []store.Conflict, n names) []conflictJSON {
	out := []conflictJSON{}
	for _, c := range conflicts {
		shape := conflictJSON{
			Item: c.Key, Label: n.label(id, c.Key), With: c.Other, WithKind: "course", Start: c.Start.UTC(), End: c.End.UTC(),
		}
		if c.Pulled {
			shape.WithKind = "unavailability"
		} else {
			shape.WithLabel = n.label(id, c.Other)
		}
		if since := c.Since.UTC(); !c.Since.IsZero() {
			shape.Since = &since
		}
		out = append(out, shape)
	}
	return out
}

// printConflicts tells of overlaps; an appointment of the trainer's own is told by its
// time alone.
func printConflicts(w *writer, id platform.TrainerID, conflicts []store.Conflict, n names) {
	for _, c := range conflicts {
		w.printf("  conflict %s\n", conflictWords(id, c, n))
	}
}

func conflictWords(id platform.TrainerID, c store.Conflict, n names) string {
	with := "an appointment of the trainer's own"
	if !c.Pulled {
		with = n.item(id, c.Other)
	}
	return n.item(id, c.Key) + " and " + with + ", " + span(c.Start, c.End, n.zone(id))
}
