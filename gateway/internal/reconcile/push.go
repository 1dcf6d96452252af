package reconcile

import (
	"github.com/trainercal/trainercal/sdk/calendar"
)

// pushWanted plans one wanted appointment.
func (p *planner) pushWanted(t *thing) {
	w, link := *t.wanted, Link{}
	if t.link != nil {
		link = *t.link
	}
	switch {
	case w.Ended && link.State == LinkIntended && p.in.Read.FoundAll:
		// It never came to be, and will not any more.
		p.forget(link, ReasonEnded)
	case w.Ended:
		p.skip(ReasonEnded, w.Key, link.ItemID)
	case t.link == nil:
		p.create(w, Link{Generation: p.in.Generation()}, ReasonNew, false)
	case link.State == LinkIntended:
		// Nothing carries its marker, or it would have been adopted.
		p.create(p.again(w, link), link, p.whyAgain(), true)
	case p.confirmedGone(link.ItemID):
		p.create(p.restored(w, link), Link{Generation: p.in.Generation()}, ReasonDeletedInCalendar, false)
	default:
		p.keep(w, link)
	}
}

// again is what an item says that is made once more: without a trigger since, what it was
// rendered to say last (push-9, push-13). A calendar that is new to the trainer gets what
// is rendered now, where that can be done (push-12).
func (p *planner) again(w Wanted, link Link) Wanted {
	if w.Revision == link.Revision && (!p.in.Moved || w.Unrendered) {
		w.Appointment, w.Unrendered = link.Rendered, false
	}
	return w
}

// restored is what an item says that was deleted in the calendar: what it was rendered to
// say last, also where a trigger is pending that cannot be rendered.
func (p *planner) restored(w Wanted, link Link) Wanted {
	if w.Unrendered && w.Revision != link.Revision {
		p.skip(ReasonUnrendered, w.Key, "")
		w.Revision = link.Revision
	}
	return p.again(w, link)
}

// whyAgain is why an item is made that was intended before.
func (p *planner) whyAgain() Reason {
	if p.in.Moved {
		return ReasonMoved
	}
	return ReasonOutcomeUnknown
}

// forgetUnfound drops, where nothing is pushed, the links whose items a search for
// all markers did not find: what they say of another calendar is not true of this one.
func (p *planner) forgetUnfound(things []*thing) {
	for _, t := range things {
		if t.link != nil && p.in.Read.FoundAll && t.link.State == LinkIntended {
			p.forget(*t.link, ReasonGone)
		}
	}
}

// create plans a new item. What cannot be rendered is left until it can.
func (p *planner) create(w Wanted, link Link, reason Reason, maybeDone bool) {
	if w.Unrendered {
		p.skip(ReasonUnrendered, w.Key, "")
		return
	}
	link.Key, link.State = w.Key, LinkIntended
	link.ItemID, link.Version, link.Canonical = "", "", nil
	link.Rendered, link.Revision = w.Appointment, w.Revision
	p.plan.Calendar = append(p.plan.Calendar, CalendarStep{Op: OpCreate, Reason: reason, Link: link, MaybeDone: maybeDone})
}

// keep compares an item of ours that is there with what it should say: what is
// rendered now after a trigger, else what was rendered last (push-13).
func (p *planner) keep(w Wanted, link Link) {
	if w.Unrendered && w.Revision != link.Revision {
		p.skip(ReasonUnrendered, w.Key, link.ItemID)
		w.Revision = link.Revision // the trigger stays pending, what was rendered last is kept right
	}
	target, reason := link.Rendered, ReasonDrift
	if w.Revision != link.Revision {
		target, reason = w.Appointment, ReasonTriggered
	}
	now, drifted := p.current(link)
	next := link
	next.Rendered, next.Revision, next.State, next.Version = target, w.Revision, LinkWritten, now.Version
	switch {
	case now.Version != link.Version && sameContent(now.Appointment, target):
		// An update whose answer was lost, or a person put it right by hand.
		content := now.Appointment
		next.Canonical = &content
		p.noteLink(next, ReasonVersion)
	case drifted || !link.says(target):
		base := now.Appointment
		p.plan.Calendar = append(p.plan.Calendar, CalendarStep{Op: OpUpdate, Reason: reason, Link: next, Base: &base})
	case now.Version != link.Version || w.Revision != link.Revision || link.State != LinkWritten:
		p.noteLink(next, ReasonVersion)
	default:
		p.skip(ReasonInSync, w.Key, link.ItemID)
	}
}

