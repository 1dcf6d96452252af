package world

import (
	"time"
)

// ItemID is the identity of an item. It is unique in the world, never changes and is
// never used again.
type ItemID int64

// Ref names an item, or one occurrence of a series.
type Ref struct {
	Item ItemID
	// Occurrence is the day, in the series' zone, on which the series' pattern puts
	// the occurrence, wherever an exception has moved it. Zero: the item itself.
	Occurrence Date
}

// Type says what an item is.
type Type string

// The types of an [Item].
const (
	Single     Type = "single"
	Master     Type = "master"
	Occurrence Type = "occurrence"
	// Exception is an occurrence that was changed by itself.
	Exception Type = "exception"
)

// ShowAs says how an item's time counts. Zero is read as [Busy].
type ShowAs string

// The values of [ShowAs].
const (
	Free             ShowAs = "free"
	Tentative        ShowAs = "tentative"
	Busy             ShowAs = "busy"
	OutOfOffice      ShowAs = "oof"
	WorkingElsewhere ShowAs = "workingElsewhere"
	// NoData is EWS's NoData and Graph's unknown.
	NoData ShowAs = "noData"
)

// Sensitivity says who should see an item's text. Zero is read as [Normal].
type Sensitivity string

// The values of [Sensitivity].
const (
	Normal       Sensitivity = "normal"
	Personal     Sensitivity = "personal"
	Private      Sensitivity = "private"
	Confidential Sensitivity = "confidential"
)

// Importance is an item's importance. Zero is read as [ImportanceNormal].
type Importance string

// The values of [Importance].
const (
	ImportanceLow    Importance = "low"
	ImportanceNormal Importance = "normal"
	ImportanceHigh   Importance = "high"
)

// Response is the mailbox owner's or an attendee's answer to a meeting. Zero is
// read as [NoResponse], and as [Organized] for the owner's own meeting.
type Response string

// The values of [Response].
const (
	NoResponse          Response = "none"
	Organized           Response = "organizer"
	TentativelyAccepted Response = "tentativelyAccepted"
	Accepted            Response = "accepted"
	Declined            Response = "declined"
	NotResponded        Response = "notResponded"
)

// Body is an item's text, in the form in which it was written.
type Body struct {
	HTML    bool
	Content string
}

// Reminder is an item's reminder.
type Reminder struct {
	On            bool
	MinutesBefore int
}

// Address is a person.
type Address struct {
	Name, SMTP string
}

// Attendee is somebody invited to a meeting.
type Attendee struct {
	Address
	// Kind is "required", "optional" or "resource".
	Kind     string
	Response Response
}

// Property names an extended (MAPI) property. Either Set with Name or ID, or Tag is
// given. Set is a GUID in lower case without braces; Kind is "String", "Integer", …
type Property struct {
	Set  string
	Name string
	ID   uint32
	Tag  uint32
	Kind string
}

// Appointment is what an item says. As a value for [Mailbox.Create] its zero fields
// take Exchange's defaults.
type Appointment struct {
	Subject  string
	Body     Body
	Location string
	// Start and End are instants, each in the zone of its time.Location; End is
	// exclusive. An all-day item starts and ends at midnight in Start's zone.
	Start, End time.Time
	// StartZone and EndZone are the zones' names as the client gave them; empty
	// stands for the name of the time.Location.
	StartZone, EndZone string
	AllDay             bool
	ShowAs             ShowAs
	Sensitivity        Sensitivity
	Importance         Importance
	Categories         []string
	Reminder           Reminder
	// Recurrence makes the item a series; nil in singles, occurrences and exceptions.
	Recurrence *Recurrence
	// Attendees make the item a meeting.
	Attendees []Attendee
	// Organizer is whose meeting it is; zero is the mailbox's owner.
	Organizer         Address
	ResponseRequested bool
	// Response is the owner's answer to somebody else's meeting.
	Response Response
	// Cancelled: the organizer called the meeting off, and the item is still there.
	Cancelled             bool
	AllowNewTimeProposals bool
	HideAttendees         bool
	OnlineMeeting         bool
	// UID is the iCalendar identity; Exchange makes one when it is empty. All
	// occurrences of a series have the same.
	UID string
	// Properties are the extended properties by name.
	Properties map[Property]string
}

// Item is a snapshot of a stored item, or of one occurrence of a series.
type Item struct {
	Ref
	Type Type
	// Version is the item's change key: it grows with every change, of the whole
	// series for masters and occurrences.
	Version uint64
	// Index is the place of an occurrence or exception in its series, from 1,
	// deleted ones counted; 0 otherwise.
	Index int
	// OriginalStart is where the pattern puts an occurrence or exception; zero otherwise.
	OriginalStart     time.Time
	Created, Modified time.Time
	Folder            FolderKind
	// TransactionID is the id that [Mailbox.CreateOnce] was given.
	TransactionID string
	// Exceptions and Deleted are, in a master, the days of its changed and deleted
	// occurrences, in order.
	Exceptions, Deleted []Date
	Appointment
}

// Meeting reports whether somebody is invited.
func (i Item) Meeting() bool { return len(i.Attendees) > 0 }
