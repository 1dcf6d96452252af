package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// settle waits until calendars, schedule and feed agree, and then that they go on to.
// Where they do not in time, what is different is noted.
func (p *proof) settle(ctx context.Context) error {
	began := time.Now()
	for {
		wrong, err := p.differences(ctx)
		switch {
		case err != nil:
			return err
		case len(wrong) == 0:
			p.settled = time.Since(began)
			rest(ctx, p.options.steady)
			return errors.Join(ctx.Err(), p.cleared(ctx))
		case time.Since(began) > p.options.patience:
			p.settled = time.Since(began)
			p.note(wrong)
			return nil
		}
		rest(ctx, time.Second)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// cleared waits until no calendar has a test appointment: a check that the kill cut short
// left some, and the gateway checks each mailbox once.
func (p *proof) cleared(ctx context.Context) error {
	var left []string
	for began := time.Now(); time.Since(began) < p.options.patience && ctx.Err() == nil; rest(ctx, time.Second/4) {
		left = nil
		for n, box := range p.site.boxes {
			if slices.ContainsFunc(box.Items(world.Calendar), probe) {
				left = append(left, "the calendar of "+label(n)+" has a test appointment of the gateway's")
			}
		}
		if len(left) == 0 {
			return nil
		}
	}
	p.note(left)
	return ctx.Err()
}

// differences are those between calendars on the one hand, and what is scheduled and what
// the gateway tells of calendars on the other.
func (p *proof) differences(ctx context.Context) ([]string, error) {
	var wrong, blocked, told []string
	want := wantedIn(p.objects())
	for n, box := range p.site.boxes {
		items := box.Items(world.Calendar)
		wrong = append(wrong, checkCalendar(label(n), want[label(n)], items)...)
		blocked = append(blocked, blockedBy(label(n), items)...)
	}
	list, err := p.client.blocks(ctx, "calendar")
	for _, b := range list {
		told = append(told, b.told())
	}
	return append(wrong, checkSets("GET unavailability", blocked, told)...), err
}

// objects are all that were accepted and not deleted since.
func (p *proof) objects() []object {
	var out []object
	for _, s := range p.slots() {
		if s.state != nil {
			out = append(out, s.state)
		}
	}
	return out
}

func (p *proof) slots() []*slot {
	var out []*slot
	for _, w := range p.writers {
		out = append(out, w.slots...)
	}
	return out
}

func (p *proof) note(wrong []string) {
	for _, text := range wrong {
		p.figures.fail("%s", text)
	}
}

// check makes the whole proof, once all is quiet.
func (p *proof) check(ctx context.Context) error {
	wrong, err := p.differences(ctx)
	p.note(wrong)
	if mails := p.site.sim.Outbox(); len(mails) > 0 {
		p.figures.fail("the calendars sent %d mails, the first a %s", len(mails), mails[0].Kind)
	}
	return errors.Join(err, p.checkObjects(ctx), p.checkFeed(ctx))
}

// checkObjects reads every object one by one, those that are deleted as well, and the
// lists.
func (p *proof) checkObjects(ctx context.Context) error {
	var courses, blocks []string
	for _, s := range p.slots() {
		if s.version == 0 {
			continue // it never was
		}
		got, etag, err := p.client.get(ctx, s)
		if err != nil {
			return err
		}
		p.note(checkObject(s.path(), s.wants(), text(got)))
		if s.state != nil && s.etag != "" {
			p.note(checkObject("the ETag of "+s.path(), s.etag, etag))
		}
		switch {
		case s.state == nil:
		case s.kind == kindCourse:
			courses = append(courses, s.wants())
		default:
			blocks = append(blocks, s.wants())
		}
	}
	return p.checkLists(ctx, courses, blocks)
}

func (p *proof) checkLists(ctx context.Context, courses, blocks []string) error {
	gotCourses, err := p.client.courses(ctx)
	if err != nil {
		return err
	}
	gotBlocks, err := p.client.blocks(ctx, "platform")
	p.note(checkSets("the list of courses", courses, canonicals(gotCourses)))
	p.note(checkSets("the list of unavailability", blocks, canonicals(gotBlocks)))
	return err
}

func canonicals[T object](objects []T) []string {
	out := make([]string, len(objects))
	for i, o := range objects {
		out[i] = o.canonical()
	}
	return out
}

// checkFeed reads the feed again from its beginning, and from the snapshot on.
func (p *proof) checkFeed(ctx context.Context) error {
	whole, rest := &follower{client: p.client}, &follower{client: p.client, next: p.from}
	if err := errors.Join(p.follower.catchUp(ctx), whole.catchUp(ctx), rest.catchUp(ctx)); err != nil {
		return err
	}
	list, err := p.client.blocks(ctx, "calendar")
	if err != nil {
		return err
	}
	p.note(checkFeed(whole.entries))
	p.note(checkFollowed(p.follower.entries, whole.entries))
	for how, from := range map[string][2][]entry{
		"the feed replayed from 0": {nil, whole.entries}, "the feed replayed from the snapshot": {p.known, rest.entries},
	} {
		known, wrong := replay(from[0], from[1])
		p.note(slices.Concat(wrong, checkReplayed(how, known, list)))
	}
	return nil
}

// tell prints the figures that the gateway and the simulator know.
func (p *proof) tell(ctx context.Context) error {
	runs, push, pull := 0, 0, 0
	type numbers struct{ Created, Updated, Removed int }
	err := pages(ctx, p.client, "/v1/runs", "runs", func(r struct{ Totals struct{ Push, Pull numbers } }) {
		runs++
		push += r.Totals.Push.Created + r.Totals.Push.Updated + r.Totals.Push.Removed
		pull += r.Totals.Pull.Created + r.Totals.Pull.Updated + r.Totals.Pull.Removed
	})
	requests := 0
	for _, c := range p.site.sim.Counts() {
		requests += c.Requests
	}
	items := 0
	for _, box := range p.site.boxes {
		_, written := parted(box.Items(world.Calendar))
		items += len(written)
	}
	fmt.Fprintf(p.out, "calendars   %d items of the gateway's at the end; true %s after the last write; edits: %s\n",
		items, p.settled.Round(100*time.Millisecond), counts(p.person.edits))
	fmt.Fprintf(p.out, "feed        %d entries\n", len(p.follower.entries))
	fmt.Fprintf(p.out, "syncs       %d runs, %d calendar writes, %d changes pulled, %d requests to the calendars' server\n", runs, push, pull, requests)
	return err
}
