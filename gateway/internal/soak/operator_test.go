package soak

import (
	"context"
	"fmt"

	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/sdk"
)

// guard is what holds removals in all histories.
var guard = &reconcile.Guard{MaxRemovals: 2, MaxFraction: 0.3}

// onStop is an operator who says what becomes of what was written when a direction is
// switched off (map-2).
func (h *history) onStop(t *rapid.T) {
	who := h.drawTrainer(t)
	who.remove = !who.remove
}

// split is an operator who wants an appointment for each session, or for the whole again
// (push-2).
func (h *history) split(t *rapid.T) {
	who := h.drawTrainer(t)
	who.split = !who.split
}

// formerItem is what a former integration wrote for a course (move-1). Until it is
// adopted it is the trainer's own.
func (h *history) formerItem(t *rapid.T) {
	who := h.drawTrainer(t)
	c := h.courses[pick(t, "course", h.courses)]
	private := rapid.IntRange(0, 2).Draw(t, "private") == 0 // then it is not for us to know
	n := native{name: c.title(who), start: c.start, hours: c.hours, weeks: 1, former: true, private: private}
	if _, there := h.natives[who.address][n.name]; there || !c.trainers[who.label] {
		t.Skip("it is there already")
	}
	h.keep(who.address, n)
}

// adopt takes over what a former integration wrote, or removes it. Only what has the
// title and the time of something that is scheduled may become ours or go.
func (h *history) adopt(t *rapid.T) {
	remove := rapid.Bool().Draw(t, "remove")
	h.must(h.gateway.tell(h.model))
	j := job(h.model)
	j.Kind, j.Impatient = runner.Adopt, true
	j.Former = reconcile.Former{Remove: remove, Titles: func(w reconcile.Wanted) []string { return []string{w.Appointment.Subject} }}
	run, err := h.gateway.runner().Run(context.Background(), j)
	h.must(err)
	h.failsOnly(run)
	for _, who := range h.trainers {
		h.adopted(t, who, remove)
	}
}

// adopted compares the calendar after an adoption with what there was, and lets the
// model follow.
func (h *history) adopted(t *rapid.T, who *trainer, remove bool) {
	keys := map[string]string{}
	for _, e := range h.calendars.entries(who.address) {
		keys[e.id] = e.key
	}
	for name, n := range h.natives[who.address] {
		key, there := keys[n.id]
		if there && key == "" {
			continue // as it was; P4 is held elsewhere
		}
		alike := false
		for _, s := range h.pushed(who) {
			alike = alike || s.Text == name && s.Start.Equal(n.start) && s.End.Equal(n.start.Add(hours(n.hours)))
		}
		if !who.push || !alike || n.private || there == remove {
			t.Fatalf("move-1: an adoption (remove %v) took %q of %s, which nothing scheduled is like", remove, name, who.label)
		}
		delete(h.natives[who.address], name)
	}
}

// approve lets go what is held of every trainer's (hold-1).
func (h *history) approve(t *rapid.T) {
	for _, who := range h.trainers {
		id := platform.TrainerID{Provider: "northwind", Label: who.label}
		memory, err := h.gateway.store.Trainer(context.Background(), id)
		h.must(err)
		var held []string
		for _, m := range memory.Mirrors {
			if m.Held {
				held = append(held, m.ID)
			}
		}
		if len(held) == 0 {
			continue
		}
		run, err := h.gateway.runner().Approve(context.Background(), id, london, held)
		h.must(err)
		if n := run.Trainers[0].Counts.PullRemoved; n != len(held) {
			t.Fatalf("hold-1: of %d that were held %d went", len(held), n)
		}
	}
}

// sessionsOf are the parts of a course that has some.
func sessionsOf(c course) []platform.Session {
	var all []platform.Session
	for n := range c.sessions {
		start := c.start.Add(hours(n))
		all = append(all, platform.Session{ID: fmt.Sprint(n + 1), Start: start, End: start.Add(hours(1))})
	}
	return all
}

// targetOf is the trainer's mapping, as the runner is given it.
func targetOf(t *trainer) runner.Target {
	return runner.Target{
		ID:      platform.TrainerID{Provider: "northwind", Label: t.label},
		Mailbox: sdk.Mailbox{Address: t.address, TimeZone: home}, Zone: london,
		Push: t.push, Pull: t.pull, Detail: sdk.DetailFull, ShowAs: blocking, Split: t.split,
		Render:  platform.RenderOptions{Templates: templatesOf(t)},
		Stopped: reconcile.Stopped{RemovePushed: t.remove && !t.push, RemovePulled: t.remove && !t.pull},
	}
}
