package exchangesim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// seedZones are the zones of seeded mailboxes.
var seedZones = []string{"Europe/London", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney"}

// The days around now in which the seeded items lie: a month before, a year after.
const seedBefore, seedAfter = 30, 365

// Seed adds mailboxes trainer1@sim.example, trainer2@… with items each, for load. The
// same seed makes the same calendars relative to the world's clock: a tenth are series,
// some are private, free or last whole days.
func Seed(w *world.World, mailboxes, items int, seed uint64) error {
	random := rand.New(rand.NewPCG(seed, seed))
	for n := range mailboxes {
		zone := seedZones[n%len(seedZones)]
		m, err := w.AddMailbox(world.Profile{
			SMTP: fmt.Sprintf("trainer%d@sim.example", n+1), Name: fmt.Sprintf("Trainer %d", n+1), Zone: zone,
		})
		if err != nil {
			return fmt.Errorf("seed: %w", err)
		}
		loc, err := time.LoadLocation(zone)
		if err != nil {
			return fmt.Errorf("seed: %w", err)
		}
		for i := range items {
			if _, err := m.Create(seedAppointment(random, w.Now().In(loc), i), world.SendNone); err != nil {
				return fmt.Errorf("seed: %w", err)
			}
		}
	}
	return nil
}

func seedAppointment(random *rand.Rand, now time.Time, i int) world.Appointment {
	day := world.DateOf(now).AddDays(random.IntN(seedBefore+seedAfter) - seedBefore)
	start := day.At(time.Date(0, 1, 1, 7+random.IntN(11), 15*random.IntN(4), 0, 0, time.UTC), now.Location())
	a := world.Appointment{
		Subject: fmt.Sprintf("Appointment %d", i+1),
		Body:    world.Body{Content: fmt.Sprintf("Agenda of appointment %d\nBring the notes.", i+1)},
		Start:   start, End: start.Add(time.Duration(1+random.IntN(8)) * 30 * time.Minute),
	}
	switch random.IntN(10) {
	case 0:
		a.Recurrence = &world.Recurrence{
			Pattern: world.Pattern{Kind: world.Weekly, Days: []time.Weekday{start.Weekday()}, FirstDayOfWeek: time.Monday},
			Range:   world.Range{Count: 2 + random.IntN(12)},
		}
	case 1:
		a.Sensitivity = world.Private
	case 2:
		a.ShowAs = world.Free
	case 3:
		a.AllDay = true
		a.SnapToDays()
	}
	return a
}
