package reconcile

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/trainercal/trainercal/sdk/calendar"
)

// shown is what the platform shows of an appointment, in a form that can be compared.
type shown struct {
	description      string
	start, end       time.Time
	allDay           bool
	firstDay, endDay calendar.Date
	showAs           calendar.ShowAs
	private          bool
}

func (m Mirror) shown() shown {
	b := shown{description: m.Description, showAs: m.ShowAs, private: m.Private, allDay: m.When.AllDay}
	if b.allDay {
		b.firstDay, b.endDay = m.When.FirstDay, m.When.EndDay
	} else {
		b.start, b.end = m.When.Start.UTC(), m.When.End.UTC()
	}
	return b
}

// pair finds, for appointments that appeared, one that is gone and says the same: it is
// the same appointment under another id, as after the move of a mailbox or another API,
// or makes no difference to the platform (B7, map-7). Its unavailability stays and takes
// the new id. What has no partner is returned.
func (p *planner) pair(appeared, vanished, held []Mirror) (_, _, _ []Mirror) {
	if len(appeared) == 0 || len(vanished)+len(held) == 0 {
		return appeared, vanished, held
	}
	gone := map[shown][]Mirror{}
	for _, m := range slices.SortedFunc(slices.Values(slices.Concat(vanished, held)), func(a, b Mirror) int { return cmp.Compare(a.ID, b.ID) }) {
		gone[m.shown()] = append(gone[m.shown()], m)
	}
	paired := map[string]bool{}
	var fresh []Mirror
	for _, m := range appeared {
		partners := gone[m.shown()]
		if len(partners) == 0 {
			fresh = append(fresh, m)
			continue
		}
		m.ID = partners[0].ID
		gone[m.shown()], paired[m.ID] = partners[1:], true
		p.plan.Notes = append(p.plan.Notes, m)
		p.skip(ReasonNewIdentity, "", m.ItemID)
	}
	taken := func(m Mirror) bool { return paired[m.ID] }
	return fresh, slices.DeleteFunc(vanished, taken), slices.DeleteFunc(held, taken)
}

// planAppeared gives each appointment an unavailability of its own.
func (p *planner) planAppeared(appeared []Mirror) {
	if len(appeared) == 0 {
		return
	}
	taken := make(map[string]bool, len(p.in.Mirrors))
	for _, m := range p.in.Mirrors {
		taken[m.ID] = true
	}
	for _, m := range appeared {
		m.ID = UnavailabilityID(p.in.Trainer, m.ItemID)
		// An id that once was this item's may have gone on to another one.
		for n := 2; taken[m.ID]; n++ {
			m.ID = UnavailabilityID(p.in.Trainer, m.ItemID+calendar.ItemID("\x00"+strconv.Itoa(n)))
		}
		taken[m.ID] = true
		p.platform(OpCreate, ReasonAppeared, m)
	}
}
