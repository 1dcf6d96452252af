package soak

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// history is a model and a gateway that live through the same.
type history struct {
	*model
	t         *rapid.T
	calendars calendars
	gateway   *gateway
	// copied are the items of ours, by address and key, that somebody copied: what the
	// copies are is not ours to say (B5).
	copied map[string]bool
	// orphans are items, by address and key, that the gateway may no longer know why
	// it wrote: they are found and shown, and only a re-sync removes them.
	orphans map[string]bool
	// told are the forms, by trainer and key, in which the gateway was told of what is to
	// be pushed.
	told map[string][]shown
	// addresses are each trainer's mailboxes: of the start, and to move to.
	addresses map[string][]string
}

var begin = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// live makes a history over new calendars and lets it be as rapid wants it.
func live(tb testing.TB, t *rapid.T, kind func(testing.TB) calendars) {
	h := &history{model: newModel(begin), t: t, calendars: kind(tb), copied: map[string]bool{}, orphans: map[string]bool{}, told: map[string][]shown{}, addresses: map[string][]string{}}
	account := h.calendars.account(tb)
	defer account.Close() //nolint:errcheck // the calendars go with the test
	h.gateway = newGateway(tb, account, func() time.Time { return h.now })
	h.must(h.gateway.open())
	defer func() { h.must(h.gateway.close()) }()
	for _, label := range []string{"ana", "ben"} {
		h.addresses[label] = []string{h.calendars.add(), h.calendars.add()}
		for _, address := range h.addresses[label] {
			h.natives[address] = map[string]native{}
		}
		h.trainers = append(h.trainers, &trainer{label: label, address: h.addresses[label][0], push: true, pull: true, styled: label == "ben"})
	}
	t.Repeat(map[string]func(*rapid.T){
		"":                   h.always,
		"schedule a course":  h.schedule,
		"change a course":    h.changeCourse,
		"drop a course":      h.dropCourse,
		"block":              h.block,
		"add a native":       h.addNative,
		"change a native":    h.changeNative,
		"delete a native":    h.deleteNative,
		"delete many":        h.deleteMany,
		"meddle with ours":   h.meddle,
		"copy ours":          h.copyOurs,
		"change the mapping": h.changeMapping,
		"let time pass":      h.pass,
		"lose the state":     h.lose,
		"sync":               h.sync,
		"sync, disturbed":    h.syncDisturbed,
		"re-sync":            h.resync,
		"settle":             h.settle,
		"on_stop":            h.onStop,
		"split":              h.split,
		"a former item":      h.formerItem,
		"adopt":              h.adopt,
		"approve":            h.approve,
	})
	h.t = t
	h.settle(t)
}

func (h *history) must(err error) {
	if err != nil {
		h.t.Fatalf("the test itself failed: %v", err)
	}
}

// drawTime is an hour within the window and not over.
func (h *history) drawTime(t *rapid.T) time.Time {
	return begin.Add(time.Duration(rapid.IntRange(30, 300).Draw(t, "day"))*24*time.Hour +
		time.Duration(rapid.IntRange(0, 10).Draw(t, "hour"))*time.Hour)
}

func (h *history) schedule(t *rapid.T) {
	c := course{
		id: h.fresh("c"), name: h.fresh("Course "), start: h.drawTime(t), hours: rapid.IntRange(1, 30).Draw(t, "hours"), trainers: map[string]bool{}, cost: drawCost(t),
	}
	c.sessions = rapid.IntRange(0, min(2, c.hours)).Draw(t, "sessions")
	c.trainers["ana"], c.trainers["ben"] = rapid.Bool().Draw(t, "ana"), rapid.Bool().Draw(t, "ben")
	h.courses[c.id] = c
}

func (h *history) changeCourse(t *rapid.T) {
	c := h.courses[pick(t, "course", h.courses)]
	c.trainers = map[string]bool{"ana": c.trainers["ana"], "ben": c.trainers["ben"]}
	switch rapid.SampledFrom([]string{"move", "rename", "cancel", "cost", "ana", "ben"}).Draw(t, "what") {
	case "cost":
		c.cost = drawCost(t)
	case "move":
		c.start = h.drawTime(t)
	case "rename":
		c.name = h.fresh("Course ")
	case "cancel":
		c.cancelled = !c.cancelled
	case "ana":
		c.trainers["ana"] = !c.trainers["ana"]
	case "ben":
		c.trainers["ben"] = !c.trainers["ben"]
	}
	h.courses[c.id] = c
}

