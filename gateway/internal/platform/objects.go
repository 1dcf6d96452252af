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

// MarshalText writes "provider/label", and nothing for no trainer.
func (t TrainerID) MarshalText() ([]byte, error) {
	if t == (TrainerID{}) {
		return nil, nil
	}
	return []byte(t.String()), nil
}

// UnmarshalText reads what [TrainerID.MarshalText] writes.
func (t *TrainerID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*t = TrainerID{}
		return nil
	}
	id, err := ParseTrainerID(string(text))
	if err == nil {
		*t = id
	}
	return err
}

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
	Provider  string          `json:"provider"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Alias     string          `json:"alias,omitzero"`
	Kind      Kind            `json:"kind"`
	Status    Status          `json:"status"`
	Start     time.Time       `json:"start"`
	End       time.Time       `json:"end"`
	TimeZone  string          `json:"timezone"`
	Wall      *Wall           `json:"wall,omitzero"`
	Trainers  []CourseTrainer `json:"trainers"`
	Sessions  []Session       `json:"sessions,omitzero"`
	Venue     *Venue          `json:"venue,omitzero"`
	Details   string          `json:"details_url,omitzero"` // details_url: a link to more about the course
	Cost      string          `json:"cost,omitzero"`
	CostType  string          `json:"cost_type,omitzero"`
	Advertise bool            `json:"advertise,omitzero"`
	Sessional bool            `json:"sessional,omitzero"`
	TaxExempt bool            `json:"tax_exempt,omitzero"`
	// WaitingList and Places are counts; nil when the platform did not say.
	WaitingList       *int     `json:"waiting_list,omitzero"`
	Places            *int     `json:"places,omitzero"`
	ExternalID        string   `json:"external_id,omitzero"`
	DeliveryMethod    string   `json:"delivery_method,omitzero"`
	ExclusiveAccounts []string `json:"exclusive_accounts,omitzero"`
	DelegateWebinar   *Webinar `json:"delegate_webinar,omitzero"`
	Version           string   `json:"version,omitzero"`
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
	ID      string   `json:"id"` // the trainer's label within the course's provider
	Role    string   `json:"role,omitzero"`
	Webinar *Webinar `json:"webinar,omitzero"`
}

// Webinar is how to join a webinar.
type Webinar struct {
	URL       string `json:"url,omitzero"`
	MeetingID string `json:"meeting_id,omitzero"`
	Passcode  string `json:"passcode,omitzero"`
	DialIn    string `json:"dial_in,omitzero"`
	Notes     string `json:"notes,omitzero"`
}

// Session is one part of a course.
type Session struct {
	ID    string    `json:"id"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	Wall  *Wall     `json:"wall,omitzero"`
}

// Venue is where a class takes place.
type Venue struct {
	Name    string `json:"name,omitzero"`
	Address string `json:"address,omitzero"`
	Phone   string `json:"phone,omitzero"`
	Email   string `json:"email,omitzero"`
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
	Wall        *Wall
	Origin      Origin
	// Version is the platform's own version, empty when it gave none.
	Version string
}
