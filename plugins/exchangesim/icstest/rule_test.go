package icstest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// recurrence translates an RRULE into Exchange's words. The error says what Exchange
// has no word for: then the occurrences are single items.
func recurrence(rule map[string]string, start stamp) (*world.Recurrence, error) {
	p, err := pattern(rule, start.Time)
	if err != nil {
		return nil, err
	}
	r := world.Recurrence{Pattern: p, Range: world.Range{Start: world.DateOf(start.Time)}}
	if count := rule["COUNT"]; count != "" {
		if r.Range.Count, err = strconv.Atoi(count); err != nil {
			return nil, fmt.Errorf("COUNT=%s: %w", count, err)
		}
	}
	if until := rule["UNTIL"]; until != "" {
		r.Range.End, err = lastDay(until, start)
	}
	return &r, err
}

// pattern translates all of an RRULE but its end.
func pattern(rule map[string]string, start time.Time) (world.Pattern, error) {
	for name := range rule {
		if !strings.Contains(" FREQ INTERVAL COUNT UNTIL WKST BYDAY BYMONTH BYMONTHDAY ", " "+name+" ") {
			return world.Pattern{}, fmt.Errorf("no pattern has %s", name)
		}
	}
	p := world.Pattern{Interval: 1, FirstDayOfWeek: time.Monday}
	if n := rule["INTERVAL"]; n != "" {
		var err error
		if p.Interval, err = strconv.Atoi(n); err != nil {
			return p, fmt.Errorf("INTERVAL=%s: %w", n, err)
		}
	}
	if day, ok := weekdays[rule["WKST"]]; ok {
		p.FirstDayOfWeek = day
	}
	err := ofKind(&p, rule, start)
	return p, err
}

// ofKind fills in the kind of a pattern and what belongs to it.
func ofKind(p *world.Pattern, rule map[string]string, start time.Time) error {
	days, monthDay, month := rule["BYDAY"], rule["BYMONTHDAY"], rule["BYMONTH"]
	switch freq := rule["FREQ"]; {
	case freq == "DAILY" && days+monthDay+month == "":
		p.Kind = world.Daily
		return nil
	case freq == "WEEKLY" && monthDay+month == "":
		p.Kind = world.Weekly
		return weekly(p, days, start)
	case freq == "MONTHLY" && month == "":
		return monthly(p, days, monthDay, start, world.RelativeMonthly, world.AbsoluteMonthly)
	case freq == "YEARLY":
		p.Month = start.Month()
		if month != "" && month != strconv.Itoa(int(start.Month())) || month == "" && days != "" {
			return fmt.Errorf("no pattern has BYMONTH=%s in a year from %v", month, start.Month())
		}
		return monthly(p, days, monthDay, start, world.RelativeYearly, world.AbsoluteYearly)
	default:
		return fmt.Errorf("no pattern for FREQ=%s;BYDAY=%s;BYMONTHDAY=%s;BYMONTH=%s", freq, days, monthDay, month)
	}
}

func weekly(p *world.Pattern, days string, start time.Time) error {
	if days == "" {
		p.Days = []time.Weekday{start.Weekday()}
		return nil
	}
	for _, name := range strings.Split(days, ",") {
		day, ok := weekdays[name]
		if !ok {
			return fmt.Errorf("no weekly pattern has BYDAY=%s", days)
		}
		p.Days = append(p.Days, day)
	}
	return nil
}

// monthly fills in the day of a month: the nth of a weekday, or a date.
func monthly(p *world.Pattern, days, monthDay string, start time.Time, relative, absolute world.PatternKind) error {
	if days == "" {
		p.Kind, p.DayOfMonth = absolute, start.Day()
		if monthDay != "" && monthDay != strconv.Itoa(start.Day()) {
			return fmt.Errorf("no pattern has BYMONTHDAY=%s from day %d", monthDay, start.Day())
		}
		if p.DayOfMonth > 28 {
			return fmt.Errorf("day %d is skipped in a shorter month, Exchange takes the last", p.DayOfMonth)
		}
		return nil
	}
	p.Kind = relative
	cut := len(days) - 2
	if cut < 1 || monthDay != "" {
		return fmt.Errorf("no pattern has BYDAY=%s;BYMONTHDAY=%s", days, monthDay)
	}
	nth, err := strconv.Atoi(days[:cut])
	day, known := weekdays[days[cut:]]
	if nth == -1 {
		nth = world.LastWeek
	} else if nth < 1 || nth > 4 {
		known = false
	}
	if err != nil || !known {
		return fmt.Errorf("no pattern has BYDAY=%s", days)
	}
	p.Index, p.Days = nth, []time.Weekday{day}
	return nil
}

var weekdays = map[string]time.Weekday{
	"MO": time.Monday, "TU": time.Tuesday, "WE": time.Wednesday, "TH": time.Thursday,
	"FR": time.Friday, "SA": time.Saturday, "SU": time.Sunday,
}

// lastDay translates UNTIL, an instant, into the last day of the pattern: Exchange's
// ranges end by day. Against a day, only UNTIL's own day counts, as it is written, and
// against a floating time its wall clock.
func lastDay(until string, start stamp) (world.Date, error) {
	if start.date && len(until) >= 8 {
		until = until[:8]
	}
	if start.floating {
		until = strings.TrimSuffix(until, "Z")
	}
	var last time.Time
	var err error
	switch {
	case len(until) == 8:
		last, err = time.ParseInLocation("20060102", until, start.Location())
	case strings.HasSuffix(until, "Z"):
		last, err = time.Parse("20060102T150405Z", until)
	default:
		last, err = time.ParseInLocation("20060102T150405", until, start.Location())
	}
	if err != nil {
		return world.Date{}, fmt.Errorf("UNTIL=%s: %w", until, err)
	}
	day := world.DateOf(last.In(start.Location()))
	if day.At(start.Time, start.Location()).After(last) {
		day = day.AddDays(-1)
	}
	return day, nil
}
