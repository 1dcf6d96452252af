package main

import (
	"encoding/json"
	"fmt"
	"time"
)

// The training platform's side of the sandbox, in the JSON that `gateway import`
// reads. The gateway's README describes the fields.
type schedule struct {
	Courses        []course         `json:"courses"`
	Unavailability []unavailability `json:"unavailability"`
}

type course struct {
	Provider string          `json:"provider"`
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Alias    string          `json:"alias,omitempty"`
	Kind     string          `json:"kind"`
	Status   string          `json:"status"`
	Start    string          `json:"start"`
	End      string          `json:"end"`
	TimeZone string          `json:"timezone"`
	Trainers []courseTrainer `json:"trainers"`
	Venue    *venue          `json:"venue,omitempty"`
	Details  string          `json:"details_url,omitempty"`
}

type courseTrainer struct {
	ID      string   `json:"id"`
	Webinar *webinar `json:"webinar,omitempty"`
}

type webinar struct {
	URL       string `json:"url"`
	MeetingID string `json:"meeting_id"`
	Passcode  string `json:"passcode"`
}

type venue struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Phone   string `json:"phone,omitempty"`
	Email   string `json:"email,omitempty"`
}

type unavailability struct {
	Provider    string `json:"provider"`
	ID          string `json:"id"`
	Trainer     string `json:"trainer"`
	Description string `json:"description"`
	Start       string `json:"start"`
	End         string `json:"end"`
	AllDay      bool   `json:"all_day,omitempty"`
	TimeZone    string `json:"timezone,omitempty"`
}

// week is the Monday that the sandbox's week begins with: the next one after now,
// so that every course of the week is still to come.
func week(now time.Time) time.Time {
	day := now.UTC().Truncate(24 * time.Hour)
	ahead := (8 - int(day.Weekday())) % 7
	if ahead == 0 {
		ahead = 7
	}
	return day.AddDate(0, 0, ahead)
}

// at is a local time of the sandbox's week, as the platform writes it.
func at(monday time.Time, day int, clock string) string {
	return monday.AddDate(0, 0, day).Format("2006-01-02T") + clock + ":00"
}

func trainers(ids ...string) []courseTrainer {
	list := make([]courseTrainer, len(ids))
	for i, id := range ids {
		list[i] = courseTrainer{ID: id}
	}
	return list
}

// online is a trainer with webinar details of her own.
func online(id string) courseTrainer {
	return courseTrainer{ID: id, Webinar: &webinar{
		URL: "https://webinars.example/" + id, MeetingID: "880 120 77", Passcode: id + "-42",
	}}
}

var (
	cityHall = &venue{Name: "City Hall Annex", Address: "4 Quay Street, Bristol", Phone: "+44 117 496 0000", Email: "rooms@cityhall.example"}
	depot    = &venue{Name: "Depot 7", Address: "Hafenstraße 12, Hamburg", Phone: "+49 40 555 0100"}
	atelier  = &venue{Name: "L'Atelier", Address: "18 rue des Écoles, Paris"}
)

// newSchedule is a week of courses of every kind, for trainers of both providers:
// classes with and without a venue, webinars, one with an alias, one cancelled, one
// of several days, one abroad, one with two trainers, one with a trainer nobody
// mapped, and unavailability that was entered on the platform.
func newSchedule(now time.Time) schedule {
	monday := week(now)
	return schedule{
		Courses:        append(northwindCourses(monday), lakesideCourses(monday)...),
		Unavailability: platformUnavailability(monday),
	}
}

