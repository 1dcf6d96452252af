package reconcile

import (
	"cmp"
	"slices"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// claimMarked decides, for every seen item with our marker, whether it is the item
// of its key, a duplicate of it, or a person's copy. The first is adopted where no
// link names it.
func (p *planner) claimMarked() {
	var found []*calendar.Item
	for i := range p.known {
		switch item := p.known[i].item; {
		case item == nil || item.Marker == nil:
		case p.ours(item.Marker):
			found = append(found, item)
		default:
			p.find(ReasonOtherInstallation, item.ID)
		}
	}
	slices.SortFunc(found, func(a, b *calendar.Item) int {
		return cmp.Or(cmp.Compare(a.Marker.Key, b.Marker.Key), cmp.Compare(a.ID, b.ID))
	})
	for n := 0; len(found) > 0; found = found[n:] {
		key := found[0].Marker.Key
		for n = 1; n < len(found) && found[n].Marker.Key == key; n++ {
		}
		p.claimKey(key, found[:n])
	}
}

// claimKey settles the items that carry one key's marker.
func (p *planner) claimKey(key string, found []*calendar.Item) {
	link, wanted := p.link(key), p.wanted(key)
	chosen := p.choose(link, wanted, found)
	if wanted == nil && (link == nil || link.State == LinkOrphan) {
		p.keepOrphan(link != nil, found)
		return
	}
	if link == nil {
		link = &Link{}
	}
	if chosen != nil && chosen.ID != link.ItemID {
		link = p.adopt(*link, key, chosen)
	}
	for _, item := range found {
		if item.ID != link.ItemID {
			p.claimCopy(link, item)
		}
	}
}

// choose picks which of the items with a key's marker is the one: the linked item,
// else the generation that was intended, of several the one at the time that was intended,
// as the others are a person's copies; else the one at the wanted time, else the
// first by id. It is nil when the linked item is there but was not seen.
func (p *planner) choose(link *Link, want *Wanted, found []*calendar.Item) *calendar.Item {
	if link != nil && link.ItemID != "" && !p.confirmedGone(link.ItemID) {
		return pick(found, func(i *calendar.Item) bool { return i.ID == link.ItemID })
	}
	intended := func(i *calendar.Item) bool { return link != nil && i.Marker.Generation == link.Generation }
	if c := pick(found, func(i *calendar.Item) bool { return intended(i) && i.When.SameTime(link.when()) }); c != nil {
		return c
	}
	if c := pick(found, intended); c != nil {
		return c
	}
	if c := pick(found, func(i *calendar.Item) bool { return want != nil && i.When.SameTime(want.Appointment.When) }); c != nil {
		return c
	}
	return found[0]
}

func pick(items []*calendar.Item, is func(*calendar.Item) bool) *calendar.Item {
	if i := slices.IndexFunc(items, is); i >= 0 {
		return items[i]
	}
	return nil
}

// adopt makes a found item the one of its key. What it says is taken as what was
// last rendered, so that a difference to what is wanted becomes an update.
func (p *planner) adopt(link Link, key string, item *calendar.Item) *Link {
	content := item.Appointment
	link.Key, link.Generation = key, item.Marker.Generation
	link.ItemID, link.Version, link.State = item.ID, item.Version, LinkWritten
	link.Rendered, link.Canonical = content, &content
	link.Revision = adoptedRevision
	p.take(&link, ReasonAdopted)
	return &link
}

// take makes a found item ours, as the link says.
func (p *planner) take(link *Link, reason Reason) {
	p.remember(link)
	p.plan.Links = append(p.plan.Links, LinkStep{Op: OpUpdate, Reason: reason, Link: *link})
}

// keepOrphan leaves items of ours alone that nothing known wants, and remembers the
// first: should its key be wanted again, it is that item, and no second one is made
// (push-10).
func (p *planner) keepOrphan(linked bool, found []*calendar.Item) {
	for _, item := range found {
		p.note(item.ID).own = true
		p.find(ReasonOrphan, item.ID)
	}
	if linked {
		return
	}
	first := found[0]
	p.take(&Link{
		Key: first.Marker.Key, Generation: first.Marker.Generation, ItemID: first.ID, Version: first.Version,
		Rendered: first.Appointment, Canonical: &first.Appointment, Revision: adoptedRevision, State: LinkOrphan,
	}, ReasonOrphan)
}

// adoptedRevision differs from every real revision: an adopted item is compared
// with what is wanted now.
const adoptedRevision = -1

// claimCopy settles a second item with the marker of a key: at the same time as the
// first it is our own duplicate and goes; otherwise a person copied our item, and
// the copy is theirs (B5).
func (p *planner) claimCopy(link *Link, item *calendar.Item) {
	if !item.When.SameTime(link.when()) {
		p.find(ReasonCopied, item.ID)
		return
	}
	p.note(item.ID).own = true
	if !p.in.Policy.Push {
		return
	}
	dup := Link{Key: link.Key, Generation: item.Marker.Generation, ItemID: item.ID, Version: item.Version, Rendered: item.Appointment}
	p.plan.Calendar = append(p.plan.Calendar, CalendarStep{Op: OpRemove, Reason: ReasonDuplicate, Link: dup, Duplicate: true})
}

func (p *planner) find(reason Reason, id calendar.ItemID) {
	p.plan.Findings = append(p.plan.Findings, Finding{Reason: reason, ItemID: id})
}

// confirmedGone reports whether an item was asked for by id and is not in the calendar.
func (p *planner) confirmedGone(id calendar.ItemID) bool {
	s := p.of(id)
	return s.asked && s.gone
}
