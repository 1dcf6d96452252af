package runner

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

func titles(t *testing.T, text string) platform.Templates {
	t.Helper()
	expr, diags := hclsyntax.ParseExpression([]byte(text), "gateway.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return platform.Templates{Title: expr}
}

// TestTemplateChange holds push-4, push-9 and push-13: another template renders what is
// triggered after it; what was pushed before stays, and is restored as it was.
func TestTemplateChange(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	first := r.course("1", 3, "ana")
	r.course("2", 4, "ana")
	r.synced()
	r.target("ana").Render.Templates = titles(t, `"Course ${course.label}"`)
	if got := outcome(t, r.synced(), "ana").Counts.Writes(); got != 0 {
		t.Errorf("push-13: a changed template alone writes %d times", got)
	}
	first.Cost = "450" // a trigger that shows nowhere
	r.give(first)
	for _, i := range r.items("ana") {
		if i.Marker.Key != course1 {
			r.calendar.Remove(r.target("ana").Mailbox.Address, string(i.ID))
		}
	}
	r.synced()
	want := map[string][]string{course1: {"Course Course 1"}, "northwind/ana/course/2": {"Training: Course 2"}}
	if diff := cmp.Diff(want, r.own("ana")); diff != "" {
		t.Errorf("push-9, push-12: %s", diff)
	}
}

// TestTemplateFailureIsIsolated holds push-4: a template that fails for one course leaves
// that course as it is and says where it failed; the others, and everything pulled, go on.
func TestTemplateFailureIsIsolated(t *testing.T) {
	t.Parallel()
	const key2 = "northwind/ana/course/2"
	r := newRig(t, "ana", "ben")
	ana := r.target("ana")
	// The second of two accounts is there for course 2 alone.
	ana.Render.Templates = titles(t, `course.external_id == "x" ? course.exclusive_accounts[1] : "Training: ${course.label}"`)
	r.course("1", 3, "ana", "ben")
	c := r.course("2", 4, "ana", "ben")
	r.synced()
	c.ExternalID, c.Cost = "x", "450"
	r.give(c)
	r.course("3", 5, "ana", "ben")
	r.native("ana", "Dentist", 3)
	for range 2 {
		run := r.run()
		out := outcome(t, run, "ana")
		if out.State != store.RunFailed || out.Failing.Code != CodeTemplateFailed || out.Skipped[reconcile.ReasonUnrendered] != 1 {
			t.Errorf("ana: %s %+v %v", out.State, out.Failing, out.Skipped)
		}
		if m := out.Failing.Message; !strings.Contains(m, "course/2") || !strings.Contains(m, "gateway.hcl:1:54") || strings.Contains(m, c.Name) {
			t.Errorf("message %q", m)
		}
		if outcome(t, run, "ben").State != store.RunOK {
			t.Errorf("ben: %+v", outcome(t, run, "ben"))
		}
	}
	want := map[string][]string{course1: {"Training: Course 1"}, key2: {"Training: Course 2"}, "northwind/ana/course/3": {"Training: Course 3"}}
	if diff := cmp.Diff(want, r.own("ana")); diff != "" || len(r.pulled("ana")) != 1 {
		t.Errorf("%s, pulled %v", diff, r.pulled("ana"))
	}
	if owed := r.memory("ana").Owed; len(owed) != 1 || owed[0].Key != key2 || owed[0].Attempts != 2 || !owed[0].Since.Equal(noon) {
		t.Errorf("owed: %+v", owed)
	}
	c.ExclusiveAccounts = []string{"acme", "umbrella"}
	r.give(c)
	r.synced()
	if got := r.own("ana")[key2]; cmp.Diff([]string{"umbrella"}, got) != "" || len(r.memory("ana").Owed) > 0 {
		t.Errorf("rendered as %v, owed %+v", got, r.memory("ana").Owed)
	}
}
