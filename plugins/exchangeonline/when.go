package exchangeonline

import (
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/winzone"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// localForm is Graph's dateTime as written: local, to the second.
const localForm = "2006-01-02T15:04:05"

// localForms are Graph's dateTimes as read: with seven digits of a second or fewer,
// and on some pages of the documentation without seconds.
var localForms = []string{"2006-01-02T15:04:05.9999999", "2006-01-02T15:04"}

// instant reads a time of an answer. Times are asked for in UTC; a server that
// names another zone is believed.
func (g *graphTime) instant() (time.Time, *sdk.Error) {
	if g == nil {
		return time.Time{}, badAnswer("an event without its time")
	}
	loc := time.UTC
	local, isUTC := strings.CutSuffix(g.DateTime, "Z")
	if !isUTC && g.TimeZone != "" && !strings.EqualFold(g.TimeZone, "UTC") {
		var err error
		if loc, err = winzone.Load(g.TimeZone); err != nil {
			return time.Time{}, badAnswer("a time in an unknown zone")
		}
	}
	for _, form := range localForms {
		if t, err := time.ParseInLocation(form, local, loc); err == nil {
			return t, nil
		}
	}
	return time.Time{}, badAnswer("a time that is none")
}

// when reads an event's time. allDay and zone are those of the event, or of its
// series for a stub; mailboxZone reads whole days where the event names no zone.
func (e *event) when(allDay bool, zone string, mailboxZone *time.Location) (calendar.When, *sdk.Error) {
	start, err := e.Start.instant()
	if err != nil {
		return calendar.When{}, err
	}
	end, err := e.End.instant()
	if err != nil {
		return calendar.When{}, err
	}
	if end.Before(start) {
		end = start
	}
	if !allDay {
		return calendar.When{Start: start.UTC(), End: end.UTC(), TimeZone: ianaName(zone)}, nil
	}
	return wholeDays(start, end, zone, mailboxZone), nil
}

// wholeDays reads an all-day event by date. Exchange shows it as midnights of
// whatever zone it answers in; where the answer's times are no midnights, it moved
// the true ones to UTC, and the event's own zone brings them back.
func wholeDays(start, end time.Time, zone string, mailboxZone *time.Location) calendar.When {
	if !midnight(start) || !midnight(end) {
		loc, err := winzone.Load(zone)
		if err != nil {
			loc = mailboxZone
		}
		start, end = start.In(loc), end.In(loc)
	}
	w := calendar.When{AllDay: true, FirstDay: nearestDay(start), EndDay: nearestDay(end), TimeZone: ianaName(zone)}
	if !w.FirstDay.Before(w.EndDay) {
		w.EndDay = w.FirstDay.AddDays(1)
	}
	return w
}

func midnight(t time.Time) bool {
	h, m, s := t.Clock()
	return h == 0 && m == 0 && s == 0
}

// nearestDay is the day that begins at the midnight nearest to t: a day whose first
// hour the zone skips begins at one o'clock.
func nearestDay(t time.Time) calendar.Date {
	d := calendar.DateOf(t)
	if t.Hour() >= 12 {
		return d.AddDays(1)
	}
	return d
}

// ianaName translates the name of an event's zone; empty when it says nothing, such
// as tzone://Microsoft/Custom.
func ianaName(zone string) string {
	if name, ok := winzone.ToIANA(zone); ok {
		return name
	}
	if loc, err := winzone.Load(zone); err == nil && strings.Contains(loc.String(), "/") {
		return loc.String()
	}
	return ""
}

// mailboxLocation is the zone of a mailbox's trainer, UTC when the host named none
// that is known.
func mailboxLocation(m sdk.Mailbox) *time.Location {
	if loc, err := winzone.Load(m.TimeZone); err == nil {
		return loc
	}
	return time.UTC
}

// written is an appointment's time as Graph takes it: start, end and zones always
// together, because a zone alone moves the event.
type written struct {
	start, end graphTime
	allDay     bool
}

// writeWhen writes a time. Timed appointments get the wall clock of their zone,
// under its Windows name, which every mailbox knows; what cannot be said so — a zone
// without that name, an hour that the autumn clock shows twice — goes in UTC. Whole days
// belong to the trainer's zone: made in another one they spill over midnight.
func writeWhen(w calendar.When, mailbox sdk.Mailbox) written {
	if w.AllDay {
		zone, _ := windowsZone(or(mailbox.TimeZone, w.TimeZone))
		last := w.EndDay
		if !w.FirstDay.Before(last) {
			last = w.FirstDay.AddDays(1)
		}
		return written{allDay: true, start: midnightOf(w.FirstDay, zone), end: midnightOf(last, zone)}
	}
	end := laterOf(w)
	zone, loc := windowsZone(or(w.TimeZone, mailbox.TimeZone))
	if !says(w.Start, loc) || !says(end, loc) {
		zone, loc = "UTC", time.UTC
	}
	return written{start: localTime(w.Start, zone, loc), end: localTime(end, zone, loc)}
}

// laterOf is the end of a timed appointment, or its start where the end lies before it.
func laterOf(w calendar.When) time.Time {
	if w.End.Before(w.Start) {
		return w.Start
	}
	return w.End
}

// windowsZone is the Windows name of a zone and its rules, UTC when it has none.
func windowsZone(iana string) (string, *time.Location) {
	name, ok := winzone.ToWindows(iana)
	if !ok {
		return "UTC", time.UTC
	}
	loc, err := winzone.Load(iana)
	if err != nil {
		return "UTC", time.UTC
	}
	return name, loc
}

// says reports whether the wall clock of loc names the instant and no other.
func says(t time.Time, loc *time.Location) bool {
	t = t.Truncate(time.Second)
	read, err := time.ParseInLocation(localForm, t.In(loc).Format(localForm), loc)
	if err != nil || !read.Equal(t) {
		return false
	}
	// The later of two equal readings is as unclear as the earlier: which of them a
	// reader takes is its own choice.
	for _, other := range []time.Time{t.Add(time.Hour), t.Add(-time.Hour)} {
		if other.In(loc).Format(localForm) == t.In(loc).Format(localForm) {
			return false
		}
	}
	return true
}

func localTime(t time.Time, zone string, loc *time.Location) graphTime {
	return graphTime{DateTime: t.In(loc).Format(localForm), TimeZone: zone}
}

func midnightOf(d calendar.Date, zone string) graphTime {
	return graphTime{DateTime: d.String() + "T00:00:00", TimeZone: zone}
}
