package ews

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// indexWords are DayOfWeekIndex by the world's index of a relative pattern.
var indexWords = []string{"", "First", "Second", "Third", "Fourth", "Last"}

// dayGroups are the words for several days at once, which only relative patterns use.
var dayGroups = map[string][]time.Weekday{
	"Day":        {time.Sunday, time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday},
	"Weekday":    {time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday},
	"WeekendDay": {time.Sunday, time.Saturday},
}

func showRecurrence(name string, v *itemView) *node {
	r := v.item.Recurrence
	if r == nil {
		return nil
	}
	return el("t:"+name, patternNode(r.Pattern), rangeNode(r.Range, v.item.Start))
}

func patternNode(p world.Pattern) *node {
	interval := intEl("t:Interval", max(p.Interval, 1))
	switch p.Kind {
	case world.Weekly:
		return el("t:WeeklyRecurrence", interval, textEl("t:DaysOfWeek", dayWords(p.Days)),
			textEl("t:FirstDayOfWeek", p.FirstDayOfWeek.String()))
	case world.AbsoluteMonthly:
		return el("t:AbsoluteMonthlyRecurrence", interval, intEl("t:DayOfMonth", p.DayOfMonth))
	case world.RelativeMonthly:
		return el("t:RelativeMonthlyRecurrence", interval, textEl("t:DaysOfWeek", groupWord(p.Days)),
			textEl("t:DayOfWeekIndex", indexWords[p.Index]))
	case world.AbsoluteYearly:
		return el("t:AbsoluteYearlyRecurrence", intEl("t:DayOfMonth", p.DayOfMonth), textEl("t:Month", p.Month.String()))
	case world.RelativeYearly:
		return el("t:RelativeYearlyRecurrence", textEl("t:DaysOfWeek", groupWord(p.Days)),
			textEl("t:DayOfWeekIndex", indexWords[p.Index]), textEl("t:Month", p.Month.String()))
	default:
		return el("t:DailyRecurrence", interval)
	}
}

func dayWords(days []time.Weekday) string {
	words := make([]string, len(days))
	for i, d := range days {
		words[i] = d.String()
	}
	return strings.Join(words, " ")
}

// groupWord is the one word a relative pattern may hold.
func groupWord(days []time.Weekday) string {
	sorted := slices.Sorted(slices.Values(days))
	for word, group := range dayGroups {
		if slices.Equal(slices.Sorted(slices.Values(group)), sorted) {
			return word
		}
	}
	return dayWords(days[:min(len(days), 1)])
}

// rangeNode writes dates with the offset of the series' zone, as Exchange does.
func rangeNode(r world.Range, start time.Time) *node {
	first := r.Start
	if first.IsZero() {
		first = world.DateOf(start)
	}
	day := func(d world.Date) string { return d.At(start, start.Location()).Format("2006-01-02Z07:00") }
	switch {
	case r.Count > 0:
		return el("t:NumberedRecurrence", textEl("t:StartDate", day(first)), intEl("t:NumberOfOccurrences", r.Count))
	case !r.End.IsZero():
		return el("t:EndDateRecurrence", textEl("t:StartDate", day(first)), textEl("t:EndDate", day(r.End)))
	default:
		return el("t:NoEndRecurrence", textEl("t:StartDate", day(first)))
	}
}

// errRecurrence is a pattern that passes the schema and makes no sense.
var errRecurrence = fail("ErrorCalendarInvalidRecurrence", "The recurrence is invalid.")

func setRecurrence(d *draft, e *element) *failure {
	pattern, bounds := e.children[0], e.children[1]
	p, f := readPattern(pattern)
	if f != nil {
		return f
	}
	d.app.Recurrence = &world.Recurrence{Pattern: p, Range: readRange(bounds)}
	return nil
}

