package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/reconcile"
)

// reasonWords are the reasons of steps and of what was left alone, in plain words.
var reasonWords = map[reconcile.Reason]string{
	reconcile.ReasonNew:               "new on the platform",
	reconcile.ReasonTriggered:         "changed on the platform",
	reconcile.ReasonDrift:             "edited in the calendar, restored",
	reconcile.ReasonDeletedInCalendar: "deleted in the calendar, restored",
	reconcile.ReasonOutcomeUnknown:    "the answer to an earlier attempt was lost",
	reconcile.ReasonMoved:             "the trainer has another calendar now",
	reconcile.ReasonNotWanted:         "no longer scheduled",
	reconcile.ReasonDuplicate:         "a second copy of ours",
	reconcile.ReasonAdopted:           "found again by its marker",
	reconcile.ReasonGone:              "gone already",
	reconcile.ReasonVersion:           "changed without a difference that matters",
	reconcile.ReasonInSync:            "in sync",
	reconcile.ReasonEnded:             "over, left as written",
	reconcile.ReasonAppeared:          "appeared in the calendar",
	reconcile.ReasonChanged:           "changed in the calendar",
	reconcile.ReasonVanished:          "deleted in the calendar",
	reconcile.ReasonFree:              "shown as free",
	reconcile.ReasonNotBlocking:       "in a state that does not block time here",
	reconcile.ReasonCancelled:         "called off by the organiser",
	reconcile.ReasonDeclined:          "declined by the trainer",
	reconcile.ReasonOutsideWindow:     "outside the window",
	reconcile.ReasonOwn:               "pushed by the gateway",
	reconcile.ReasonOtherInstallation: "another gateway's",
	reconcile.ReasonOrphan:            "ours, but nothing known wants it",
	reconcile.ReasonStopped:           "switched off, and on_stop says remove",
	reconcile.ReasonUnrendered:        "waiting for a template that works",
	reconcile.ReasonBackingOff:        "failed before, tried again later",
	reconcile.ReasonNotShown:          "appeared after the plan was shown",
	reconcile.ReasonDirection:         "not written in the trainer's direction",
	reconcile.ReasonNewIdentity:       "the same under another id",
	reconcile.ReasonResync:            "built afresh",
	reconcile.ReasonTakenOver:         "written by a former integration",
	reconcile.ReasonLookalike:         "like what a former integration wrote",
	reconcile.ReasonSecond:            "of a former integration, beside one of the gateway's own",
	reconcile.ReasonCopied:            "a copy that a person made of ours",
}

func inWords(r reconcile.Reason) string {
	if w, ok := reasonWords[r]; ok {
		return w
	}
	return strings.ReplaceAll(string(r), "_", " ")
}

// opSigns mark what a step does.
var opSigns = map[reconcile.Op]string{reconcile.OpCreate: "+", reconcile.OpUpdate: "~", reconcile.OpRemove: "-"}

// skippedWords lists counts by reason: "12 in sync, 3 shown as free".
func skippedWords(skipped map[reconcile.Reason]int) string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(skipped)) {
		parts = append(parts, fmt.Sprintf("%d %s", skipped[reason], inWords(reason)))
	}
	return strings.Join(parts, ", ")
}

// plural writes "1 trainer", "2 trainers".
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

const (
	dayForm  = "Mon 2 Jan 2006"
	timeForm = "15:04"
)

// span writes when something is, in loc: whole days by date, else with times.
func span(start, end time.Time, loc *time.Location) string {
	if start.IsZero() && end.IsZero() {
		return ""
	}
	start, end = start.In(loc), end.In(loc)
	zone := start.Format("MST")
	switch {
	case midnight(start) && midnight(end) && end.After(start):
		return days(start, end.AddDate(0, 0, -1))
	case start.Format(time.DateOnly) == end.Format(time.DateOnly):
		return fmt.Sprintf("%s %s-%s %s", start.Format(dayForm), start.Format(timeForm), end.Format(timeForm), zone)
	}
	return fmt.Sprintf("%s %s - %s %s %s", start.Format(dayForm), start.Format(timeForm), end.Format(dayForm), end.Format(timeForm), zone)
}

func days(first, last time.Time) string {
	if first.Format(time.DateOnly) == last.Format(time.DateOnly) {
		return first.Format(dayForm) + ", whole day"
	}
	return first.Format(dayForm) + " - " + last.Format(dayForm) + ", whole days"
}

func midnight(t time.Time) bool { return t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 }

// moment writes an instant for people; stored instants are shown in UTC.
func moment(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// size writes a number of bytes: "812 KiB", "31 GiB".
func size(bytes int64) string {
	units := []string{"KiB", "MiB", "GiB", "TiB"}
	n := float64(bytes) / 1024
	for len(units) > 1 && n >= 1024 {
		n, units = n/1024, units[1:]
	}
	return fmt.Sprintf("%.0f %s", n, units[0])
}

// ago writes how long something is past: "12s", "5m", "3h", "2d".
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(max(d, 0).Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}
