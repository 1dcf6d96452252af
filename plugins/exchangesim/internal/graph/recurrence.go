package graph

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// weekNames are the values of a pattern's index, in order.
var weekNames = []string{"first", "second", "third", "fourth", "last"}

// recurrence answers a master's recurrence.
func recurrence(it world.Item) any {
	if it.Recurrence == nil {
		return nil
	}
	p, r := it.Recurrence.Pattern, it.Recurrence.Range
	days := make([]string, 0, len(p.Days))
	for _, d := range p.Days {
		days = append(days, strings.ToLower(d.String()))
	}
	kind := "noEnd"
	end := "0001-01-01"
	switch {
	case r.Count > 0:
		kind = "numbered"
	case !r.End.IsZero():
		kind, end = "endDate", r.End.String()
	}
	return map[string]any{
		"pattern": map[string]any{
			"type": string(p.Kind), "interval": p.Interval, "month": int(p.Month), "dayOfMonth": p.DayOfMonth,
			"daysOfWeek": days, "firstDayOfWeek": strings.ToLower(p.FirstDayOfWeek.String()),
			"index": weekNames[max(p.Index, 1)-1],
		},
		"range": map[string]any{
			"type": kind, "startDate": r.Start.String(), "endDate": end,
			"numberOfOccurrences": r.Count, "recurrenceTimeZone": it.StartZone,
		},
	}
}

// recurrenceJSON is a recurrence as clients send it.
type recurrenceJSON struct {
	Pattern *struct {
		Type           string   `json:"type"`
		Interval       int      `json:"interval"`
		Month          int      `json:"month"`
		DayOfMonth     int      `json:"dayOfMonth"`
		DaysOfWeek     []string `json:"daysOfWeek"`
		FirstDayOfWeek string   `json:"firstDayOfWeek"`
		Index          string   `json:"index"`
	} `json:"pattern"`
	Range *struct {
		Type                string `json:"type"`
		StartDate           string `json:"startDate"`
		EndDate             string `json:"endDate"`
		NumberOfOccurrences int    `json:"numberOfOccurrences"`
		RecurrenceTimeZone  string `json:"recurrenceTimeZone"`
	} `json:"range"`
}

var patternKinds = []world.PatternKind{
	world.Daily, world.Weekly, world.AbsoluteMonthly, world.RelativeMonthly, world.AbsoluteYearly, world.RelativeYearly,
}

// setRecurrence reads a recurrence; null ends the series.
func (d *draft) setRecurrence(data json.RawMessage) error {
	var in *recurrenceJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	if in == nil {
		d.Recurrence = nil
		return nil
	}
	if in.Pattern == nil || in.Range == nil {
		return badRequest("A recurrence needs a pattern and a range.")
	}
	pattern, err := in.pattern()
	if err != nil {
		return err
	}
	bounds, err := in.bounds()
	if err != nil {
		return err
	}
	d.Recurrence = &world.Recurrence{Pattern: pattern, Range: bounds}
	return nil
}

func (in *recurrenceJSON) pattern() (p world.Pattern, err error) {
	if p.Kind, err = enum(in.Pattern.Type, patternKinds...); err != nil {
		return p, err
	}
	if p.Interval = in.Pattern.Interval; p.Interval < 1 {
		return p, badRequest("The interval of a recurrence must be at least 1.")
	}
	for _, name := range in.Pattern.DaysOfWeek {
		d, err := weekday(name)
		if err != nil {
			return p, err
		}
		p.Days = append(p.Days, d)
	}
	if name := in.Pattern.FirstDayOfWeek; name != "" {
		if p.FirstDayOfWeek, err = weekday(name); err != nil {
			return p, err
		}
	}
	p.DayOfMonth, p.Month, p.Index = in.Pattern.DayOfMonth, time.Month(in.Pattern.Month), 1
	if name := in.Pattern.Index; name != "" {
		p.Index = slices.Index(weekNames, strings.ToLower(name)) + 1
	}
	return p, nil
}

func (in *recurrenceJSON) bounds() (r world.Range, err error) {
	kind, err := enum(in.Range.Type, "noEnd", "endDate", "numbered")
	if err != nil {
		return r, err
	}
	if r.Start, err = world.ParseDate(in.Range.StartDate); err != nil {
		return r, badRequest("The startDate of a recurrence's range is required.")
	}
	switch kind {
	case "endDate":
		if r.End, err = world.ParseDate(in.Range.EndDate); err != nil {
			return r, badRequest("The endDate of a recurrence's range is required.")
		}
	case "numbered":
		if r.Count = in.Range.NumberOfOccurrences; r.Count < 1 {
			return r, badRequest("The numberOfOccurrences of a recurrence must be at least 1.")
		}
	}
	return r, nil
}

func weekday(name string) (time.Weekday, error) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(d.String(), name) {
			return d, nil
		}
	}
	return 0, badRequest("'%s' is no day of the week.", name)
}
