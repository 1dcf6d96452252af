package httpapi

import (
	"time"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Failing says why something does not work.
type Failing struct {
	Code     string     `json:"code" doc:"A code; the operator's guide lists them." example:"mailbox_not_found"`
	Message  string     `json:"message" doc:"What happened."`
	Advice   string     `json:"advice,omitempty" doc:"What to do."`
	Since    time.Time  `json:"since"`
	Attempts int        `json:"attempts" minimum:"0"`
	Next     *time.Time `json:"next,omitempty" doc:"When it is tried again; absent for at the next run."`
}

// FailingOf is a trouble in the API's form; nil for none.
func FailingOf(f *store.Failing) *Failing {
	if f == nil {
		return nil
	}
	return &Failing{f.Code, f.Message, f.Advice, f.Since.UTC(), f.Attempts, Moment(f.Next)}
}

// Paused says that a trainer is left alone.
type Paused struct {
	Scope  string    `json:"scope" enum:"provider,trainer" doc:"Whether the whole provider is paused, or the trainer." example:"trainer"`
	Since  time.Time `json:"since"`
	Reason string    `json:"reason,omitempty"`
}

// PausedOf is a pause in the API's form; nil for none.
func PausedOf(p *store.Pause) *Paused {
	if p == nil {
		return nil
	}
	out := &Paused{"trainer", p.Since.UTC(), p.Reason}
	if p.Label == "" {
		out.Scope = "provider"
	}
	return out
}

// Trainer is where a trainer stands.
type Trainer struct {
	Trainer   string     `json:"trainer" doc:"provider/label." example:"northwind/ana"`
	Name      string     `json:"name,omitempty" example:"Ana Ortiz"`
	Service   string     `json:"service,omitempty" doc:"The kind of calendar." example:"exchange-online"`
	Direction string     `json:"direction" enum:"in,out,both,none" example:"both"`
	Active    bool       `json:"active" doc:"Whether the calendar is synchronised at all."`
	Health    string     `json:"health" enum:"in_sync,stale,failing,unknown,held,off,paused,pilot" doc:"How the calendar stands: stale is in sync once and not proven for too long, unknown never proven." example:"in_sync"`
	Proven    *time.Time `json:"proven,omitempty" doc:"When the calendar was last proven in sync; absent for never."`
	// StaleSince is when the calendar was last read, if that is too long ago.
	StaleSince *time.Time `json:"stale_since,omitempty" doc:"When the calendar was last read, if that is too long ago: since then its owner may have become busy."`
	Held       int        `json:"held" doc:"How many removals wait for approval." minimum:"0"`
	Conflicts  int        `json:"conflicts" doc:"How many of its courses overlap something." minimum:"0"`
	Paused     *Paused    `json:"paused,omitempty"`
}

// TrainerDetail is everything that is known of a trainer.
type TrainerDetail struct {
	Trainer
	Failing       *Failing    `json:"failing,omitempty" doc:"Why the last run did not get through."`
	Pushed        int         `json:"pushed" doc:"How many items of the gateway's are in the calendar." minimum:"0"`
	Pulled        int         `json:"pulled" doc:"How many of the trainer's own block time on the platform." minimum:"0"`
	Owed          []OwedItem  `json:"owed" nullable:"false" doc:"What could not be brought into the calendar, and is tried again."`
	Left          int         `json:"left" doc:"How many items are left in calendars that the trainer no longer has." minimum:"0"`
	ConflictsList []Conflict  `json:"conflict_list" nullable:"false"`
	Now           KnownAtOnce `json:"now" doc:"Whether the trainer is free at this moment."`
}

// KnownAtOnce says what a trainer's time is now.
type KnownAtOnce struct {
	State  string     `json:"state" enum:"free,busy,unknown" example:"free"`
	Reason string     `json:"reason,omitempty" enum:"not_read,never_read,stale,outside_window" doc:"Why nothing new is known of the calendar."`
	Until  *time.Time `json:"known_until,omitempty" doc:"How far ahead the calendar is known."`
}

// OwedItem is an item that could not be written, or removed.
type OwedItem struct {
	Item     string     `json:"item" doc:"Its key." example:"northwind/ana/course/4711"`
	Op       string     `json:"op" enum:"create,update,remove"`
	Code     string     `json:"code"`
	Message  string     `json:"message"`
	Advice   string     `json:"advice,omitempty"`
	Since    time.Time  `json:"since"`
	Next     *time.Time `json:"next,omitempty"`
	Attempts int        `json:"attempts"`
}

// Conflict is a course that overlaps something else of its trainer's (conflict-1).
type Conflict struct {
	Trainer string `json:"trainer" example:"northwind/ana"`
	Course  string `json:"course" doc:"The key of the course's appointment." example:"northwind/ana/course/4711"`
	With    string `json:"with" enum:"course,calendar" doc:"What it overlaps: another course, or an appointment of the trainer's own."`
	Other   string `json:"other" doc:"The other course's key, or the id of the unavailability." example:"cal-0123456789abcdef01234567"`
	// Start and End are the time that both take.
	Start time.Time `json:"start" doc:"When the time begins that both take."`
	End   time.Time `json:"end" doc:"When it ends."`
	Since time.Time `json:"since" doc:"When it was first found."`
}

// ConflictOf is a conflict in the API's form.
func ConflictOf(trainer string, c store.Conflict) Conflict {
	out := Conflict{trainer, c.Key, "course", c.Other, c.Start.UTC(), c.End.UTC(), c.Since.UTC()}
	if c.Pulled {
		out.With = "calendar"
	}
	return out
}
