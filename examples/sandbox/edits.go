package main

import (
	"fmt"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// editCalendars is what trainers do to their calendars between two runs.
func editCalendars(w *world.World) error {
	box, item, err := find(w, "ana@northwind.example", "Forklift Operator")
	if err != nil {
		return err
	}
	if err := box.Delete(item.Ref, world.ToDeletedItems, world.Write{}); err != nil {
		return fmt.Errorf("delete Ana's course: %w", err)
	}
	if box, item, err = find(w, "jonas@lakeside.example", "Kranführerschein"); err != nil {
		return err
	}
	if _, err := box.Update(item.Ref, world.Write{}, func(a *world.Appointment) error {
		a.Start, a.End = a.Start.Add(time.Hour), a.End.Add(time.Hour)
		return nil
	}); err != nil {
		return fmt.Errorf("move Jonas's course: %w", err)
	}
	if box, item, err = find(w, "ida@lakeside.example", "Zahnarzt"); err != nil {
		return err
	}
	if err := box.Delete(item.Ref, world.ToDeletedItems, world.Write{}); err != nil {
		return fmt.Errorf("delete Ida's appointment: %w", err)
	}
	return bookPrivately(w)
}

func bookPrivately(w *world.World) error {
	box, err := w.Mailbox("ben@northwind.example")
	if err != nil {
		return fmt.Errorf("the mailbox of Ben: %w", err)
	}
	zone, err := time.LoadLocation(box.Profile().Zone)
	if err != nil {
		return fmt.Errorf("the zone of Ben: %w", err)
	}
	d := &diary{box: box, zone: zone, monday: week(w.Now())}
	interview := d.timed("Interview with a competitor", 4, 16, 0, 60)
	interview.Sensitivity = world.Private
	d.add(interview)
	return d.err
}

// change is what the platform does between two runs.
func (s *schedule) change() {
	for i := range s.Courses {
		switch c := &s.Courses[i]; c.ID {
		case "N-102":
			c.Status = "cancelled"
		case "L-202":
			c.Trainers = []courseTrainer{online("mira")}
		}
	}
}