func northwindCourses(monday time.Time) []course {
	c := func(id, name, kind, status, start, end, zone string, who []courseTrainer) course {
		return course{
			Provider: "northwind", ID: id, Name: name, Kind: kind, Status: status, Start: start, End: end, TimeZone: zone,
			Trainers: who, Details: "https://northwind.example/courses/" + id,
		}
	}
	forklift := c("N-101", "Forklift Operator", "class", "confirmed", at(monday, 0, "09:00"), at(monday, 0, "16:30"), "Europe/London", trainers("ana"))
	forklift.Venue = cityHall
	firstAid := c("N-102", "Emergency First Aid at Work (Level 3)", "class", "confirmed", at(monday, 1, "09:30"), at(monday, 1, "17:00"), "Europe/London", trainers("ana", "ben"))
	firstAid.Alias, firstAid.Venue = "First Aid", cityHall
	paris := c("N-103", "Sécurité incendie", "class", "confirmed", at(monday, 2, "09:00"), at(monday, 2, "12:00"), "Europe/Paris", trainers("ben", "chloe"))
	paris.Venue = atelier
	return []course{
		forklift, firstAid, paris,
		c("N-104", "Manual Handling", "webinar", "confirmed", at(monday, 3, "10:00"), at(monday, 3, "12:00"), "Europe/London", []courseTrainer{online("emma"), online("finn")}),
		c("N-105", "Working at Height", "class", "cancelled", at(monday, 4, "09:00"), at(monday, 4, "16:00"), "Europe/London", trainers("emma")),
		c("N-106", "Site Supervisor", "class", "provisional", at(monday, 2, "09:00"), at(monday, 4, "16:00"), "Europe/London", trainers("finn")),
		c("N-107", "Abrasive Wheels", "class", "confirmed", at(monday, 4, "13:00"), at(monday, 4, "17:00"), "Europe/London", trainers("guest-trainer")),
		c("N-108", "Asbestos Awareness", "webinar", "confirmed", at(monday, 4, "09:00"), at(monday, 4, "10:30"), "Europe/London", []courseTrainer{online("grace"), online("ana")}),
	}
}

func lakesideCourses(monday time.Time) []course {
	c := func(id, name, kind, status, start, end, zone string, who []courseTrainer) course {
		return course{
			Provider: "lakeside", ID: id, Name: name, Kind: kind, Status: status, Start: start, End: end, TimeZone: zone,
			Trainers: who, Details: "https://lakeside.example/kurse/" + id,
		}
	}
	crane := c("L-201", "Kranführerschein", "class", "confirmed", at(monday, 0, "08:00"), at(monday, 1, "16:00"), "Europe/Berlin", trainers("ida", "jonas"))
	crane.Venue = depot
	return []course{
		crane,
		c("L-202", "Ladungssicherung", "webinar", "confirmed", at(monday, 2, "14:00"), at(monday, 2, "16:00"), "Europe/Berlin", []courseTrainer{online("ida")}),
		c("L-203", "Brandschutzhelfer", "class", "cancelled", at(monday, 3, "09:00"), at(monday, 3, "13:00"), "Europe/Berlin", trainers("jonas")),
		c("L-204", "Sicurezza sul lavoro", "class", "confirmed", at(monday, 3, "09:00"), at(monday, 3, "17:00"), "Europe/Rome", trainers("luca")),
		c("L-205", "Varstvo pri delu", "class", "confirmed", at(monday, 4, "08:30"), at(monday, 4, "12:30"), "Europe/Ljubljana", trainers("mira")),
		c("L-206", "Forklift Refresher (New York)", "class", "provisional", at(monday, 1, "09:00"), at(monday, 1, "12:00"), "America/New_York", trainers("nora")),
	}
}

func platformUnavailability(monday time.Time) []unavailability {
	day := func(n int) string { return monday.AddDate(0, 0, n).Format(time.DateOnly) }
	return []unavailability{
		{Provider: "northwind", ID: "U-1", Trainer: "finn", Description: "Vehicle inspection", Start: at(monday, 0, "08:00"), End: at(monday, 0, "10:00"), TimeZone: "Europe/London"},
		{Provider: "northwind", ID: "U-2", Trainer: "ben", Description: "Annual leave", Start: day(7), End: day(10), AllDay: true},
		{Provider: "lakeside", ID: "U-3", Trainer: "luca", Description: "Trainer meeting", Start: at(monday, 4, "10:00"), End: at(monday, 4, "11:00"), TimeZone: "Europe/Rome"},
	}
}

// json renders the schedule as a file for `gateway import`.
func (s schedule) json() ([]byte, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schedule: %w", err)
	}
	return append(text, '\n'), nil
}
