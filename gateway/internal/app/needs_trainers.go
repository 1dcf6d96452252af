package app

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/trainercal/trainercal/sdk"
)

// trouble is what some trainers of an account have in common.
type trouble struct {
	kind    NeedKind
	account string
	code    string
}

func (o Overview) trainerNeeds() []Need {
	var kinds []trouble
	members := map[trouble][]Mapping{}
	for _, m := range o.Mappings {
		for _, t := range o.troubles(m) {
			if members[t] == nil {
				kinds = append(kinds, t)
			}
			members[t] = append(members[t], m)
		}
	}
	slices.SortStableFunc(kinds, func(a, b trouble) int { return cmp.Compare(rank(a.kind), rank(b.kind)) })
	var out []Need
	for _, t := range kinds {
		out = append(out, t.need(members[t]))
	}
	return out
}

// troubles are those of one trainer.
func (o Overview) troubles(m Mapping) (all []trouble) {
	if m.Held > 0 && m.Health != Paused {
		all = append(all, trouble{kind: NeedApproval, account: m.Account})
	}
	kinds := map[Health]NeedKind{Failing: NeedFailing, Stale: NeedStale, Unknown: NeedUnknown}
	if kind, is := kinds[m.Health]; is && !o.fails(m.Account) {
		all = append(all, trouble{kind, m.Account, m.FailingCode})
	}
	return all
}

func rank(k NeedKind) int {
	return slices.Index([]NeedKind{NeedFailing, NeedStale, NeedUnknown, NeedApproval}, k)
}

func (t trouble) need(members []Mapping) Need {
	n := Need{Kind: t.kind, About: t.account}
	held := 0
	for _, m := range members {
		n.Trainers = append(n.Trainers, m.Trainer.String())
		held += m.Held
		since := m.Proven
		if t.kind == NeedFailing {
			since = m.FailingSince
		}
		if t.kind != NeedApproval && !since.IsZero() && (n.Since.IsZero() || since.Before(n.Since)) {
			n.Since = since.UTC()
		}
	}
	who := fmt.Sprintf("%s of %s", counted(len(members), "trainer"), t.account)
	first := n.Trainers[0]
	switch t.kind {
	case NeedFailing:
		n.Text, n.Advice = fmt.Sprintf("%s cannot be synchronised (%s): %s", who, t.code, few(members)), "what is told of each trainer says what to do"
	case NeedStale:
		n.Text, n.Advice = fmt.Sprintf("%s not proven in sync for three intervals: %s", who, few(members)), "gateway sync --trainer "+first+" tries one now"
	case NeedUnknown:
		n.Text, n.Advice = fmt.Sprintf("%s never proven in sync: %s", who, few(members)),
			"wait for the first run, or make it with gateway sync; gateway verify --trainer "+first+" says what is in the way"
	default:
		n.Text, n.Advice = fmt.Sprintf("%s wait for approval, of %s: %s", counted(held, "removal"), who, few(members)), "gateway approve "+first+" shows them and lets them go"
	}
	return n
}

// few names some trainers, and counts the rest.
func few(members []Mapping) string {
	const most = 3
	var names []string
	for _, m := range members[:min(len(members), most)] {
		names = append(names, m.Trainer.Label)
	}
	text := strings.Join(names, ", ")
	if more := len(members) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// watchNeeds leaves out what mends itself, and servers that notify nobody: there, the
// interval is all there is.
func (o Overview) watchNeeds() []Need {
	type reason struct{ account, code, text string }
	var order []reason
	by := map[reason]*Need{}
	for _, m := range o.Mappings {
		w := m.Watch
		if w == nil || w.Watched || w.Code == "" || w.Code == string(sdk.CodeUnsupported) || sdk.Code(w.Code).Transient() || m.Health == Failing || o.fails(m.Account) {
			continue
		}
		r := reason{m.Account, w.Code, w.Reason}
		if by[r] == nil {
			order = append(order, r)
			by[r] = &Need{Kind: NeedWatch, About: m.Account, Since: w.Since.UTC(), Advice: "mend what it says; until then changes are seen at the interval"}
		}
		by[r].Trainers = append(by[r].Trainers, m.Trainer.String())
		if w.Since.Before(by[r].Since) {
			by[r].Since = w.Since.UTC()
		}
	}
	var out []Need
	for _, r := range order {
		n := *by[r]
		n.Text = fmt.Sprintf("%s of %s not watched: %s (%s)", counted(len(n.Trainers), "calendar"), r.account, r.text, r.code)
		out = append(out, n)
	}
	return out
}