func (h *history) dropCourse(t *rapid.T) { delete(h.courses, pick(t, "course", h.courses)) }

// block makes, changes or ends an unavailability on the platform (push-6).
func (h *history) block(t *rapid.T) {
	b := block{id: h.fresh("u"), trainer: rapid.SampledFrom([]string{"ana", "ben"}).Draw(t, "trainer"), text: h.drawReason(t), start: h.drawTime(t), hours: 3}
	if len(h.blocks) > 0 && rapid.Bool().Draw(t, "known") {
		id := pick(t, "unavailability", h.blocks)
		if rapid.Bool().Draw(t, "end") {
			delete(h.blocks, id)
			return
		}
		b.id = id
	}
	h.blocks[b.id] = b
}

// pick draws a key of the map; where there is none, the action is not possible.
func pick[V any](t *rapid.T, label string, from map[string]V) string {
	if len(from) == 0 {
		t.Skip("there is none")
	}
	keys := make([]string, 0, len(from))
	for k := range from {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return rapid.SampledFrom(keys).Draw(t, label)
}

func (h *history) drawTrainer(t *rapid.T) *trainer {
	return rapid.SampledFrom(h.trainers).Draw(t, "trainer")
}

func (h *history) addNative(t *rapid.T) {
	n := native{
		name: h.fresh("native "), start: begin.Add(time.Duration(rapid.IntRange(-20*24, 420*24).Draw(t, "at")) * time.Hour),
		hours: rapid.IntRange(1, 40).Draw(t, "hours"), free: rapid.IntRange(0, 3).Draw(t, "free") == 0,
		private: rapid.Bool().Draw(t, "private"), weeks: rapid.SampledFrom([]int{1, 1, 1, 12}).Draw(t, "weeks"),
	}
	n.invisible = n.private
	h.keep(h.drawTrainer(t).address, n)
}

func (h *history) keep(address string, n native) {
	n.id = h.calendars.put(address, n)
	h.natives[address][n.name] = n
}

func (h *history) changeNative(t *rapid.T) {
	address := h.drawTrainer(t).address
	n := h.natives[address][pick(t, "native", h.natives[address])]
	switch rapid.SampledFrom([]string{"move", "free", "private", "same"}).Draw(t, "what") {
	case "move":
		n.start = n.start.Add(time.Duration(rapid.IntRange(-50, 50).Draw(t, "by")) * time.Hour)
	case "free":
		n.free = !n.free
	case "private":
		n.private, n.invisible = !n.private, false
	}
	h.keep(address, n)
}

func (h *history) deleteNative(t *rapid.T) {
	address := h.drawTrainer(t).address
	n := h.natives[address][pick(t, "native", h.natives[address])]
	h.calendars.remove(address, n.id)
	delete(h.natives[address], n.name)
}

// deleteMany is a trainer with a full calendar who empties it of what is theirs, but for
// the first few (A4): more at once than the guard lets go.
func (h *history) deleteMany(t *rapid.T) {
	address := h.drawTrainer(t).address
	for range 2 * guard.MaxRemovals {
		h.keep(address, native{name: h.fresh("native "), start: h.drawTime(t), hours: 1, weeks: 1})
	}
	h.sync(t)
	names := slices.Sorted(maps.Keys(h.natives[address]))
	for _, name := range names[rapid.IntRange(0, guard.MaxRemovals-1).Draw(t, "kept"):] {
		h.calendars.remove(address, h.natives[address][name].id)
		delete(h.natives[address], name)
	}
}

// ours draws an item of ours that is in a calendar.
func (h *history) ours(t *rapid.T) (address string, e entry) {
	address = h.drawTrainer(t).address
	var all []entry
	for _, e := range h.calendars.entries(address) {
		if e.key != "" {
			all = append(all, e)
		}
	}
	if len(all) == 0 {
		t.Skip("there is none")
	}
	return address, all[rapid.IntRange(0, len(all)-1).Draw(t, "ours")]
}

// meddle is a trainer who moves or deletes what we pushed (push-9).
func (h *history) meddle(t *rapid.T) {
	address, e := h.ours(t)
	if rapid.Bool().Draw(t, "delete") {
		h.calendars.remove(address, e.id)
	} else {
		h.calendars.move(address, e.id, h.drawTime(t))
	}
}

// copyOurs is a trainer who copies what we pushed, in place or to another time (B5).
func (h *history) copyOurs(t *rapid.T) {
	address, e := h.ours(t)
	start := e.Start
	if rapid.Bool().Draw(t, "elsewhere") {
		start = h.drawTime(t)
	}
	h.calendars.copy(address, e.id, start)
	h.copied[address+e.key] = true
}

// changeMapping is an operator at work (map-2, map-5).
func (h *history) changeMapping(t *rapid.T) {
	who := h.drawTrainer(t)
	switch rapid.SampledFrom([]string{"push", "pull", "both", "neither", "mailbox"}).Draw(t, "what") {
	case "push":
		who.push = !who.push
	case "pull":
		who.pull = !who.pull
	case "both":
		who.push, who.pull = true, true
	case "neither":
		who.push, who.pull = false, false
	case "mailbox":
		h.orphan(who)
		who.address = h.addresses[who.label][rapid.IntRange(0, 1).Draw(t, "which")]
	}
}

func (h *history) pass(t *rapid.T) {
	h.now = h.now.Add(time.Duration(rapid.IntRange(1, 24*10).Draw(t, "hours")) * time.Hour)
}

// lose is a lost state: the platform tells everything again (B3).
func (h *history) lose(*rapid.T) {
	h.must(h.gateway.lose())
	for _, who := range h.trainers {
		h.orphan(who)
	}
}

// orphan notes what lies in the trainer's calendars.
func (h *history) orphan(who *trainer) {
	for _, address := range h.addresses[who.label] {
		for _, e := range h.calendars.entries(address) {
			h.orphans[address+e.key] = true
		}
	}
}

// resync builds everything afresh, or by difference, at times in a process that dies
// (resync-1).
func (h *history) resync(t *rapid.T) {
	kind := rapid.SampledFrom([]runner.Kind{runner.Resync, runner.ResyncInPlace}).Draw(t, "kind")
	h.gateway.account.disturbance = &disturbance{crashAt: rapid.SampledFrom([]int{0, 0, 3, 6, 9}).Draw(t, "step")}
	crashes := h.gateway.account.crashAt > 0
	run := h.runKind(kind)
	h.gateway.account.disturbance = &disturbance{}
	if crashes {
		h.must(h.gateway.close())
		h.must(h.gateway.open())
		return
	}
	h.undisturbed(run)
}

func (h *history) run() store.Run { return h.runKind(runner.Sync) }

func (h *history) runKind(kind runner.Kind) store.Run {
	h.must(h.gateway.tell(h.model))
	h.listen()
	j := job(h.model)
	j.Kind = kind
	run, err := h.gateway.runner().Run(context.Background(), j)
	if err != nil {
		h.t.Fatalf("the run could not be recorded: %v", err)
	}
	return run
}

func (h *history) sync(t *rapid.T) {
	*h.gateway.account.disturbance = disturbance{}
	before, kept := h.held(), h.switchedOff()
	h.undisturbed(h.run())
	h.guarded(before)
	h.asItWas(kept)
	h.goesOn()
}

func failures(run store.Run) string {
	text := run.Message
	for _, t := range run.Trainers {
		if t.Failing != nil {
			text += fmt.Sprintf(" %s: %+v", t.Trainer, *t.Failing)
		}
	}
	return text
}

func (h *history) syncDisturbed(t *rapid.T) {
	d := &disturbance{
		unreadable: map[string]bool{}, failCalls: map[string]bool{},
		shuffle: rapid.Uint64().Draw(t, "shuffle"), twice: rapid.Bool().Draw(t, "twice"),
	}
	switch rapid.SampledFrom([]string{"order", "read", "call", "refuse", "answer", "crash"}).Draw(t, "fault") {
	case "read":
		d.unreadable[h.drawTrainer(t).address] = true
	case "call":
		d.failCalls[rapid.SampledFrom([]string{"Read", "Find", "Get", "Write"}).Draw(t, "call")] = true
	case "refuse":
		d.refuse = rapid.IntRange(1, 4).Draw(t, "each")
	case "answer":
		d.lose = rapid.IntRange(1, 4).Draw(t, "each")
	case "crash":
		d.crashAt = rapid.IntRange(1, 15).Draw(t, "step")
	}
	h.gateway.account.disturbance = d
	before, held := h.failing(d), h.held()
	h.run()
	h.nothingLost(before)
	h.guarded(held)
	h.gateway.account.disturbance = &disturbance{}
	if d.crashAt > 0 { // the next process starts
		h.must(h.gateway.close())
		h.must(h.gateway.open())
	}
}
