package main

import (
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// anaDiary: single appointments, with a body and tentative, and one that is free.
func anaDiary(d *diary) {
	dentist := d.timed("Dentist", 2, 11, 0, 45)
	dentist.Body = world.Body{Content: "Bring the insurance card."}
	d.add(dentist)
	maybe := d.timed("Call with the awarding body?", 3, 15, 0, 30)
	maybe.ShowAs = world.Tentative
	d.add(maybe)
	lunch := d.timed("Lunch", 1, 12, 0, 60)
	lunch.ShowAs = world.Free
	d.add(lunch)
}

// benDiary: a private appointment, of which only the time may be told, and a weekly
// series with a moved and a deleted occurrence.
func benDiary(d *diary) {
	clinic := d.timed("Fertility clinic", 0, 14, 0, 90)
	clinic.Sensitivity = world.Private
	clinic.Body = world.Body{Content: "Dr. Hale, third floor."}
	clinic.Location = "St Mary's"
	d.add(clinic)
	gym := d.weekly(d.timed("Physiotherapy", 3, 8, 0, 60))
	d.move(occurrence(gym, 1), 3*time.Hour)
	d.drop(occurrence(gym, 2))
}

// chloeDiary: a whole day off, and a free whole day that blocks nothing.
func chloeDiary(d *diary) {
	off := d.days("Jour de congé", 3, 1)
	off.ShowAs = world.OutOfOffice
	d.add(off)
	birthday := d.days("Anniversaire de Léa", 1, 1)
	birthday.ShowAs = world.Free
	d.add(birthday)
}

// devDiary: a series in a zone without clock changes, and a long trip by date.
func devDiary(d *diary) {
	d.weekly(d.timed("Team call", 0, 10, 0, 30))
	trip := d.days("Site visit Pune", 8, 4)
	trip.ShowAs = world.OutOfOffice
	d.add(trip)
}

// emmaDiary: somebody else's meetings: accepted, called off, and declined.
func emmaDiary(d *diary) {
	boss := world.Address{Name: "Sam Field", SMTP: "sam@northwind.example"}
	accepted := d.timed("Quarterly review", 1, 14, 0, 60)
	accepted.Organizer, accepted.Response = boss, world.Accepted
	d.add(accepted)
	calledOff := d.timed("Canceled: Budget round", 1, 16, 0, 60)
	calledOff.Organizer, calledOff.Cancelled = boss, true
	d.add(calledOff)
	declined := d.timed("Vendor demo", 2, 10, 0, 60)
	declined.Organizer, declined.Response = boss, world.Declined
	d.add(declined)
}

// quietDiary: one appointment that no run may read out, for trainers who are not
// pulled.
func quietDiary(d *diary) { d.add(d.timed("Nobody's business", 1, 18, 0, 60)) }

// idaDiary: a series across the clock changes, and an appointment that ends when the
// next begins.
func idaDiary(d *diary) {
	d.weekly(d.timed("Chorprobe", 2, 19, 30, 120))
	d.add(d.timed("Elternabend", 3, 17, 0, 60))
	d.add(d.timed("Zahnarzt", 3, 18, 0, 30))
}

// jonasDiary: a confidential appointment and one at another place.
func jonasDiary(d *diary) {
	talk := d.timed("Gespräch Betriebsrat", 2, 9, 0, 60)
	talk.Sensitivity = world.Confidential
	d.add(talk)
	remote := d.timed("Homeoffice", 4, 8, 0, 480)
	remote.ShowAs = world.WorkingElsewhere
	d.add(remote)
}

// karinDiary: two days off by date.
func karinDiary(d *diary) {
	leave := d.days("Urlaub", 0, 2)
	leave.ShowAs = world.OutOfOffice
	d.add(leave)
}

// miraDiary: a monthly series on the last Friday.
func miraDiary(d *diary) {
	closing := d.timed("Zaključek meseca", 4, 15, 0, 60)
	closing.Recurrence = &world.Recurrence{
		Pattern: world.Pattern{Kind: world.RelativeMonthly, Interval: 1, Index: world.LastWeek, Days: []time.Weekday{time.Friday}},
		Range:   world.Range{Count: 6},
	}
	d.add(closing)
}

// noraDiary: evenings that fall on the next day in Europe.
func noraDiary(d *diary) {
	d.weekly(d.timed("Evening class", 1, 20, 0, 90))
}
