package config

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/trainercal/trainercal/gateway/internal/platform"
)

// Limits and defaults of the sync block.
const (
	defaultInterval    = 15 * time.Minute
	minInterval        = 10 * time.Second
	defaultPast        = 7 * day
	defaultFuture      = 365 * day
	maxWindow          = 730 * day
	defaultMaxRemovals = 5
	defaultMaxFraction = 0.1
	defaultState       = "sqlite://gateway.db"
)

// namePattern keeps names safe in markers, commands and file names, and short enough
// for a marker to hold three of them.
var namePattern = regexp.MustCompile(fmt.Sprintf(`^[A-Za-z0-9][A-Za-z0-9._-]{0,%d}$`, platform.MaxNameBytes-1))

// name checks a name that ends up in markers and commands.
func (d *decoder) name(at hcl.Range, what, name string) bool {
	if namePattern.MatchString(name) {
		return true
	}
	d.report(at, "Invalid name", fmt.Sprintf(
		"%q cannot be the name of %s: want 1 to %d letters, digits, dots, hyphens or underscores, starting with a letter or digit.",
		name, what, platform.MaxNameBytes))
	return false
}

func (d *decoder) installation(b *block) {
	v := get[string](b, "installation")
	switch {
	case !v.set:
		b.missing("installation", "it is in every marker that the gateway leaves in a calendar, so choose a name once and never change it")
	case v.ok && d.name(v.rng, "an installation", v.v):
		d.cfg.Installation = v.v
	}
}

func (d *decoder) state(b *block) {
	address := value[string]{v: defaultState}
	if block := b.single("state"); block != nil {
		v := get[string](d.open(block.Body, block.DefRange, "url"), "url")
		if v.set {
			address = v
		}
		if v.set && !v.ok {
			return
		}
	}
	d.cfg.State.Path = d.statePath(address)
}

// statePath turns sqlite://path into an absolute path.
func (d *decoder) statePath(v value[string]) string {
	scheme, path, found := strings.Cut(v.v, "://")
	switch {
	case found && (scheme == "postgres" || scheme == "postgresql"):
		d.notSupported(v.rng, "State on PostgreSQL")
	case !found || scheme != "sqlite":
		d.report(v.rng, "Invalid state URL", `Want "sqlite://" and a path, for example "sqlite://gateway.db".`)
	case path == "" || strings.HasSuffix(path, "/") || strings.ContainsAny(path, "?#") || strings.HasPrefix(path, ":"):
		d.report(v.rng, "Invalid state URL", `After "sqlite://" comes the path of a file, without options; a relative one starts at the configuration's folder.`)
	default:
		return resolve(d.cfg.Dir, path)
	}
	return ""
}

func (d *decoder) sync(b *block) {
	d.cfg.Sync = d.syncOver(b, Sync{
		Engine: true, Interval: defaultInterval, Past: defaultPast, Future: defaultFuture,
		Guard: Guard{MaxRemovals: defaultMaxRemovals, MaxFraction: defaultMaxFraction},
	})
}

// syncOver decodes the sync block inside b, on top of what holds outside of it. An
// engine that is off outside stays off (eng-1).
func (d *decoder) syncOver(b *block, base Sync) Sync {
	block := b.single("sync")
	if block == nil {
		return base
	}
	s := d.open(block.Body, block.DefRange, "engine interval", header("window"), header("guard"))
	base.Engine = s.flag("engine", true) && base.Engine
	base.Interval, _ = s.duration("interval", base.Interval, minInterval)
	if window := s.single("window"); window != nil {
		base.Past, base.Future = d.window(d.open(window.Body, window.DefRange, "past future"), base)
	}
	if guard := s.single("guard"); guard != nil {
		base.Guard = d.guard(d.open(guard.Body, guard.DefRange, "max_removals max_fraction"), base.Guard)
	}
	return base
}

// guard reads how much may vanish from a calendar at once. Zero is a limit too.
func (d *decoder) guard(g *block, base Guard) Guard {
	if removals := get[int](g, "max_removals"); removals.ok {
		base.MaxRemovals = removals.v
		if removals.v < 0 {
			d.report(removals.rng, "Negative limit", "The number of removals is 0 or more; 0 leaves max_fraction alone to decide.")
		}
	}
	if fraction := get[float64](g, "max_fraction"); fraction.ok {
		base.MaxFraction = fraction.v
		if fraction.v < 0 || fraction.v > 1 {
			d.report(fraction.rng, "Not a fraction", "Want a part of a trainer's appointments from 0 to 1, for example 0.1 for a tenth; 1 holds nothing.")
		}
	}
	return base
}

// window decides how far back and ahead calendars are read. An EWS CalendarView
// of more than two years is refused by Exchange, Graph's of more than 1825 days.
func (d *decoder) window(w *block, base Sync) (time.Duration, time.Duration) {
	past, pastAt := w.duration("past", base.Past, 0)
	future, futureAt := w.duration("future", base.Future, 0)
	at := futureAt
	if !at.set {
		at = pastAt
	}
	switch total := past + future; {
	case total > maxWindow || past > maxWindow || future > maxWindow:
		d.report(at.rng, "Window too long", fmt.Sprintf("Past and future together are at most %d days.", maxWindow/day))
	case total == 0:
		d.report(at.rng, "Empty window", "Past and future cannot both be zero: no appointment would be read.")
	}
	return past, future
}