func readPattern(e *element) (world.Pattern, *failure) {
	kinds := map[string]world.PatternKind{
		"DailyRecurrence": world.Daily, "WeeklyRecurrence": world.Weekly,
		"AbsoluteMonthlyRecurrence": world.AbsoluteMonthly, "RelativeMonthlyRecurrence": world.RelativeMonthly,
		"AbsoluteYearlyRecurrence": world.AbsoluteYearly, "RelativeYearlyRecurrence": world.RelativeYearly,
	}
	p := world.Pattern{Kind: kinds[e.name], Interval: 1}
	if e.first("Interval") != nil {
		p.Interval, _ = strconv.Atoi(e.value("Interval"))
	}
	p.DayOfMonth, _ = strconv.Atoi(e.value("DayOfMonth"))
	p.Index = max(slices.Index(indexWords, e.value("DayOfWeekIndex")), 0)
	days, ok := readDays(e.value("DaysOfWeek"))
	if !ok {
		return p, errSchema(e, "The value of element 'DaysOfWeek' is invalid.")
	}
	p.Days = days
	if month := e.value("Month"); month != "" {
		if p.Month, ok = readMonth(month); !ok {
			return p, errSchema(e, "The value of element 'Month' is invalid.")
		}
	}
	if first := e.value("FirstDayOfWeek"); first != "" {
		if p.FirstDayOfWeek, ok = readWeekday(first); !ok {
			return p, errSchema(e, "The value of element 'FirstDayOfWeek' is invalid.")
		}
	}
	return p, nil
}

func readDays(text string) ([]time.Weekday, bool) {
	var days []time.Weekday
	for word := range strings.FieldsSeq(text) {
		if group, ok := dayGroups[word]; ok {
			days = append(days, group...)
			continue
		}
		day, ok := readWeekday(word)
		if !ok {
			return nil, false
		}
		days = append(days, day)
	}
	return days, true
}

func readWeekday(word string) (time.Weekday, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if d.String() == word {
			return d, true
		}
	}
	return 0, false
}

func readMonth(word string) (time.Month, bool) {
	for m := time.January; m <= time.December; m++ {
		if m.String() == word {
			return m, true
		}
	}
	return 0, false
}

// readRange reads a range that the schema has let through.
func readRange(e *element) world.Range {
	day := func(name string) world.Date {
		t, err := parseDate(e.value(name))
		if err != nil {
			return world.Date{}
		}
		return world.DateOf(t)
	}
	count, _ := strconv.Atoi(e.value("NumberOfOccurrences"))
	return world.Range{Start: day("StartDate"), End: day("EndDate"), Count: count}
}

// edges choose the occurrences that a master names.
var (
	firstOccurrence = func(all []world.Item) world.Item { return all[0] }
	lastOccurrence  = func(all []world.Item) world.Item { return all[len(all)-1] }
)

// farthest bounds the search for a series' last occurrence; one without an end has none.
const farthestYears = 30

// showEdge shows a master's first or last occurrence that is left.
func showEdge(choose func([]world.Item) world.Item) func(string, *itemView) *node {
	return func(name string, v *itemView) *node {
		r := v.item.Recurrence
		if r == nil || r.Range.End.IsZero() && r.Range.Count == 0 {
			return nil
		}
		all, err := v.target.box.Instances(v.item.Item, v.item.Start.AddDate(-1, 0, 0), v.item.Start.AddDate(farthestYears, 0, 0), true)
		if err != nil || len(all) == 0 {
			return nil
		}
		return v.occurrenceNode("t:"+name, choose(all))
	}
}

func (v *itemView) occurrenceNode(name string, it world.Item) *node {
	return el(name, showItemID("ItemId", &itemView{target: v.target, item: it}),
		textEl("t:Start", instant(it.Start)), textEl("t:End", instant(it.End)), textEl("t:OriginalStart", instant(it.OriginalStart)))
}

func showModified(name string, v *itemView) *node {
	n := el("t:" + name)
	for _, day := range v.item.Exceptions {
		it, err := v.target.box.Get(world.Ref{Item: v.item.Item, Occurrence: day})
		if err == nil {
			n.add(v.occurrenceNode("t:Occurrence", it))
		}
	}
	return unlessEmpty(n)
}

func showDeleted(name string, v *itemView) *node {
	n := el("t:" + name)
	for _, day := range v.item.Deleted {
		start := day.At(v.item.Start, v.item.Start.Location())
		n.add(el("t:DeletedOccurrence", textEl("t:Start", instant(start))))
	}
	return unlessEmpty(n)
}

func unlessEmpty(n *node) *node {
	if len(n.nodes) == 0 {
		return nil
	}
	return n
}
