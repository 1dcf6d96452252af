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
	// LinkOrphan: found by its marker, and nothing known wants it, as after the loss
	// of the state. It stays until it is wanted again, or a re-sync removes it.
	LinkOrphan LinkState = "orphan"
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
	// Unrendered: Appointment could not be made, for example because the operator's
	// template failed for it. What was rendered before stays.
	Unrendered bool
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
	// Detail is how much text Description was made with; empty when that is not known.
	Detail string
	// Held: a read says that the item is gone, and its removal waits for approval
	// (hold-1). Seeing the item again ends that.
	Held bool
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
	// Got answers [Questions]: whole items by id; nil for one that is gone.
	Got map[calendar.ItemID]*calendar.Item
}

// The levels of detail: subject and body, the subject alone, or times only.
const (
	DetailFull    = "full"
	DetailSubject = "subject"
	DetailBusy    = "busy"
)

// Stopped says that what was written before a direction was switched off is to go; else
// it stays (map-2). What is over stays in any case.
type Stopped struct {
	// RemovePushed takes our items out of the calendar, RemovePulled the pulled
	// unavailability off the platform.
	RemovePushed, RemovePulled bool
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
	// Detail is how much text of the trainer's own appointments is wanted (pull-8).
	Detail string
	// Stopped says what to do in a direction that is off.
	Stopped Stopped
	// Now is the instant the plan is made for.
	Now time.Time
	// Guard holds removals that were only inferred; nil for none.
	Guard *Guard
}

// bodies reports whether the text of appointments is wanted with its body, so that an
// incomplete item must be asked for.
func (p Policy) bodies() bool { return p.Detail != DetailSubject && p.Detail != DetailBusy }

// Input is everything a plan depends on.
type Input struct {
	// Trainer is "provider/label"; it enters the ids of pulled unavailability.
	Trainer string
	Wanted  []Wanted
	Links   []Link
	// Moved: Links were learnt from another calendar, and name no items of this one.
	Moved   bool
	Mirrors []Mirror
	Read    Read
	Policy  Policy
	// Generation makes the random part of a new item's marker. It is called once
	// for each creation, in the order of keys.
	Generation func() string
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

// Why our own items are written, adopted or left alone.
const (
	ReasonNew               Reason = "new"                 // wanted, not there yet
	ReasonTriggered         Reason = "triggered"           // the platform changed it (push-7)
	ReasonDrift             Reason = "drift"               // edited in the calendar (push-9)
	ReasonDeletedInCalendar Reason = "deleted_in_calendar" // deleted in the calendar (push-9)
	ReasonOutcomeUnknown    Reason = "outcome_unknown"     // an earlier attempt's answer was lost
	ReasonMoved             Reason = "moved"               // the trainer has another calendar now (map-5)
	ReasonNotWanted         Reason = "not_wanted"          // taken off the course, or deleted (push-8)
	ReasonDuplicate         Reason = "duplicate"           // a second copy of our own item (B5)
	ReasonAdopted           Reason = "adopted"             // found by its marker
	ReasonGone              Reason = "gone"                // to be removed, and gone already
	ReasonVersion           Reason = "version"             // changed without a difference that matters
	ReasonInSync            Reason = "in_sync"
	ReasonEnded             Reason = "ended"       // over, left as written (push-14)
	ReasonStopped           Reason = "stopped"     // the direction was switched off, and on_stop says remove (map-2)
	ReasonUnrendered        Reason = "unrendered"  // a template failed for it
	ReasonBackingOff        Reason = "backing_off" // it failed before, and is tried again later (C8)
	ReasonNotShown          Reason = "not_shown"   // it appeared after the operator had agreed to a plan
	ReasonDirection         Reason = "direction"   // nothing is written in the trainer's direction
)

// Why items of the trainer's own calendar are pulled or left alone.
const (
	ReasonAppeared      Reason = "appeared"
	ReasonChanged       Reason = "changed"
	ReasonVanished      Reason = "vanished"       // deleted in the calendar
	ReasonFree          Reason = "free"           // shown as free (pull-2)
	ReasonNotBlocking   Reason = "not_blocking"   // show_as does not list its state
	ReasonCancelled     Reason = "cancelled"      // the organiser called it off
	ReasonDeclined      Reason = "declined"       // the trainer declined it
	ReasonOutsideWindow Reason = "outside_window" // not in the window (pull-7)
	ReasonOwn           Reason = "own"            // pushed by the gateway (pull-5)
	ReasonNewIdentity   Reason = "new_identity"   // the same appointment under another id (B7)
)

// Findings for people.
const (
	ReasonOtherInstallation Reason = "other_installation" // another gateway's item
	ReasonOrphan            Reason = "orphan"             // ours, but nothing known wants it
	ReasonCopied            Reason = "copied"             // a person's copy of our item
)

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
	// Duplicate: the item to remove is a second copy of ours, and the link of its
	// key stays.
	Duplicate bool
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
	// Notes are mirrors to store with a new version, or as held or no longer held, and
	// nothing changed for the platform.
	Notes []Mirror
	// Held are the mirrors whose removal waits for approval, now and from before.
	Held []Mirror
	// Skipped are in no order.
	Skipped []Skip
	// Findings are oddities for people, such as another installation's items.
	Findings []Finding
}

// Finding is something an operator should know.
type Finding struct {
	Reason Reason
	ItemID calendar.ItemID
}
