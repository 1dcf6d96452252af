package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// inactive are mailboxes of trainers whose mapping is off.
var inactive = []string{"grace@northwind.example", "hugo@northwind.example", "otto@lakeside.example", "paula@lakeside.example"}

// pulledOnly are mailboxes of trainers with direction "in".
var pulledOnly = []string{"dev@northwind.example", "karin@lakeside.example"}

// changes is each mailbox's place in its change log.
type changes map[string]world.Position

func look(w *world.World) changes {
	seen := changes{}
	for _, box := range w.Mailboxes() {
		seen[box.Address()] = box.Position()
	}
	return seen
}

// expectUntouched fails when an item of the named mailboxes, or of any when none is
// named, was written since.
func (c changes) expectUntouched(w *world.World, addresses []string) error {
	for _, box := range w.Mailboxes() {
		if len(addresses) > 0 && !slices.Contains(addresses, box.Address()) {
			continue
		}
		if box.Position() != c[box.Address()] {
			return fmt.Errorf("the calendar of %s was written to", box.Address())
		}
	}
	return nil
}

// expectItems compares the gateway's items in every calendar with the schedule:
// each course and unavailability exactly once where it belongs, and nothing else.
func expectItems(w *world.World, s schedule) error {
	want := s.titles()
	for _, box := range w.Mailboxes() {
		var got []string
		for _, item := range box.Items(world.Calendar) {
			if ours(item) {
				got = append(got, item.Subject)
			}
		}
		expected := want[box.Address()]
		slices.Sort(got)
		slices.Sort(expected)
		if !slices.Equal(got, expected) {
			return fmt.Errorf("the calendar of %s has %q of the gateway, want %q", box.Address(), got, expected)
		}
	}
	return nil
}

// ours reports whether the gateway wrote the item. What trainers have in their
// diaries carries no extended property.
func ours(item world.Item) bool { return len(item.Properties) > 0 }

// titles are the appointments that each mailbox should have.
func (s schedule) titles() map[string][]string {
	want := map[string][]string{}
	put := func(provider, trainer, title string) {
		address := trainer + "@" + provider + ".example"
		if !pushed(address) {
			return
		}
		want[address] = append(want[address], title)
	}
	for _, c := range s.Courses {
		for _, t := range c.Trainers {
			put(c.Provider, t.ID, c.title())
		}
	}
	for _, u := range s.Unavailability {
		put(u.Provider, u.Trainer, u.Description)
	}
	return want
}

func pushed(address string) bool {
	return !slices.Contains(inactive, address) && !slices.Contains(pulledOnly, address)
}

func (c course) title() string {
	label := c.Name
	if c.Alias != "" {
		label = c.Alias
	}
	if c.Status == "cancelled" {
		return "Cancelled: Training: " + label
	}
	return "Training: " + label
}

// find returns a mailbox and its only item whose subject ends so.
func find(w *world.World, address, subject string) (*world.Mailbox, world.Item, error) {
	box, err := w.Mailbox(address)
	if err != nil {
		return nil, world.Item{}, fmt.Errorf("the mailbox %s: %w", address, err)
	}
	for _, item := range box.Items(world.Calendar) {
		if strings.HasSuffix(item.Subject, subject) {
			return box, item, nil
		}
	}
	return nil, world.Item{}, fmt.Errorf("%s has no item %q", address, subject)
}
