package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

// names are what keys and trainers in a report stand for.
type names struct {
	// courses are the labels of courses by "provider/course/id".
	courses map[string]string
	// trainers are the mappings by "provider/label".
	trainers map[string]config.Trainer
	// pilots are the providers where nothing is written.
	pilots map[string]bool
}

func namesOf(cfg *config.Config, courses map[string]string) names {
	n := names{courses: courses, trainers: map[string]config.Trainer{}, pilots: map[string]bool{}}
	for _, p := range cfg.Providers {
		n.pilots[p.Name] = p.Pilot
		for _, t := range p.Trainers {
			n.trainers[t.ID.String()] = t
		}
	}
	return n
}

// zone is the trainer's own; UTC for one that is no longer configured.
func (n names) zone(t platform.TrainerID) *time.Location {
	if known, ok := n.trainers[t.String()]; ok {
		return known.TimeZone
	}
	return time.UTC
}

// item names one of our items: `course 4711 "Go basics"`. The key of another kind of
// thing is shown as it is.
func (n names) item(t platform.TrainerID, key string) string {
	what, ok := strings.CutPrefix(key, t.String()+"/")
	if !ok {
		return key
	}
	what = strings.Replace(what, "/", " ", 1)
	if label := n.label(t, key); label != "" {
		what += fmt.Sprintf(" %q", label)
	}
	return what
}

// label is the course's that a key stands for; empty for anything else.
func (n names) label(t platform.TrainerID, key string) string {
	what, _ := strings.CutPrefix(key, t.String()+"/")
	return n.courses[t.Provider+"/"+what]
}

// writer keeps the first error of many writes.
type writer struct {
	out io.Writer
	err error
}

func (w *writer) printf(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.out, format, args...)
	}
}

// accountCodes are errors of a whole account: they are said once (auth-4).
var accountCodes = map[sdk.Code]bool{
	sdk.CodeCredentials: true, sdk.CodeMethodNotOffered: true, sdk.CodeAccountBlocked: true, sdk.CodeInvalidSettings: true,
	sdk.CodePluginDied: true,
}

// said holds, by account and trouble, the trainer with whom it was said.
type said map[string]string

// failing writes why a trainer is not in sync and what to do. Trouble that several
// trainers of an account have is told in full with the first of them only.
func (s said) failing(w *writer, indent, account, trainer string, f *store.Failing) {
	key := account + f.Code + f.Message
	switch first, told := s[key]; {
	case told && accountCodes[sdk.Code(f.Code)]:
		w.printf("%sfailing: the account, see above (%s)\n", indent, f.Code)
		return
	case told:
		w.printf("%sfailing: the same as %s (%s)\n", indent, first, f.Code)
		return
	}
	s[key] = trainer
	w.printf("%sfailing: %s (%s)\n", indent, f.Message, f.Code)
	if f.Advice != "" {
		w.printf("%swhat to do: %s\n", indent, f.Advice)
	}
}

// printRun writes a run: per trainer what was pushed, pulled and skipped and why,
// what happened, and the totals.
func printRun(out io.Writer, run store.Run, n names) error {
	w, told := &writer{out: out}, said{}
	for _, t := range byName(run.Trainers) {
		printTrainer(w, t, n, told)
	}
	if len(run.Events) > 0 {
		w.printf("events\n")
	}
	for _, e := range run.Events {
		w.printf("  %s %s\n", e.Time.UTC().Format("15:04:05"), e.Text)
	}
	printTotals(w, run)
	return w.err
}

// byName sorts what a run recorded in the order its trainers were done.
func byName(trainers []store.RunTrainer) []store.RunTrainer {
	return slices.SortedStableFunc(slices.Values(trainers), func(a, b store.RunTrainer) int {
		return cmp.Compare(a.Trainer.String(), b.Trainer.String())
	})
}

func printTrainer(w *writer, t store.RunTrainer, n names, told said) {
	w.printf("%s\n", heading(t.Trainer, n))
	loc := n.zone(t.Trainer)
	pushed, pulled := "pushed  ", "pulled  "
	if t.Pilot {
		pushed, pulled = "would push", "would pull"
		w.printf("  a pilot: nothing was written\n")
	}
	for _, s := range t.Steps {
		if s.Direction == store.Push {
			w.printf("  %s %s %s, %s: %s%s\n", pushed, opSigns[s.Op], n.item(t.Trainer, s.Item), span(s.Start, s.End, loc), inWords(s.Reason), failed(s))
		}
	}
	printPulled(w, pulled, t.Steps, loc)
	if len(t.Skipped) > 0 {
		w.printf("  skipped  %s\n", skippedWords(t.Skipped))
	}
	printHeld(w, t.Trainer, t.Held, n)
	if t.Paused != nil {
		w.printf("  paused   %s\n", pausedWords(*t.Paused))
		return
	}
	if t.Failing != nil {
		told.failing(w, "  ", t.Trainer.Provider+"/"+n.trainers[t.Trainer.String()].Service, t.Trainer.String(), t.Failing)
		w.printf("  since %s, %s, %s\n", moment(t.Failing.Since), tries(t.Failing.Attempts), nextWords(t.Failing))
	} else if len(t.Steps) == 0 && len(t.Skipped) == 0 && len(t.Held) == 0 {
		w.printf("  nothing to do\n")
	}
}

