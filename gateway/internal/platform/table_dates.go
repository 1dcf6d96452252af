package platform

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// timesOfDay are the forms of a time of day beside a date.
var timesOfDay = []string{"15:04:05", "15:04", "3:04:05 PM", "3:04 PM", "3:04PM", "3 PM", "3PM", "15.04"}

// dateForms are the layouts, as of package time, that a date format stands for.
type dateForms struct {
	// format is what the operator wrote.
	format string
	// date is the layout of the date alone, empty when the format has the time, too.
	date string
	// times are the layouts of dates with times of day.
	times []string
}

var formatParts = regexp.MustCompile(`[A-Za-z]+|[^A-Za-z]+`)

// datePart is a layout's part for letters of a format. One letter or two are the same:
// spreadsheet programs drop leading zeros as they like.
var dateParts = map[string]string{
	"d": "2", "dd": "2", "m": "1", "mm": "1", "mmm": "Jan", "mmmm": "January", "yy": "06", "yyyy": "2006",
	"h": "15", "hh": "15", "s": "05", "ss": "05", "a": "PM", "t": "T",
}

// parseDateFormat reads a format such as DD/MM/YYYY or D.M.YYYY HH:mm. As in spreadsheet
// programs, letter case does not matter, and MM after hours are minutes.
func parseDateFormat(format string) (dateForms, error) {
	layout, hours, seen := "", false, map[string]bool{}
	for _, part := range formatParts.FindAllString(strings.ToLower(format), -1) {
		to, known := dateParts[part]
		switch {
		case part[0] < 'a' || part[0] > 'z':
			layout += part
			continue
		case !known:
			return dateForms{}, fmt.Errorf("%q is no date format: %q is none of D, M, Y, H, m, s, a", format, part)
		case part[0] == 'm' && hours && !seen["minutes"] && len(part) < 3:
			to, part = "04", "minutes"
		case part[0] == 'h':
			hours = true
		}
		if seen[part[:1]] && part != "minutes" {
			return dateForms{}, fmt.Errorf("%q is no date format: it has %q twice", format, part[:1])
		}
		seen[part[:1]] = part != "minutes" || seen[part[:1]]
		seen[part] = true
		layout += to
	}
	if !seen["d"] || !seen["m"] || !seen["y"] {
		return dateForms{}, fmt.Errorf("%q is no date format: want a day, a month and a year, such as DD/MM/YYYY", format)
	}
	if hours {
		return dateForms{format: format, times: []string{withTwelveHours(layout)}}, nil
	}
	f := dateForms{format: format, date: layout}
	for _, t := range timesOfDay {
		f.times = append(f.times, layout+" "+t)
	}
	return f, nil
}

// withTwelveHours makes hours those of a clock with AM and PM where the layout has them.
func withTwelveHours(layout string) string {
	if strings.Contains(layout, "PM") {
		return strings.Replace(layout, "15", "3", 1)
	}
	return layout
}

// wall reads a local date with its time of day.
func (f dateForms) wall(s string) (time.Time, bool) { return parseForms(s, f.times) }

// day reads a date; a time of day beside it must be midnight, as spreadsheet programs
// write whole days.
func (f dateForms) day(s string) (time.Time, bool) {
	if t, ok := parseForms(s, []string{f.date}); f.date != "" && ok {
		return t, true
	}
	t, ok := f.wall(s)
	return t, ok && t.Equal(t.Truncate(24*time.Hour))
}

func parseForms(s string, layouts []string) (time.Time, bool) {
	s = strings.Join(strings.Fields(s), " ")
	for _, layout := range layouts {
		for _, text := range []string{s, strings.ToUpper(s)} { // am and pm; months are read in any case
			if t, err := time.Parse(layout, text); err == nil {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

var looksLocal = regexp.MustCompile(`^(\d{1,2}[./ -]|\d{4}[./ ])(\d{1,2}|\pL{3,9})[./ -]\d{1,4}\b`)

// dateHint tells what to do about a date that is not understood.
func dateHint(s string, forms dateForms) string {
	switch {
	case forms.format != "":
		return fmt.Sprintf(", or in the form %s", forms.format)
	case looksLocal.MatchString(s):
		return ". Say how dates are written with --date-format, such as DD/MM/YYYY"
	}
	return ""
}