// says reports whether the link's item was last written to say the target. What an
// adopted item says was read, not written, and a server may name zones differently.
func (l *Link) says(target calendar.Appointment) bool {
	if l.Revision == adoptedRevision {
		return sameContent(target, l.Rendered)
	}
	return sameRendering(target, l.Rendered)
}

// current is the item as far as known: as seen, else as remembered; drifted says
// that it was edited in the calendar. An item of the remembered version is as it was.
func (p *planner) current(link Link) (item calendar.Item, drifted bool) {
	seen := p.of(link.ItemID).item
	if seen == nil || seen.Version == link.Version {
		return calendar.Item{ID: link.ItemID, Version: link.Version, Appointment: link.content()}, false
	}
	item = *seen
	if item.Incomplete {
		// Its body was not fetched: compare the rest, and keep what is known of it.
		item.Body = link.content().Body
	}
	return item, !sameContent(item.Appointment, link.content())
}

// retract plans the removal of what was pushed before that was switched off (map-2). What
// is over stays, and is still known to be ours.
func (p *planner) retract(things []*thing) {
	for _, t := range things {
		if t.link == nil {
			continue
		}
		link := *t.link
		_, end := link.when().Span(p.in.Policy.Zone)
		switch {
		case link.ItemID == "" || p.confirmedGone(link.ItemID):
			p.forget(link, ReasonGone)
		case t.wanted != nil && t.wanted.Ended, t.wanted == nil && !end.After(p.in.Policy.Now):
			p.skip(ReasonEnded, t.key, link.ItemID)
		default:
			link.State = LinkRemoving
			p.plan.Calendar = append(p.plan.Calendar, CalendarStep{Op: OpRemove, Reason: ReasonStopped, Link: link})
		}
	}
}

// pushUnwanted plans what is remembered and no longer wanted: it goes (push-8), over or
// not, for somebody said so: what a full list of the platform lacks and is over stays
// wanted. What ended before the window is left as written (push-14), and forgotten.
func (p *planner) pushUnwanted(link Link) {
	_, end := link.when().Span(p.in.Policy.Zone)
	switch {
	case link.ItemID == "" || p.confirmedGone(link.ItemID):
		p.forget(link, ReasonGone)
	case !end.After(p.in.Policy.Window.Start):
		p.forget(link, ReasonEnded)
	case link.State == LinkOrphan:
		p.skip(ReasonOrphan, link.Key, link.ItemID)
	default:
		link.State = LinkRemoving
		p.plan.Calendar = append(p.plan.Calendar, CalendarStep{Op: OpRemove, Reason: ReasonNotWanted, Link: link})
	}
}

// forget drops a link without a write.
func (p *planner) forget(link Link, reason Reason) {
	p.keepStep(LinkStep{Op: OpRemove, Reason: reason, Link: link})
}

// noteLink records what changed about a link without a write.
func (p *planner) noteLink(link Link, reason Reason) {
	p.keepStep(LinkStep{Op: OpUpdate, Reason: reason, Link: link})
}

// keepStep adds a step that changes what is remembered. There is one a key: an
// adoption keeps its reason and gets the later link.
func (p *planner) keepStep(s LinkStep) {
	for i := range p.plan.Links {
		if earlier := &p.plan.Links[i]; earlier.Link.Key == s.Link.Key {
			if s.Op == OpRemove {
				earlier.Op, earlier.Reason = s.Op, s.Reason
			}
			earlier.Link = s.Link
			return
		}
	}
	p.plan.Links = append(p.plan.Links, s)
}

func (p *planner) skip(reason Reason, key string, id calendar.ItemID) {
	p.plan.Skipped = append(p.plan.Skipped, Skip{Reason: reason, Key: key, ItemID: id})
}
