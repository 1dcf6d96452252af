package ews

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// zoneDefinition is a time zone as a whole item tells it (t:TimeZoneDefinitionType): an id
// and, where nobody knows the id, as of "Customized Time Zone", the rules themselves.
type zoneDefinition struct {
	ID      string `xml:"Id,attr"`
	Periods []struct {
		ID   string `xml:"Id,attr"`
		Bias string `xml:"Bias,attr"`
	} `xml:"Periods>Period"`
	Groups []struct {
		ID          string       `xml:"Id,attr"`
		Transitions []transition `xml:",any"`
	} `xml:"TransitionsGroups>TransitionsGroup"`
	// Transitions say which group holds from when on.
	Transitions struct {
		List []transition `xml:",any"`
	} `xml:"Transitions"`
}

// transition is a change to a period or a group: at a moment (AbsoluteDateTransition), on a
// day of every year (RecurringDateTransition, RecurringDayTransition), or from the
// beginning (Transition).
type transition struct {
	To         string `xml:"To"`
	DateTime   string `xml:"DateTime"`
	TimeOffset string `xml:"TimeOffset"`
	Month      int    `xml:"Month"`
	Day        int    `xml:"Day"`
	DayOfWeek  string `xml:"DayOfWeek"`
	// Occurrence is which DayOfWeek of the month, -1 for the last.
	Occurrence int `xml:"Occurrence"`
}

// rules are a zone's rules, ready to be asked.
type rules struct {
	// yearly are the changes of a year, empty for a zone whose clocks never change.
	yearly []yearlyChange
	// fixed is the offset of such a zone.
	fixed time.Duration
}

// yearlyChange is a change that comes every year.
type yearlyChange struct {
	transition
	// after is the day's time at which the clocks change, by the clock before.
	after time.Duration
	// offset is how far east the zone is from then on.
	offset time.Duration
}

// maxTransitions bounds how many transitions of a zone are looked at.
const maxTransitions = 1000

// rulesAt are the rules that hold at an instant; ok is false where the definition has
// none that can be read.
func (z zoneDefinition) rulesAt(at time.Time) (r rules, ok bool) {
	group := z.groupAt(at)
	for _, g := range z.Groups {
		if g.ID == group && len(g.Transitions) > 0 && len(g.Transitions) <= maxTransitions {
			return z.read(g.Transitions)
		}
	}
	if len(z.Groups) == 0 && len(z.Periods) == 1 {
		r.fixed, ok = z.offset(z.Periods[0].ID)
		return r, ok
	}
	return rules{}, false
}

// groupAt is the group of transitions that holds at an instant: that of the last
// transition before it.
func (z zoneDefinition) groupAt(at time.Time) string {
	group, since := "", time.Time{}
	for _, t := range z.Transitions.List {
		// Moments of transitions are by some clock of the zone; a day more or less does not
		// matter, as zones change their rules years apart.
		from, err := time.Parse("2006-01-02T15:04:05", strings.TrimSuffix(t.DateTime, "Z"))
		switch {
		case t.DateTime == "" && group == "":
			group = strings.TrimSpace(t.To)
		case t.DateTime != "" && err == nil && !from.After(at) && !from.Before(since):
			group, since = strings.TrimSpace(t.To), from
		}
	}
	return group
}

func (z zoneDefinition) read(list []transition) (r rules, ok bool) {
	for _, t := range list {
		offset, known := z.offset(strings.TrimSpace(t.To))
		if !known {
			return rules{}, false
		}
		if t.Month == 0 {
			r.fixed = offset
			continue
		}
		after, known := parseDuration(t.TimeOffset)
		if !known || t.Month < 1 || t.Month > 12 || t.DayOfWeek != "" && !isWeekday(t.DayOfWeek) {
			return rules{}, false
		}
		r.yearly = append(r.yearly, yearlyChange{transition: t, after: after, offset: offset})
	}
	return r, true
}

// offset is how far east of Greenwich a period is. A bias is what is added to the zone's
// time to get UTC.
func (z zoneDefinition) offset(period string) (time.Duration, bool) {
	for _, p := range z.Periods {
		if p.ID == period {
			bias, ok := parseDuration(p.Bias)
			return -bias, ok && bias.Abs() <= 24*time.Hour
		}
	}
	return 0, false
}

// in puts an instant on the zone's clock.
func (r rules) in(at time.Time) time.Time {
	type jump struct {
		wall   time.Time
		offset time.Duration
	}
	var jumps []jump
	for year := at.UTC().Year() - 1; year <= at.UTC().Year()+1; year++ {
		for _, c := range r.yearly {
			jumps = append(jumps, jump{c.wall(year), c.offset})
		}
	}
	slices.SortFunc(jumps, func(a, b jump) int { return a.wall.Compare(b.wall) })
	offset := r.fixed
	for i, j := range jumps {
		before := jumps[max(i-1, 0)].offset
		if j.wall.Add(-before).After(at) {
			break
		}
		offset = j.offset
	}
	return at.In(time.FixedZone("", int(offset/time.Second)))
}

// wall is the clock at which the change comes in a year, as if it were UTC.
func (c yearlyChange) wall(year int) time.Time {
	first := time.Date(year, time.Month(c.Month), 1, 0, 0, 0, 0, utc)
	last := first.AddDate(0, 1, -1)
	day := first.AddDate(0, 0, min(max(c.Day, 1), last.Day())-1)
	switch {
	case c.DayOfWeek != "" && c.Occurrence < 0:
		day = last.AddDate(0, 0, -int(last.Weekday()-weekdays[c.DayOfWeek]+7)%7)
	case c.DayOfWeek != "":
		day = first.AddDate(0, 0, int(weekdays[c.DayOfWeek]-first.Weekday()+7)%7+7*(max(c.Occurrence, 1)-1))
	}
	return day.Add(c.after)
}

var weekdays = map[string]time.Weekday{
	"Sunday": time.Sunday, "Monday": time.Monday, "Tuesday": time.Tuesday, "Wednesday": time.Wednesday,
	"Thursday": time.Thursday, "Friday": time.Friday, "Saturday": time.Saturday,
}

func isWeekday(name string) bool {
	_, known := weekdays[name]
	return known
}

// durationForm is xs:duration without years and months, as servers write biases.
var durationForm = regexp.MustCompile(`^(-?)P(?:(\d{1,3})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,6})M)?(?:(\d{1,8})(?:\.\d+)?S)?)?$`)

// parseDuration reads an xs:duration such as -PT60M.
func parseDuration(s string) (time.Duration, bool) {
	m := durationForm.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return 0, false
	}
	var d time.Duration
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi(m[i+2])
		d += time.Duration(n) * unit
	}
	if m[1] == "-" {
		d = -d
	}
	return d, true
}
