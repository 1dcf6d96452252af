package ews

import (
	"strconv"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// Limits of GetUserAvailability.
const (
	maxAvailabilityMailboxes = 100
	maxAvailabilityDays      = 42
	maxAvailabilityEvents    = 1000
)

// availabilityView is what a GetUserAvailability asks about each mailbox.
type availabilityView struct {
	start, end       time.Time
	interval         time.Duration
	merged, detailed bool
	name             string
	rules            biasRules
}

// getUserAvailability answers free/busy times. Its answer has no ResponseMessages
// and its times are in the zone that the request describes by rules.
func getUserAvailability(c *call, e *element) *node {
	list := el("m:FreeBusyResponseArray")
	view, bad := readAvailabilityView(e)
	if c.refusal != nil {
		bad = c.refusal
	}
	boxes := e.first("MailboxDataArray").elements()
	if len(boxes) > maxAvailabilityMailboxes {
		bad = fail("ErrorMailboxDataArrayTooBig", "There are too many mailboxes in the request.")
	}
	for _, data := range boxes {
		events, f := []world.Item(nil), bad
		var t target
		if f == nil {
			t, events, f = c.busy(data, view)
		}
		answer := el("m:FreeBusyResponse")
		if f != nil {
			answer.add(failed("m:ResponseMessage", f))
		} else {
			answer.add(success("m:ResponseMessage"), view.node(t, events))
		}
		list.add(answer)
	}
	return el("m:GetUserAvailabilityResponse", list)
}

func (c *call) busy(data *element, view availabilityView) (target, []world.Item, *failure) {
	t, f := c.open(data.first("Email").value("Address"))
	if f == errNoMailbox {
		return t, nil, fail("ErrorMailRecipientNotFound", "The e-mail address was not found.")
	}
	if f != nil {
		// Free/busy times are visible to everybody in an organisation, details are not.
		return t, nil, fail("ErrorNoFreeBusyAccess", "The caller has no permission to view free/busy information.")
	}
	events := t.box.View(view.start, view.end, false)
	if len(events) > maxAvailabilityEvents {
		return t, nil, fail("ErrorResultSetTooBig", "The result set contains too many calendar entries.")
	}
	return t, events, nil
}

func readAvailabilityView(e *element) (availabilityView, *failure) {
	options := e.first("FreeBusyViewOptions")
	v := availabilityView{name: options.value("RequestedView"), rules: readBiasRules(e.first("TimeZone"))}
	v.detailed = strings.HasPrefix(v.name, "Detailed")
	v.merged = strings.HasPrefix(v.name, "Merged") || strings.HasSuffix(v.name, "Merged")
	window := options.first("TimeWindow")
	start, err := parseDateTime(window.value("StartTime"))
	end, err2 := parseDateTime(window.value("EndTime"))
	if err != nil || err2 != nil {
		return v, fail("ErrorInvalidTimeInterval", "The time window is invalid.")
	}
	v.start, v.end = v.rules.instant(start), v.rules.instant(end)
	minutes, _ := strconv.Atoi(options.value("MergedFreeBusyIntervalInMinutes"))
	v.interval = time.Duration(minutes) * time.Minute
	switch {
	case !v.start.Before(v.end):
		return v, fail("ErrorInvalidTimeInterval", "The time window ends before it starts.")
	case v.end.Sub(v.start) > maxAvailabilityDays*24*time.Hour:
		return v, fail("ErrorTimeIntervalTooBig", "The time window is longer than the server allows.")
	case v.merged && (minutes < 5 || minutes > 1440):
		return v, fail("ErrorInvalidMergedFreeBusyInterval", "The merged free/busy interval must be from 5 to 1440 minutes.")
	}
	return v, nil
}

func (v availabilityView) node(t target, events []world.Item) *node {
	n := el("m:FreeBusyView", textEl("t:FreeBusyViewType", v.name))
	if v.merged {
		n.add(textEl("t:MergedFreeBusy", v.digits(events)))
	}
	if v.name == "MergedOnly" {
		return n
	}
	array := el("t:CalendarEventArray")
	for _, it := range events {
		array.add(v.eventNode(t, it))
	}
	return n.add(array)
}

func (v availabilityView) eventNode(t target, it world.Item) *node {
	n := el("t:CalendarEvent", textEl("t:StartTime", v.rules.write(it.Start)), textEl("t:EndTime", v.rules.write(it.End)),
		textEl("t:BusyType", freeBusy.toWire(it.ShowAs)))
	if !v.detailed {
		return n
	}
	details := el("t:CalendarEventDetails")
	private := it.Sensitivity == world.Private
	if !t.hides(it) {
		details.add(textEl("t:ID", strings.ToUpper(strconv.FormatInt(int64(it.Item), 16))),
			textEl("t:Subject", it.Subject), textEl("t:Location", it.Location))
	}
	details.add(boolEl("t:IsMeeting", it.Meeting()), boolEl("t:IsRecurring", it.Type == world.Occurrence || it.Type == world.Exception),
		boolEl("t:IsException", it.Type == world.Exception), boolEl("t:IsReminderSet", it.Reminder.On), boolEl("t:IsPrivate", private))
	return n.add(details)
}

// busyDigits are how MergedFreeBusy writes a state; the greatest of an interval wins.
var busyDigits = map[world.ShowAs]byte{
	world.Free: '0', world.Tentative: '1', world.Busy: '2', world.OutOfOffice: '3', world.WorkingElsewhere: '4',
}

// digits is the merged view: one digit an interval.
func (v availabilityView) digits(events []world.Item) string {
	var out []byte
	for at := v.start; at.Before(v.end); at = at.Add(v.interval) {
		digit := byte('0')
		for _, it := range events {
			if it.Start.Before(at.Add(v.interval)) && it.End.After(at) {
				digit = max(digit, busyDigits[it.ShowAs])
			}
		}
		out = append(out, digit)
	}
	return string(out)
}

// biasRules are a SerializableTimeZone: minutes to add to local time to get UTC, and
// when in the year which bias holds.
type biasRules struct {
	bias               int
	standard, daylight biasTime
}

// biasTime is one half of the year: its further bias, and when it begins.
type biasTime struct {
	bias, month, order int
	weekday            time.Weekday
	hour, minute       int
}

// readBiasRules reads a SerializableTimeZone. A half whose month or order is none has
// no beginning.
func readBiasRules(e *element) biasRules {
	number := func(e *element, name string) int { n, _ := strconv.Atoi(e.value(name)); return n }
	half := func(e *element) biasTime {
		t := biasTime{bias: number(e, "Bias"), month: number(e, "Month"), order: number(e, "DayOrder")}
		if t.month < 1 || t.month > 12 || t.order < 1 || t.order > 5 {
			t.month = 0
		}
		t.weekday, _ = readWeekday(e.value("DayOfWeek"))
		if clock, err := time.Parse("15:04:05", e.value("Time")); err == nil {
			t.hour, t.minute = clock.Hour(), clock.Minute()
		}
		return t
	}
	return biasRules{bias: number(e, "Bias"), standard: half(e.first("StandardTime")), daylight: half(e.first("DaylightTime"))}
}

// begins is the wall clock at which a half of the year begins.
func (b biasTime) begins(year int) time.Time {
	first := time.Date(year, time.Month(b.month), 1, b.hour, b.minute, 0, 0, time.UTC)
	day := first.AddDate(0, 0, (int(b.weekday)-int(first.Weekday())+7)%7+7*(b.order-1))
	for day.Month() != time.Month(b.month) {
		day = day.AddDate(0, 0, -7)
	}
	return day
}

// at is the bias that holds at a wall clock. Rules without months have no summer.
func (r biasRules) at(wall time.Time) int {
	if r.standard.month == 0 || r.daylight.month == 0 {
		return r.bias + r.standard.bias
	}
	standard, daylight := r.standard.begins(wall.Year()), r.daylight.begins(wall.Year())
	summer := !wall.Before(daylight) && wall.Before(standard)
	if standard.Before(daylight) {
		summer = !wall.Before(daylight) || wall.Before(standard)
	}
	if summer {
		return r.bias + r.daylight.bias
	}
	return r.bias + r.standard.bias
}

func (r biasRules) instant(t wireTime) time.Time {
	if t.instant {
		return t.time
	}
	return t.time.Add(time.Duration(r.at(t.time)) * time.Minute)
}

// write gives an instant as the wall clock of the rules, without an offset.
func (r biasRules) write(t time.Time) string {
	wall := t.UTC().Add(-time.Duration(r.bias) * time.Minute)
	wall = t.UTC().Add(-time.Duration(r.at(wall)) * time.Minute)
	return wall.Format("2006-01-02T15:04:05")
}
