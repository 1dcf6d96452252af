package main

import (
	"fmt"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// The credentials that gateway.hcl uses unless told otherwise. They open nothing but
// the sandbox.
const (
	tenantID     = "6f2c1f5e-3b1a-4d6e-9c3f-0a5d7e8b9c10"
	clientID     = "0d9e4c7a-52b8-4f0e-8a66-1b2c3d4e5f60"
	clientSecret = "sandbox-client-secret"
	ewsUser      = "calendar@lakeside.example"
	ewsPassword  = "sandbox-password"
)

// person is a trainer's mailbox.
type person struct {
	address, name, zone string
	// natives are the trainer's own appointments.
	natives func(d *diary)
}

// people are the trainers of gateway.hcl, those that are not synchronised included.
var people = []person{
	{"ana@northwind.example", "Ana Ortiz", "Europe/London", anaDiary},
	{"ben@northwind.example", "Ben Whitfield", "Europe/London", benDiary},
	{"chloe@northwind.example", "Chloé Martin", "Europe/Paris", chloeDiary},
	{"dev@northwind.example", "Dev Patel", "Asia/Kolkata", devDiary},
	{"emma@northwind.example", "Emma Byrne", "Europe/Dublin", emmaDiary},
	{"finn@northwind.example", "Finn Larsen", "Europe/London", quietDiary},
	{"grace@northwind.example", "Grace Okafor", "Europe/London", quietDiary},
	{"hugo@northwind.example", "Hugo Reyes", "Europe/London", quietDiary},
	{"ida@lakeside.example", "Ida Brandt", "Europe/Berlin", idaDiary},
	{"jonas@lakeside.example", "Jonas Keller", "Europe/Berlin", jonasDiary},
	{"karin@lakeside.example", "Karin Vogel", "Europe/Berlin", karinDiary},
	{"luca@lakeside.example", "Luca Moretti", "Europe/Rome", quietDiary},
	{"mira@lakeside.example", "Mira Novak", "Europe/Ljubljana", miraDiary},
	{"nora@lakeside.example", "Nora Hall", "America/New_York", noraDiary},
	{"otto@lakeside.example", "Otto Lehmann", "Europe/Berlin", quietDiary},
	{"paula@lakeside.example", "Paula Weiss", "Europe/Berlin", quietDiary},
}

// settle fills the world with the people and their diaries.
func settle(w *world.World) error {
	for _, p := range people {
		box, err := w.AddMailbox(world.Profile{SMTP: p.address, Name: p.name, Zone: p.zone})
		if err != nil {
			return fmt.Errorf("make the mailbox %s: %w", p.address, err)
		}
		loc, err := time.LoadLocation(p.zone)
		if err != nil {
			return fmt.Errorf("the zone of %s: %w", p.address, err)
		}
		d := &diary{box: box, zone: loc, monday: week(w.Now())}
		if p.natives(d); d.err != nil {
			return fmt.Errorf("fill the calendar of %s: %w", p.address, d.err)
		}
	}
	return nil
}
