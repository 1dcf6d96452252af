package calendar

// ShowAs is how an appointment's time counts in free/busy views.
type ShowAs string

// The states a calendar knows. A value outside this list is read as [ShowAsUnknown].
const (
	ShowAsFree             ShowAs = "free"
	ShowAsTentative        ShowAs = "tentative"
	ShowAsBusy             ShowAs = "busy"
	ShowAsOutOfOffice      ShowAs = "oof"
	ShowAsWorkingElsewhere ShowAs = "workingElsewhere"
	ShowAsUnknown          ShowAs = "unknown"
)

// Sensitivity says who may read an appointment's text.
type Sensitivity string

// The sensitivities a calendar knows. Everything but [SensitivityNormal],
// including a value outside this list, counts as private.
const (
	SensitivityNormal       Sensitivity = "normal"
	SensitivityPersonal     Sensitivity = "personal"
	SensitivityPrivate      Sensitivity = "private"
	SensitivityConfidential Sensitivity = "confidential"
)

// Private reports whether the text must not leave the plugin.
func (s Sensitivity) Private() bool { return s != SensitivityNormal }

// Longest texts that cross the contract, in bytes of UTF-8. Longer text is cut
// at a character boundary by the plugin.
const (
	MaxSubjectBytes  = 255
	MaxLocationBytes = 255
	MaxBodyBytes     = 8 << 10
)

// Appointment is what an item in a calendar says. It has no attendees and no
// online meeting: whoever writes one cannot invite or mail anybody.
type Appointment struct {
	Subject  string
	Location string
	// Body is plain text with \n between lines.
	Body        string
	When        When
	ShowAs      ShowAs
	Sensitivity Sensitivity
}

// ItemID identifies an item within one mailbox. It is opaque, case-sensitive and
// may be several hundred bytes long.
type ItemID string

// Item is an appointment as a calendar holds it.
type Item struct {
	ID ItemID
	// Version changes whenever the item changes (an etag, a change key). It is
	// opaque and compared for equality only.
	Version string
	// SeriesID is the remote id of the recurring series the item is an occurrence
	// of, empty for a single item.
	SeriesID ItemID
	Appointment
	// Cancelled: the organiser called the meeting off, the item is still there.
	Cancelled bool
	// Declined: the mailbox's owner declined the meeting.
	Declined bool
	// Marker is set on items that a gateway wrote and whose marker the calendar
	// returned. Some reads cannot return it (Graph's delta); see Find and Get.
	Marker *Marker
	// Incomplete: Subject may be cut and Body is missing; Get returns the whole.
	Incomplete bool
}

// Change is one entry of a read; exactly one field is set.
type Change struct {
	// Upsert is an item that is new or changed, or simply there in a full read.
	Upsert *Item
	// Remove is an item that left the calendar. An unknown id is to be ignored.
	Remove ItemID
	// ReplaceSeries carries everything that is left of a recurring series inside
	// the covered window: occurrences that are not listed are gone.
	ReplaceSeries *Series
}

// Series is the whole of a recurring series inside the covered window.
type Series struct {
	ID    ItemID
	Items []Item
}
