package platform

import (
	"fmt"
	"strings"
	"time"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// TrainerID names a trainer everywhere in the gateway: "provider/label".
type TrainerID struct {
	Provider, Label string
}

// String returns "provider/label".
func (t TrainerID) String() string { return t.Provider + "/" + t.Label }

// ParseTrainerID reads "provider/label".
func ParseTrainerID(s string) (TrainerID, error) {
	provider, label, ok := strings.Cut(s, "/")
	if !ok || provider == "" || label == "" || strings.Contains(label, "/") {
		return TrainerID{}, fmt.Errorf("trainer %q: want provider/trainer, for example northwind/ana", s)
	}
	return TrainerID{Provider: provider, Label: label}, nil
}

// Kind is what sort of course it is.
type Kind string

// The kinds of course.
const (
	KindClass   Kind = "class"
	KindWebinar Kind = "webinar"
)

// Status is how firm a course is.
type Status string

// The statuses of a course.
const (
	StatusProvisional Status = "provisional"
	StatusConfirmed   Status = "confirmed"
	StatusCancelled   Status = "cancelled"
	StatusCompleted   Status = "completed"
)

// Course is a scheduled course date of one provider. Start and End are instants;
// TimeZone is the IANA zone the course is planned in, never empty.
type Course struct {
	Provider  string
	ID        string
	Name      string
	Alias     string
	Kind      Kind
	Status    Status
	Start     time.Time
	End       time.Time
	TimeZone  string
	Trainers  []CourseTrainer
	Sessions  []Session
	Venue     *Venue
	Details   string // details_url: a link to more about the course
	Cost      string
	CostType  string
	Advertise bool
	Sessional bool
	TaxExempt bool
	// WaitingList and Places are counts; nil when the platform did not say.
	WaitingList, Places *int
	ExternalID          string
	DeliveryMethod      string
	ExclusiveAccounts   []string
	DelegateWebinar     *Webinar
	Version             string
}

// Label is the course's alias, else its name.
func (c Course) Label() string {
	if c.Alias != "" {
		return c.Alias
	}
	return c.Name
}

// CourseTrainer is a trainer's part in a course.
type CourseTrainer struct {
	ID      string // the trainer's label within the course's provider
	Role    string
	Webinar *Webinar
}

// Webinar is how to join a webinar.
type Webinar struct {
	URL       string
	MeetingID string
	Passcode  string
	DialIn    string
	Notes     string
}

// Session is one part of a course.
type Session struct {
	ID         string
	Start, End time.Time
}

// Venue is where a class takes place.
type Venue struct {
	Name, Address, Phone, Email string
}

// Origin says where an unavailability comes from.
type Origin string

// The origins of an [Unavailability].
const (
	OriginPlatform Origin = "platform"
	OriginCalendar Origin = "calendar"
)

// Unavailability is a block of a trainer's time in which no course may be planned.
type Unavailability struct {
	ID          string
	Trainer     TrainerID
	Description string
	When        calendar.When
	Origin      Origin
	// Version is the platform's own version, empty when it gave none.
	Version string
}
