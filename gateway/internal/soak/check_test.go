package soak

import (
	"context"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/runner"
)

// always is what must hold at every moment: P4, push-10 and push-11.
func (h *history) always(t *rapid.T) {
	h.t = t
	if n := h.calendars.mails(); n > 0 {
		t.Fatalf("push-11: %d mails were sent", n)
	}
	for _, addresses := range h.addresses {
		for _, address := range addresses {
			h.untouched(address)
		}
	}
}

// untouched is P4, and that no item of ours is there twice.
func (h *history) untouched(address string) {
	ours := map[string]int{}
	found := map[string]bool{}
	for _, e := range h.calendars.entries(address) {
		if e.key != "" {
			if ours[e.key]++; ours[e.key] > 1 && !h.copied[address+e.key] {
				h.t.Fatalf("push-10: %s has %d items of %s", address, ours[e.key], e.key)
			}
			continue
		}
		n, known := h.natives[address][e.Text]
		if !known {
			h.t.Fatalf("P4: nobody put %q into %s", e.Text, address)
		}
		found[e.Text] = true
		want := entry{id: n.id, shown: shown{Text: n.name, Start: n.start, End: n.start.Add(hours(n.hours)), Free: n.free}, private: n.private}
		e.weeks = 0
		if diff := cmp.Diff(want, e, cmp.AllowUnexported(entry{})); diff != "" {
			h.t.Fatalf("P4: a native item of %s was touched: %s", address, diff)
		}
	}
	for name := range h.natives[address] {
		if !found[name] {
			h.t.Fatalf("P4: the native item %q of %s is gone", name, address)
		}
	}
}

// proof is what a failed read must leave as it is (P3).
type proof struct {
	label   string
	address string
	mirrors []shown
	entries []entry
}

// failing keeps both sides of the trainers whose calendars cannot be read.
func (h *history) failing(d *disturbance) []proof {
	var all []proof
	for _, t := range h.trainers {
		if d.unreadable[t.address] || d.failCalls["Read"] {
			all = append(all, h.proofOf(t))
		}
	}
	return all
}

func (h *history) proofOf(t *trainer) proof {
	mirrors, err := h.gateway.mirrors(t.label)
	h.must(err)
	if !t.pull && t.remove {
		mirrors = nil // what was pulled goes when nothing is any more: that asks no calendar (map-2)
	}
	return proof{label: t.label, address: t.address, mirrors: mirrors, entries: h.calendars.entries(t.address)}
}

func (h *history) nothingLost(before []proof) {
	for _, p := range before {
		after := h.proofOf(h.trainer(p.label))
		if diff := cmp.Diff(p, after, cmp.AllowUnexported(proof{}, entry{})); diff != "" {
			h.t.Fatalf("P3: the calendar of %s could not be read, and something changed: %s", p.label, diff)
		}
	}
}

// switchedOff keeps the calendars that are no longer written to and where on_stop says
// keep: what was written there stays as it is (map-2).
func (h *history) switchedOff() map[string][]entry {
	kept := map[string][]entry{}
	for _, t := range h.trainers {
		if !t.push && !t.remove {
			kept[t.address] = h.calendars.entries(t.address)
		}
	}
	return kept
}

func (h *history) asItWas(kept map[string][]entry) {
	for address, before := range kept {
		if diff := cmp.Diff(before, h.calendars.entries(address), cmp.AllowUnexported(entry{})); diff != "" {
			h.t.Fatalf("map-2: nothing is pushed to %s any more, and something changed there: %s", address, diff)
		}
	}
}

// settle lets the trouble end: from any history, a few quiet runs lead to what the
// model says (P6), and then nothing is left to do (P1, P2, P8).
func (h *history) settle(t *rapid.T) {
	h.t = t
	for range 3 { // what was refused is tried again within a day
		h.sync(t)
		h.now = h.now.Add(hours(24))
	}
	h.sync(t)
	h.approve(t)
	h.sync(t)
	h.always(t)
	for _, who := range h.trainers {
		h.checkPushed(who)
		h.checkPulled(who)
	}
	h.checkQuiet()
	h.checkPrivate()
}

// checkPushed compares our items in the calendar with the model (P6, push-10).
func (h *history) checkPushed(who *trainer) {
	h.checkPushedBut(who, func(string) bool { return false })
}

