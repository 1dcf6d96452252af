package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// ParseDuration reads a length of time: a number of days such as "7d", or what
// [time.ParseDuration] takes, such as "15m" or "1h30m". A day is 24 hours.
func ParseDuration(s string) (time.Duration, error) {
	days, isDays := strings.CutSuffix(s, "d")
	if !isDays {
		d, err := time.ParseDuration(s)
		if err != nil {
			return 0, fmt.Errorf("%q is not a length of time: want a form such as \"15m\", \"12h\" or \"7d\"", s)
		}
		return d, nil
	}
	n, err := strconv.Atoi(days)
	if err != nil || n > int(math.MaxInt64/day) || n < -int(math.MaxInt64/day) {
		return 0, fmt.Errorf("%q is not a number of days: want a form such as \"7d\"", s)
	}
	return time.Duration(n) * day, nil
}

// duration reads a length of time that is at least min.
func (b *block) duration(name string, fallback, min time.Duration) (time.Duration, value[string]) {
	v := get[string](b, name)
	if !v.ok {
		return fallback, v
	}
	d, err := ParseDuration(v.v)
	if err == nil && d >= min {
		return d, v
	}
	v.ok = false
	if err != nil {
		b.d.report(v.rng, "Invalid duration", fmt.Sprintf("%s.", err))
	} else {
		b.d.report(v.rng, "Duration too short", fmt.Sprintf("%q must be at least %s.", name, short(min)))
	}
	return fallback, v
}

// short writes a length of time without zeros at its end.
func short(d time.Duration) string {
	if d > 0 && d%time.Hour == 0 {
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return d.String()
}
