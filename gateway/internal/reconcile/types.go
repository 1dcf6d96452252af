package reconcile

import (
	"time"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// LinkState is how far a link got.
type LinkState string

// The states of a [Link], in the order of an item's life.
const (
	// LinkIntended: the creation is committed, its outcome is not known.
	LinkIntended LinkState = "intended"
	// LinkWritten: the item is in the calendar.
	LinkWritten LinkState = "written"
	// LinkRemoving: the removal is committed, its outcome is not known.
	LinkRemoving LinkState = "removing"
)

// Link remembers one item that the gateway owns in a trainer's calendar.
type Link struct {
	// Key names the thing the item stands for, for example
	// "northwind/ana/course/4711"; at most one link a key.
	Key string
	// Generation is the random part of the item's marker.
	Generation string
	ItemID     calendar.ItemID
	Version    string
	// Rendered is the appointment as last sent.
	Rendered calendar.Appointment
	// Canonical is the appointment as first read back after that; nil until then.
	Canonical *calendar.Appointment
	// Revision is the revision of the thing that Rendered shows.
	Revision int64
	State    LinkState
}

// Wanted is one appointment that should be in the calendar.
type Wanted struct {
	Key string
	// Revision grows with every trigger (push-7). A link of the same revision
	// keeps its stored rendering (push-13).
	Revision    int64
	Appointment calendar.Appointment
	// Ended: it is over, and is left as written (push-14).
	Ended bool
}

// Mirror remembers one item of the trainer's own calendar that was pulled.
type Mirror struct {
	// ID is the unavailability's stable id on the platform.
	ID       string
	ItemID   calendar.ItemID
	SeriesID calendar.ItemID
	Version  string
	// Description is what the platform shows: "Unavailable", or the subject with
	// the body on the next line.
	Description string
	When        calendar.When
	ShowAs      calendar.ShowAs
	Private     bool
}

// Read is what one mailbox's read proved. Complete must be true for anything to be
// removed or added on its strength.
type Read struct {
	Complete bool
	Full     bool
	Covered  calendar.Window
	Changes  []calendar.Change
	// Found is every marked item that Find returned, when FoundAll is set.
	Found    []calendar.Item
	FoundAll bool
}

// Policy is what the configuration asks for this trainer.
type Policy struct {
	Installation string
	// Push and Pull say which directions are on. What was written before a direction
	// was switched off stays as it is (map-2).
	Push, Pull bool
	// ShowAs lists the states that block time; free never does.
	ShowAs []calendar.ShowAs
	// Window is what is wanted of the calendar.
	Window calendar.Window
	// Zone is the trainer's zone, in which whole days block time.
	Zone *time.Location
}

// Input is everything a plan depends on.
type Input struct {
	// Trainer is "provider/label"; it enters the ids of pulled unavailability.
	Trainer string
	Wanted  []Wanted
	Links   []Link
	Mirrors []Mirror
	Read    Read
	Policy  Policy
	// Generations supplies new random generations, one for each creation.
	Generations func() string
}

// Op is what a step does.
type Op string

// The operations of a step.
const (
	OpCreate Op = "create"
	OpUpdate Op = "update"
	OpRemove Op = "remove"
)

// Reason is the stable name of why a step is there or an item was skipped.
type Reason string

// CalendarStep writes one item of ours.
type CalendarStep struct {
	Op     Op
	Reason Reason
	// Link is the link as it will be once the step is done: for a removal, the
	// link that goes.
	Link Link
	// Base is the content now on the server as far as known, for updates.
	Base *calendar.Appointment
	// MaybeDone: an earlier attempt's outcome is unknown.
	MaybeDone bool
}

// PlatformStep changes one pulled unavailability.
type PlatformStep struct {
	Op     Op
	Reason Reason
	Mirror Mirror
}

// LinkStep changes what is remembered without a write: an item found by its marker
// is adopted, a version is noted, a link whose item is past is forgotten.
type LinkStep struct {
	Op     Op // OpUpdate or OpRemove
	Reason Reason
	Link   Link
}

// Skip is an item that was looked at and left alone.
type Skip struct {
	Reason Reason
	Key    string // of ours, else empty
	ItemID calendar.ItemID
}

// Plan is what a run would do.
type Plan struct {
	Calendar []CalendarStep
	Platform []PlatformStep
	Links    []LinkStep
	Skipped  []Skip
	// Findings are oddities for people, such as another installation's items.
	Findings []Finding
}

// Finding is something an operator should know.
type Finding struct {
	Reason Reason
	ItemID calendar.ItemID
}
