package soak

import (
	"context"
	"slices"
	"strings"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

func (h *history) memory(who *trainer) store.Trainer {
	memory, err := h.gateway.store.Trainer(context.Background(), platform.TrainerID{Provider: "northwind", Label: who.label})
	h.must(err)
	return memory
}

// held is what waits for an approval, by trainer.
func (h *history) held() map[string][]reconcile.Mirror {
	all := map[string][]reconcile.Mirror{}
	for _, who := range h.trainers {
		for _, m := range h.memory(who).Mirrors {
			if m.Held {
				all[who.label] = append(all[who.label], m)
			}
		}
	}
	return all
}

// guarded is hold-1: what was held before a run that nobody approved is there after it.
func (h *history) guarded(before map[string][]reconcile.Mirror) {
	for _, who := range h.trainers {
		if who.remove && !who.pull {
			continue // the operator says that it goes (map-2)
		}
		after := h.memory(who).Mirrors
		for _, m := range before[who.label] {
			there := slices.ContainsFunc(after, func(a reconcile.Mirror) bool { return a.ID == m.ID })
			if !there && !ourText(m.Description) && !h.turnedFree(who, m) {
				h.t.Fatalf("hold-1: %s lost what waits for approval: %+v", who.label, m)
			}
		}
	}
}

// turnedFree reports whether what was held may be an item that is seen again, and free
// by now: then the calendar itself says that it takes no time (pull-2).
func (h *history) turnedFree(who *trainer, m reconcile.Mirror) bool {
	for name, n := range h.natives[who.address] {
		if n.free && (m.Private || strings.TrimSpace(m.Description) == name) {
			return true
		}
	}
	return false
}

// ourText reports whether a text is of our items, which people copy.
func ourText(text string) bool {
	return strings.Contains(text, "Training: ") || strings.HasPrefix(text, "Away")
}

// goesOn is the other half of hold-1: whatever is held, all else is as it should be after
// a run that went well.
func (h *history) goesOn() {
	for _, who := range h.trainers {
		memory := h.memory(who)
		owed := func(o store.Owed) bool { return o.Code != runner.CodeTemplateFailed }
		if !slices.ContainsFunc(memory.Owed, owed) {
			// Where only our own items are read, a copy shows with the day's full read (B5).
			h.checkPushedBut(who, func(key string) bool { return !who.pull && h.copied[who.address+key] })
		}
		if !who.pull {
			continue
		}
		want := h.pulled(who)
		for _, m := range memory.Mirrors {
			start, end := m.When.Span(london)
			s := shown{Text: strings.TrimSpace(m.Description), Start: start.UTC(), End: end.UTC()}
			at := slices.Index(want, s)
			switch {
			case at >= 0:
				want = slices.Delete(want, at, at+1)
			case h.inWindow(s) && !m.Held && !ourText(s.Text):
				h.t.Fatalf("hold-1, pull-1: the platform shows of %s what is not there and not held: %+v", who.label, m)
			}
		}
		if len(want) > 0 {
			h.t.Fatalf("hold-1, pull-1: of %s the platform does not show %+v", who.label, want)
		}
	}
}
