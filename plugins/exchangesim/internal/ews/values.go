package ews

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

func isEnum(words string) func(string) bool {
	list := strings.Fields(words)
	return func(s string) bool { return slices.Contains(list, s) }
}

func isInt(s string) bool {
	_, err := strconv.ParseInt(s, 10, 32)
	return err == nil
}

func inRange(s string, low, high int) bool {
	n, err := strconv.Atoi(s)
	return err == nil && low <= n && n <= high
}

func isBool(s string) bool {
	_, ok := parseBool(s)
	return ok
}

// parseBool reads an xs:boolean; foreign clients write 0 and 1.
func parseBool(s string) (value, ok bool) {
	switch strings.TrimSpace(s) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	default:
		return false, false
	}
}

func isDateTime(s string) bool {
	_, err := parseDateTime(s)
	return err == nil
}

func isDate(s string) bool {
	_, err := parseDate(s)
	return err == nil
}

// wireTime is an xs:dateTime: an instant when it came with an offset, else a wall
// clock in a zone that only the rest of the request tells.
type wireTime struct {
	time    time.Time
	instant bool
}

// in returns the instant, with its wall clock in loc.
func (w wireTime) in(loc *time.Location) time.Time {
	if w.instant {
		return w.time.In(loc)
	}
	y, m, d := w.time.Date()
	h, min, s := w.time.Clock()
	return time.Date(y, m, d, h, min, s, w.time.Nanosecond(), loc)
}

func parseDateTime(s string) (wireTime, error) {
	s = strings.TrimSpace(s)
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return wireTime{t, true}, nil
	}
	t, err := time.Parse("2006-01-02T15:04:05.999999999", s)
	return wireTime{t, false}, err
}

// parseDate reads an xs:date. Its offset, which Exchange writes and some clients
// send back, says nothing about a day.
func parseDate(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	if len(s) > len(time.DateOnly) {
		if _, err := time.Parse("2006-01-02Z07:00", s); err != nil {
			return time.Time{}, err
		}
		s = s[:len(time.DateOnly)]
	}
	return time.Parse(time.DateOnly, s)
}
