package httpapi

import (
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Course is a scheduled course date.
type Course struct {
	Provider          string          `json:"provider,omitempty" doc:"The provider; in a request it may be left out." example:"northwind"`
	ID                string          `json:"id" doc:"The platform's id, without white space." example:"4711" minLength:"1" maxLength:"128"`
	Name              string          `json:"name" doc:"What is taught." example:"Go for operators" minLength:"1" maxLength:"1000"`
	Alias             string          `json:"alias,omitempty" doc:"Goes before the name where it is set." example:"GO-101" maxLength:"1000"`
	Kind              string          `json:"kind" enum:"class,webinar" doc:"A class has a venue, a webinar has details how to join." example:"class"`
	Status            string          `json:"status" enum:"provisional,confirmed,cancelled,completed" doc:"How firm it is." example:"confirmed"`
	Start             string          `json:"start" doc:"RFC 3339, or local time in the timezone: 2026-12-01T09:00. Answers have an offset." example:"2026-12-01T09:00:00+01:00"`
	End               string          `json:"end" doc:"As start, and after it." example:"2026-12-02T17:00:00+01:00"`
	TimeZone          string          `json:"timezone,omitempty" doc:"The IANA zone it is planned in; the provider's where it is left out." example:"Europe/Paris"`
	Trainers          []CourseTrainer `json:"trainers" nullable:"false" doc:"Who gives it. Required; a course without trainers has an empty list."`
	Sessions          []Session       `json:"sessions,omitempty" nullable:"false" doc:"Its parts."`
	Venue             *Venue          `json:"venue,omitempty" doc:"Where a class takes place."`
	DetailsURL        string          `json:"details_url,omitempty" doc:"A link to more about the course." example:"https://platform.example/courses/4711" maxLength:"1000"`
	Cost              string          `json:"cost,omitempty" doc:"What it costs, as text." example:"1200.00" maxLength:"1000"`
	CostType          string          `json:"cost_type,omitempty" example:"per person" maxLength:"1000"`
	Advertise         bool            `json:"advertise,omitempty"`
	Sessional         bool            `json:"sessional,omitempty"`
	TaxExempt         bool            `json:"tax_exempt,omitempty"`
	WaitingList       *int            `json:"waiting_list,omitempty" minimum:"0"`
	Places            *int            `json:"places,omitempty" minimum:"0" example:"12"`
	ExternalID        string          `json:"external_id,omitempty" maxLength:"1000"`
	DeliveryMethod    string          `json:"delivery_method,omitempty" maxLength:"1000"`
	ExclusiveAccounts []string        `json:"exclusive_accounts,omitempty" nullable:"false"`
	DelegateWebinar   *Webinar        `json:"delegate_webinar,omitempty" doc:"How delegates join."`
	Version           string          `json:"version,omitempty" doc:"The platform's own version, a whole number or a time. An upsert with an older one than the stored is refused, and one that is not newer than a deletion." example:"17"`
}

// CourseTrainer is a trainer's part in a course.
type CourseTrainer struct {
	ID      string   `json:"id" doc:"The trainer's label in the configuration. One without a mapping is kept, and served when the mapping comes." example:"ana" minLength:"1"`
	Role    string   `json:"role,omitempty" example:"lead" maxLength:"1000"`
	Webinar *Webinar `json:"webinar,omitempty" doc:"How this trainer joins."`
}

// Webinar is how to join a webinar.
type Webinar struct {
	URL       string `json:"url,omitempty" example:"https://meet.example/4711" maxLength:"1000"`
	MeetingID string `json:"meeting_id,omitempty" maxLength:"1000"`
	Passcode  string `json:"passcode,omitempty" maxLength:"1000"`
	DialIn    string `json:"dial_in,omitempty" maxLength:"1000"`
	Notes     string `json:"notes,omitempty" maxLength:"8192"`
}

// Session is one part of a course.
type Session struct {
	ID    string `json:"id" minLength:"1" maxLength:"128" example:"1"`
	Start string `json:"start" doc:"As the course's." example:"2026-12-01T09:00:00+01:00"`
	End   string `json:"end" doc:"As the course's." example:"2026-12-01T17:00:00+01:00"`
}

// Venue is where a class takes place.
type Venue struct {
	Name    string `json:"name,omitempty" example:"Room 4" maxLength:"1000"`
	Address string `json:"address,omitempty" maxLength:"1000"`
	Phone   string `json:"phone,omitempty" maxLength:"1000"`
	Email   string `json:"email,omitempty" maxLength:"1000"`
}

// Unavailability is a block of a trainer's time in which no course may be planned.
type Unavailability struct {
	Provider    string `json:"provider,omitempty" doc:"The provider; in a request it may be left out." example:"northwind"`
	ID          string `json:"id" doc:"The platform's id; of one from a calendar, a stable one that begins with cal-." example:"17" minLength:"1" maxLength:"128"`
	Trainer     string `json:"trainer" doc:"The trainer's label, or provider/label; in answers always the latter." example:"northwind/ana"`
	Description string `json:"description,omitempty" doc:"What is shown; of a private appointment never more than Unavailable." example:"Dentist" maxLength:"65536"`
	Start       string `json:"start" doc:"As a course's; with all_day the first day, 2026-12-01." example:"2026-12-01T14:00:00+00:00"`
	End         string `json:"end" doc:"As a course's; with all_day the day after the last." example:"2026-12-01T15:00:00+00:00"`
	AllDay      bool   `json:"all_day,omitempty" doc:"It takes whole days, by date."`
	TimeZone    string `json:"timezone,omitempty" doc:"The IANA zone; the provider's where it is left out." example:"Europe/London"`
	Version     string `json:"version,omitempty" doc:"As a course's."`
	Origin      string `json:"origin,omitempty" readOnly:"true" enum:"platform,calendar" doc:"Who made it. What came from a calendar can only be read." example:"platform"`
	Busy        *bool  `json:"busy,omitempty" readOnly:"true" doc:"Whether it blocks the trainer's time."`
	// StaleSince is a time of the gateway's own, so always an instant in UTC.
	StaleSince *time.Time `json:"stale_since,omitempty" readOnly:"true" doc:"Of one from a calendar that was not read for too long: when it was last seen."`
}

func courseOf(c platform.Course) Course {
	zone := zoneOf(c.TimeZone)
	out := Course{
		Provider: c.Provider, ID: c.ID, Name: c.Name, Alias: c.Alias, Kind: string(c.Kind), Status: string(c.Status),
		Start: clock(c.Start, zone), End: clock(c.End, zone), TimeZone: c.TimeZone, Trainers: []CourseTrainer{},
		DetailsURL: c.Details, Cost: c.Cost, CostType: c.CostType, Advertise: c.Advertise, Sessional: c.Sessional, TaxExempt: c.TaxExempt,
		WaitingList: c.WaitingList, Places: c.Places, ExternalID: c.ExternalID, DeliveryMethod: c.DeliveryMethod,
		ExclusiveAccounts: c.ExclusiveAccounts, DelegateWebinar: (*Webinar)(c.DelegateWebinar), Venue: (*Venue)(c.Venue), Version: c.Version,
	}
	for _, t := range c.Trainers {
		out.Trainers = append(out.Trainers, CourseTrainer{t.ID, t.Role, (*Webinar)(t.Webinar)})
	}
	for _, s := range c.Sessions {
		out.Sessions = append(out.Sessions, Session{s.ID, clock(s.Start, zone), clock(s.End, zone)})
	}
	return out
}

func unavailabilityOf(u platform.Unavailability) Unavailability {
	busy := true
	out := Unavailability{
		Provider: u.Trainer.Provider, ID: u.ID, Trainer: u.Trainer.String(), Description: u.Description,
		AllDay: u.When.AllDay, TimeZone: u.When.TimeZone, Version: u.Version, Origin: string(platform.OriginPlatform), Busy: &busy,
	}
	if u.When.AllDay {
		out.Start, out.End = u.When.FirstDay.String(), u.When.EndDay.String()
	} else {
		zone := zoneOf(u.When.TimeZone)
		out.Start, out.End = clock(u.When.Start, zone), clock(u.When.End, zone)
	}
	return out
}

// pulledOf is an unavailability from a calendar. Of a private one nothing is told but its
// time, whatever is stored (pull-3). zone is the trainer's, in which times
// are told (time-1); staleSince is zero where the calendar was read lately.
func pulledOf(item store.FeedItem, zone *time.Location, staleSince time.Time) Unavailability {
	if item.Mirror.Private {
		item.Mirror.Description = reconcile.Unavailable
	}
	out := unavailabilityOf(platform.Unavailability{
		ID: item.ID, Trainer: item.Trainer, Description: item.Mirror.Description, When: item.Mirror.When,
	})
	out.Origin, out.TimeZone = string(platform.OriginCalendar), zone.String()
	if !item.Mirror.When.AllDay {
		out.Start, out.End = clock(item.Mirror.When.Start, zone), clock(item.Mirror.When.End, zone)
	}
	out.StaleSince = Moment(staleSince)
	return out
}

// zoneOf is a stored zone, which was checked when it came in.
func zoneOf(name string) *time.Location {
	if loc, err := platform.LoadZone(name); err == nil {
		return loc
	}
	return time.UTC
}

// clock is an instant as the clocks of a zone show it, with their offset.
func clock(t time.Time, zone *time.Location) string { return t.In(zone).Format(time.RFC3339) }

// Moment is a time, to the second, that may be absent.
func Moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}
