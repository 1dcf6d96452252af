package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// person edits calendars as their owners do with Outlook: what is theirs, and what the
// gateway wrote.
type person struct {
	boxes   []*world.Mailbox
	random  *rand.Rand
	make    *generator
	figures *figures
	// made numbers appointments, edits counts what was done, by sort.
	made  int
	edits map[string]int
}

func newPerson(boxes []*world.Mailbox, o options, monday time.Time, f *figures) *person {
	random := rand.New(rand.NewPCG(o.seed, 1<<32))
	return &person{
		boxes: boxes, random: random, figures: f, edits: map[string]int{},
		make: &generator{random: random, trainers: o.trainers, monday: monday},
	}
}

// run edits so often a second until ctx ends.
func (p *person) run(ctx context.Context, rate int) {
	ticker := time.NewTicker(time.Second / time.Duration(rate))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		sort, err := p.edit(p.boxes[p.random.IntN(len(p.boxes))])
		// The gateway may have taken its item away a moment ago.
		if err != nil && !errors.Is(err, world.ErrItemNotFound) {
			p.figures.fail("the calendar refuses to %s: %v", sort, err)
		}
		p.edits[sort]++
	}
}

// edit does one thing to one calendar.
func (p *person) edit(box *world.Mailbox) (sort string, err error) {
	own, written := parted(box.Items(world.Calendar))
	dice := p.random.IntN(100)
	switch {
	case dice < 15 && len(written) > 0:
		return "delete the gateway's", box.Delete(pick(p.random, written).Ref, world.ToDeletedItems, world.Write{})
	case dice < 30 && len(written) > 0:
		return "move the gateway's", p.change(box, pick(p.random, written), p.move)
	case dice < 55 || len(own) == 0:
		return "create", p.create(box)
	case dice < 70:
		return "delete", box.Delete(pick(p.random, own).Ref, world.ToDeletedItems, world.Write{})
	case dice < 80:
		return "move", p.change(box, pick(p.random, own), p.move)
	case dice < 90:
		return "rename", p.change(box, pick(p.random, own), p.rename)
	}
	return "hide or free", p.change(box, pick(p.random, own), p.hide)
}

func pick(random *rand.Rand, items []world.Item) world.Item { return items[random.IntN(len(items))] }

// parted are a calendar's items: the trainer's own, and those that the gateway wrote, but
// for the test appointment of a check that is under way.
func parted(items []world.Item) (own, written []world.Item) {
	for _, item := range items {
		switch {
		case probe(item):
		case ours(item):
			written = append(written, item)
		default:
			own = append(own, item)
		}
	}
	return own, written
}

// probe reports whether an item is the gateway's test appointment.
func probe(item world.Item) bool {
	return ours(item) && strings.HasPrefix(item.Subject, "Calendar gateway check")
}

func (p *person) create(box *world.Mailbox) error {
	a := world.Appointment{StartZone: homeZone, EndZone: homeZone}
	p.rename(&a)
	p.move(&a)
	_, err := box.Create(a, world.SendNone)
	return err
}

func (p *person) change(box *world.Mailbox, item world.Item, how func(*world.Appointment)) error {
	_, err := box.Update(item.Ref, world.Write{}, func(a *world.Appointment) error {
		how(a)
		return nil
	})
	return err
}

func (p *person) rename(a *world.Appointment) {
	p.made++
	a.Subject = fmt.Sprintf("Own appointment %d", p.made)
}

// move gives an appointment another time: of whole days it stays one.
func (p *person) move(a *world.Appointment) {
	if a.AllDay {
		a.Start, a.End = a.Start.AddDate(0, 0, 1), a.End.AddDate(0, 0, 1)
		return
	}
	start, end := p.make.times(home)
	a.Start, a.End = clock(start).In(home), clock(end).In(home)
}

// hide makes an appointment private or free, or neither any more.
func (p *person) hide(a *world.Appointment) {
	switch p.random.IntN(3) {
	case 0:
		a.Sensitivity = world.Private
	case 1:
		a.ShowAs = world.Free
	default:
		a.Sensitivity, a.ShowAs = world.Normal, world.Busy
	}
}
