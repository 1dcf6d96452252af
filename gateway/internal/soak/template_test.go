package soak

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// title is an operator's template (push-4). It has no text for a course whose cost is
// unworkable, as that has no account.
var title = expression(`course.cost == "` + unworkable + `" ? course.exclusive_accounts[0] : "Training: ${course.cost} ${course.label}"`)

// away is one for unavailability (push-6). It has no text for what is described as
// unworkable.
var away = expression(`"Away: ${split(" ", unavailability.description)[1] == "` + unworkable + `" ? split(" ", "")[1] : unavailability.description}"`)

func expression(text string) hcl.Expression {
	expr, diags := hclsyntax.ParseExpression([]byte(text), "gateway.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		panic(diags)
	}
	return expr
}

func templatesOf(t *trainer) platform.Templates {
	if t.styled {
		return platform.Templates{Title: title, UnavailabilityTitle: away}
	}
	return platform.Templates{}
}

func drawCost(t *rapid.T) string {
	return rapid.SampledFrom([]string{"450", "900", unworkable}).Draw(t, "cost")
}

// drawReason is a description of an unavailability.
func (h *history) drawReason(t *rapid.T) string {
	return rapid.SampledFrom([]string{"Away briefly ", "Away briefly ", "Away " + unworkable + " "}).Draw(t, "reason") + h.fresh("")
}

// undisturbed holds that a run went well, but for those trainers who have something for
// which their template fails: they are told so, and of nothing else.
func (h *history) undisturbed(run store.Run) {
	failed := false
	h.failsOnly(run)
	for _, out := range run.Trainers {
		who := h.trainer(out.Trainer.Label)
		failed = failed || h.unrendered(who)
		if h.unrendered(who) != (out.Failing != nil) {
			h.t.Fatalf("push-4: that a template fails for %s is %v, and the run says %+v", out.Trainer, h.unrendered(who), out.Failing)
		}
	}
	if ok := run.State == store.RunOK; ok == failed {
		h.t.Fatalf("an undisturbed run is %s: %s", run.State, failures(run))
	}
}

// failsOnly holds that nothing but a template fails, and that for something which is
// wanted now.
func (h *history) failsOnly(run store.Run) {
	for _, out := range run.Trainers {
		if out.Failing != nil && (out.Failing.Code != runner.CodeTemplateFailed || !h.unrendered(h.trainer(out.Trainer.Label))) {
			h.t.Fatalf("an undisturbed run fails for %s: %+v", out.Trainer, *out.Failing)
		}
	}
}

// listen notes in which forms the gateway is told of what is to be pushed.
func (h *history) listen() {
	for _, who := range h.trainers {
		for key, s := range h.pushed(who) {
			if !slices.Contains(h.told[key], s) {
				h.told[key] = append(h.told[key], s)
			}
		}
	}
}

// checkFailed holds that an appointment for which the template fails is not there, or is
// as it was once meant to be (push-4, push-9).
func (h *history) checkFailed(who *trainer, got map[string][]shown) {
	for key := range got {
		if !h.left(who, key) || h.copied[who.address+key] || h.orphans[who.address+key] {
			continue
		}
		for _, s := range got[key] {
			if !slices.Contains(h.told[key], s) {
				h.t.Fatalf("push-4: a template fails for %s of %s, which never was %+v", key, who.label, s)
			}
		}
	}
}

// left reports whether an appointment is left as it is because its template fails.
func (h *history) left(who *trainer, key string) bool {
	id := courseOf(who, key)
	c, scheduled := h.courses[id]
	b, blocked := h.blocks[id]
	return (scheduled && c.trainers[who.label] && c.fails(who)) || (blocked && b.trainer == who.label && b.fails(who))
}
