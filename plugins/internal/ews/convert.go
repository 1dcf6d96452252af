package ews

import (
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/winzone"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

var utc = time.UTC

// View says how items are to be shown to the gateway.
type View struct {
	// Zone is the zone of the mailbox's owner; whole days without a usable zone of
	// their own are read in it. Nil means UTC.
	Zone   *time.Location
	Detail sdk.Detail
	// Own are items the gateway wrote, as far as it knows.
	Own map[calendar.ItemID]bool
	// Whole: the items were fetched whole; otherwise they come from a list, which
	// has no bodies and cuts strings.
	Whole bool
}

// Calendar turns an item into the contract's. Text of the owner's that must not
// leave is dropped here: all of it where an item is not of normal sensitivity, and
// what Detail does not ask for. The gateway's own items, by id or by marker, keep
// theirs: it is the gateway's text. An item without times is an error.
func (i Item) Calendar(view View) (calendar.Item, error) {
	if i.ItemID.ID == "" || i.Start == nil || i.End == nil {
		return calendar.Item{}, sdk.CodeBadAnswer.New("an item came without its id or its times")
	}
	item := calendar.Item{
		ID:        calendar.ItemID(i.ItemID.ID),
		Version:   i.ItemID.ChangeKey,
		SeriesID:  i.series(),
		Cancelled: i.Cancelled,
		Declined:  i.MyResponse == "Decline",
	}
	if marker, err := calendar.ParseMarker(i.MarkerText()); err == nil {
		item.Marker = &marker
	}
	item.When = i.when(view.Zone)
	item.ShowAs = showAsFromEWS(i.FreeBusy)
	item.Sensitivity = sensitivityFromEWS(i.Sensitivity)
	i.text(&item, view)
	return item, nil
}

// Invited reports whether the item is a meeting that somebody else called, and to which
// the mailbox's owner is invited.
func (i Item) Invited() bool {
	switch i.MyResponse {
	case "Accept", "Decline", "Tentative", "NoResponseReceived":
		return true
	}
	return false
}

// text fills in what may be shown of the item's text.
func (i Item) text(item *calendar.Item, view View) {
	own := item.Marker != nil || view.Own[item.ID]
	if !own && (item.Sensitivity.Private() || view.Detail == sdk.DetailBusy) {
		return
	}
	item.Subject = calendar.Cut(i.Subject, calendar.MaxSubjectBytes)
	if own {
		item.Location = calendar.Cut(i.Location, calendar.MaxLocationBytes)
	}
	if !own && view.Detail != sdk.DetailFull {
		return
	}
	item.Incomplete = !view.Whole
	if i.Body != nil {
		item.Body = calendar.Cut(plainText(*i.Body), calendar.MaxBodyBytes)
	}
}

// plainText has \n between lines and no white space at its end: Exchange ends a
// text body with a line of its own.
func plainText(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.TrimRight(strings.ReplaceAll(s, "\r", "\n"), " \t\n")
}

// series is what the occurrences of a series have in common. FindItem does not tell
// the master's id, but all occurrences share the UID.
func (i Item) series() calendar.ItemID {
	if i.Type == "Occurrence" || i.Type == "Exception" {
		return calendar.ItemID(i.UID)
	}
	return ""
}

// when is the item's time. An end before the start, which some clients manage to
// store, is taken as no length at all (D10).
func (i Item) when(owner *time.Location) calendar.When {
	start, end := i.Start.Time, i.End.Time
	if end.Before(start) {
		end = start
	}
	name, _ := winzone.ToIANA(i.zoneID())
	if !i.AllDay {
		return calendar.When{Start: start, End: end, TimeZone: name}
	}
	clock := i.dayClock(owner)
	first, last := calendar.DateOf(clock(start)), calendar.DateOf(clock(end))
	if !midnight(clock(end)) || last == first {
		last = last.AddDays(1)
	}
	return calendar.When{AllDay: true, FirstDay: first, EndDay: last, TimeZone: name}
}

// ZoneUnknown reports whether the days of a whole-day item cannot be told for sure: they
// are days in the zone it was made in, of which neither the rules nor a known name came
// with it. Lists have names alone; [Client.GetItems] tells the rules.
func (i Item) ZoneUnknown() bool {
	if !i.AllDay || i.Start == nil {
		return false
	}
	if _, err := winzone.Load(i.zoneID()); err == nil {
		return false
	}
	_, ruled := i.StartTimeZone.rulesAt(i.Start.Time)
	return !ruled
}

// TakeZone takes over the zone that another answer tells of the same item.
func (i *Item) TakeZone(from Item) { i.StartTimeZone = from.StartTimeZone }

// dayClock puts instants on the clock by which a whole-day item begins at midnight: that
// of the zone it was made in, by name or by the rules that came with it, else the
// owner's. EWS gives the instants of those midnights, so the days are right in that zone
// only (D4). Where none fits, the zone it was made in counts, if it has rules (D7).
func (i Item) dayClock(owner *time.Location) func(time.Time) time.Time {
	if owner == nil {
		owner = utc
	}
	clocks := []func(time.Time) time.Time{in(owner), in(utc)}
	if made, err := winzone.Load(i.zoneID()); err == nil {
		clocks = slices.Insert(clocks, 0, in(made))
	} else if r, ruled := i.StartTimeZone.rulesAt(i.Start.Time); ruled {
		clocks = slices.Insert(clocks, 0, r.in)
	}
	for _, clock := range clocks {
		if midnight(clock(i.Start.Time)) {
			return clock
		}
	}
	return clocks[0]
}

func in(loc *time.Location) func(time.Time) time.Time {
	return func(t time.Time) time.Time { return t.In(loc) }
}

// midnight reports whether a clock shows the beginning of its day: 00:00, or what comes
// first where summer time begins at midnight.
func midnight(t time.Time) bool {
	return t.Equal(calendar.DateOf(t).In(t.Location()))
}

// freeBusy pairs the values of LegacyFreeBusyStatus with the contract's.
var freeBusy = map[string]calendar.ShowAs{
	"Free":             calendar.ShowAsFree,
	"Tentative":        calendar.ShowAsTentative,
	"Busy":             calendar.ShowAsBusy,
	"OOF":              calendar.ShowAsOutOfOffice,
	"WorkingElsewhere": calendar.ShowAsWorkingElsewhere,
	"NoData":           calendar.ShowAsUnknown,
}

func showAsFromEWS(s string) calendar.ShowAs {
	if v, known := freeBusy[strings.TrimSpace(s)]; known {
		return v
	}
	return calendar.ShowAsUnknown
}

// showAsToEWS writes a state; an unknown one blocks the time, to be safe.
func showAsToEWS(v calendar.ShowAs) string {
	for text, known := range freeBusy {
		if known == v && v != calendar.ShowAsUnknown {
			return text
		}
	}
	return "Busy"
}

// sensitivities pairs the values of Sensitivity with the contract's.
var sensitivities = map[string]calendar.Sensitivity{
	"Normal":       calendar.SensitivityNormal,
	"Personal":     calendar.SensitivityPersonal,
	"Private":      calendar.SensitivityPrivate,
	"Confidential": calendar.SensitivityConfidential,
}

// sensitivityFromEWS reads a sensitivity; a missing or unknown one counts as
// private.
func sensitivityFromEWS(s string) calendar.Sensitivity {
	if v, known := sensitivities[strings.TrimSpace(s)]; known {
		return v
	}
	return calendar.SensitivityPrivate
}

// sensitivityToEWS writes a sensitivity; an unknown one as private, to be safe.
func sensitivityToEWS(v calendar.Sensitivity) string {
	for text, known := range sensitivities {
		if known == v {
			return text
		}
	}
	return "Private"
}