// checkPushedBut is checkPushed where there may be more of some keys' items.
func (h *history) checkPushedBut(who *trainer, more func(key string) bool) {
	want := h.pushed(who)
	switch {
	case !who.push && !who.remove:
		return // what was written stays as it is (map-2)
	case !who.push:
		clear(want)
	}
	got := map[string][]shown{}
	for _, e := range h.calendars.entries(who.address) {
		if e.key != "" {
			got[e.key] = append(got[e.key], e.shown)
		}
	}
	h.checkFailed(who, got)
	for key, w := range want {
		right := 0
		for _, g := range got[key] {
			if cmp.Equal(g, w) {
				right++
			}
		}
		if right != 1 && (right == 0 || !more(key)) {
			h.t.Fatalf("P6, push-10: %s wants %s once as %+v, and has %+v", who.label, key, w, got[key])
		}
	}
	for key, items := range got {
		if _, wanted := want[key]; !wanted && !h.ended(who, key, items) && !h.copied[who.address+key] && !h.orphans[who.address+key] && !h.left(who, key) {
			h.t.Fatalf("push-8: %s has %s, which nobody wants: %+v", who.label, key, items)
		}
	}
}

// ended tells whether an item is over, or stands for what is over: then it is left as
// it is (push-14).
func (h *history) ended(who *trainer, key string, items []shown) bool {
	if !slices.ContainsFunc(items, func(s shown) bool { return s.End.After(h.now) }) {
		return true
	}
	id := courseOf(who, key)
	if c, ok := h.courses[id]; ok {
		return c.trainers[who.label] && !c.start.Add(hours(c.hours)).After(h.now)
	}
	b, ok := h.blocks[id]
	return ok && b.trainer == who.label && !b.start.Add(hours(b.hours)).After(h.now)
}

// courseOf is the id of the course, or of the unavailability, that a key is for.
func courseOf(who *trainer, key string) string {
	kind, id, _ := strings.Cut(strings.TrimPrefix(key, "northwind/"+who.label+"/"), "/")
	if kind == "session" {
		id, _, _ = strings.Cut(id, "/")
	}
	return id
}

// checkPulled compares what the platform shows, within the window, with the model.
func (h *history) checkPulled(who *trainer) {
	mirrors, err := h.gateway.mirrors(who.label)
	h.must(err)
	if !who.pull {
		for _, m := range mirrors {
			if who.remove && m.End.After(h.now) {
				h.t.Fatalf("map-2: of %s %+v is on the platform still", who.label, m)
			}
		}
		return
	}
	var got []shown
	for _, m := range mirrors {
		// A person's copy of our item is theirs and blocks time; the model leaves it out.
		if h.inWindow(m) && !ourText(m.Text) {
			got = append(got, m)
		}
	}
	slices.SortFunc(got, byTime)
	if diff := cmp.Diff(h.pulled(who), got); diff != "" {
		h.t.Fatalf("P6, pull-1: the platform shows something else of %s (-want +got): %s", who.label, diff)
	}
}

// checkQuiet is P1, P2 and P8.
func (h *history) checkQuiet() {
	plans, err := h.gateway.runner().Plan(context.Background(), job(h.model))
	h.must(err)
	for _, p := range plans {
		if p.Err != nil || !p.Plan.Empty() {
			h.t.Fatalf("P2: after a run there is a plan for %s: %+v, %v", p.Trainer, p.Plan, p.Err)
		}
	}
	clear(h.gateway.account.calls)
	run := h.run()
	for _, out := range run.Trainers {
		if out.Counts.Writes() > 0 || len(out.Steps) > 0 {
			h.t.Fatalf("P1: a run without a change wrote for %s: %+v", out.Trainer, out.Counts)
		}
	}
	calls := map[string]int{"Read": 1}
	if h.unmade() {
		calls["Find"] = 1 // whether it was made all the same
	}
	if diff := cmp.Diff(calls, h.gateway.account.calls); diff != "" && h.anyActive() {
		h.t.Fatalf("P8: a quiet run costs more than a read: %s", diff)
	}
	h.undisturbed(run)
}

// unmade tells whether an item was to be made of which nobody heard, and that cannot be
// made again while its template fails.
func (h *history) unmade() bool {
	for _, who := range h.trainers {
		memory := h.memory(who)
		for _, o := range memory.Owed {
			if who.push && o.Code == runner.CodeTemplateFailed && slices.ContainsFunc(memory.Links, func(l reconcile.Link) bool {
				return l.Key == o.Key && l.State == reconcile.LinkIntended
			}) {
				return true
			}
		}
	}
	return false
}

func (h *history) anyActive() bool {
	return slices.ContainsFunc(h.trainers, func(t *trainer) bool { return t.push || t.pull })
}

// checkPrivate is P7: what was always private is nowhere in the state.
func (h *history) checkPrivate() {
	for _, natives := range h.natives {
		for name, n := range natives {
			if !n.invisible {
				continue
			}
			kept, err := h.gateway.remembers(name)
			h.must(err)
			if kept {
				h.t.Fatalf("P7: the state holds the text of the private %q", name)
			}
		}
	}
}
