package platform

import (
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// maxTemplateSessions is how many sessions of a course a template sees.
const maxTemplateSessions = 100

// courseVariables are what the template of a course's appointment may use. Every field
// is there for every course; what the platform did not say is empty text.
func courseVariables(c Course, part CourseTrainer, s *Session, o RenderOptions, plain calendar.Appointment) map[string]cty.Value {
	return map[string]cty.Value{
		"course":   courseValue(c, part, plain),
		"session":  sessionOf(c, s),
		"trainer":  trainerValue(o.Trainer, part),
		"provider": providerValue(o.Provider),
	}
}

// unavailabilityVariables are what the template of an unavailability may use.
func unavailabilityVariables(u Unavailability, when calendar.When, loc *time.Location, o RenderOptions) map[string]cty.Value {
	start, end := when.Span(loc)
	return map[string]cty.Value{
		"unavailability": cty.ObjectVal(map[string]cty.Value{
			"id": textValue(u.ID), "description": textValue(u.Description), "all_day": cty.BoolVal(when.AllDay),
			"start": instantValue(start, when.TimeZone), "end": instantValue(end, when.TimeZone), "timezone": textValue(when.TimeZone),
		}),
		"trainer":  trainerValue(o.Trainer, CourseTrainer{ID: u.Trainer.Label}),
		"provider": providerValue(o.Provider),
	}
}

// courseValue has the names of the platform's object, the label, the trainer's webinar,
// and under "location", "body" and "dates" what is written without a template.
func courseValue(c Course, part CourseTrainer, plain calendar.Appointment) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"id": textValue(c.ID), "label": textValue(c.Label()), "name": textValue(c.Name), "alias": textValue(c.Alias),
		"kind": textValue(string(c.Kind)), "status": textValue(string(c.Status)), "cancelled": cty.BoolVal(c.Status == StatusCancelled),
		"start": instantValue(c.Start, c.TimeZone), "end": instantValue(c.End, c.TimeZone), "timezone": textValue(c.TimeZone),
		"dates": textValue(dateRange(c.Start, c.End, c.TimeZone)), "location": textValue(plain.Location), "body": textValue(plain.Body),
		"venue": venueValue(c.Venue), "webinar": webinarValue(part.Webinar), "delegate_webinar": webinarValue(c.DelegateWebinar),
		"details_url": textValue(c.Details), "cost": textValue(c.Cost), "cost_type": textValue(c.CostType),
		"advertise": cty.BoolVal(c.Advertise), "sessional": cty.BoolVal(c.Sessional), "tax_exempt": cty.BoolVal(c.TaxExempt),
		"waiting_list": countValue(c.WaitingList), "places": countValue(c.Places),
		"external_id": textValue(c.ExternalID), "delivery_method": textValue(c.DeliveryMethod),
		"exclusive_accounts": textsValue(c.ExclusiveAccounts), "sessions": sessionsValue(c),
	})
}

func trainerValue(p Person, part CourseTrainer) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"id": textValue(part.ID), "name": textValue(p.Name), "email": textValue(p.Email), "timezone": textValue(p.TimeZone),
		"role": textValue(part.Role), "webinar": webinarValue(part.Webinar),
	})
}

func providerValue(c Company) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"name": textValue(c.Name), "timezone": textValue(c.TimeZone)})
}

func venueValue(v *Venue) cty.Value {
	if v == nil {
		v = &Venue{}
	}
	return cty.ObjectVal(map[string]cty.Value{
		"name": textValue(v.Name), "address": textValue(v.Address), "phone": textValue(v.Phone), "email": textValue(v.Email),
	})
}

func webinarValue(w *Webinar) cty.Value {
	if w == nil {
		w = &Webinar{}
	}
	return cty.ObjectVal(map[string]cty.Value{
		"url": textValue(w.URL), "meeting_id": textValue(w.MeetingID), "passcode": textValue(w.Passcode),
		"dial_in": textValue(w.DialIn), "notes": textValue(w.Notes),
	})
}

// sessionOf is the session that an appointment of its own is for, with its number from
// 1; in an appointment for the whole course it is empty, and its number is 0.
func sessionOf(c Course, s *Session) cty.Value {
	sorted := SessionsByStart(c)
	if s == nil {
		return sessionValue(Session{}, "", 0, len(sorted))
	}
	return sessionValue(*s, c.TimeZone, sessionNumber(c, s.ID), len(sorted))
}

// sessionValue of a session without an id has empty times.
func sessionValue(s Session, zone string, number, count int) cty.Value {
	start, end, dates := cty.StringVal(""), cty.StringVal(""), ""
	if s.ID != "" {
		start, end, dates = instantValue(s.Start, zone), instantValue(s.End, zone), dateRange(s.Start, s.End, zone)
	}
	return cty.ObjectVal(map[string]cty.Value{
		"id": textValue(s.ID), "start": start, "end": end, "dates": textValue(dates),
		"number": cty.NumberIntVal(int64(number)), "count": cty.NumberIntVal(int64(count)),
	})
}

func sessionsValue(c Course) cty.Value {
	sorted := SessionsByStart(c)
	values := []cty.Value{}
	for i, s := range sorted[:min(len(sorted), maxTemplateSessions)] {
		values = append(values, sessionValue(s, c.TimeZone, i+1, len(sorted)))
	}
	if len(values) == 0 {
		return cty.ListValEmpty(sessionValue(Session{}, "", 0, 0).Type())
	}
	return cty.ListVal(values)
}

// textValue bounds what a template gets, and drops what no calendar can hold.
func textValue(s string) cty.Value {
	return cty.StringVal(printable(calendar.Cut(s, calendar.MaxBodyBytes)))
}

func textsValue(all []string) cty.Value {
	values := []cty.Value{}
	for _, s := range all[:min(len(all), maxTemplateSessions)] {
		values = append(values, textValue(s))
	}
	if len(values) == 0 {
		return cty.ListValEmpty(cty.String)
	}
	return cty.ListVal(values)
}

// countValue is text like everything else, so that it can be absent.
func countValue(n *int) cty.Value {
	if n == nil {
		return cty.StringVal("")
	}
	return textValue(cty.NumberIntVal(int64(*n)).AsBigFloat().Text('f', 0))
}

// instantValue is what formatdate takes: RFC 3339, by the clocks of the zone.
func instantValue(t time.Time, zone string) cty.Value {
	loc, err := LoadZone(zone)
	if err != nil {
		loc = time.UTC // an object of an unknown zone is refused on import
	}
	return cty.StringVal(t.In(loc).Format(time.RFC3339))
}