// nextWords say when something that failed is tried again.
func nextWords(f *store.Failing) string {
	switch {
	case f.Code == string(sdk.CodeCredentials):
		return "not tried again by itself"
	case !f.Next.IsZero():
		return "next after " + moment(f.Next)
	}
	return "next with the next run"
}

// pulledShown is how many alike pulled steps are listed before the rest is counted: a
// series has an occurrence a week, and the JSON form lists them all.
const pulledShown = 5

// printPulled lists what was pulled by time, those of one kind together.
func printPulled(w *writer, verb string, steps []store.RunStep, loc *time.Location) {
	type kind struct{ sign, why string }
	var kinds []kind
	pulled := map[kind][]store.RunStep{}
	for _, s := range steps {
		if s.Direction != store.Pull {
			continue
		}
		k := kind{opSigns[s.Op], inWords(s.Reason) + failed(s)}
		if pulled[k] == nil {
			kinds = append(kinds, k)
		}
		pulled[k] = append(pulled[k], s)
	}
	for _, k := range kinds {
		alike := pulled[k]
		slices.SortStableFunc(alike, func(a, b store.RunStep) int { return a.Start.Compare(b.Start) })
		for _, s := range alike[:min(len(alike), pulledShown)] {
			w.printf("  %s %s %s: %s\n", verb, k.sign, span(s.Start, s.End, loc), k.why)
		}
		if more := len(alike) - pulledShown; more > 0 {
			last := alike[len(alike)-1]
			w.printf("  %s %s and %d more until %s: %s\n", verb, k.sign, more, span(last.Start, last.End, loc), k.why)
		}
	}
}

func failed(s store.RunStep) string {
	if s.Failed == "" {
		return ""
	}
	return " (failed: " + s.Failed + ")"
}

// heading names a trainer, with the calendar that is meant.
func heading(t platform.TrainerID, n names) string {
	known, ok := n.trainers[t.String()]
	if !ok {
		return t.String() + " (no longer configured)"
	}
	parts := []string{t.String()}
	if known.Name != "" {
		parts = append(parts, known.Name)
	}
	parts = append(parts, known.Service, string(known.Direction))
	if n.pilot(t) {
		parts = append(parts, "pilot")
	}
	return strings.Join(parts, ", ")
}

func printTotals(w *writer, run store.Run) {
	c := app.Totals(run)
	failing, paused := 0, 0
	for _, t := range run.Trainers {
		switch t.State {
		case store.RunOK:
		case store.RunPaused:
			paused++
		default:
			failing++
		}
	}
	w.printf("\npushed %d created, %d updated, %d removed; pulled %d created, %d updated, %d removed: %s\n",
		c.PushCreated, c.PushUpdated, c.PushRemoved, c.PullCreated, c.PullUpdated, c.PullRemoved, plural(c.Writes(), "write"))
	if c.Missed > 0 {
		w.printf("%s were found by the daily full read: the calendar had not told of them before\n", plural(c.Missed, "missed change"))
	}
	left := ""
	if paused > 0 {
		left = fmt.Sprintf("%d paused, ", paused)
	}
	w.printf("run %s %s: %s, %d failing, %s%s\n", run.ID, stateWords[run.State], plural(len(run.Trainers), "trainer"), failing, left, took(run))
	if run.Message != "" {
		w.printf("%s\n", run.Message)
	}
	w.printf("see how: gateway trace %s\n", run.ID)
}

var stateWords = map[store.RunState]string{
	store.RunRunning: "is running", store.RunOK: "ok", store.RunPartial: "partly failed", store.RunFailed: "failed",
	store.RunAborted: "was interrupted: its process ended before it did", store.RunCanceled: "was aborted",
}

func took(run store.Run) string {
	if run.Finished.IsZero() {
		return "not finished"
	}
	return run.Finished.Sub(run.Started).Round(time.Millisecond).String()
}

// failingOfError is an error in the form that trainers' troubles are printed in.
func failingOfError(err *sdk.Error) *store.Failing {
	f := &store.Failing{Code: string(err.Code), Message: err.Message, Advice: err.Advice}
	if err.Detail != "" {
		f.Message += " (" + err.Detail + ")"
	}
	return f
}
